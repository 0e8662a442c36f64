# SPDX-License-Identifier: Apache-2.0
"""A place of its own for a run: a home without anything in it, age identities made on the spot, an environment that holds nothing else."""
import pathlib
import subprocess
import tempfile

from lib import process

IDENTITIES = 4  # as many as the largest set of key groups that a script makes


class World:
    """Use with `with`. `recipients` are the age public keys whose identities both programs are given; `stranger` is one that they are not."""

    def __init__(self, sops, program, keygen):
        self.sops, self.program, self.keygen = sops, program, keygen
        self._folder = tempfile.TemporaryDirectory(prefix="krm-sops-interop-")
        self.path = pathlib.Path(self._folder.name)
        self.home = self.path / "home"
        self.home.mkdir()
        self.keys = self.path / "keys.txt"
        made = [self._identity() for _ in range(IDENTITIES + 1)]
        self.recipients = [public for public, _ in made[:IDENTITIES]]
        self.identities = [secret for _, secret in made[:IDENTITIES]]
        self.stranger = made[-1][0]
        self.keys.write_text("".join(f"# public key: {public}\n{secret}\n" for public, secret in made[:IDENTITIES]))
        self.env = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "SOPS_AGE_KEY_FILE": str(self.keys), "LC_ALL": "C.UTF-8"}

    def _identity(self):
        text = subprocess.run([str(self.keygen)], capture_output=True, text=True, check=True).stdout
        lines = text.splitlines()
        public = next(line.split(": ")[1] for line in lines if line.startswith("# public key"))
        return public, next(line for line in lines if line.startswith("AGE-SECRET-KEY"))

    def folder(self, name):
        path = self.path / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def run_sops(self, args, cwd=None, stdin=b""):
        return process.run([self.sops, *args], self.env, cwd or self.path, stdin)

    def run_ours(self, args, cwd=None, stdin=b""):
        return process.run([self.program, *args], self.env, cwd or self.path, stdin)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._folder.cleanup()
