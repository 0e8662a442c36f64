#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the keys and age files of the unit tests and the fuzzers' seeds, with filippo.io/age 1.3.1, Go 1.26 (crypto/mlkem), OpenSSH's ssh-keygen
9.2 and OpenSSL 3.0 (Debian 12).

    python3 tests/data/age/make.py

The keys are for these tests only. A run makes everything anew.
"""
import argparse
import base64
import hashlib
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
AGE = "filippo.io/age@v1.3.1"


def run(*argv, cwd=HERE):
    done = subprocess.run([str(arg) for arg in argv], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{argv[0]}: {done.stderr}")


def ssh(name, *args, passphrase=""):
    run("ssh-keygen", "-q", "-N", passphrase, "-C", "test key", "-f", HERE / name, *args)


def armored(name):
    lines = (HERE / name).read_text().split("\n")
    return base64.b64decode("".join(line for line in lines if not line.startswith("-----")))


def header(name):
    """An age file up to its MAC: the stanzas, and all with the closing line."""
    file = armored(name)
    end = file.index(b"\n--- ") + 1
    return file[file.index(b"\n") + 1:end], file[:file.index(b"\n", end) + 1]


def seeds():
    ages = sorted(path.name for path in HERE.glob("to-*.age") if "long" not in path.name and "binary" not in path.name)
    keys = [(HERE / name).read_bytes() for name in ("x25519.agekey", "second.agekey")]
    secret = (HERE / "pq.agekey").read_text().split("\n")[1].encode()
    lists = {
        "bech32": [line for key in keys for line in key.split(b"\n")[1:2]] + [secret, b"A12UEL5L", b"age1sunzqv6gtedyycl0wjxrr9jryjak39aasa9q2sydv8ls0acvcvfqj5plph"],
        "age_armor": [(HERE / name).read_bytes() for name in ages if "pq" not in name and "many" not in name],
        "age_header": [header(name)[1] for name in ages if "pq" not in name],
        "age_stanzas": [header(name)[0] for name in ages] + [b"X", b"X-> grease a b\n\n", b"-> ssh-ed25519 1Lt0Bw " + b"A" * 43 + b"\n\n"],
        "ssh_key": [b"\3" + (HERE / name).read_bytes() for name in ("ssh_ed25519", "ssh_rsa", "rsa.pkcs1.passphrase.pem", "ed25519.pkcs8.pem")]
        + [b"\0" + armored("ssh_ed25519"), b"\0" + armored("ssh_rsa"), b"\0" + armored("ssh_ecdsa"), b"\1" + armored("ed25519.pkcs8.pem"),
           b"\1" + armored("rsa.pkcs8.pem"), b"\2" + armored("rsa.pkcs1.pem")],
        "age_keyfile": keys + [keys[0].replace(b"\n", b"\r\n") + b"\n" + secret, b"AGE-PLUGIN-X-1", b"# a\n\n"],
        "shell_words": [b"a 'b c' \"d \\\" e\" f\\ g # h\ni", b"op read \"op://vault/age key/secret\"", b"''"],
    }
    for name, inputs in lists.items():
        folder = ROOT / "tests" / "fuzz" / "corpus" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for data in inputs:
            (folder / hashlib.sha256(data).hexdigest()).write_bytes(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", action="store_true", help="only the fuzzers' seeds, from the files that are there")
    if parser.parse_args().seeds:
        seeds()
        return
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
    seeds()


if __name__ == "__main__":
    main()
