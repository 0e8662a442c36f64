#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the keys and age files of the unit tests and the fuzzers' seeds, with filippo.io/age 1.3.1, Go 1.26 (crypto/mlkem), OpenSSH's ssh-keygen
9.2 and OpenSSL 3.0 (Debian 12).

    python3 tests/data/age/make.py

The keys are for these tests only. A run makes everything anew.
"""
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
AGE = "filippo.io/age@v1.3.1"


def run(*argv, cwd=HERE):
    done = subprocess.run([str(arg) for arg in argv], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{argv[0]}: {done.stderr}")


def ssh(name, *args, passphrase=""):
    run("ssh-keygen", "-q", "-N", passphrase, "-C", "test key", "-f", HERE / name, *args)


def main():
    for old in HERE.iterdir():
        if old.is_file() and old.name != "make.py":
            old.unlink()
    ssh("ssh_ed25519", "-t", "ed25519")
    ssh("ssh_rsa", "-t", "rsa", "-b", "2048")
    ssh("ssh_rsa_1024", "-t", "rsa", "-b", "1024")
    ssh("ssh_ecdsa", "-t", "ecdsa")
    ssh("ssh_ed25519_passphrase", "-t", "ed25519", passphrase="correct horse")
    # The same RSA key in the other containers.
    shutil.copy(HERE / "ssh_rsa", HERE / "rsa.pkcs1.pem")
    run("ssh-keygen", "-q", "-p", "-N", "", "-m", "PEM", "-f", HERE / "rsa.pkcs1.pem")
    run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", "rsa.pkcs1.pem", "-out", "rsa.pkcs8.pem")
    run("openssl", "pkcs8", "-topk8", "-passout", "pass:correct horse", "-in", "rsa.pkcs1.pem", "-out", "rsa.pkcs8.passphrase.pem")
    run("openssl", "rsa", "-traditional", "-aes256", "-passout", "pass:correct horse", "-in", "rsa.pkcs1.pem", "-out", "rsa.pkcs1.passphrase.pem")
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", "ed25519.pkcs8.pem")
    run("openssl", "genpkey", "-algorithm", "x25519", "-out", "x25519.pkcs8.pem")
    with tempfile.TemporaryDirectory() as work:
        shutil.copy(HERE / "make" / "main.go", work)
        run("go", "mod", "init", "krm-sops.dev/agedata", cwd=work)
        run("go", "get", AGE, cwd=work)
        run("go", "mod", "tidy", cwd=work)
        run("go", "run", ".", HERE, cwd=work)
    for key in HERE.iterdir():
        if key.is_file() and key.name != "make.py":
            key.chmod(0o644)


if __name__ == "__main__":
    main()
