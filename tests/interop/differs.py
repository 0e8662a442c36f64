# SPDX-License-Identifier: Apache-2.0
"""The known deviations from sops, as far as a program can recognise them. Each is a row of docs/differs.md and is called by its name there.

A predicate gets the encrypted document, sops's run and ours, is asked only where the two differ, and is as narrow as it can be: it says
what sops did and what our message must be.
"""

# name of the row -> predicate(document, theirs, ours)
ROWS = {}


def explain(document, theirs, ours):
    """The name of the row that explains a difference, or None."""
    for name, predicate in ROWS.items():
        if predicate(document, theirs, ours):
            return name
    return None
