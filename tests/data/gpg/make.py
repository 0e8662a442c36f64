#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the files of this folder with the system's gpg: keys that only GnuPG itself opens, and a data key encrypted to each.

ALGORITHM.asc is a secret key, ALGORITHM.enc a message to it, as sops writes it into `enc`, ALGORITHM.yaml a Secret that the real sops has
encrypted for it; `protected` has the passphrase of passphrase.txt. to-passphrase.enc is a message for a passphrase; no-mdc.enc one without integrity protection; long.enc holds more than a
data key may have; to-stranger.enc is for a key that is not here.
"""
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# name -> primary key, its use, subkey
KEYS = {
    "nistp256": ("nistp256", "sign", "nistp256"),
    "nistp521": ("nistp521", "sign", "nistp521"),
    "brainpool": ("brainpoolP256r1", "sign", "brainpoolP256r1"),
    "elgamal": ("dsa2048", "sign", "elg2048"),
    "protected": ("ed25519", "sign", "cv25519"),
    "stranger": ("ed25519", "sign", "cv25519"),
}
SECRET = """apiVersion: v1
kind: Secret
metadata:
    name: NAME
stringData:
    password: canary-NAME-t5Yw8uKe
"""
PASSPHRASE = "canary-passphrase-Qm7Zr2"


def gpg(home, *argv, data=b""):
    done = subprocess.run(["gpg", "--homedir", home, "--batch", "--yes", "--no-tty", *argv], input=data, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"gpg {argv}: {done.stderr.decode()}")
    return done.stdout


def fingerprint(home, name):
    listing = gpg(home, "--with-colons", "--list-secret-keys", f"={name}").decode()
    return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr"))


def main():
    home = tempfile.mkdtemp(prefix="g", dir="/tmp")
    os.chmod(home, 0o700)
    data_key = secrets.token_bytes(32)
    (HERE / "datakey.hex").write_text(data_key.hex() + "\n")
    (HERE / "passphrase.txt").write_text(PASSPHRASE + "\n")
    for name, (primary, use, sub) in KEYS.items():
        secret = ["--pinentry-mode", "loopback", "--passphrase", PASSPHRASE if name == "protected" else ""]
        gpg(home, *secret, "--quick-generate-key", name, primary, use, "never")
        fpr = fingerprint(home, name)
        gpg(home, *secret, "--quick-add-key", fpr, sub, "encrypt", "never")
        if name != "stranger":
            (HERE / f"{name}.asc").write_bytes(gpg(home, *secret, "--armor", "--export-secret-keys", fpr))
        message = gpg(home, "--armor", "--encrypt", "-r", fpr, "--trust-model", "always", data=data_key)
        if name != "stranger":
            env = {**os.environ, "GNUPGHOME": home}
            done = subprocess.run(["sops", "encrypt", "--pgp", fpr, "--encrypted-regex", "^stringData$", "--input-type", "yaml", "--output-type", "yaml", "/dev/stdin"],
                                  input=SECRET.replace("NAME", name).encode(), env=env, cwd="/", capture_output=True, check=True)
            (HERE / f"{name}.yaml").write_bytes(done.stdout)
        (HERE / f"{'to-' if name == 'stranger' else ''}{name}.enc").write_bytes(message.rstrip(b"\n"))
    to = ["--armor", "--trust-model", "always", "-r", fingerprint(home, "nistp256")]
    (HERE / "long.enc").write_bytes(gpg(home, *to, "--compress-algo", "zlib", "--encrypt", data=b"x" * 70000).rstrip(b"\n"))
    (HERE / "no-mdc.enc").write_bytes(gpg(home, *to, "--rfc2440", "--cipher-algo", "AES", "--encrypt", data=data_key).rstrip(b"\n"))
    (HERE / "to-passphrase.enc").write_bytes(
        gpg(home, "--armor", "--pinentry-mode", "loopback", "--passphrase", PASSPHRASE, "--symmetric", data=data_key).rstrip(b"\n"))
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
