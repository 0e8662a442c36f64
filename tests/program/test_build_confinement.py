# SPDX-License-Identifier: Apache-2.0
"""`krm-sops build` on trees that want to lead it elsewhere, and on a machine that lets it do less: nothing from outside of the repository comes into the build,
whatever stands in it and whoever moves it meanwhile."""
import ctypes
import os
import pathlib
import stat
import subprocess
import threading

import pytest

from conftest import DATA, assert_none_is_left, become_nobody, ours_in_memory, let_nobody_in, need
from test_build import APPS, KEYS, STAGES, STUB, build, fingerprint, objects, refused, repo  # noqa: F401  pylint: disable=unused-import

OUTSIDE = "outside-c4n4ry"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do that")


@pytest.fixture
def outside(repo):  # noqa: F811
    """What must never be seen, beside the repository: a manifest, and a folder with a kustomization of its own."""
    folder = repo.path / "outside"
    folder.mkdir()
    (folder / "settings.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {OUTSIDE}}}\n")
    (folder / "kustomization.yaml").write_text("resources: [settings.yaml]\n")
    return folder


def plain(place, folder="apps/prod", env=None, **more):
    """Without a Flux object, so that links are followed below the root."""
    return place.run("build", "--kustomize", STUB, folder, env={**KEYS, **(env or {})}, **more)


def generate(place, *files):
    place.write("apps/prod/kustomization.yaml", f"secretGenerator: [{{name: g, files: [{', '.join(files)}]}}]\n")


@pytest.mark.parametrize("run", [build, plain], ids=["flux", "plain"])
@pytest.mark.parametrize("target", ["/etc/passwd", "/proc/self/environ", "/proc/self/root/etc/passwd", "/proc/self/fd/0", "../../../outside/settings.yaml", "nothing", "loop"])
def test_links_of_files(repo, outside, run, target):  # noqa: F811
    """Clamped to the root, where nothing of that name is."""
    os.symlink(target, repo.cwd / "apps/prod/loop")
    generate(repo, "k=loop")
    result = refused(run(repo, *APPS, env={"CANARY": OUTSIDE}) if run is build else run(repo, env={"CANARY": OUTSIDE}))
    assert OUTSIDE not in result.message and "root:" not in result.message


@pytest.mark.parametrize("run", [build, plain], ids=["flux", "plain"])
@pytest.mark.parametrize("target", ["/", "/proc/self/root", "/proc/self/cwd", "../../outside", "{outside}"])
def test_links_of_folders(repo, outside, run, target):  # noqa: F811
    os.symlink(target.format(outside=outside), repo.cwd / "apps/elsewhere")
    repo.write("apps/prod/kustomization.yaml", "resources: [../elsewhere]\n")
    result = run(repo, *APPS) if run is build else run(repo)
    assert result.status != 0 and result.stdout == b"" and OUTSIDE not in result.message


@AS_ROOT
def test_a_device(repo):  # noqa: F811
    try:
        os.mknod(repo.cwd / "apps/prod/device", stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("devices are not allowed here")
    assert objects(build(repo, *APPS))
    generate(repo, "k=device")
    refused(build(repo, *APPS), "device")
    repo.write("apps/prod/kustomization.yaml", "resources: [device]\n")
    refused(build(repo, *APPS))


@pytest.mark.parametrize("size, fine", [(5242880, True), (5242881, False)])
@pytest.mark.parametrize("sealed", [False, True])
def test_case_30_five_mebibytes(repo, size, fine, sealed):  # noqa: F811
    """Of one file, encrypted or not."""
    start = (repo.cwd / "apps/web/key.enc").read_bytes() if sealed else b""
    (repo.cwd / "apps/web/big").write_bytes(start + b" " * (size - len(start)))
    repo.write("apps/web/kustomization.yaml", "secretGenerator: [{name: web, files: [big]}]\n")
    result = build(repo, *APPS)
    if fine:
        assert ("Secret", "web") in objects(result)
    else:
        refused(result, "exceeding limit (5242880)")


def test_10000_levels_of_folders(repo):  # noqa: F811
    """They are left out from a depth on, which is told; not walked to their end."""
    fd = os.open(repo.cwd / "apps", os.O_RDONLY)
    for _ in range(10000):
        os.mkdir("d", dir_fd=fd)
        below = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    try:
        result = build(repo, *APPS)
        assert objects(result) and "could not be read or lies too deep" in result.message
        assert len(result.message) < 2000
    finally:  # pytest's own removal is recursive
        subprocess.run(["rm", "-rf", repo.cwd / "apps"], check=True)


def test_10000_kustomizations_in_a_chain(repo):  # noqa: F811
    """Each names the next; the last one the first."""
    count = 10000
    for n in range(count):
        repo.write(f"chain/{n}/kustomization.yaml", f"resources: [../{(n + 1) % count}]\n")
    repo.write("apps/prod/kustomization.yaml", "resources: [../../chain/0]\n")
    stub = repo.path / "stub"
    stub.write_text("#!/bin/sh\necho 'kind: Nothing'\n")
    stub.chmod(0o755)
    result = repo.run("build", "--kustomize", stub, "apps/prod")
    assert (result.status, result.stdout) == (0, b"kind: Nothing\n"), result.message


class Swapper:
    """Renames what is in a repository to what is not, and back, as fast as it can."""

    def __init__(self, path, other):
        self.path, self.other, self.aside = path, other, path.with_name(path.name + ".aside")
        self.over = False
        self.thread = threading.Thread(target=self.swap, daemon=True)

    def swap(self):
        link = self.path.with_name(self.path.name + ".link")
        while not self.over:
            os.symlink(self.other, link)
            os.rename(self.path, self.aside)
            os.rename(link, self.path)
            os.unlink(self.path)
            os.rename(self.aside, self.path)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over = True
        self.thread.join()


@pytest.mark.parametrize("what", ["apps/db/settings.yaml", "apps/db"])
@pytest.mark.parametrize("run", [build, plain], ids=["flux", "plain"])
def test_what_is_renamed_meanwhile(repo, outside, run, what):  # noqa: F811
    """A build may fail then, or have what was there; never what the link leads to."""
    (outside / "secret.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {OUTSIDE}-2}}\n")
    built = 0
    with Swapper(repo.cwd / what, outside / pathlib.Path(what).name if "." in what else outside):
        for _ in range(25):
            result = run(repo, *APPS) if run is build else run(repo)
            assert OUTSIDE.encode() not in result.stdout and not result.crashed
            assert result.status == 0 or result.stdout == b""
            built += result.status == 0
    assert objects(run(repo, *APPS) if run is build else run(repo))


@AS_ROOT
@pytest.mark.parametrize("stage", STAGES)
def test_as_a_user_without_rights(repo, stage):  # noqa: F811
    """A user namespace is needed for the mount then; where there are none, memory is shared."""
    need(become_nobody)
    let_nobody_in(repo.path)
    before, memory = fingerprint(repo.cwd), ours_in_memory("krm-sops-")
    result = build(repo, *APPS, "--stage", stage, preexec_fn=become_nobody)
    if stage == "namespace" and "is not allowed here" in result.message:
        pytest.skip("user namespaces are not allowed here")
    assert objects(result)["Secret", "db"]["stringData"]["user"] == "orders"
    assert fingerprint(repo.cwd) == before
    assert_none_is_left("krm-sops-", memory)


@AS_ROOT
def test_without_any_place_in_memory(repo):  # noqa: F811
    """Neither namespaces nor a tmpfs: an error, and no file on a disk."""
    let_nobody_in(repo.path)

    def bare():
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.unshare(0x00020000) == 0 and libc.mount(b"none", b"/", None, 0x44000, None) == 0  # CLONE_NEWNS; MS_REC | MS_PRIVATE
        assert libc.mount(b"none", b"/dev/shm", b"tmpfs", 1, None) == 0  # MS_RDONLY
        become_nobody()

    need(bare)
    result = refused(build(repo, *APPS, "--stage", "memory", preexec_fn=bare), "there is no place in memory", "emptyDir", status=77)
    assert "s3cret" not in result.message


def test_the_key_is_not_needed_to_be_told_so(repo, outside):  # noqa: F811
    """What leads out is refused before anybody looks for keys."""
    generate(repo, "/../../../../outside/settings.yaml")
    result = refused(build(repo, *APPS, keys=False))
    assert OUTSIDE not in result.message and str(DATA) not in result.message
