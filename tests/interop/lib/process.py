# SPDX-License-Identifier: Apache-2.0
"""Runs a program to its end and keeps what it said."""
import dataclasses
import subprocess

TIMEOUT = 60  # seconds; the slowest honest run of a peer takes two


@dataclasses.dataclass
class Result:
    """How one run ended. status is negative for a signal, as in subprocess."""
    argv: list
    status: int
    stdout: bytes
    stderr: bytes

    @property
    def crashed(self):
        """A Go panic or runtime error (sops), a signal or a sanitizer's report (ours)."""
        return (self.status < 0 or b"\ngoroutine " in self.stderr or self.stderr.startswith(b"panic:")
                or b"ERROR: AddressSanitizer" in self.stderr or b"runtime error:" in self.stderr)


def run(argv, env, cwd=None, stdin=b"", timeout=TIMEOUT):
    argv = [str(arg) for arg in argv]
    try:
        done = subprocess.run(argv, env=env, cwd=cwd, input=stdin, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as late:
        return Result(argv, -1000, late.stdout or b"", (late.stderr or b"") + f"\nno end within {timeout} s\n".encode())
    return Result(argv, done.returncode, done.stdout, done.stderr)
