# SPDX-License-Identifier: Apache-2.0
"""No plaintext, data key or identity leaves a failing run: not in a message, not in a result, not in a core file or any other file that it
leaves behind; nor its base64, hex or hash; nor a document's MAC, which is the hash of its values. Every failure of bad_cases.py is run with keys that open the documents where it can be."""
import base64
import hashlib
import os
import pathlib
import re
import resource
import runpy
import signal
import subprocess
import time

import bad_cases
import pytest
import yaml
from conftest import program_path

ALIGNMENTS = 3  # base64 of a text that stands in a longer one depends on where it begins


def encodings(secret):
    """A secret's bytes in every form that is looked for."""
    yield secret
    for raw in (secret, *(hashlib.new(name, secret).digest() for name in ("md5", "sha1", "sha256", "sha512"))):
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        yield base64.b64encode(raw).rstrip(b"=")
        yield base64.urlsafe_b64encode(raw).rstrip(b"=")
    for shift in range(1, ALIGNMENTS):
        # Without the digits that also hold bits of the neighbours.
        yield base64.b64encode(b"\0" * shift + secret)[4:-4]
    yield secret[::-1]


def macs():
    """The MACs of the documents, as sops computes them: the hash of all values in their order. sops: sops.go (computeMac)"""
    def feed(node, digest):
        for value in node.values() if isinstance(node, dict) else node:
            if isinstance(value, (dict, list)):
                feed(value, digest)
            else:
                digest.update(str(value).encode())

    for name, (text, _) in runpy.run_path(str(bad_cases.BAD / "make.py"))["PLAINTEXTS"].items():
        if name.endswith(".yaml"):
            digest = hashlib.sha512()
            feed(yaml.safe_load(text), digest)
            yield name, digest.hexdigest().upper()


def secrets():
    known = bad_cases.canaries()
    yield from (text.encode() for text in known["plaintexts"])
    yield from (text.encode() for text in known["identities"])
    # An identity's key itself, as bytes: Bech32 digits are five bits each.
    for text in known["identities"]:
        digits = ["qpzry9x8gf2tvdw0s3jn54khce6mua7l".index(char) for char in text.lower()[len("age-secret-key-1"):-6]]
        number = 0
        for digit in digits:
            number = number << 5 | digit
        yield (number >> (len(digits) * 5 - 256)).to_bytes(32, "big")
    yield from (bytes.fromhex(key) for key in known["data_keys"].values())
    yield bad_cases.CLEAR.encode()
    yield from (mac.encode() for _, mac in macs())
    yield from (bytes.fromhex(mac) for _, mac in macs())


NEEDLES = sorted({needle for secret in secrets() for needle in encodings(secret) if len(needle) >= 10} | {b"canary-", b"7741036655"})
# What is no secret, but is not to be in a message either: the bodies of ciphertexts.
BODIES = sorted({match.group(1).encode() for name in ("secret.yaml", "widget.yaml", "values.yaml", "values.json", "app.env", "app.ini", "blob.bin", "shamir.yaml")
                 for match in bad_cases.TOKEN.finditer(bad_cases.load(name)) if len(match.group(1)) > 12})


# Longer than a fingerprint: a hash of something, whatever that is.
DIGEST = re.compile(rb"[0-9A-Fa-f]{64}")


def leaks(data):
    return [needle[:6] for needle in NEEDLES if needle in data]


def files_below(path):
    return {file: file.read_bytes() for file in path.rglob("*") if file.is_file() and not file.is_symlink()}


def no_core_limit():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def check_clean(name, place, before, stderr):
    assert not leaks(stderr), f"{name}: a secret in the message: {leaks(stderr)}"
    assert not any(body in stderr for body in BODIES), f"{name}: a ciphertext in the message"
    assert not DIGEST.search(stderr), f"{name}: a hash in the message"
    for file, data in files_below(place.path).items():
        if before.get(file) != data:
            assert not leaks(data), f"{name}: a secret in {file}: {leaks(data)}"
            assert not file.name.startswith("core"), f"{name}: {file}"


def test_the_needles_are_found_where_they_are():
    """The search itself: plaintext of a good run, and each form of it, is found; random text is not."""
    text = b"canary-password-x7Lr0VbT"
    for form in (text, base64.b64encode(b"x" + text), base64.b64encode(b"xy" + text + b"z"), text.hex().encode(), hashlib.sha256(text).hexdigest().encode(),
                 base64.b64encode(hashlib.sha256(text).digest()), bytes.fromhex(bad_cases.canaries()["data_keys"]["secret.yaml"])):
        assert leaks(b"abc" + form + b"def"), form
    assert all(leaks(mac.encode()) and DIGEST.search(mac.encode()) for _, mac in macs())
    assert not leaks(os.urandom(100000)) and len(NEEDLES) > 200 and len(BODIES) > 10


@pytest.mark.parametrize("case", bad_cases.every(), ids=lambda case: case.name)
def test_case_52_nothing_leaks(case, place):
    for name, data in case.files.items():
        if data is not None:
            place.write(name, data)
    before = files_below(place.path)
    for name, data in case.files.items():
        if data is None:
            (place.cwd / name).mkdir()
    result = place.run(*case.argv, stdin=case.stdin, env=case.env, preexec_fn=no_core_limit)
    assert result.stdout == b"" and result.status != 0
    check_clean(case.name, place, before, result.stderr)


@pytest.mark.parametrize("case", [case for case in bad_cases.every() if case.name.startswith(("item: ", "value: "))][::3], ids=lambda case: case.name)
def test_nothing_leaks_into_results(case, place):
    """STRUCTURED_RESULTS: the reason goes to stdout too, beside the items as they came."""
    for name, data in case.files.items():
        if data is not None:
            place.write(name, data)
    before = files_below(place.path)
    result = place.run(stdin=case.stdin, env={**case.env, "STRUCTURED_RESULTS": "true"})
    assert result.status != 0
    check_clean(case.name, place, before, result.stderr)
    clear = [bad_cases.CLEAR.encode(), b"7741036655"]  # what stands in the clear in the input comes back with it, where it stood
    found = [needle for needle in NEEDLES if needle in result.stdout and needle not in case.stdin]
    assert not found or all(needle in clear for needle in found), found
    results = re.findall(rb"^results:.*?(?=^\S|\Z)", result.stdout, re.M | re.S)
    assert all(not leaks(part) and not any(body in part for body in BODIES) for part in results)


VERBS = {
    "check": lambda document: ("check", "--with-keys", "."),
    "check, build": lambda document: ("check", "--with-keys", "-"),
    "audit": lambda document: ("audit", "."),
    "decrypt": lambda document: ("decrypt", "--ignore-mac", "--output", "/dev/full", document),
}


OTHERS = [(name, verb) for at, name in enumerate(bad_cases.DAMAGED) for verb in VERBS if verb == "check" or at % 3 == 0]


@pytest.mark.parametrize("name, verb", OTHERS, ids=[f"{name}, {verb}" for name, verb in OTHERS])
def test_nothing_leaks_from_other_verbs(place, name, verb):
    """Those that print no plaintext when all is well either: stdout is looked at too."""
    document, text = bad_cases.damaged(name)
    place.write(document, text)
    before = files_below(place.path)
    stdin = text.encode() if verb == "check, build" else b""
    result = place.run(*VERBS[verb](document), stdin=stdin, env=bad_cases.KEYS, preexec_fn=no_core_limit)
    assert not result.crashed and (result.stdout == b"" or verb != "decrypt"), result.message
    check_clean(f"{name}, {verb}", place, before, result.stderr)
    check_clean(f"{name}, {verb}, stdout", place, before, result.stdout)


BIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata:\n  text: " + "x" * 1000000 + "\n"


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("verb", ["function", "filter"])
def test_case_49_killed_while_it_holds_secrets(place, plain_program, verb, number):
    """Blocked on its output, with keys and plaintext in memory, and core files allowed: nothing is left on disk."""
    secret = bad_cases.load("secret.yaml")
    argv, text = {"function": ((), bad_cases.resource_list(secret, BIG)), "filter": (("filter",), f"{secret}---\n{BIG}".encode())}[verb]
    place.copy("bad/secret.yaml")
    before = files_below(place.path)

    def start():
        no_core_limit()
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # a shell starts what runs in the background with it ignored

    program = subprocess.Popen([plain_program, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=place.env(**bad_cases.KEYS), cwd=place.cwd,
                               preexec_fn=start)
    program.stdin.write(text)
    program.stdin.close()
    first = program.stdout.read(1)
    time.sleep(0.3)
    assert first and program.poll() is None
    program.send_signal(number)
    program.stdout.read()
    assert program.wait(20) != 0
    check_clean(str(number), place, before, program.stderr.read())
    program.stdout.close()
    program.stderr.close()


def test_no_core_file_can_be_made(place, plain_program):
    """Where core files go to a program or another folder, the test above sees none either way: the process itself forbids them."""
    place.copy("bad/secret.yaml")
    program = subprocess.Popen([plain_program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=place.env(**bad_cases.KEYS), cwd=place.cwd,
                               preexec_fn=no_core_limit)
    program.stdin.write(bad_cases.resource_list(bad_cases.load("secret.yaml"), BIG))
    program.stdin.close()
    program.stdout.read(1)
    limits = (pathlib.Path("/proc") / str(program.pid) / "limits").read_text()
    program.kill()
    program.wait()
    program.stdout.close()
    program.stderr.close()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M), limits


def test_environment_of_a_running_process(place, plain_program):
    """The variable that holds a key is wiped: nobody reads it in /proc while the program works."""
    place.copy("bad/secret.yaml")
    key = re.search("AGE-SECRET-KEY-.*", bad_cases.load("keys/age.agekey")).group(0)
    program = subprocess.Popen([plain_program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=place.env(SOPS_AGE_KEY=key), cwd=place.cwd)
    program.stdin.write(bad_cases.resource_list(bad_cases.load("secret.yaml"), BIG))
    program.stdin.close()
    program.stdout.read(1)
    try:
        with open(f"/proc/{program.pid}/environ", "rb") as environ:
            assert key.encode() not in environ.read()
    except PermissionError:
        pass  # not dumpable: better still
    program.kill()
    program.wait()
    program.stdout.close()
    program.stderr.close()


def test_child_process_gets_no_key(place):
    """A command that prints keys is run by the user's wish; what else is in the environment is not for it."""
    place.copy("bad/secret.yaml")
    key = re.search("AGE-SECRET-KEY-.*", bad_cases.load("keys/stranger.agekey")).group(0)
    seen = place.path / "seen"
    command = place.write("command", f"#!/bin/sh\nenv >{seen}\ncat {bad_cases.KEYS['SOPS_AGE_KEY_FILE']}\n")
    command.chmod(0o755)
    result = place.run("decrypt", "secret.yaml", env={"SOPS_AGE_KEY": key, "SOPS_AGE_KEY_CMD": str(command)})
    assert result.status == 0, result.message
    assert key not in seen.read_text()


def test_output_file_that_fails_leaves_nothing(place):
    """--output onto a full disk or a folder: no half file with plaintext in it."""
    place.copy("bad/secret.yaml")
    (place.cwd / "out").mkdir()
    before = files_below(place.path)
    for target in ("out", "/dev/full", "nosuch/out"):
        result = place.run("decrypt", "--output", target, "secret.yaml", env=bad_cases.KEYS)
        assert result.status != 0 and result.stdout == b"", (target, result.status)
        check_clean(target, place, before, result.stderr)


def test_output_file_bounded_in_size(place):
    """The disk is full in the middle: what was written is taken away again."""
    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    place.copy("bad/secret.yaml")
    before = files_below(place.path)
    result = place.run("decrypt", "--output", "out.yaml", "secret.yaml", env=bad_cases.KEYS, preexec_fn=small)
    assert result.status != 0
    check_clean("bounded", place, before, result.stderr)


def test_nothing_is_traced(place):
    """No debugger's or library's variable makes it talk."""
    place.write("secret.yaml", bad_cases.damaged("value tampered")[1])
    loud = {"OPENSSL_TRACE": "ALL", "MALLOC_TRACE": str(place.path / "trace"), "MALLOC_PERTURB_": "170", "G_MESSAGES_DEBUG": "all", "LD_DEBUG_OUTPUT": str(place.path / "ld"),
            "LD_DEBUG": "files"}
    result = subprocess.run([program_path("KRM_SOPS_PLAIN"), "decrypt", "secret.yaml"], env=place.env(**bad_cases.KEYS, **loud), cwd=place.cwd, capture_output=True, timeout=60,
                            check=False)
    assert result.returncode == 25 and not leaks(result.stderr)
    assert all(not leaks(data) for file, data in files_below(place.path).items() if file.name != "secret.yaml")
