# SPDX-License-Identifier: Apache-2.0
"""Documents whose data key is wrapped by whatever a test likes: those of tests/data/bad, whose data keys are known, with other key lists. No MAC
covers the lists."""
import json
import pathlib

BAD = pathlib.Path(__file__).resolve().parents[1] / "data" / "bad"
CREATED = "2026-11-21T09:34:50Z"
PLAIN = b"canary-json-Pb3nDz0F"  # a value of values()
DATA_KEY = bytes.fromhex(json.loads((BAD / "canaries.json").read_text())["data_keys"]["values.json"])


def values(**lists):
    """A JSON document with these lists of keys (hc_vault=[...], kms=[...], age=True for its own) in place of its own."""
    document = json.loads((BAD / "values.json").read_text())
    own = document["sops"].pop("age")
    document["sops"].update({name: own if entries is True else entries for name, entries in lists.items()})
    return json.dumps(document).encode()
