#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make mutants`: a test proves something only if a broken program fails it.

Reads tests/mutants/list.txt, makes each sabotage in a copy of the tree, builds it and runs the tests until the first one fails. A
sabotage that no test notices has survived, and the run fails. Last line: 'N passed, N failed' (passed: noticed).

An entry of the list, separated by empty lines ('#' begins a comment line):
    name: what is sabotaged
    file: lib/x.c
    old: text that stands there exactly once
    new: text that replaces it (may be empty)
    tests: unit programs to try first (optional)
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COPY = ROOT / "build/mutants/tree"
SAN_ENV = {"ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1", "UBSAN_OPTIONS": "halt_on_error=1"}


def read_list(path):
    entries, entry = [], {}
    for line in path.read_text().split("\n") + [""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if entry:
                entries.append(entry)
            entry = {}
            continue
        key, _, value = line.partition(":")
        entry[key.strip()] = value[1:] if value.startswith(" ") else value
    for entry in entries:
        missing = {"name", "file", "old", "new"} - entry.keys()
        if missing:
            sys.exit(f"mutants: {entry} lacks {missing}")
    return entries


def copy_tree():
    """A copy of the tracked files that keeps times, so that make builds only what a sabotage changed."""
    shutil.rmtree(COPY / "lib", ignore_errors=True)
    shutil.rmtree(COPY / "krm-fn", ignore_errors=True)
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True,
                           text=True).stdout.split("\n")
    for name in filter(None, names):
        source, target = ROOT / name, COPY / name
        if not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def run(argv, env=None, timeout=900):
    try:
        done = subprocess.run(argv, cwd=COPY, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        return -1, "no end"


def build(jobs):
    for args in (["all"], ["SAN=1", "BUILD=build/san", "all", "unit-bin"]):
        status, output = run(["make", "-s", f"-j{jobs}", *args])
        if status != 0:
            return status, output
    return 0, ""


def first_red(first):
    """The name of the first test that fails, or None where all pass."""
    programs = sorted((COPY / "tests/unit").glob("test_*.c"), key=lambda p: (p.stem not in first, p.stem))
    for program in programs:
        status, _ = run([f"build/san/unit/{program.stem}"], SAN_ENV)
        if status != 0:
            return program.stem
    env = {**SAN_ENV, "KRM_SOPS": str(COPY / "build/san/krm-sops"), "KRM_SOPS_PLAIN": str(COPY / "build/krm-sops")}
    status, output = run([sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/program"], env)
    if status != 0:
        named = [line for line in output.split("\n") if line.startswith("FAILED")]
        return named[0].split(" ")[1] if named else "pytest"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--only", default="", help="run only entries whose name holds this text")
    args = parser.parse_args()
    entries = [e for e in read_list(ROOT / "tests/mutants/list.txt") if args.only in e["name"]]
    copy_tree()
    status, output = build(args.jobs)
    if status != 0:
        sys.exit(f"mutants: the unharmed tree does not build\n{output}")
    red = first_red([])
    if red:
        sys.exit(f"mutants: the unharmed tree is red: {red}")
    passed = failed = 0
    for entry in entries:
        path = COPY / entry["file"]
        whole = path.read_text()
        if whole.count(entry["old"]) != 1:
            print(f"STALE    {entry['name']}: 'old' stands {whole.count(entry['old'])} times in {entry['file']}")
            failed += 1
            continue
        path.write_text(whole.replace(entry["old"], entry["new"]))
        status, output = build(args.jobs)
        red = "does not build" if status != 0 else first_red(entry.get("tests", "").split())
        if status != 0:
            print(f"STALE    {entry['name']}: the sabotage does not build\n{output[-1500:]}")
            failed += 1
        elif red:
            print(f"noticed  {entry['name']}: {red}", flush=True)
            passed += 1
        else:
            print(f"SURVIVED {entry['name']}", flush=True)
            failed += 1
        path.write_text(whole)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
