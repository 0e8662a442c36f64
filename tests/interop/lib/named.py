# SPDX-License-Identifier: Apache-2.0
"""Named tests of an interop script: each runs in a folder of its own, which is kept where it fails, and the others go on."""
import shutil
import traceback


class Failed(Exception):
    """A test that did not hold, and why."""


class Skipped(Exception):
    """What is not at hand here."""


def check(truth, why, result=None):
    if not truth:
        raise Failed(why + (f"\nstatus {result.status}\n{result.stderr.decode(errors='replace')[:3000]}" if result else ""))


def run(runs, make, kept):
    """runs: (name, number, function); make(name, number) gives what a test needs, with `top`, its folder. The exit status of the script."""
    passed = failed = skipped = 0
    shutil.rmtree(kept, ignore_errors=True)
    for name, number, function in runs:
        bench = make(name, number)
        try:
            function(bench)
            passed += 1
        except Skipped as why:
            skipped += 1
            print(f"SKIPPED {name}: {why}")
        except Exception as why:  # a test that breaks has failed, the others still run
            failed += 1
            print(f"FAILED {name}, round {number}: {why if isinstance(why, Failed) else traceback.format_exc()}")
            shutil.copytree(bench.top, kept / bench.top.name, symlinks=True)
        shutil.rmtree(bench.top)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0
