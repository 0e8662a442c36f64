# SPDX-License-Identifier: Apache-2.0
"""ML-KEM, the padding of PGP's session keys and the combining of shares in constant time: no branch and no address depends on a secret, at any optimisation
(tests/constant_time), and no compiler makes a division of it, which takes longer for some numbers than for others."""
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = {"mlkem": ["lib/keys/mlkem.c", "lib/keys/mlkem_poly.c"], "pgp_unpad": ["lib/keys/pgp_unpad.c"], "shamir": ["lib/sops/shamir.c"]}
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-Ilib"]
LEVELS = ["-O0", "-O1", "-O2", "-O3", "-Os"]


def build(folder, level, name):
    program = folder / f"{name}{level}"
    subprocess.run(["clang", *FLAGS, level, "-g", "-fsanitize=memory", "-fno-sanitize-recover=all", "-o", program,
                    f"tests/constant_time/{name}.c", *SOURCES[name], "lib/base/wipe.c", "lib/base/err.c"], cwd=ROOT, check=True)
    return program


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_branches_on_a_secret(tmp_path, level):
    program = build(tmp_path, level, "mlkem")
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    values = dict(line.split(" ") for line in done.stdout.splitlines())
    assert values["secret"] == values["again"] != values["forged"]


@pytest.mark.parametrize("level", LEVELS)
def test_padding_tells_nothing(tmp_path, level):
    done = subprocess.run([build(tmp_path, level, "pgp_unpad")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    assert done.stdout == "good 0:9:32\nbad -1:0:0\n"


@pytest.mark.parametrize("level", LEVELS)
def test_shares_tell_nothing(tmp_path, level):
    done = subprocess.run([build(tmp_path, level, "shamir")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    assert int(done.stdout) == sum(combined([[(k * 7 + i * 31) & 255 for i in range(3)] for k in range(32)]))


def multiplied(a, b):
    product = 0
    for bit in range(8):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(14, 7, -1):
        if product >> bit & 1:
            product ^= 0x11b << (bit - 8)
    return product


def combined(columns):
    """Each column holds one byte of the shares 1, 2 and 3: their polynomial at 0."""
    inverse = {a: b for a in range(1, 256) for b in range(1, 256) if multiplied(a, b) == 1}
    for column in columns:
        value = 0
        for i, y in enumerate(column):
            for j in range(3):
                if j != i:
                    y = multiplied(y, multiplied(j + 1, inverse[(i + 1) ^ (j + 1)]))
            value ^= y
        yield value


@pytest.mark.parametrize("name", SOURCES)
def test_a_branch_on_a_secret_is_reported(tmp_path, name):
    program = build(tmp_path, "-O1", name)
    done = subprocess.run([program, "leak"], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "use-of-uninitialized-value" in done.stderr


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("level", LEVELS)
def test_nothing_is_divided(tmp_path, compiler, level):
    assert shutil.which("objdump")
    for source in sum(SOURCES.values(), []):
        target = tmp_path / "x.o"
        subprocess.run([compiler, *FLAGS, level, "-c", "-o", target, source], cwd=ROOT, check=True)
        text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", target], capture_output=True, text=True, check=True).stdout
        assert len(text.splitlines()) > 50
        assert not re.search(r"\t[a-z]*div[a-z0-9]*\s", text), f"{compiler} {level} divides in {source}"
