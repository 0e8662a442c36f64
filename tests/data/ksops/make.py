#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what test_ksops.py stands on: encrypted files of the shapes that configs of KSOPS and of SopsSecretGenerator name, and what the
real sops makes of them again (plain.json).

Needs sops 3.13.3 on PATH. Run it from anywhere: python3 tests/data/ksops/make.py. The key is tests/data/age.agekey. The tests need none of
this, they read what is committed.
"""
import base64
import json
import os
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
KEY = HERE.parent / "age.agekey"
RECIPIENT = KEY.read_text().split("# public key: ")[1].split()[0]
DATA_ONLY = ["--encrypted-regex", "^(data|stringData)$"]


def manifest(name, annotations=""):
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n    name: {name}\n{annotations}type: Opaque\nstringData:\n    user: {name}-user\n    password: 'p@ss: {name} # no comment'\n".encode()


HASH = "    annotations:\n        kustomize.config.k8s.io/needs-hash: \"true\"\n"
# Path, plaintext, format, further options of sops.
FILES = {
    "secret-a.enc.yaml": (manifest("a"), "yaml", DATA_ONLY),
    "secret-b.enc.yaml": (manifest("b"), "yaml", DATA_ONLY),
    "secret-c.enc.yaml": (manifest("c"), "yaml", []),
    "hash.enc.yaml": (manifest("hashed", HASH), "yaml", DATA_ONLY),
    "hash-word.enc.yaml": (manifest("word", HASH.replace("true", "yes")), "yaml", DATA_ONLY),
    "merge.enc.yaml": (manifest("base", "    annotations:\n        kustomize.config.k8s.io/behavior: merge\n").replace(b"type: Opaque\n", b"").replace(
        b"stringData:\n    user: base-user\n", b"data:\n    new: bmV3\nstringData:\n    user: other\n"), "yaml", DATA_ONLY),
    "replace.enc.yaml": (manifest("base", "    annotations:\n        kustomize.config.k8s.io/behavior: replace\n"), "yaml", DATA_ONLY),
    "plain.enc.env": (b"username=admin\npassword=1f2d1e2e67df\n", "dotenv", []),
    # The dialect of godotenv, which is not that of sops.
    "dialect.enc.env": (b"# first\nA=a\nB=\"two words\"\nexport C=x\nD=${A}y\nE='$A'\nF=a#b\nG=a #b\nH=\"line\\nbreak\"\nI=\nK=  blanks  \n", "dotenv", []),
    "map.enc.yaml": (b"username: admin\nport: 5432\nflag: true\n", "yaml", []),
    "blob": (b"\x00\xff\x80bytes\r\n", "binary", []),
    "values.enc.yaml": (b"a: 1 # why\nb: [x, 'y: z']\n", "yaml", []),
    "vars.enc.yaml": (b"VAR_A: one\nVAR_N: 0012\nVAR_F: 1.50\nVAR_B: true\nVAR_Z:\n", "yaml", []),
    "vars.enc.json": (b'{"JSON_A": "one", "JSON_B": "two\\nlines"}', "json", []),
    "numbers.enc.json": (b'{"JSON_A": 1}', "json", []),
    "vars.enc.env": (b"ENV_A=val_a\nENV_B=\"quoted\" # kept\nENV_C=\n", "dotenv", []),
    "vars.enc.ini": (b"[s]\na = 1\n", "ini", []),
}


def sops(*args, folder):
    with tempfile.TemporaryDirectory() as home:
        env = {"PATH": os.environ["PATH"], "HOME": home, "SOPS_AGE_KEY_FILE": str(KEY), "SOPS_AGE_RECIPIENTS": RECIPIENT}
        done = subprocess.run(["sops", *args], env=env, cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def main():
    plain = {}
    (HERE / "repo").mkdir(exist_ok=True)
    for name, (data, kind, args) in FILES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "file"
            path.write_bytes(data)
            path.write_bytes(sops("encrypt", "--input-type", kind, "--output-type", kind, *args, "file", folder=folder))
            plain[name] = base64.b64encode(sops("decrypt", "--input-type", kind, "--output-type", kind, "file", folder=folder)).decode()
            (HERE / "repo" / name).write_bytes(path.read_bytes())
    (HERE / "plain.json").write_text(json.dumps(plain, indent=1) + "\n")


if __name__ == "__main__":
    main()
