#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes pairs.json: documents in each of the five formats, and what the real sops 3.13.3 prints of each in each of the five.

    python3 tests/data/make_pairs.py --sops PATH

Encrypts with the key of age.agekey. Every run encrypts anew.
"""
import argparse
import base64
import json
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FORMATS = ("yaml", "json", "dotenv", "ini", "binary")
FLAT = {
    "yaml": "# a comment\ntext: hush\nint: 42\nfloat: 1.50\nbool: true\nempty: \"\"\nlines: |\n  one\n  two\nquoted: '- x: y'\nletters: häß\nplain_unencrypted: seen\n",
    "json": '{"text": "hush", "int": 42, "float": 1.50, "bool": true, "empty": "", "lines": "one\\ntwo\\n", "quoted": "- x: y", "letters": "h\\u00e4\\u00df"}',
    "dotenv": "# a comment\nTEXT=hush\nINT=42\nEMPTY=\nLINES=one\\ntwo\nQUOTED=\"- x: y\"\nLETTERS=häß\n",
    "ini": "; a comment\ntext = hush\nint = 42\n\n[section]\nempty =\nquoted = - x: y\nletters = häß\n",
    "binary": "hush\none\ntwo",
}
NESTED = {
    "yaml": "map:\n  inner:\n    text: hush\n    nothing: null\nlist:\n- one\n- 2\n- {three: 3.0}\n# the end\n",
    "json": '{"map": {"inner": {"text": "hush", "nothing": null}}, "list": ["one", 2, {"three": 3.0}]}',
    "ini": "[one]\na = hush\n[two]\nb = x\n",
    "binary": '{"data": "hush"}\n',
}
SECOND = {"yaml": "a: hush\n---\nb: 2\n"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sops", default="sops")
    args = parser.parse_args()
    recipient = (HERE / "age.agekey").read_text().split("# public key: ")[1].split()[0]
    documents = []
    with tempfile.TemporaryDirectory() as folder:
        env = {"HOME": folder, "PATH": "/usr/bin:/bin", "SOPS_AGE_KEY_FILE": str(HERE / "age.agekey")}

        def sops(*argv):
            return subprocess.run([args.sops, *argv], cwd=folder, env=env, capture_output=True, check=False)

        for name, texts in (("flat", FLAT), ("nested", NESTED), ("two documents", SECOND)):
            for of, text in texts.items():
                (pathlib.Path(folder) / "document").write_text(text)
                sealed = sops("encrypt", "--age", recipient, "--input-type", of, "--output-type", of, "document")
                assert sealed.returncode == 0, sealed.stderr.decode()
                (pathlib.Path(folder) / "sealed").write_bytes(sealed.stdout)
                printed = {}
                for to in FORMATS:
                    done = sops("decrypt", "--input-type", of, "--output-type", to, "sealed")
                    printed[to] = {"status": done.returncode, "stdout": base64.b64encode(done.stdout).decode() if done.returncode == 0 else ""}
                documents.append({"name": name, "format": of, "text": sealed.stdout.decode(), "as": printed})
    (HERE / "pairs.json").write_text(json.dumps(documents, indent=1) + "\n")


if __name__ == "__main__":
    main()
