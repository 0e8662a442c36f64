#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make check-load`: big inputs and many processes at once, on this machine, bounded in count and time.

Each row is a claim about what comes out, not about how long it takes. Last line: 'N passed, N failed'.
"""
import argparse
import concurrent.futures
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

import load_sidecar

PROCESSES = 200
AT_ONCE = 32


def limited(mebibytes):
    def apply():
        resource.setrlimit(resource.RLIMIT_AS, (mebibytes << 20, mebibytes << 20))
    return apply


class Load:
    def __init__(self, args, folder):
        self.program = str(pathlib.Path(args.program).resolve())
        self.forge = str(pathlib.Path(args.forge).resolve())
        self.folder = folder
        self.env = {"HOME": str(folder), "SOPS_AGE_KEY": self.forged("identity").decode().strip()}
        self.passed = self.failed = 0

    def forged(self, *words):
        return subprocess.run([self.forge, *map(str, words)], check=True, capture_output=True).stdout

    def run(self, data, *argv, mebibytes=None):
        return subprocess.run([self.program, *argv], input=data, capture_output=True, env=self.env, cwd=self.folder, timeout=120,
                              preexec_fn=limited(mebibytes) if mebibytes else None)

    def claim(self, what, holds, detail=""):
        self.passed += bool(holds)
        self.failed += not holds
        print(f"{'ok    ' if holds else 'FAILED'} {what} {detail}", flush=True)


def opened(output, count):
    return output.count(b"correct horse battery staple ") == count and b"ENC[AES256_GCM" not in output


def function(load):
    many = load.forged("list", 10000, 0)
    done = load.run(many)
    load.claim("10,000 encrypted Secrets all open", done.returncode == 0 and opened(done.stdout, 10000), done.stderr[-300:].decode())
    done = load.run(load.forged("list", 100, 30000), mebibytes=1024)
    load.claim("30,000 plain items pass within 1 GiB of address space", done.returncode == 0 and opened(done.stdout, 100),
               done.stderr[-300:].decode())
    data = load.forged("list", 20, 200)
    want = load.run(data).stdout
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda _: load.run(data), range(PROCESSES)))
    load.claim(f"{PROCESSES} runs, {AT_ONCE} at once, all print the same",
               opened(want, 20) and all(r.returncode == 0 and r.stdout == want for r in results))
    big = b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: big\n  data:\n    blob: " \
        + b"x" * (20 << 20) + b"\n"
    done = load.run(big)
    load.claim("an item of 20 MiB leaves as it came", done.returncode == 0 and done.stdout == big, done.stderr[-300:].decode())
    done = load.run(many, mebibytes=48)
    load.claim("too little memory is an error with a text and no output",
               done.returncode != 0 and not done.stdout and b"memory" in done.stderr, done.stderr[-300:].decode())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--forge", required=True)
    parser.add_argument("--only", choices=("function", "sidecar"), help="one part alone")
    parser.add_argument("--seconds", type=int, default=60, help="of the sidecar's longest part (default: %(default)s)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="krm-sops-load-") as name:
        load = Load(args, pathlib.Path(name))
        if args.only != "sidecar":
            function(load)
        if args.only != "function":
            os.environ["KRM_SOPS"] = load.program
            load_sidecar.run(load, str(pathlib.Path(load.forge).parent / "sidecar_load"), args.seconds)
    print(f"{load.passed} passed, {load.failed} failed")
    return 1 if load.failed or not load.passed else 0


if __name__ == "__main__":
    sys.exit(main())
