# SPDX-License-Identifier: Apache-2.0
"""What fakes of key services wrap keys with: no secret, only something that opens under the same name and no other, and shows nothing of the key to
whoever looks for it."""
import hashlib

MAGIC = b"sealed1"


def _stream(name, length):
    return hashlib.shake_256(MAGIC + name.encode()).digest(length)


def seal(name, key):
    tag = hashlib.sha256(name.encode() + key).digest()[:8]
    return MAGIC + tag + bytes(a ^ b for a, b in zip(key, _stream(name, len(key))))


def unseal(name, blob):
    """The key, or None where it was sealed under another name or is damaged."""
    head = len(MAGIC) + 8
    if len(blob) < head:
        return None
    key = bytes(a ^ b for a, b in zip(blob[head:], _stream(name, len(blob) - head)))
    return key if blob == seal(name, key) else None
