#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds our age and ML-KEM to the published vectors of C2SP CCTV: every file must end in the class that it expects, and give out exactly
the plaintext that it allows, also where it fails half-way.

The vectors come from $VECTORS (a folder with age/ and, where it is there, ml-kem/), else from the Go module c2sp.org/CCTV/age. Files that
open with a passphrase do not apply, as passphrases are not taken: they are counted, and must end as files for somebody else.
"""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zlib

CLASSES = {"success", "no match", "HMAC failure", "header failure", "armor failure", "payload failure"}
KNOWN = {"expect", "payload", "identity", "passphrase", "armored", "file key", "comment", "compressed"}
AGE_LEAST, KEM_LEAST = 100, 5  # fewer files than that: not the vectors
EMPTY = hashlib.sha256(b"").hexdigest()


def folder_of_vectors():
    given = os.environ.get("VECTORS")
    if given:
        return pathlib.Path(given) / "age", pathlib.Path(given) / "ml-kem"
    done = subprocess.run(["go", "mod", "download", "-json", "c2sp.org/CCTV/age@latest"], cwd=tempfile.gettempdir(),
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"age_vectors: no VECTORS given, and go does not fetch them: {done.stderr.strip() or done.stdout.strip()}")
    return pathlib.Path(json.loads(done.stdout)["Dir"]) / "testdata", None


def read_vector(path):
    fields = collections.defaultdict(list)
    head, _, body = path.read_bytes().partition(b"\n\n")
    for line in head.decode().split("\n"):
        name, _, value = line.partition(": ")
        if name not in KNOWN:
            sys.exit(f"age_vectors: {path.name} has an unknown field '{name}'")
        fields[name].append(value)
    if fields["compressed"]:
        body = zlib.decompress(body)
    return fields, body


def open_file(tool, work, identities, body, armored):
    (work / "keys").write_text("".join(line + "\n" for line in identities))
    (work / "file").write_bytes(body)
    done = subprocess.run([tool, work / "keys", work / "file", "armored" if armored else "plain"], capture_output=True, text=True)
    if done.returncode != 0:
        return f"exit status {done.returncode}: {done.stderr.strip()}", "", ""
    return done.stdout.split("\n")[:3]


def age(tool, folder):
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    if len(paths) < AGE_LEAST:
        sys.exit(f"age_vectors: only {len(paths)} files in {folder}")
    table, failed, skipped = collections.Counter(), [], []
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        for path in paths:
            fields, body = read_vector(path)
            expect = fields["expect"][0]
            assert expect in CLASSES, path
            got, released, why = open_file(tool, work, fields["identity"], body, fields["armored"])
            if fields["passphrase"] and expect == "success":
                skipped.append(path.name)
                if got != "no match":
                    failed.append(f"{path.name}: {got} ({why}) without its passphrase")
                continue
            table[expect] += 1
            if got != expect:
                failed.append(f"{path.name}: {got} ({why}) where {expect} is expected")
            elif released != (fields["payload"][0] if fields["payload"] else EMPTY):
                failed.append(f"{path.name}: gave out other plaintext than is allowed")
    print("age: " + ", ".join(f"{count} {name}" for name, count in sorted(table.items())))
    print(f"age: {sum(table.values())} files apply; {len(skipped)} need a passphrase and do not: {' '.join(skipped)}")
    return failed


def run_kem(tool, lines):
    done = subprocess.run([tool], input="".join(line + "\n" for line in lines), capture_output=True, text=True)
    return dict(line.split(" ") for line in done.stdout.split("\n") if line) if done.returncode == 0 else {"error": done.stderr.strip()}


def kem(tool, folder):
    """Values of C2SP CCTV. Those with a seed were made for the draft of FIPS 203, which did not hash the number 3 with it (and is told by
    that): of these the keys are taken as they are encoded, not from the seed."""
    failed, count, drafts = [], 0, 0
    for path in sorted(folder.glob("*-768.txt")):
        # Names that come twice are K-PKE's first and ML-KEM's last.
        case = dict(line.split(" = ", 1) for line in path.read_text().split("\n") if " = " in line)
        lines = [f"dk {case['dk']}", f"c {case['c']}"]
        wants = {"decapsulated": case["K"]}
        if "m" in case:
            lines.append(f"m {case['m']}")
            wants |= {"sealed": case["c"], "encapsulated": case["K"]}
        if "d" in case:
            rho = hashlib.sha3_512(bytes.fromhex(case["d"]) + b"\3").hexdigest()[:64]
            if case["ek"].endswith(rho):
                lines.append(f"seed {case['d']}{case['z']}")
                wants |= {"seed-ek": case["ek"], "seed-sealed": case["c"], "seed-encapsulated": case["K"], "seed-decapsulated": case["K"]}
            else:
                drafts += 1
        got = run_kem(tool, lines)
        for name, want in wants.items():
            count += 1
            if got.get(name) != want:
                failed.append(f"{path.name}: {name} differs {got.get('error', '')}")
    if count < KEM_LEAST:
        sys.exit(f"age_vectors: only {count} ML-KEM values in {folder}")
    print(f"ml-kem: {count} values, keys of {drafts} files from their encoding as they were made for the draft")
    return failed


def kem_accumulated(tool):
    """C2SP CCTV's accumulated vectors, 10,000 keys, with the hash that Go's crypto/mlkem (TestAccumulated) expects for the final FIPS 203."""
    want = "8a518cc63da366322a8e7a818c7a0d63483cb3528d34a4cf42f35d5ad73f22fc"
    got = run_kem(tool, ["accumulate 10000"])
    if got.get("accumulated") != want:
        return [f"ml-kem, accumulated: {got}"]
    print("ml-kem: 10000 keys, 20000 decapsulations accumulated")
    return []


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tools", default="build/tools", help="folder of age_file and mlkem_values")
    args = parser.parse_args()
    tools = pathlib.Path(args.tools).resolve()
    age_folder, kem_folder = folder_of_vectors()
    failed = age(tools / "age_file", age_folder)
    if kem_folder and kem_folder.is_dir():
        failed += kem(tools / "mlkem_values", kem_folder)
    else:
        print("ml-kem: no published files at hand (VECTORS=FOLDER names them)")
    failed += kem_accumulated(tools / "mlkem_values")
    for line in failed:
        print("FAILED " + line)
    print("age_vectors: " + (f"{len(failed)} failed" if failed else "all passed"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
