#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make check`: every test that needs no network and no other program, in one run.

Builds four times (gcc, gcc with sanitizers, clang, clang's fuzzer with sanitizers) and runs lint, format check, the unit tests of the first three, the tests
of the program (pytest, against the sanitized build) and each fuzz target for a fixed number of runs. One build after the other; what a build has made is tested
while the next ones are under way, twice as many tests at a time as there are jobs, as most tests of the program wait for something. Prints one line for each
step when it is over, all output of a step that fails, and as its last line 'N passed, N failed'.
"""
import argparse
import concurrent.futures
import functools
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUZZ_RUNS = 20000
SAN_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:allocator_may_return_null=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}
PROGRAM_ENV = {**SAN_ENV, "KRM_SOPS": str(ROOT / "build/san/krm-sops"), "KRM_SOPS_PLAIN": str(ROOT / "build/krm-sops"),
               "KRM_SOPS_PORTABLE": str(ROOT / "build/portable/krm-sops")}


class Tally:
    """What passed and failed so far; a step counts its own tests where it can say how many there were."""

    def __init__(self):
        self.passed = self.failed = 0
        self.broken = []
        self.lock = threading.Lock()

    def step(self, name, passed, failed, output, seconds):
        with self.lock:
            self.passed += passed
            self.failed += failed
            if failed:
                self.broken.append(name)
                sys.stdout.write(output if output.endswith("\n") else output + "\n")
            verdict = "FAILED" if failed else "ok"
            print(f"{verdict:7}{name}: {passed} passed, {failed} failed ({seconds:.1f} s)", flush=True)


class Step:
    """Tests that are told of together. Each is a call that gives (passed, failed, output)."""

    def __init__(self, tally, pool, name, tests):
        self.tally, self.name = tally, name
        self.lock, self.left, self.start = threading.Lock(), len(tests), None
        self.results = [None] * len(tests)
        for number, test in enumerate(tests):
            pool.submit(self._run, number, test)
        if not tests:
            tally.step(name, 0, 1, "there is nothing to run", 0)

    def _run(self, number, test):
        with self.lock:
            self.start = self.start or time.monotonic()
        try:
            result = test()
        except Exception:  # pylint: disable=broad-except
            result = 0, 1, traceback.format_exc()
        with self.lock:
            self.results[number] = result
            self.left -= 1
            if self.left:
                return
        passed, failed, output = zip(*self.results)
        self.tally.step(self.name, sum(passed), sum(failed), "".join(output), time.monotonic() - self.start)


def run(argv, env=None, timeout=1800):
    try:
        done = subprocess.run(argv, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return -1, (late.stdout or b"").decode(errors="replace") + f"\nno end within {timeout} s\n"


def build(tally, name, jobs, *args):
    start = time.monotonic()
    status, output = run(["make", "-s", f"-j{jobs}", "WERROR=1", *args])
    tally.step(f"build {name}", int(status == 0), int(status != 0), output, time.monotonic() - start)
    return status == 0


def simple(*argv):
    def test():
        status, output = run(argv)
        return int(status == 0), int(status != 0), output
    return [test]


# What takes longest, and so begins first: else it would be left for the end, with nothing beside it.
LONGEST_UNITS = ("test_key_gpg", "test_doc_yaml_read", "test_http", "test_watch", "test_keeper", "test_keys_run", "test_key_pgp", "test_pgp_key", "test_splice")


def longest_first(files, longest):
    rank = {stem: at for at, stem in enumerate(longest)}
    return sorted(files, key=lambda file: (rank.get(file.stem, len(rank)), file.stem))


def units(folder):
    """Each cmocka program says how many of its tests passed; one that says nothing has failed."""

    def one(program):
        status, text = run([str(program)], SAN_ENV, 600)
        ok = sum(int(n) for n in re.findall(r"^\[  PASSED  \] (\d+) test", text, re.M))
        bad = sum(int(n) for n in re.findall(r"^\[  FAILED  \] (?:tests: )?(\d+) test", text, re.M))
        if status == 0 and ok:
            return ok, bad, ""
        return ok, max(bad, 1), f"--- {program.name}\n{text}\n"

    sources = longest_first((ROOT / "tests/unit").glob("test_*.c"), LONGEST_UNITS)
    return [functools.partial(one, ROOT / folder / "unit" / source.stem) for source in sources]


# The same for the tests of the program; and in how many parts each is run, which begin at the same time.
LONGEST = {"test_fault_matrix": 6, "test_serve": 3, "test_bad_input": 3, "test_gpg": 2, "test_canary": 2, "test_build_confinement": 3, "test_serve_clouds": 2,
           "test_decrypt": 1, "test_constant_time": 2, "test_check": 1, "test_decrypt_nomem": 1, "test_build_cases": 1, "test_vault": 1, "test_aws_kms": 1,
           "test_account": 1, "test_azure": 1, "test_grpc_door": 1, "test_doctor": 1, "test_socket_clients": 1, "test_attacks": 1, "test_cluster": 1}


def program_tests():
    def one(file, part, parts):
        # pytest's usual folder is shared by all of its runs, and each that begins shuts it again for users who were let in.
        with tempfile.TemporaryDirectory(prefix="krm", ignore_cleanup_errors=True) as own:
            status, text = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={own}/t", f"--part={part}/{parts}",
                                str(file.relative_to(ROOT))], PROGRAM_ENV)
        last = text.splitlines()[-1] if text.strip() else ""
        count = lambda words: sum(int(n) for n in re.findall(rf"(\d+) (?:{words})", last))
        ok, bad = count("passed"), count("failed|error")
        if status == 0 and ok + count("skipped"):  # a file may have nothing that can run here, which it says
            return ok, bad, ""
        return ok, max(bad, 1), f"--- {file.name}, part {part} of {parts}\n{text}\n"

    for file in longest_first((ROOT / "tests/program").glob("test_*.py"), LONGEST):
        parts = LONGEST.get(file.stem, 1)
        yield from (functools.partial(one, file, part, parts) for part in range(1, parts + 1))


def fuzz():
    def one(target):
        corpus, scratch = ROOT / "tests/fuzz/corpus" / target.removeprefix("fuzz_"), ROOT / "build/fuzz/check" / target
        scratch.mkdir(parents=True, exist_ok=True)
        for old in scratch.iterdir():
            old.unlink()
        argv = [str(ROOT / "build/fuzz/fuzz" / target), f"-runs={FUZZ_RUNS}", "-seed=1", "-max_len=8192", "-timeout=20",
                "-rss_limit_mb=4096", "-print_final_stats=0", "-artifact_prefix=build/fuzz/"]
        status, text = run(argv + ([str(scratch), str(corpus)] if corpus.is_dir() else []), SAN_ENV, 900)
        return (1, 0, "") if status == 0 else (0, 1, f"--- {target}\n{text[-6000:]}\n")

    return [functools.partial(one, source.stem) for source in sorted((ROOT / "tests/fuzz").glob("fuzz_*.c"))]


def check(tally, pool, jobs, want):
    """Builds, one after the other; and each time hands to the pool what can be tested by then."""
    step = functools.partial(Step, tally, pool)
    make = functools.partial(build, tally)
    if want("lint"):
        step("lint", simple(sys.executable, "tests/lint.py"))
    if want("fmt"):
        step("format", simple("make", "-s", "fmt-check"))
    program = want("program")
    plain = (want("gcc") or program) and make("gcc", jobs, "all", "portable", "tools")
    san = (want("san") or program) and make("gcc with sanitizers", jobs, "SAN=1", "BUILD=build/san", "all")
    if program and plain and san:
        step("program tests, sanitized build", list(program_tests()))
    if want("gcc") and plain and make("gcc, unit tests", jobs, "unit-bin"):
        step("unit tests, gcc", units("build"))
    if want("san") and san and make("gcc with sanitizers, unit tests", jobs, "SAN=1", "BUILD=build/san", "unit-bin"):
        step("unit tests, gcc with sanitizers", units("build/san"))
    if want("clang") and make("clang", jobs, "CC=clang", "BUILD=build/clang", "all", "unit-bin"):
        step("unit tests, clang", units("build/clang"))
    if want("fuzz") and make("fuzz targets", jobs, "FUZZ=1", "BUILD=build/fuzz", "fuzz-bin"):
        step(f"fuzz targets, {FUZZ_RUNS} runs each", fuzz())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--only", default="", help="comma list of: lint, fmt, gcc, san, clang, program, fuzz")
    args = parser.parse_args()
    only = set(filter(None, args.only.split(",")))
    tally = Tally()
    os.chdir(ROOT)
    with concurrent.futures.ThreadPoolExecutor(2 * args.jobs) as pool:
        try:
            check(tally, pool, args.jobs, lambda name: not only or name in only)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if tally.broken:
        print("failed: " + ", ".join(tally.broken))
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
