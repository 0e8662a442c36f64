# SPDX-License-Identifier: Apache-2.0
"""Documents as sops writes them, and as nobody does: each part at the caller's choice, under a data key that is known.

Used by make.py only; the tests read what it made.
"""
import base64
import hashlib
import itertools
import json
import pathlib
import re
import subprocess

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BIN = pathlib.Path("/opt/peers/bin")
DATA_KEY = bytes(range(32))
ONLY_ENCRYPTED = hashlib.sha256(b"sops").digest()
WHEN = "2024-05-06T07:08:09Z"
VERSION = "3.13.3"
counter = itertools.count(1)


def seal(plain, path, kind="str", key=DATA_KEY, nonce_len=32, aad=None):
    """ENC[...] of plain at a path (a list of keys)."""
    return token(*parts(plain, path, key, nonce_len, aad), kind)


def parts(plain, path, key=DATA_KEY, nonce_len=32, aad=None):
    """Ciphertext, nonce and tag."""
    plain = plain.encode() if isinstance(plain, str) else plain
    nonce = hashlib.sha256(b"nonce %d" % next(counter)).digest() * 4
    nonce = nonce[:nonce_len]
    out = AESGCM(key).encrypt(nonce, plain, (aad if aad is not None else ":".join(path) + ":").encode())
    return out[:-16], nonce, out[-16:]


def token(data, nonce, tag, kind):
    b64 = lambda part: part if isinstance(part, str) else base64.b64encode(part).decode()
    return f"ENC[AES256_GCM,data:{b64(data)},iv:{b64(nonce)},tag:{b64(tag)},type:{kind}]"


def mac(values, only_encrypted=False, when=WHEN, key=DATA_KEY, kind="str", lower=False):
    """The MAC over plain values, sealed."""
    start = ONLY_ENCRYPTED if only_encrypted else b""
    text = hashlib.sha512(start + b"".join(v.encode() if isinstance(v, str) else v for v in values)).hexdigest()
    return seal(text if lower else text.upper(), [], kind, key, aad=when)


def age_encrypt(recipient, secret):
    return subprocess.run([BIN / "age", "-a", "-r", recipient], input=secret, check=True, capture_output=True).stdout.decode()


class Keys:
    """Our recipient and somebody else's; wrapped keys are made once for each."""

    def __init__(self, ours, other):
        self.ours, self.other, self.made = ours, other, {}

    def age(self, secret=DATA_KEY, other=False, recipient=None):
        who = self.other if other else self.ours
        if (who, secret) not in self.made:
            self.made[who, secret] = age_encrypt(who, secret)
        return {"recipient": recipient or who, "enc": self.made[who, secret]}

    def meta(self, values, only_encrypted=False, **fields):
        """A metadata block; a field of None is left out."""
        block = {"age": [self.age()], "lastmodified": WHEN, "mac": mac(values, only_encrypted), "version": VERSION}
        if only_encrypted:
            block["mac_only_encrypted"] = True
        block.update(fields)
        return {name: value for name, value in block.items() if value is not ...}


def shares(secret, threshold, count, numbers=None):
    """Shamir over GF(2^8), x last."""
    out = []
    for x in numbers or range(1, count + 1):
        ys = bytearray()
        for i, byte in enumerate(secret):
            y = 0
            for j in range(threshold - 1, 0, -1):
                y = multiply(y, x) ^ ((i * 53 + j * 97 + 11) & 0xFF)
            ys.append(multiply(y, x) ^ byte)
        out.append(bytes(ys) + bytes([x]))
    return out


def multiply(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def yaml_doc(body, meta):
    """Body text and the metadata behind it, as one line of flow style. Tokens inside of flow style get quotes: they have commas."""
    quoted = lambda line: re.sub(r'(?<!["#])ENC\[[^\]]*\]', r'"\g<0>"', line) if re.match(r"[^#]*[\[{][^#]*ENC\[", line) else line
    body = "".join(map(quoted, body.splitlines(keepends=True)))
    return body + "sops: " + json.dumps(meta) + "\n"


def json_doc(body, meta):
    return json.dumps({**body, "sops": meta}, indent="\t") + "\n"


def flatten(meta):
    """[(name, value)] as dotenv and INI have it."""
    out = []

    def walk(value, name):
        if isinstance(value, dict):
            for key, kid in value.items():
                walk(kid, f"{name}__map_{key}" if name else key)
        elif isinstance(value, list):
            for i, kid in enumerate(value):
                walk(kid, f"{name}__list_{i}")
        else:
            out.append((name, {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)))

    walk(meta, "")
    return sorted(out)


def dotenv_doc(lines, meta):
    return "".join(line + "\n" for line in lines) + "".join(
        f"sops_{name}=" + value.replace("\n", "\\n") + "\n" for name, value in flatten(meta))


def ini_doc(body, meta):
    return body + "[sops]\n" + "".join(f"{name} = " + value.replace("\n", "\\n") + "\n" for name, value in flatten(meta))
