# SPDX-License-Identifier: Apache-2.0
"""`krm-sops decrypt` with each allocation failing in turn, ours and those of the libraries: never a crash, half an output, or a success
with other bytes."""
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "tests/data"
# A sanitized program has an allocator of its own: this needs the plain one.
PROGRAM = pathlib.Path(os.environ.get("KRM_SOPS_PLAIN", str(ROOT / "build/krm-sops")))
CASES = {case["name"]: case for case in json.loads((DATA / "cases.json").read_text())["cases"]}


@pytest.fixture(scope="module")
def failmalloc():
    build = os.path.relpath(PROGRAM.parent, ROOT)
    target = f"{build}/tools/failmalloc.so"
    env = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    subprocess.run(["make", "-s", f"BUILD={build}", target], cwd=ROOT, check=True, capture_output=True, env=env)
    return ROOT / target


@pytest.mark.parametrize("name", ["good_yaml", "good_json", "good_ini", "groups_all", "rule_encrypted_regex", "r12_lastmodified_changed"])
def test_every_allocation_may_fail(failmalloc, tmp_path, name):
    case = CASES[name]
    path = tmp_path / f"case.{case['suffix']}"
    path.write_text(case["text"])
    env = {"HOME": str(tmp_path), "SOPS_AGE_KEY_FILE": str(DATA / "age.agekey"), "LD_PRELOAD": str(failmalloc)}

    def run(**more):
        return subprocess.run([PROGRAM, "decrypt", path], env=env | more, capture_output=True, timeout=60)

    whole = run(FAILMALLOC_COUNT=str(tmp_path / "count"))
    assert whole.returncode == case["status"]
    count = int((tmp_path / "count").read_text())
    assert count > 20
    failed = 0
    for at in range(1, count + 1):
        for all_of_them in ({}, {"FAILMALLOC_ALL": "1"}):
            done = run(FAILMALLOC_AT=str(at), **all_of_them)
            if done.returncode == whole.returncode and done.stdout == whole.stdout:
                continue
            failed += 1
            assert done.returncode in (1, 2, 128), (at, all_of_them, done.returncode)
            assert done.stdout == b"" and done.stderr.startswith(b"krm-sops: "), (at, all_of_them, done)
            assert b"hush" not in done.stderr
    assert failed > 20
