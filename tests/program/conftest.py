# SPDX-License-Identifier: Apache-2.0
"""The program under test, and a place of its own for each test: a home, a working directory and an environment that hold nothing else.

KRM_SOPS names the program (default: build/krm-sops); KRM_SOPS_PLAIN one without sanitizers, for tests that preload a library or bound
the address space.
"""
import ctypes
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # for the fakes
from fakes.certificates import Certificates  # pylint: disable=wrong-import-position

DATA = ROOT / "tests" / "data"
TIMEOUT = 60  # seconds; the slowest run of a sanitized build takes two
SANITIZER = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")


def program_path(variable="KRM_SOPS"):
    path = pathlib.Path(os.environ.get(variable) or ROOT / "build" / "krm-sops")
    if not os.access(path, os.X_OK):
        pytest.fail(f"no program '{path}': run make first")
    return str(path.resolve())


@dataclasses.dataclass
class Result:
    status: int
    stdout: bytes
    stderr: bytes

    @property
    def message(self):
        return self.stderr.decode(errors="replace")

    @property
    def crashed(self):
        return self.status < 0 or b"ERROR: AddressSanitizer" in self.stderr or b"runtime error:" in self.stderr


def pytest_addoption(parser):
    parser.addoption("--part", metavar="N/M", default="1/1", help="of every M tests only the Nth: M runs with 1/M to M/M are a whole one")


def pytest_collection_modifyitems(config, items):
    part, parts = map(int, config.getoption("--part").split("/"))
    mine = items[part - 1::parts]
    config.hook.pytest_deselected(items=[item for number, item in enumerate(items) if number % parts != part - 1])
    items[:] = mine


class Place:
    """cwd, home and temporary folder of one test. The working directory is the top of a Git repository as far as the program can tell."""

    def __init__(self, path):
        self.path = path
        self.home, self.cwd, self.tmp = path / "home", path / "repo", path / "tmp"
        for folder in (self.home, self.cwd, self.tmp):
            folder.mkdir()
        (self.cwd / ".git").mkdir()

    def env(self, **more):
        keep = {name: os.environ[name] for name in SANITIZER if name in os.environ}
        return {**keep, "HOME": str(self.home), "TMPDIR": str(self.tmp), "PATH": "/usr/bin:/bin", **more}

    def copy(self, *names):
        """Files of tests/data into the working directory, under their own names."""
        for name in names:
            shutil.copy(DATA / name, self.cwd / pathlib.Path(name).name)

    def write(self, name, data):
        path = self.cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def run(self, *argv, stdin=b"", env=None, program=None, timeout=TIMEOUT, **more):
        """Runs the program with an environment of `env` alone (default: none of its own variables)."""
        done = subprocess.run([program or program_path(), *map(str, argv)], input=stdin, env=self.env(**(env or {})), cwd=self.cwd, capture_output=True,
                              timeout=timeout, check=False, **more)
        return Result(done.returncode, done.stdout, done.stderr)


def without_file_rights():
    """For preexec_fn: even root then reads only what the mode lets its owner read (no CAP_DAC_OVERRIDE, no CAP_DAC_READ_SEARCH)."""
    pr_capbset_drop = 24
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (1, 2):
            if libc.prctl(pr_capbset_drop, capability, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "prctl")


NOBODY = 65534


def become_nobody():
    """For preexec_fn, of root."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def need(step):
    """Skips where this machine does not let a process take that step: a container of few rights."""
    try:
        subprocess.run(["/bin/true"], preexec_fn=step, check=True)
    except (OSError, subprocess.SubprocessError):
        pytest.skip(f"'{step.__name__}' is not allowed here")


def let_nobody_in(path):
    """What is below may be read by all, and the folders above be passed."""
    for above in path.parents:
        if above.stat().st_uid == 0 and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o011)
    for below in (path, *path.rglob("*")):
        if not below.is_symlink():
            below.chmod(below.stat().st_mode | (0o755 if below.is_dir() else 0o444))


def ours_in_memory(prefix):
    """What of ours is in the folder in memory, whoever runs it."""
    return set(pathlib.Path("/dev/shm").glob(prefix + "*"))


def assert_none_is_left(prefix, before):
    """What other tests have there meanwhile goes by itself; what was forgotten stays."""
    new = ours_in_memory(prefix) - before
    end = time.monotonic() + TIMEOUT
    while new & ours_in_memory(prefix) and time.monotonic() < end:
        time.sleep(0.05)
    assert not new & ours_in_memory(prefix)


@pytest.fixture
def program():
    """The path of the program under test."""
    return program_path()


@pytest.fixture
def plain_program():
    """The path of a build without sanitizers."""
    return program_path("KRM_SOPS_PLAIN")


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def run(place):
    """run(argv..., stdin=, env=): the program in the test's own place."""
    return place.run


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """What fakes need for TLS, made once."""
    return Certificates(tmp_path_factory.mktemp("certificates"))
