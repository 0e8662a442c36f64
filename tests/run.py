#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make check`: every test that needs no network and no other program, in one run.

Builds three times (gcc, gcc with sanitizers, clang), then runs lint, format check, unit tests (each build), the tests of the
program (pytest, against the sanitized build) and each fuzz target for a fixed number of runs. Prints one line for each step, all
output of a step that fails, and as its last line 'N passed, N failed'.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUZZ_RUNS = 20000
SAN_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:allocator_may_return_null=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


class Tally:
    """What passed and failed so far; a step counts its own tests where it can say how many there were."""

    def __init__(self):
        self.passed = self.failed = 0
        self.broken = []

    def step(self, name, passed, failed, output, seconds):
        self.passed += passed
        self.failed += failed
        if failed:
            self.broken.append(name)
            sys.stdout.write(output if output.endswith("\n") else output + "\n")
        verdict = "FAILED" if failed else "ok"
        print(f"{verdict:7}{name}: {passed} passed, {failed} failed ({seconds:.1f} s)", flush=True)


def run(argv, env=None, timeout=1800):
    start = time.monotonic()
    try:
        done = subprocess.run(argv, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        status, output = done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        status, output = -1, (late.stdout or b"").decode(errors="replace") + f"\nno end within {timeout} s\n"
    return status, output, time.monotonic() - start


def build(tally, name, jobs, *args):
    status, output, seconds = run(["make", "-s", f"-j{jobs}", "WERROR=1", *args])
    tally.step(f"build {name}", int(status == 0), int(status != 0), output, seconds)
    return status == 0


def units(tally, name, folder, jobs):
    """Each cmocka program says how many of its tests passed; one that says nothing has failed."""
    sources = sorted((ROOT / "tests/unit").glob("test_*.c"))
    programs = [ROOT / folder / "unit" / source.stem for source in sources]
    start = time.monotonic()
    passed = failed = 0
    output = ""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for program, (status, text, _) in zip(programs, pool.map(lambda p: run([str(p)], SAN_ENV, 600), programs)):
            ok = sum(int(n) for n in re.findall(r"^\[  PASSED  \] (\d+) test", text, re.M))
            bad = sum(int(n) for n in re.findall(r"^\[  FAILED  \] (?:tests: )?(\d+) test", text, re.M))
            if status != 0 or ok == 0:
                bad = max(bad, 1)
                output += f"--- {program.name}\n{text}\n"
            passed, failed = passed + ok, failed + bad
    tally.step(f"unit tests, {name}", passed, failed, output, time.monotonic() - start)


# What takes longest, and so begins first: else one of them would be left for the end, with nothing beside it.
LONGEST = ("test_serve", "test_bad_input", "test_canary", "test_check", "test_decrypt_nomem", "test_constant_time", "test_build_cases", "test_gpg", "test_vault",
           "test_aws_kms", "test_socket_clients", "test_serve_clouds", "test_attacks", "test_cluster")


def pytest(tally, name, env, jobs):
    """Each file by itself, as many at a time as there are jobs: most of their time they wait for a program that they have started."""
    rank = {stem: at for at, stem in enumerate(LONGEST)}
    files = sorted((ROOT / "tests/program").glob("test_*.py"), key=lambda file: (rank.get(file.stem, len(rank)), file.stem))
    start = time.monotonic()
    passed = failed = 0
    output = ""

    def one(file):
        return run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file.relative_to(ROOT))], env)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for file, (status, text, _) in zip(files, pool.map(one, files)):
            last = text.splitlines()[-1] if text.strip() else ""
            ok = sum(int(n) for n in re.findall(r"(\d+) passed", last))
            bad = sum(int(n) for n in re.findall(r"(\d+) (?:failed|error)", last))
            if status != 0 or ok + skipped(last) == 0:
                bad = max(bad, 1)
                output += f"--- {file.name}\n{text}\n"
            passed, failed = passed + ok, failed + bad
    tally.step(f"program tests, {name}", passed, failed, output, time.monotonic() - start)


def skipped(last):
    """A file may have nothing that can run here, which it says."""
    return sum(int(n) for n in re.findall(r"(\d+) skipped", last))


def fuzz(tally, jobs):
    targets = sorted(source.stem for source in (ROOT / "tests/fuzz").glob("fuzz_*.c"))
    start = time.monotonic()
    output = ""
    failed = 0

    def one(target):
        corpus = ROOT / "tests/fuzz/corpus" / target.removeprefix("fuzz_")
        argv = [str(ROOT / "build/fuzz/fuzz" / target), f"-runs={FUZZ_RUNS}", "-seed=1", "-max_len=8192", "-timeout=20",
                "-rss_limit_mb=4096", "-print_final_stats=0", "-artifact_prefix=build/fuzz/"]
        return run(argv + ([str(scratch(target)), str(corpus)] if corpus.is_dir() else []), SAN_ENV, 900)

    def scratch(target):
        folder = ROOT / "build/fuzz/check" / target
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        return folder

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for target, (status, text, _) in zip(targets, pool.map(one, targets)):
            if status != 0:
                failed += 1
                output += f"--- {target}\n{text[-6000:]}\n"
    tally.step(f"fuzz targets, {FUZZ_RUNS} runs each", len(targets) - failed, failed, output, time.monotonic() - start)


def simple(tally, name, argv):
    status, output, seconds = run(argv)
    tally.step(name, int(status == 0), int(status != 0), output, seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--only", default="", help="comma list of: lint, fmt, gcc, san, clang, program, fuzz")
    args = parser.parse_args()
    only = set(filter(None, args.only.split(",")))
    want = lambda name: not only or name in only
    tally = Tally()
    os.chdir(ROOT)
    if want("lint"):
        simple(tally, "lint", [sys.executable, "tests/lint.py"])
    if want("fmt"):
        simple(tally, "format", ["make", "-s", "fmt-check"])
    if want("gcc") or want("program"):
        if build(tally, "gcc", args.jobs, "all", "portable", "tools", "unit-bin") and want("gcc"):
            units(tally, "gcc", "build", args.jobs)
    if want("san") or want("program"):
        if build(tally, "gcc with sanitizers", args.jobs, "SAN=1", "BUILD=build/san", "all", "unit-bin") and want("san"):
            units(tally, "gcc with sanitizers", "build/san", args.jobs)
    if want("clang") and build(tally, "clang", args.jobs, "CC=clang", "BUILD=build/clang", "all", "unit-bin"):
        units(tally, "clang", "build/clang", args.jobs)
    if want("program"):
        env = {**SAN_ENV, "KRM_SOPS": str(ROOT / "build/san/krm-sops"), "KRM_SOPS_PLAIN": str(ROOT / "build/krm-sops"),
               "KRM_SOPS_PORTABLE": str(ROOT / "build/portable/krm-sops")}
        pytest(tally, "sanitized build", env, args.jobs)
    if want("fuzz") and build(tally, "fuzz targets", args.jobs, "FUZZ=1", "BUILD=build/fuzz", "fuzz-bin"):
        fuzz(tally, args.jobs)
    if tally.broken:
        print("failed: " + ", ".join(tally.broken))
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
