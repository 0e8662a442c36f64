#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make mutants`: a test proves something only if a broken program fails it.

Reads tests/mutants/list.txt, makes each sabotage in a copy of the tree, builds it and runs the tests until the first one fails: those
that the entry names, and only where these are green all others. A sabotage that no test notices has survived, and the run fails. There are
as many copies as jobs, each at work on a sabotage of its own. Last line: 'N passed, N failed' (passed: noticed).

An entry of the list, separated by empty lines ('#' begins a comment line):
    name: what is sabotaged
    file: lib/x.c
    old: text that stands there exactly once
    new: text that replaces it (may be empty)
    tests: what to try first: unit programs (test_x) and files of tests/program (test_x.py)
"""
import argparse
import concurrent.futures
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COPIES = ROOT / "build/mutants"
SAN_ENV = {"ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1", "UBSAN_OPTIONS": "halt_on_error=1"}
SAN = ("SAN=1", "BUILD=build/san")
UNIT_TIMEOUT = 120  # seconds; the slowest takes five. What has no end is noticed too


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
        missing = {"name", "file", "old", "new", "tests"} - entry.keys()
        if missing:
            sys.exit(f"mutants: {entry} lacks {missing}")
    return entries


class DoesNotBuild(Exception):
    pass


class Tree:
    """A copy of the tracked files, in which make builds only what has changed."""

    def __init__(self, path):
        self.path = path

    def fill(self):
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
        names = {name for name in listed if name and (ROOT / name).is_file()}
        for old in list(self.path.rglob("*")):
            name = old.relative_to(self.path)
            if old.is_file() and name.parts[0] != "build" and str(name) not in names:
                old.unlink()
        for name in names:
            source, target = ROOT / name, self.path / name
            # Not with its time: it may be older than an object of the file that it replaces.
            if not target.is_file() or target.read_bytes() != source.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)

    def run(self, argv, env=None, timeout=900):
        try:
            done = subprocess.run(argv, cwd=self.path, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=timeout)
            return done.returncode, done.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired:
            return -1, "no end"

    def make(self, *args):
        status, output = self.run(["make", "-s", *args])
        if status != 0:
            raise DoesNotBuild(output)

    def unit_red(self, names):
        """The first of these unit programs that fails, or None."""
        for name in names:
            self.make(*SAN, f"build/san/unit/{name}")
            if self.run([f"build/san/unit/{name}"], SAN_ENV, UNIT_TIMEOUT)[0] != 0:
                return name
        return None

    def program_red(self, files):
        """The first test of these pytest files that fails, or None."""
        if not files:
            return None
        self.make(*SAN, "all")
        self.make("all", "portable", "tools")
        env = {**SAN_ENV, "KRM_SOPS": str(self.path / "build/san/krm-sops"), "KRM_SOPS_PLAIN": str(self.path / "build/krm-sops"),
               "KRM_SOPS_PORTABLE": str(self.path / "build/portable/krm-sops")}
        status, output = self.run([sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *(f"tests/program/{name}" for name in files)], env)
        if status == 0:
            return None
        if status not in (1, -1):  # not a test that failed, but tests that did not run
            raise DoesNotBuild(output)
        return next((line.split(" ")[1] for line in output.split("\n") if line.startswith("FAILED")), "pytest")

    def first_red(self, first, quick=False):
        """The name of the first test that fails, or None where all pass; and whether it is one of those that the entry names. quick: tries no others."""
        units = sorted(path.stem for path in (self.path / "tests/unit").glob("test_*.c"))
        files = sorted(path.name for path in (self.path / "tests/program").glob("test_*.py"))
        unknown = set(first) - set(units) - set(files)
        if unknown:
            raise DoesNotBuild(f"there is no test {', '.join(sorted(unknown))}")
        named = lambda names: [name for name in names if name in first]
        rest = lambda names: [name for name in names if name not in first]
        red = self.unit_red(named(units)) or self.program_red(named(files))
        if red or quick:
            return red, True
        return self.unit_red(rest(units)) or self.program_red(rest(files)), False


def try_entry(tree, entry, quick):
    """(noticed, what to print)"""
    path = tree.path / entry["file"]
    whole = path.read_text()
    if whole.count(entry["old"]) != 1:
        return False, f"STALE    {entry['name']}: 'old' stands {whole.count(entry['old'])} times in {entry['file']}"
    start = time.monotonic()
    path.write_text(whole.replace(entry["old"], entry["new"]))
    try:
        red, by_name = tree.first_red(entry["tests"].split(), quick)
    except DoesNotBuild as why:
        return False, f"STALE    {entry['name']}: the sabotage does not build, or its tests do not run\n{str(why)[-1500:]}"
    finally:
        path.write_text(whole)
    if not red:
        return False, f"SURVIVED {entry['name']}"
    return True, f"noticed  {entry['name']}: {red}{'' if by_name else ', which the list does not name'} ({time.monotonic() - start:.0f} s)"


def make_trees(jobs, quick):
    first = Tree(COPIES / "tree0")
    first.fill()
    try:
        first.make(f"-j{jobs}", *SAN, "all", "unit-bin")
        first.make(f"-j{jobs}", "all", "portable", "tools")
        red, _ = first.first_red([], quick)
    except DoesNotBuild as why:
        sys.exit(f"mutants: the unharmed tree does not build\n{why}")
    if red:
        sys.exit(f"mutants: the unharmed tree is red: {red}")
    trees = queue.SimpleQueue()
    trees.put(first)
    for number in range(1, jobs):
        copy = Tree(COPIES / f"tree{number}")
        shutil.rmtree(copy.path, ignore_errors=True)
        shutil.copytree(first.path, copy.path, symlinks=True)
        trees.put(copy)
    return trees


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--only", default="", help="run only entries whose name or file holds this text")
    parser.add_argument("--quick", action="store_true", help="only the tests that an entry names, and the unharmed tree is taken for green")
    args = parser.parse_args()
    entries = [e for e in read_list(ROOT / "tests/mutants/list.txt") if args.only in e["name"] or args.only in e["file"]]
    trees = make_trees(args.jobs, args.quick)

    def work(entry):
        tree = trees.get()
        try:
            return try_entry(tree, entry, args.quick)
        finally:
            trees.put(tree)

    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for noticed, text in pool.map(work, entries):
            print(text, flush=True)
            passed, failed = passed + noticed, failed + (not noticed)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
