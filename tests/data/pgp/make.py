#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the OpenPGP keys and messages of this folder: with gpg 2.2.40 (Debian 12) and with go-crypto 1.4.1, the library of sops 3.13.3.

Needs gpg, go and sops. Run it from anywhere: python3 tests/data/pgp/make.py. Keys are made anew each time, and so are all messages. The tests need
neither, they read what is committed. Each message holds datakey.bin, those with 'long' in their name long.bin.

NAME.asc are secret keys. MAKER-KEY[-FORM].msg are messages: to the keys of that name, 'both' is ecc and rsa.
"""
import base64
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "interop"))
from lib import peers  # noqa: E402
from lib.pgp_go import GoPeer  # noqa: E402

DATA_KEY = bytes(range(0x40, 0x60))
# compresses, and needs partial lengths, which gpg writes where it does not know the end
LONG = b"".join(b"%d bottles of the same\n" % (i % 40) for i in range(400))
GPG_KEYS = {
    "ecc": "Key-Type: eddsa\nKey-Curve: ed25519\nKey-Usage: cert\nSubkey-Type: ecdh\nSubkey-Curve: cv25519",
    "rsa": "Key-Type: rsa\nKey-Length: 2048\nKey-Usage: cert\nSubkey-Type: rsa\nSubkey-Length: 2048",
    "primary": "Key-Type: rsa\nKey-Length: 1024\nKey-Usage: cert,encrypt",
    "nist": "Key-Type: ecdsa\nKey-Curve: nistp256\nKey-Usage: cert\nSubkey-Type: ecdh\nSubkey-Curve: nistp256",
    "stranger": "Key-Type: eddsa\nKey-Curve: ed25519\nKey-Usage: cert\nSubkey-Type: ecdh\nSubkey-Curve: cv25519",
}
FORMS = {"plain": ["-z", "0"], "zip": ["--compress-algo", "zip"], "bzip2": ["--compress-algo", "bzip2"], "aes128": ["--cipher-algo", "aes128"],
         "aes192": ["--cipher-algo", "aes192"], "3des": ["--cipher-algo", "3des"], "text": ["--textmode"], "comment": ["--comment", "a: b"],
         "symmetric": ["--symmetric", "--pinentry-mode", "loopback", "--passphrase", "x"], "signed": ["--sign", "--local-user", "rsa@example.org"], "nomdc": ["--rfc2440"]}
GO_KEYS = {"goecc": "cv25519", "gorsa": "rsa2048", "x25519": "x25519", "v6": "v6", "v6rsa": "v6rsa"}


class Gpg:
    def __init__(self, home):
        self.home = home
        self.fpr = {}

    def run(self, *args, data=b"", check=True):
        argv = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--yes", "--trust-model", "always", *map(str, args)]
        done = subprocess.run(argv, input=data, capture_output=True, check=False)
        if check and done.returncode != 0:
            sys.exit(f"make.py: {' '.join(argv)}: {done.stderr.decode()}")
        return done.stdout

    def generate(self, name, parameters, passphrase=None):
        guard = f"Passphrase: {passphrase}" if passphrase else "%no-protection"
        self.run("--gen-key", data=f"{parameters}\nName-Real: {name}\nName-Email: {name}@example.org\nExpire-Date: 0\n{guard}\n%commit\n".encode())
        listed = self.run("--with-colons", "--list-keys", f"{name}@example.org").decode()
        self.fpr[name] = next(line.split(":")[9] for line in listed.split("\n") if line.startswith("fpr"))

    def export(self, name, *args):
        return self.run("--armor", *args, "--export-secret-keys", self.fpr[name])

    def encrypt(self, data, names, *args, armor=True):
        to = [word for name in names for word in ("-r", self.fpr[name])]
        return self.run(*(["--armor"] if armor else []), *args, *to, "--encrypt", data=data)


def write(name, data):
    (HERE / name).write_bytes(data)


def gpg_part(gpg):
    for name, parameters in GPG_KEYS.items():
        gpg.generate(name, parameters)
        write(f"{name}.asc", gpg.export(name))
    (HERE / "stranger.asc").unlink()
    gpg.generate("locked", GPG_KEYS["ecc"], "passphrase")
    write("locked.asc", gpg.export("locked", "--pinentry-mode", "loopback", "--passphrase", "passphrase"))
    write("both.asc", gpg.export("ecc") + b"\n" + gpg.export("rsa"))
    write("both-in-one.asc", gpg.run("--armor", "--export-secret-keys", gpg.fpr["ecc"], gpg.fpr["rsa"]))
    write("public.asc", gpg.run("--armor", "--export", gpg.fpr["ecc"]))
    write("ecc.gpg", gpg.run("--export-secret-keys", gpg.fpr["ecc"]))
    write("stub.asc", gpg.run("--armor", "--export-secret-subkeys", gpg.fpr["ecc"]))
    for name in ("ecc", "rsa", "primary", "nist", "stranger", "locked"):
        write(f"gpg-{name}.msg", gpg.encrypt(DATA_KEY, [name]))
    write("gpg-both.msg", gpg.encrypt(DATA_KEY, ["stranger", "rsa", "ecc"]))
    for name in ("ecc", "rsa", "stranger"):
        write(f"gpg-{name}-hidden.msg", gpg.encrypt(DATA_KEY, [name], "--throw-keyids"))
    for form, args in FORMS.items():
        write(f"gpg-ecc-{form}.msg", gpg.encrypt(DATA_KEY, ["ecc"], *args))
    for name in ("ecc", "rsa"):
        write(f"gpg-{name}-long.msg", gpg.encrypt(LONG, [name]))
    write("gpg-ecc-long-plain.msg", gpg.encrypt(LONG, ["ecc"], "-z", "0"))
    write("gpg-ecc-empty.msg", gpg.encrypt(b"", ["ecc"]))
    write("gpg-ecc-binary.msg", gpg.encrypt(DATA_KEY, ["ecc"], armor=False))


def sops_part(gpg):
    """Documents of the real sops, for the tests of the program; what they hold is in plain.yaml."""
    sops = peers.need("sops")
    write("plain.yaml", b"password: canary-pgp-4f1XuB\nport: 5432\n")
    env = {**os.environ, "GNUPGHOME": str(gpg.home)}
    for name, keys in {"sops-ecc": ["--pgp", gpg.fpr["ecc"]], "sops-rsa": ["--pgp", gpg.fpr["rsa"]],
                       "sops-both": ["--pgp", f"{gpg.fpr['stranger']},{gpg.fpr['ecc']}"], "sops-nist": ["--pgp", gpg.fpr["nist"]]}.items():
        done = subprocess.run([sops, "encrypt", *keys, HERE / "plain.yaml"], env=env, capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(f"make.py: sops: {done.stderr.decode()}")
        write(f"{name}.enc.yaml", done.stdout)
    # the same document, with its data key in forms that we leave to GnuPG
    armor = re.compile(r"-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----", re.S)
    text = (HERE / "sops-ecc.enc.yaml").read_text()
    key = gpg.run("--decrypt", data=re.sub(r"(?m)^ +", "", armor.search(text).group(0)).encode())
    for form in ("bzip2", "3des"):
        message = gpg.encrypt(key, ["ecc"], *FORMS[form])
        write(f"sops-{form}.enc.yaml", armor.sub(message.decode().strip().replace("\n", "\n" + " " * 12), text).encode())


def go_part(go, gpg):
    keys = {name: go.need(op="key", kind=kind, name=name)["key"] for name, kind in GO_KEYS.items()}
    for name, text in keys.items():
        write(f"{name}.asc", text.encode())
    keys["ecc"] = gpg.export("ecc").decode()

    def message(name, suffix, data=DATA_KEY, **more):
        request = {"form": "mdc", "cipher": 9, "mode": 0, "chunk": 1 << 12, "compress": 0, **more}
        sealed = go.need(op="encrypt", keys=[keys[name]], data=base64.b64encode(data).decode(), **request)["message"]
        write(f"go-{name}{suffix}.msg", sealed.encode())

    for name in GO_KEYS:
        message(name, "")
    for name in GO_KEYS:
        message(name, "-ocb", form="v2", mode=2)
    message("x25519", "-hidden", hidden=True)
    message("v6", "-gcm", form="v2", mode=3)
    message("v6", "-eax", form="v2", mode=1)
    message("v6", "-hidden", form="v2", mode=2, hidden=True)
    message("v6", "-long", data=LONG, form="v2", mode=2, chunk=256)
    message("x25519", "-aes128", form="v2", mode=3, cipher=7)
    message("ecc", "-aead", form="aead")
    message("ecc", "-aead-aes128", form="aead", cipher=7)
    message("ecc", "-aead-long", data=LONG, form="aead", chunk=1024)
    message("ecc", "-long-zlib", data=LONG, compress=2)


def dearmor(data):
    body = data.split(b"\n\n", 1)[1].split(b"\n=")[0].split(b"\n-----")[0]
    return base64.b64decode(body)


def seeds():
    """The fuzzers' corpus (tests/fuzz): a file is named by the SHA-256 of its content."""
    inner = b"\xcb\x26b\0\0\0\0\0" + DATA_KEY
    zipped, raw = zlib.compress(LONG), zlib.compressobj(9, zlib.DEFLATED, -15)
    armored = [name for name in os.listdir(HERE) if name.endswith(".msg") and "binary" not in name and "long" not in name]
    corpus = {
        "pgp_armor": [(HERE / name).read_bytes() for name in ("ecc.asc", "gpg-ecc.msg", "gpg-ecc-comment.msg", "go-v6.msg")],
        "pgp_key": [dearmor((HERE / f"{name}.asc").read_bytes()) for name in ("ecc", "primary", "nist", "locked", "stub", "x25519", "v6", "public")],
        "pgp_message": [b"\0" + dearmor((HERE / name).read_bytes()) for name in armored if not name.startswith(("gpg-rsa", "go-gorsa", "go-v6rsa", "go-goecc"))]
        + [b"\1" + inner, b"\1\xa3\x02" + zlib.compress(inner), b"\1\xa3\x00" + inner, b"\3" + zipped, b"\2" + raw.compress(DATA_KEY) + raw.flush()],
    }
    for name, cases in corpus.items():
        folder = HERE.parents[1] / "fuzz" / "corpus" / name
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        for case in cases:
            (folder / hashlib.sha256(case).hexdigest()).write_bytes(case)


def main():
    for path in HERE.iterdir():
        if path.suffix in (".asc", ".msg", ".gpg", ".bin", ".yaml"):
            path.unlink()
    write("datakey.bin", DATA_KEY)
    write("long.bin", LONG)
    with tempfile.TemporaryDirectory(prefix="pgp") as name:
        folder = pathlib.Path(name)
        for sub in ("home", "go"):
            (folder / sub).mkdir(mode=0o700)
        gpg = Gpg(folder / "home")
        gpg_part(gpg)
        sops_part(gpg)
        go = GoPeer(folder / "go")
        go_part(go, gpg)
        go.close()
        seeds()
        subprocess.run(["gpgconf", "--homedir", str(gpg.home), "--kill", "gpg-agent"], check=False, env={**os.environ})


if __name__ == "__main__":
    main()
