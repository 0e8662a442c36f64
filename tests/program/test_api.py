# SPDX-License-Identifier: Apache-2.0
"""The library as others meet it: installed, found by pkg-config, linked by the example program, and showing nothing but its header's names."""
import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "tests/data"
BUILD = pathlib.Path(os.environ.get("KRM_SOPS_PLAIN", str(ROOT / "build/krm-sops"))).parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A prefix that `make install` has filled."""
    prefix = tmp_path_factory.mktemp("prefix")
    subprocess.run(["make", "-s", "install", f"PREFIX={prefix}", f"BUILD={os.path.relpath(BUILD, ROOT)}"], cwd=ROOT, check=True, capture_output=True, env=plain())
    return prefix


def plain(**more):
    """Without what an outer make or a sanitized run has set."""
    return {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")} | more


@pytest.fixture(scope="module")
def example(installed):
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "krmsops"], env=plain(PKG_CONFIG_PATH=str(installed / "lib/pkgconfig")), check=True, capture_output=True, text=True).stdout.split()
    target = installed / "decrypt"
    subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-std=c99", "-pedantic", str(ROOT / "examples/api/decrypt.c"), *flags, "-o", str(target)], check=True)
    return lambda *args: subprocess.run([target, *map(str, args)], capture_output=True, env={"LD_LIBRARY_PATH": str(installed / "lib")}, timeout=60)


def document(name):
    return next(case["text"] for case in json.loads((DATA / "cases.json").read_text())["cases"] if case["name"] == name)


def test_example_decrypts(example, tmp_path):
    (tmp_path / "a.yaml").write_text(document("good_yaml"))
    (tmp_path / "b.json").write_text(document("good_json"))
    done = example(DATA / "age.agekey", tmp_path / "a.yaml", tmp_path / "b.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, b'a: hush\n{\n\t"a": "hush"\n}\n', b"")


def test_example_takes_pgp_keys(example):
    pgp = DATA / "pgp"
    done = example(pgp / "rsa.asc", pgp / "sops-rsa.enc.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (0, (pgp / "plain.yaml").read_bytes(), b"")
    assert example(pgp / "ecc.asc", pgp / "sops-rsa.enc.yaml").returncode == 1


def test_example_prints_all_or_nothing(example, tmp_path):
    (tmp_path / "a.yaml").write_text(document("good_yaml"))
    (tmp_path / "b.yaml").write_text(document("r12_lastmodified_changed"))
    done = example(DATA / "age.agekey", tmp_path / "a.yaml", tmp_path / "b.yaml")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"b.yaml: the MAC can not be opened" in done.stderr
    assert example(DATA / "other.agekey", tmp_path / "a.yaml").returncode == 1
    assert example(DATA / "nothing", tmp_path / "a.yaml").returncode == 1
    assert example().returncode == 1


def test_only_the_names_of_the_header_are_exported(installed):
    symbols = subprocess.run(["nm", "-D", "--defined-only", str(installed / "lib/libkrmsops.so")], check=True, capture_output=True, text=True).stdout
    exported = {line.split()[2].split("@")[0] for line in symbols.splitlines()} - {"KRMSOPS_0"}
    header = (installed / "include/krmsops.h").read_text()
    declared = set(re.findall(r"\b(krmsops_[a-z_]+)\(", re.sub(r"/\*.*?\*/", "", header, flags=re.S)))
    assert exported == declared


def test_header_is_complete(installed, tmp_path):
    (tmp_path / "x.c").write_text('#include <krmsops.h>\nint main(void) { return krmsops_version() == 0; }\n')
    subprocess.run(["cc", "-Wall", "-Werror", "-std=c99", "-pedantic", "-fsyntax-only", f"-I{installed}/include", str(tmp_path / "x.c")], check=True)


def test_installed_program_runs(installed):
    version = (ROOT / "VERSION").read_text().strip()
    assert subprocess.run([installed / "bin/krm-sops", "--version"], capture_output=True, text=True).stdout.startswith(f"krm-sops {version}\n")
    assert (installed / "share/man/man1/krm-sops.1").exists()
