#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the YAML writer with sops's own store (stores/yaml, EmitPlainFile and EmitValue) on random trees: strings made of what YAML minds
(indicators, breaks, byte order marks, reserved words, control characters), comments in every position, inline or not, empty containers,
several documents, every indentation.

Every difference fails but those of docs/differs.md: comments that are not UTF-8 (refused). Text that sops prints as null is refused without
`compat`, which is looked at too. Needs go and sops's module in the module cache; says so and exits 77 where they are missing.
"""
import argparse
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOPS = "github.com/getsops/sops/v3@v3.13.3"

PIECES = (
    list("abkxyzNn019.-+_:,#'\"\\[]{}&*!|>%@`?=~<$/ \t\n\r")
    + [" ", " ", "\n", "\n", "\n", "\t", ": ", " #", "- ", "? ", "---", "...", "<<", "\x00", "\x01", "\x07", "\x1b", "\x7f", "\x85", "\x80", "\xa0",
       "\xad", "\u2028", "\u2029", "\ufeff", "\ufffd", "\ufffe", "\uffff", "\ud7ff", "\ue000", "\U0001f600", "\U0010ffff", "é", "日本", "\u200b", "\n\n",
       "\r\n", "0x", "0b", "0o", "e5", "1:", ":30", "inf", ".nan", "2020-01-01", "T00:00:00Z", "true", "null", "yes", "on", "word "]
)
WORDS = ["", "~", "null", "Null", "NULL", "true", "True", "FALSE", "y", "Y", "n", "yes", "No", "on", "Off", "OFF", ".inf", "-.inf", "+.Inf", ".nan",
         "<<", "=", "-", "?", ":", "---", "...", "1", "-1", "0x1F", "0o17", "017", "08", "1_000", "1e3", "1.5", ".5", "1:30", "190:20:30.5", "2020-01-01",
         "2020-01-01T00:00:00Z", "2020-01-01 1:2:3", "0b-1", "a: b", "a #b", "#", "! a", "\t", " ", "\n", "x\n", "\tx\ny", " x\ny", "\n\n", "\u2028", "\u2028\n",
         "\ufeff", "\ufeffab c", "a\u2028b", "x" * 128, "x" * 129, "x" * 130, "word " * 40, "line\n" * 30, "ends with\u2029\n\u2028"]
BYTES = [b"\xff", b"\xc3", b"\xed\xa0\x80", b"a\xffb", b"\xf8" * 40, b"\xff" * 51, b"\xff" * 52, b"\xff" * 53, b"\xff" * 54, b"\tx\n\xff", b"\xff" * 105,
         b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xff" * 90, b"\xff" * 97]


def text(rng, binary=True):
    kind = rng.random()
    if kind < 0.15:
        return rng.choice(WORDS).encode()
    if kind < 0.18 and binary:
        return rng.choice(BYTES)
    if kind < 0.3:
        return rng.choice(["value", "key", "plain text", "a", "b"]).encode()
    out = "".join(rng.choice(PIECES) for _ in range(rng.choice([1, 1, 2, 2, 3, 4, 5, 8, 13])))
    return out.encode()


def key(rng):
    if rng.random() < 0.6:
        return rng.choice([b"a", b"b", b"key", b"some.key", b"x-y"])
    return text(rng)


def comment(rng):
    kind = rng.random()
    if kind < 0.7:
        return rng.choice([b" c", b" comment", b"", b" d", b"x"])
    if kind < 0.75:
        return rng.choice(BYTES)
    return text(rng, binary=False)


def scalar(rng):
    kind = rng.random()
    if kind < 0.75:
        return "s" + text(rng).hex()
    if kind < 0.8:
        return "n"
    if kind < 0.84:
        return rng.choice("tf")
    if kind < 0.88:
        return f"d{rng.choice([0, 1, -1, 5, 1000000, 2**63 - 1, -2**63, rng.randrange(-10**6, 10**6)])}"
    if kind < 0.96:
        value = rng.choice([0.0, -0.0, 1.0, 1.5, 1e6, 123456.5, 1e-5, 1e300, float("inf"), -float("inf"), float("nan"), rng.random(), rng.gauss(0, 1e9)])
        return "g" + struct.pack(">d", value).hex()
    return f"T{rng.randrange(-62167219200, 253402300800 - 90000)},{rng.choice([0, 500000000, 1, 123456789])},{rng.choice([0, 0, 3600, -5400, 86400, 50400])}"


def comments(rng, rate):
    out = []
    while rng.random() < rate:
        out.append(("i" if rng.random() < 0.35 else "c") + comment(rng).hex())
    return out


def container(rng, depth, rate, is_map):
    out = ["{" if is_map else "["]
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3]) if depth else rng.choice([0, 1, 2, 3, 4])):
        out += comments(rng, rate)
        if is_map:
            out.append("k" + key(rng).hex())
        out += value(rng, depth + 1, rate)
    out += comments(rng, rate)
    out.append("}" if is_map else "]")
    return out


def value(rng, depth, rate):
    kind = rng.random()
    if depth < 5 and kind < 0.22:
        return container(rng, depth, rate, True)
    if depth < 5 and kind < 0.44:
        return container(rng, depth, rate, False)
    return [scalar(rng)]


def case(rng):
    rate = rng.choice([0, 0, 0.1, 0.3, 0.5])
    indent = rng.choice([0, 0, 0, 2, 3, 4, 5, 8, 9, 1, 10, 12])
    if rng.random() < 0.1:
        return ["value", "0"] + value(rng, 0, rate)
    out = ["compat", str(indent)]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        out += container(rng, 0, rate, True)
    return out


def is_utf8(token):
    try:
        bytes.fromhex(token[1:]).decode()
        return True
    except UnicodeDecodeError:
        return False


def may_lose(token):
    """A string that sops can lose: the writer has to refuse it where it does, so the two modes may differ only here."""
    return token[0] in "sk" and bytes.fromhex(token[1:])[:1] == b"\t" and b"\n" in bytes.fromhex(token[1:])


def build(folder):
    """Builds the peer in a copy of sops's module; None where that is not possible."""
    if not shutil.which("go"):
        return None
    cache = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    source = Path(cache) / SOPS
    if not source.is_dir():
        return None
    copy = Path(folder) / "sops"
    shutil.copytree(source, copy)
    for path in copy.rglob("*"):
        path.chmod(path.stat().st_mode | 0o200)
    (copy / "cmd" / "yaml_writer").mkdir()
    shutil.copy(HERE / "yaml_writer" / "main.go", copy / "cmd" / "yaml_writer")
    peer = Path(folder) / "peer"
    env = dict(os.environ, GOPROXY="off", GOFLAGS="-mod=mod")
    done = subprocess.run(["go", "build", "-o", str(peer), "./cmd/yaml_writer"], cwd=copy, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(done.stderr)
        return None
    return peer


def run(program, lines):
    done = subprocess.run([str(program)], input="\n".join(lines) + "\n", capture_output=True, text=True)
    out = done.stdout.splitlines()
    if done.returncode or len(out) != len(lines):
        sys.exit(f"{program}: exit {done.returncode}, {len(out)} lines for {len(lines)}: {done.stderr}")
    return out


def show(result):
    return result if result.startswith("!") else repr(bytes.fromhex(result))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", default="build/tools/yaml_write", help="built from tests/tools/yaml_write.c")
    parser.add_argument("--peer", help="the peer, if built before")
    parser.add_argument("--cases", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    args = parser.parse_args()
    print(f"yaml_writer: seed {args.seed}, {args.cases} trees")

    with tempfile.TemporaryDirectory() as folder:
        peer = args.peer or build(folder)
        if not peer:
            print("skipped: needs go and", SOPS, "in its module cache")
            return 77
        rng = random.Random(args.seed)
        cases = [case(rng) for _ in range(args.cases)]
        theirs = run(peer, [" ".join(tokens) for tokens in cases])
        ours = run(args.tool, [" ".join(tokens) for tokens in cases])
        strict = run(args.tool, [" ".join(["doc"] + tokens[1:]) for tokens in cases])

    bad = refused = failed = lost = 0
    for tokens, want, got, careful in zip(cases, theirs, ours, strict):
        problem = None
        if got.startswith("!"):
            failed += want.startswith("!")
            if not want.startswith("!"):
                refused += 1
                if "a comment is not UTF-8" not in got or all(is_utf8(t) for t in tokens[2:] if t[0] in "ci"):
                    problem = "refused"
        elif got != want:
            problem = "differs"
        if tokens[0] == "compat" and careful != got:
            lost += 1
            if not careful.startswith("!") or not any(may_lose(t) for t in tokens[2:]):
                problem = problem or "differs without compat"
        if problem:
            bad += 1
            if bad <= 10:
                print(f"{problem}: {' '.join(tokens)}\n  sops: {show(want)}\n  ours: {show(got)}\n  strict: {show(careful)}")
    print(f"yaml_writer: {len(cases) - bad} as expected ({failed} fail in both, {refused} refused for comments that are not UTF-8, "
          f"{lost} with text that sops loses), {bad} not")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
