# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens as their receivers read them: the signature is checked by the openssl command."""
import base64
import json
import pathlib
import subprocess
import tempfile


def decode(part):
    assert "=" not in part
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make(claims, header=None):
    """A token that nobody has signed: those of others, which the fakes only compare."""
    return ".".join(encode(json.dumps(part).encode()) for part in (header or {"alg": "none"}, claims)) + "." + encode(b"signature")


def verify(token, public_key):
    """(header, claims) of a token whose signature is that of the PEM file's public key; None where it is not. RS256 and PS256."""
    head, body, signature = token.split(".")
    header = json.loads(decode(head))
    assert header["typ"] == "JWT"
    options = {"RS256": [], "PS256": ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"]}[header["alg"]]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "text").write_bytes(f"{head}.{body}".encode())
        (folder / "signature").write_bytes(decode(signature))
        done = subprocess.run(["openssl", "dgst", "-sha256", *options, "-verify", str(public_key), "-signature", "signature", "text"], cwd=folder,
                              capture_output=True, check=False)
    return (header, json.loads(decode(body))) if done.returncode == 0 else None
