#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes keyed.json: what is encrypted in 50 small Secrets, each under a data key of its own that is written beside it, so that a fake key service can
wrap it as the test likes. tests/fakes/secrets.py makes the Secrets. Needs Python's cryptography; the same bytes each time.
"""
import base64
import hashlib
import json
import pathlib

import forge

COUNT = 50


def entry(number):
    key = hashlib.sha256(b"keyed %d" % number).digest()
    plain = f"keyed-password-{number}-Xq7"
    return {"key": base64.b64encode(key).decode(), "plain": plain, "value": forge.seal(plain, ["stringData", "password"], key=key),
            "mac": forge.mac([plain], only_encrypted=True, key=key), "lastmodified": forge.WHEN}


def main():
    lines = ",\n".join(json.dumps(entry(number)) for number in range(COUNT))
    (pathlib.Path(__file__).parent / "keyed.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
