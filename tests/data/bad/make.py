#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the documents of tests/program/test_bad_input.py and test_canary.py, with sops 3.13.3 and age 1.3.1.

    python3 tests/data/bad/make.py --sops PATH --age PATH --age-keygen PATH

Every plaintext is a canary: a text that occurs nowhere else, so that it can be searched for. canaries.json lists them, with the data key
of each document (a share of it for shamir.yaml) and the identities. The keys are for these tests only. A run makes everything anew.
"""
import argparse
import json
import pathlib
import re
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: orders-db
  namespace: shop
stringData:
  note: canary-note-Zw3kqY81
  password: canary-password-x7Lr0VbT
  username: canary-username-9dJq2Mfa
type: Opaque
"""
WIDGET = """\
apiVersion: example.com/v1
kind: Widget
metadata:
  name: gadget
  namespace: shop
spec:
  count: 7741036655
  hosts:
    - canary-host-one-Hn4sUe1P
    - canary-host-two-Qc8yWk3D
  nested:
    # canary-comment-Tz5mBv7G
    token: canary-token-Rf2pXo6N
"""
VALUES = """\
auth:
  password: canary-values-Ga6tLs9E
  list: [canary-listed-Jw1hCx4K, second]
"""
PLAINTEXTS = {
    "secret.yaml": (SECRET, {"encrypted_regex": "^(data|stringData)$"}),
    "widget.yaml": (WIDGET, {"encrypted_regex": "^spec$"}),
    "values.yaml": (VALUES, {}),
    "values.json": ('{"auth": {"password": "canary-json-Pb3nDz0F"}, "plain_unencrypted": "x"}', {}),
    "app.env": ("# canary-envcomment-Mk8vSr5H\nTOKEN=canary-dotenv-Ye9gTq2J\nMODE=prod\n", {}),
    "app.ini": ("[db]\npassword = canary-ini-Uh7wNf1L\n", {}),
    "blob.bin": ("canary-binary-Vx0kRj6M\n", {}),
    "shamir.yaml": ("token: canary-shamir-Ad5qZi8B\n", {"groups": True}),
}


def run(*argv, **more):
    return subprocess.run([str(arg) for arg in argv], check=True, capture_output=True, text=True, **more).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sops", "age", "age-keygen"):
        parser.add_argument(f"--{name}", default=name)
    args = parser.parse_args()
    identities, recipients = {}, {}
    for name in ("age", "second", "stranger"):
        text = run(args.age_keygen)
        identities[name] = next(line for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-"))
        recipients[name] = re.search("public key: (age1[0-9a-z]+)", text).group(1)
        (HERE / "keys").mkdir(exist_ok=True)
        (HERE / "keys" / f"{name}.agekey").write_text(f"# public key: {recipients[name]}\n{identities[name]}\n")
    env = {"HOME": "/nonexistent", "PATH": "/usr/bin:/bin", "SOPS_AGE_KEY": identities["age"] + "\n" + identities["second"]}
    data_keys = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, (text, options) in PLAINTEXTS.items():
            rule = {key: value for key, value in options.items() if key != "groups"}
            if options.get("groups"):
                rule.update(key_groups=[{"age": [recipients[who]]} for who in ("age", "second", "stranger")], shamir_threshold=2)
            else:
                rule["age"] = recipients["age"]
            (folder / "rule.yaml").write_text(json.dumps({"creation_rules": [rule]}))
            (folder / name).write_text(text)
            sealed = run(args.sops, "--config", folder / "rule.yaml", "encrypt", folder / name, env=env)
            (HERE / name).write_text(sealed)
            boxes = [box.replace("\\n", "\n") for box in re.findall(r"-----BEGIN AGE ENCRYPTED FILE-----.*?-----END AGE ENCRYPTED FILE-----", sealed, re.S)]
            box = "\n".join(line.strip() for line in boxes[0].splitlines()) + "\n"
            key = subprocess.run([args.age, "-d", "-i", HERE / "keys" / "age.agekey"], input=box.encode(), check=True, capture_output=True).stdout
            data_keys[name] = key.hex()
    canaries = sorted({word for text, _ in PLAINTEXTS.values() for word in re.findall(r"canary-[a-z]+(?:-[a-z]+)?-[A-Za-z0-9]{8}", text)} | {"7741036655"})
    (HERE / "canaries.json").write_text(json.dumps({"plaintexts": canaries, "data_keys": data_keys, "identities": sorted(identities.values()),
                                                    "recipients": recipients}, indent=1) + "\n")


if __name__ == "__main__":
    main()
