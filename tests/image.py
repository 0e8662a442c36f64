#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make check-image`: builds the image of the Containerfile on a Debian 12 that debootstrap makes, and runs function and sidecar in it as Kubernetes
would: any uid, no capability, a root file system that is read-only.

No image registry is asked, only Debian's packages. Needs root, buildah, debootstrap and curl; where one is not there, or buildah can not run, it says
so and ends well. Last line: 'N passed, N failed'.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from fakes import secrets  # noqa: E402
from fakes.aws import ARN, Aws  # noqa: E402

MIRROR = "http://deb.debian.org/debian"
BASE, IMAGE = "localhost/krm-sops-base", "localhost/krm-sops-check"
UID = 4711  # nobody that the image knows
SECRET = ROOT / "tests/data/attacks/secret.yaml"
KEY = ROOT / "tests/data/attacks/age.agekey"
GPG = ROOT / "tests/data/gpg"
# What a runtime does: mounts, then the root read-only, then the uid. No namespace but that of the mounts, so the pid stays that of the program.
ENTER = """
mount --bind "$1" "$1"
mount --bind "$2" "$1/mnt"
mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -o remount,bind,ro "$1"
root=$1 ids=$3
shift 3
exec chroot --userspec="$ids" --groups="${ids#*:}" "$root" env -i PATH=/usr/local/bin:/usr/bin:/bin "$@"
"""


class Skipped(Exception):
    """What can not be done on this machine, and why."""


def need(program):
    if not shutil.which(program):
        raise Skipped(f"no {program}")


def run(*argv, **more):
    done = subprocess.run(list(map(str, argv)), capture_output=True, stdin=None if "input" in more else subprocess.DEVNULL, check=False, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, argv))[:200]}: exit status {done.returncode}\n{(done.stdout + done.stderr).decode(errors='replace')[-3000:]}")
    return done.stdout.decode().strip()


class Builder:
    """buildah with a store of its own, which goes with the folder."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, *argv):
        return run("buildah", "--storage-driver", "vfs", "--root", self.folder / "store", "--runroot", self.folder / "state", *argv)

    def can_run(self):
        """A try on next to nothing: whether mounts and the like are allowed here."""
        empty = self.folder / "empty"
        empty.mkdir()
        (empty / "Containerfile").write_text("FROM scratch\nCOPY Containerfile /\n")
        try:
            self("bud", "--isolation", "chroot", "--pull-never", "-t", "localhost/empty", empty)
        except RuntimeError as error:
            raise Skipped(f"buildah can not run here: {str(error).strip().splitlines()[-1]}") from error

    def base(self):
        """A Debian 12 with this machine's own way to its package mirror."""
        root = self.folder / "base"
        run("debootstrap", "--variant=minbase", "bookworm", root, os.environ.get("DEBIAN_MIRROR", MIRROR))
        shutil.copytree("/etc/apt/apt.conf.d", root / "etc/apt/apt.conf.d", dirs_exist_ok=True)
        container = self("from", "scratch")
        self("copy", "-q", container, root, "/")
        self("commit", "-q", container, BASE)
        self("rm", container)
        shutil.rmtree(root)

    def image(self):
        self("bud", "--isolation", "chroot", "--pull-never", "--build-arg", f"BASE={BASE}", "-t", IMAGE, "-f", ROOT / "Containerfile", ROOT)
        return json.loads(self("inspect", "--type", "image", IMAGE))["OCIv1"]["config"]

    def mounted(self):
        return pathlib.Path(self("mount", self("from", "--pull-never", IMAGE)))


class Machine:
    """The image's root, and a folder that is /mnt in it and belongs to the uid of the tests."""

    def __init__(self, root, work, program):
        self.root, self.work, self.program = root, work, program
        for name in ("run", "keys"):
            (work / name).mkdir()
        shutil.copy(KEY, work / "keys")
        shutil.copy(SECRET, work)
        for path in [work, *work.rglob("*")]:
            os.chown(path, UID, UID)
        (work / "run").chmod(0o777)  # as a volume of Kubernetes is
        self.socket = work / "run/socket/s.sock"

    def argv(self, words, env):
        return ["unshare", "--mount", "sh", "-euc", ENTER, "sh", self.root, self.work, f"{UID}:{UID}", *(f"{k}={v}" for k, v in env.items()), *map(str, words)]

    def inside(self, *words, data=b"", **env):
        return subprocess.run(self.argv(words, env), input=data, capture_output=True, timeout=60, check=False)

    def here(self, *words, data=b"", **env):
        return subprocess.run([self.program, *map(str, words)], input=data, capture_output=True, timeout=60, check=False, env=env, cwd=self.work).stdout

    def curl(self, *words):
        done = subprocess.run(["curl", "-sS", "--max-time", "20", "--unix-socket", self.socket, *words], capture_output=True, user=UID, group=UID,
                              extra_groups=[], cwd="/", check=False)
        return done.stdout

    @contextlib.contextmanager
    def serving(self, *options):
        """The sidecar, from the moment when it answers."""
        log = self.work / "serve.log"
        with open(log, "wb") as out:
            process = subprocess.Popen(self.argv(["krm-sops", "serve", "--listen", "unix:///mnt/run/socket/s.sock", *options], {}), stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=out)
        end = time.monotonic() + 20
        while not (self.socket).exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(40)


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, holds, detail=""):
        self.passed += bool(holds)
        self.failed += not holds
        detail = detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
        print(f"{'ok    ' if holds else 'FAILED'} {what}" + ("" if holds else f": {detail[-600:]}"), flush=True)


def check_contents(checks, config, root):
    checks.check("the entry point is the program, and its user is nobody special", config["Entrypoint"] == ["/usr/local/bin/krm-sops"]
                 and re.fullmatch(r"[1-9]\d+:[1-9]\d+", config["User"]), config)
    links = {name: os.readlink(root / "usr/local/bin" / name) for name in ("ksops", "SopsSecretGenerator")}
    checks.check("ksops and SopsSecretGenerator are there", set(links.values()) == {"krm-sops"}, links)
    tools = [name for name in ("gcc", "cc", "make", "pkg-config") if (root / "usr/bin" / name).exists()]
    checks.check("nothing that built it is left", not tools and not (root / "src").exists(), tools)


def check_function(checks, machine):
    source = SECRET.read_bytes()
    plain = machine.here("decrypt", SECRET, SOPS_AGE_KEY_FILE=str(KEY))
    done = machine.inside("krm-sops", "decrypt", "/mnt/secret.yaml", SOPS_AGE_KEY_FILE="/mnt/keys/age.agekey")
    checks.check("decrypt prints what the program here prints", plain and done.stdout == plain, done.stderr)
    items = b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- " + source.replace(b"\n", b"\n  ").rstrip() + b"\n"
    want = machine.here(data=items, SOPS_AGE_KEY_FILE=str(KEY))
    done = machine.inside("krm-sops", data=items, KRM_SOPS_KEYS_FLAT="/mnt/keys")
    checks.check("the function, too", want and done.stdout == want, done.stderr)
    config = b"apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: g}\nfiles: [secret.yaml]\n"
    (machine.work / "g.yaml").write_bytes(config)
    done = machine.inside("sh", "-c", "cd /mnt && exec ksops g.yaml", SOPS_AGE_KEY_FILE="/mnt/keys/age.agekey")
    checks.check("ksops generates", done.returncode == 0 and b"Secret" in done.stdout and b"ENC[" not in done.stdout, done.stderr)


def check_loaded(checks, machine):
    """The libraries that are loaded when wanted."""
    with Aws() as aws:
        aws.user("AKIAUSER", "secret")
        data = secrets.text(0, kms=[aws.entry(ARN, secrets.data_key(0))]).encode()
        done = machine.inside("krm-sops", "decrypt", "--input-type", "json", "--output-type", "json", data=data, AWS_ACCESS_KEY_ID="AKIAUSER",
                              AWS_SECRET_ACCESS_KEY="secret", **aws.env())
        checks.check("libcurl: a document of AWS KMS opens", secrets.plain(0).encode() in done.stdout, done.stderr)
    certificates = machine.root / "etc/ssl/certs/ca-certificates.crt"
    checks.check("certificates are there", certificates.exists() and b"BEGIN CERTIFICATE" in certificates.read_bytes())
    for name in ("nistp256.asc", "nistp256.yaml"):
        shutil.copy(GPG / name, machine.work)
    home = machine.work / "gnupg"
    home.mkdir(0o700)
    os.chown(home, UID, UID)
    done = machine.inside("gpg", "--homedir", "/mnt/gnupg", "--batch", "--import", "/mnt/nistp256.asc")
    checks.check("gpg takes a key", done.returncode == 0, done.stderr)
    done = machine.inside("krm-sops", "decrypt", "/mnt/nistp256.yaml", GNUPGHOME="/mnt/gnupg")
    checks.check("gpgme: a document that only GnuPG reads opens", done.returncode == 0 and done.stdout and b"ENC[" not in done.stdout, done.stderr)


def check_sidecar(checks, machine):
    plain = machine.here("decrypt", SECRET, SOPS_AGE_KEY_FILE=str(KEY))
    with machine.serving("--keys-flat", "/mnt/keys") as process:
        ready = machine.curl("http://x/readyz")
        probe = machine.inside("krm-sops", "serve", "--probe", "ready", "--listen", "unix:///mnt/run/socket/s.sock")
        checks.check("its probe says that it is ready", probe.returncode == 0, probe.stderr)
        checks.check("the sidecar is ready", b'"ready": true' in ready or b'"ready":true' in ready, ready + (machine.work / "serve.log").read_bytes())
        answer = machine.curl("--data-binary", f"@{machine.work}/secret.yaml", "http://x/v1/decrypt?filename=secret.yaml")
        checks.check("curl gets the bytes of the command line", answer == plain, answer)
        done = machine.inside("krm-sops", "decrypt", "--socket", "/mnt/run/socket/s.sock", "/mnt/secret.yaml")
        checks.check("so does the function's own client, without a key", done.stdout == plain, done.stderr)
        process.terminate()
        checks.check("it ends well when it is told to", process.wait(40) == 0, (machine.work / "serve.log").read_bytes())
        checks.check("its socket is gone", not (machine.socket).exists())


def check_image(program, folder):
    checks, builder = Checks(), Builder(folder)
    builder.can_run()
    start = time.monotonic()
    builder.base()
    print(f"base: debootstrap, {time.monotonic() - start:.0f} s", flush=True)
    start = time.monotonic()
    config = builder.image()
    root = builder.mounted()
    size = sum(path.lstat().st_size for path in root.rglob("*") if not path.is_symlink())
    print(f"image: {time.monotonic() - start:.0f} s, {size >> 20} MiB", flush=True)
    machine = Machine(root, folder / "work", program)
    check_contents(checks, config, root)
    check_function(checks, machine)
    check_loaded(checks, machine)
    check_sidecar(checks, machine)
    return checks


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="krm-sops-image-", dir="/var/tmp") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        (folder / "work").mkdir()
        try:
            if os.geteuid() != 0:
                raise Skipped("needs root for debootstrap and mounts")
            for program in ("buildah", "debootstrap", "unshare", "curl"):
                need(program)
            checks = check_image(str(pathlib.Path(args.program).resolve()), folder)
        except Skipped as why:
            print(f"check-image: skipped: {why}")
            return 0
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    sys.exit(main())
