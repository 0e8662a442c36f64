# SPDX-License-Identifier: Apache-2.0
"""Encrypted Secrets whose data keys are known, so that a fake service can have wrapped them (tests/data/keyed.json)."""
import base64
import json
import pathlib

KEYED = json.loads((pathlib.Path(__file__).resolve().parents[1] / "data" / "keyed.json").read_text())


def data_key(number):
    return base64.b64decode(KEYED[number]["key"])


def plain(number):
    return KEYED[number]["plain"]


def secret(number, **lists):
    """A Secret as an object. lists: the key lists of its metadata, `kms=[...]`, or `key_groups=[...]`."""
    one = KEYED[number]
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"keyed-{number}", "namespace": "shop"}, "stringData": {"password": one["value"]},
            "sops": {**lists, "lastmodified": one["lastmodified"], "mac": one["mac"], "mac_only_encrypted": True,
                     "encrypted_regex": "^(data|stringData)$", "version": "3.13.3"}}


def text(number, **lists):
    """The same as a JSON document."""
    return json.dumps(secret(number, **lists), indent=1) + "\n"


def stream(secrets):
    """Several as a stream of YAML documents."""
    return "".join(f"---\n{json.dumps(one)}\n" for one in secrets)
