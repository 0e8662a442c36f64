# SPDX-License-Identifier: Apache-2.0
"""What the interop scripts share."""
