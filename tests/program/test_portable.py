# SPDX-License-Identifier: Apache-2.0
"""`make portable`: one file that needs glibc only, in a place that has nothing but glibc. KRM_SOPS_PORTABLE names it."""
import base64
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from conftest import DATA, ROOT

PGP = DATA / "pgp"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")


@pytest.fixture
def portable():
    path = pathlib.Path(os.environ.get("KRM_SOPS_PORTABLE") or ROOT / "build/portable/krm-sops")
    if not os.access(path, os.X_OK):
        pytest.fail(f"no program '{path}': run make portable first")
    return path.resolve()


def needed(path):
    out = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=True).stdout
    return [pathlib.Path(match) for match in re.findall(r"(/\S+)", out)]


def test_needs_nothing_but_glibc(portable):
    names = {path.name for path in needed(portable)}
    assert names <= {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"} and "libc.so.6" in names


def test_is_small(portable):
    """Where the shared libraries come to 9 MB beside the program."""
    assert portable.stat().st_size < 8 * 1024 * 1024


@pytest.fixture
def jail(portable, tmp_path):
    """A root with glibc, the program under both names, put there by itself, and files; nothing else."""
    root = tmp_path / "root"
    for folder in ("bin", "files", "etc", "dev"):
        (root / folder).mkdir(parents=True)
    for path in needed(portable):
        target = root / str(path).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (root / "dev/null").write_bytes(b"")
    done = subprocess.run([portable, "install", root / "bin"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    shutil.copytree(DATA / "ksops/repo", root / "files", dirs_exist_ok=True)
    shutil.copy(DATA / "age.agekey", root / "files/age.agekey")

    def run(*argv, stdin=b"", **env):
        def enter():
            os.chroot(root)
            os.chdir("/files")
        return subprocess.run(argv, input=stdin, capture_output=True, check=False, env=env, preexec_fn=enter)

    run.root = root
    return run


@needs_root
def test_works_where_there_is_nothing_but_glibc(jail):
    config = {"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": {"name": "g"}, "files": ["secret-a.enc.yaml"],
              "secretFrom": [{"metadata": {"name": "s"}, "binaryFiles": ["blob"], "envs": ["dialect.enc.env"]}]}
    listing = yaml.safe_dump({"kind": "ResourceList", "items": [config]}).encode()
    done = jail("/bin/ksops", stdin=listing, SOPS_AGE_KEY_FILE="age.agekey")
    assert done.returncode == 0, done.stderr
    items = yaml.safe_load(done.stdout)["items"]
    assert items[0]["stringData"]["user"] == "a-user" and base64.b64decode(items[1]["data"]["blob"]) == b"\x00\xff\x80bytes\r\n"
    done = jail("/bin/krm-sops", "decrypt", "values.enc.yaml", SOPS_AGE_KEY_FILE="age.agekey")
    assert (done.returncode, done.stdout) == (0, b"# why\na: 1\nb:\n    - x\n    - 'y: z'\n")
    assert jail("/bin/krm-sops", "--version").returncode == 0
    assert jail("/bin/krm-sops", "check", ".").returncode in (0, 1)


@needs_root
def test_pgp_keys_of_a_secret_open_there_too(jail):
    (jail.root / "files/mount").mkdir()
    shutil.copy(PGP / "ecc.asc", jail.root / "files/mount/a.asc")
    shutil.copy(PGP / "sops-ecc.enc.yaml", jail.root / "files")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a.yaml": base64.b64encode((PGP / "sops-ecc.enc.yaml").read_bytes()).decode()}}
    done = jail("/bin/krm-sops", "filter", "--keys-flat", "mount", stdin=yaml.safe_dump(secret).encode())
    assert done.returncode == 0, done.stderr
    assert base64.b64decode(yaml.safe_load(done.stdout)["data"]["a.yaml"]) == (PGP / "plain.yaml").read_bytes()


@needs_root
def test_a_library_that_is_not_there_is_told(jail):
    """A PGP key of the user's own keyring is GnuPG's: gpgme is loaded when wanted."""
    (jail.root / "files/gnupg").mkdir(mode=0o700)
    shutil.copy(PGP / "sops-nist.enc.yaml", jail.root / "files")
    done = jail("/bin/krm-sops", "decrypt", "sops-nist.enc.yaml", GNUPGHOME="/files/gnupg")
    assert done.returncode == 128 and done.stdout == b"" and b"needs GnuPG and its library gpgme (Debian: libgpgme11), which can not be used here: libgpgme.so.11" in done.stderr, done.stderr


@needs_root
def test_libcurl_is_missed_by_keys_behind_the_network_only(jail):
    """The other recipients of a document are still tried."""
    vault = {"vault_address": "https://127.0.0.1:1", "engine_path": "transit", "key_name": "k", "created_at": "2024-05-06T07:08:09Z", "enc": "vault:v1:eA=="}
    document = yaml.safe_load((DATA / "ksops/repo/values.enc.yaml").read_text())
    document["sops"]["hc_vault"] = [vault]
    (jail.root / "files/both.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    done = jail("/bin/krm-sops", "decrypt", "both.yaml", SOPS_AGE_KEY_FILE="age.agekey", VAULT_ADDR="https://127.0.0.1:1", VAULT_TOKEN="x")
    assert done.returncode == 0 and b"a: 1" in done.stdout, done.stderr
    document["sops"]["age"] = []
    (jail.root / "files/vault.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    done = jail("/bin/krm-sops", "decrypt", "vault.yaml", VAULT_ADDR="https://127.0.0.1:1", VAULT_TOKEN="x")
    assert done.returncode == 128 and done.stdout == b"" and b"need libcurl, which can not be used here" in done.stderr, done.stderr
