#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the documents of tests/program/test_attacks.py, test_check.py and test_audit.py, with sops 3.13.3 and age 1.3.1.

    python3 tests/data/attacks/make.py --sops PATH --age-keygen PATH

old/ holds each document as it was before its last edit: the same data key, other ciphertexts, so what an attacker finds in the history of
a repository. The keys are for these tests only. A run makes everything anew.
"""
import argparse
import json
import os
import pathlib
import shutil
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
    username: attack-username-Kw81
    password: attack-password-old-Zq3k
    spare: attack-spare-0bTx
type: Opaque
"""
WIDGET = """\
apiVersion: example.com/v1
kind: Widget
metadata:
    name: gadget
    namespace: shop
spec:
    hosts:
        - attack-host-one-n4sU
        - attack-host-two-yWk3
    token: attack-token-old-pXo6
"""
DOTENV = "SPARE=attack-envspare-Mk8v\nTOKEN=attack-dotenv-old-gTq2\nUSER=attack-user-Sr5H\n"
VALUES = "auth:\n    password: attack-values-old-tLs9\n    user: attack-values-user-e1Ga\n"
DOCUMENTS = {
    # file: text, encrypted_regex, the path that the last edit sets, its new value
    "secret.yaml": (SECRET, "^(data|stringData)$", '["stringData"]["password"]', "attack-password-new-7Lr0"),
    "widget.yaml": (WIDGET, "^spec$", '["spec"]["token"]', "attack-token-new-Rf2p"),
    "app.env": (DOTENV, None, '["TOKEN"]', "attack-dotenv-new-Ye9g"),
    "values.yaml": (VALUES, None, '["auth"]["password"]', "attack-values-new-Ga6t"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sops", default="/opt/peers/bin/sops")
    parser.add_argument("--age-keygen", default="/opt/peers/bin/age-keygen")
    args = parser.parse_args()
    key = HERE / "age.agekey"
    key.write_bytes(subprocess.run([args.age_keygen], check=True, capture_output=True).stdout)
    recipient = key.read_text().split("# public key: ")[1].split()[0]
    shutil.rmtree(HERE / "old", ignore_errors=True)
    (HERE / "old").mkdir()
    with tempfile.TemporaryDirectory() as folder:
        env = {"PATH": os.environ["PATH"], "HOME": folder, "SOPS_AGE_KEY_FILE": str(key)}
        for name, (text, regex, path, value) in DOCUMENTS.items():
            plain = pathlib.Path(folder) / name
            plain.write_text(text)
            argv = [args.sops, "encrypt", "--age", recipient, *(["--encrypted-regex", regex] if regex else []), "--in-place", name]
            subprocess.run(argv, cwd=folder, env=env, check=True)
            shutil.copy(plain, HERE / "old" / name)
            subprocess.run([args.sops, "set", name, path, json.dumps(value)], cwd=folder, env=env, check=True)
            shutil.copy(plain, HERE / name)


if __name__ == "__main__":
    main()
