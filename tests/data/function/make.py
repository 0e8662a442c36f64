#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what test_function.py and test_filter.py stand on: SOPS documents of every kind with what the real sops makes of them in every
format, and the encrypted files of a generator.

Needs sops 3.13.3 in /opt/peers/bin. Run it from anywhere: python3 tests/data/function/make.py. The key is tests/data/age.agekey. The tests
need none of this, they read what is committed: formats.json, plain.json and repo/.
"""
import base64
import json
import os
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
KEY = HERE.parent / "age.agekey"
SOPS = "/opt/peers/bin/sops"
RECIPIENT = KEY.read_text().split("# public key: ")[1].split()[0]
FORMATS = ["yaml", "json", "dotenv", "ini", "binary"]

# Each kind of document that a Secret's value may hold: format, plaintext.
STORED = {
    "yaml": ("yaml", b"# a comment\nuser: hook\npassword: 'in: side'\nnumber: 3\nratio: 0.5\nlist: [a, {b: yes}]\nnone: null\n"),
    "flat-yaml": ("yaml", b"A: one\nB: \"two\\nlines\"\nC: 3\n"),
    "nested-yaml": ("yaml", b"first: {a: one, b: two}\nsecond: {c: three}\n"),
    "json": ("json", b'{"auths": {"ghcr.io": {"auth": "dXNlcjpwYXNz", "n": 1.5e3, "z": [true, null, "<&>"]}}}'),
    "dotenv": ("dotenv", b"# c\nA=one\nB=\"quoted\"\nC=with\\nbreak\nEMPTY=\n"),
    "ini": ("ini", b"; c\n[db]\nhost = a\nport = 1\n[empty]\n"),
    "binary-text": ("binary", b"just text\r\nwith lines\n"),
    "binary": ("binary", bytes(range(256)) * 2),
}

# Files of a generator: path, plaintext, further options of sops.
FILES = {
    "secret.enc.yaml": (b"apiVersion: v1\nkind: Secret\nmetadata:\n    name: made\n    annotations:\n        kustomize.config.k8s.io/needs-hash: \"true\"\n"
                        b"type: Opaque\nstringData:\n    # why\n    password: 'p@ss: word # no comment'\n    lines: |\n        one\n\n          two\n", "yaml",
                        ["--encrypted-regex", "^(data|stringData)$"]),
    "two.enc.yaml": (b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: z\ndata:\n    a: b\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: b\n"
                     b"data:\n    c: d\n", "yaml", ["--encrypted-regex", "^data$"]),
    "config.enc.json": (b'{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "json"}, "data": {"k": "v", "n": "1"}}', "json",
                        ["--encrypted-regex", "^data$"]),
    # No rule: the kind is ciphertext too, so that only a generator can take it.
    "wholly.enc": (b"# no kind can be seen\napiVersion: v1\nkind: Secret\nmetadata: {name: wholly}\nstringData:\n\n  a: \"tab\\there\"\n", "binary", []),
    "values.yaml": (b"a: 1 # c\nb: [x]\n", "yaml", []),
    "app.env": (b"A=\"two words\"\nexport B=x # c\nC=${A}!\nD='$A'\n", "dotenv", []),
    "blob.bin": (b"\x00\xff\x80bytes", "binary", []),
    "plain-list.enc.yaml": (b"a: 1\n", "yaml", []),
    # A value that looks encrypted where the rule says it is not.
    "left.enc.yaml": (b"apiVersion: v1\nkind: Secret\nmetadata:\n    name: left\nstringData:\n    a: x\n"
                      b"data:\n    b: ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]\n", "yaml", ["--encrypted-regex", "^stringData$"]),
    "app.ini": (b"[s]\na = 1\n", "ini", []),
}


def sops(*args, data=None, folder=None):
    with tempfile.TemporaryDirectory() as home:
        env = {"PATH": os.environ["PATH"], "HOME": home, "SOPS_AGE_KEY_FILE": str(KEY), "SOPS_AGE_RECIPIENTS": RECIPIENT}
        return subprocess.run([SOPS, *args], env=env, cwd=folder, input=data, capture_output=True, check=False)


def seal(data, kind, args=()):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "plain"
        path.write_bytes(data)
        done = sops("encrypt", "--input-type", kind, "--output-type", kind, *args, str(path))
        assert done.returncode == 0, done.stderr
        return done.stdout


def opened(sealed, kind, output):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "sealed"
        path.write_bytes(sealed)
        done = sops("decrypt", "--input-type", kind, "--output-type", output, str(path))
        return base64.b64encode(done.stdout).decode() if done.returncode == 0 else None


def main():
    formats = []
    for name, (kind, plain) in STORED.items():
        sealed = seal(plain, kind)
        formats.append({"name": name, "kind": kind, "text": base64.b64encode(sealed).decode(),
                        "as": {output: opened(sealed, kind, output) for output in FORMATS}})
    (HERE / "formats.json").write_text(json.dumps(formats, indent=1) + "\n")
    plain = {}
    (HERE / "repo").mkdir(exist_ok=True)
    for name, (data, kind, args) in FILES.items():
        sealed = seal(data, kind, args)
        (HERE / "repo" / name).write_bytes(sealed)
        plain[name] = opened(sealed, kind, kind)
    (HERE / "bytes.enc.yaml").write_bytes(seal(b"apiVersion: v1\nkind: Secret\nmetadata:\n    name: bytes\nstringData:\n    a: !!binary /w==\n", "yaml",
                                               ["--encrypted-regex", "^stringData$"]))
    (HERE / "plain.json").write_text(json.dumps(plain, indent=1) + "\n")


if __name__ == "__main__":
    main()
