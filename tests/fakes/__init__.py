# SPDX-License-Identifier: Apache-2.0
"""Small stand-ins for the services that hold keys: just enough of each to check what we ask and to answer, or to fail in any way that a network can.

base.py is what they share, and says how a new one is written; faults.py lists the ways to fail; certificates.py makes what TLS needs.
"""
