#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds our dotenv and INI readers and writers to those of sops: random documents are read by both, the trees compared; random trees are
printed by both, the bytes compared. tests/interop/golines is the other side: it is built in a temporary folder, with the versions that
sops's own go.mod names.

Differences that are on purpose (docs/differs.md) are counted, not failed: a comment with an empty line (sops crashes), a list or a map
where an INI value belongs.
"""
import argparse
import json
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOPS = "github.com/getsops/sops/v3"

BLANKS = [" ", "  ", "\t", "\v", "\f", "\r", "\u0085", "\u00a0", "\u1680", "\u2003", "\u2028", "\u202f", "\u3000", "\u200b", "\ufeff"]
WORDS = ["a", "b", "key", "KEY_2", "long.key-name", "x y", "ä", "日本", "-", "1", "true", "default", "Default", "DEFAULT", "sops", "sops_mac",
         "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]", "\\n", "\\\\n", "\\", "\\\\", "n", "export A", "[s]", "]", "[", "%(a)s", "${A}", "."]
MARKS = ["#", ";", "=", ":", "'", '"', "`", '"""', "\\", "]", "[", "##", ";;", "; ", "# ", "''", '""', '""""', "-"]
RAW = [b"\xff", b"\xc2", b"\xe2\x80", b"\xc2\xa0", b"\x00", b"\xed\xa0\x80", b"\x85", b"\xa0"]
MARKERS = [b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb", b"\xef", b"\xfe"]


class Maker:
    def __init__(self, rng):
        self.rng = rng

    def pick(self, *weighted):
        """pick((weight, thing), ...): a thing, called where it can be."""
        total = sum(weight for weight, _ in weighted)
        at = self.rng.random() * total
        for weight, thing in weighted:
            at -= weight
            if at < 0:
                break
        return thing() if callable(thing) else thing

    def text(self, most=6):
        """Bytes of words, marks, blanks and now and then what is no UTF-8."""
        out = b""
        for _ in range(self.rng.randint(0, most)):
            out += self.pick((6, lambda: self.rng.choice(WORDS).encode()), (3, lambda: self.rng.choice(MARKS).encode()),
                             (3, lambda: self.rng.choice(BLANKS).encode()), (1, lambda: self.rng.choice(RAW)), (3, b" "))
        return out

    def word(self):
        return self.pick((8, lambda: self.rng.choice(WORDS).encode()), (1, self.text))

    def blank(self):
        return self.pick((6, b""), (4, b" "), (1, lambda: self.rng.choice(BLANKS).encode()))

    def eol(self):
        return self.pick((12, b"\n"), (self.crlf, b"\r\n"))

    def document(self, line):
        self.crlf = self.pick((8, 0), (1, 100), (1, 3))
        out = self.pick((14, b""), (1, lambda: self.rng.choice(MARKERS)))
        for _ in range(self.rng.choice([0, 1, 2, 3, 5, 8, 12, 20])):
            out += line() + self.eol()
        if out and self.rng.random() < 0.25:
            out = out[:-self.rng.randint(1, min(3, len(out)))]
        if out and self.rng.random() < 0.1:
            at = self.rng.randrange(len(out))
            out = out[:at] + self.pick((1, b""), (1, lambda: self.rng.choice(MARKS).encode()), (1, b"\n")) + out[at + 1:]
        return out

    # dotenv

    def dotenv_line(self):
        return self.pick((10, lambda: self.word() + b"=" + self.text()), (3, lambda: b"#" + self.text()), (2, b""),
                         (0.3, self.text), (1, lambda: self.blank() + self.word() + self.blank() + b"=" + self.blank() + self.text()))

    # INI

    def ini_key(self):
        word = self.word()
        return self.pick((8, word), (1, b'"' + word + b'"'), (1, b"`" + word + b"`"), (1, b'"""' + word + b'"""'), (1, b"-"),
                         (0.2, self.text))

    def ini_value(self):
        text = self.text()
        return self.pick(
            (6, text), (1, b"'" + text + b"'"), (1, b'"' + text + b'"'), (1, b"`" + text + b"`"), (1, b'"""' + text + b'"""'),
            (0.4, lambda: b"`" + text + self.eol() + self.text() + b"`"),
            (0.4, lambda: b'"""' + text + self.eol() + self.text() + self.eol() + self.text() + b'"""' + self.text(2)),
            (0.4, lambda: b'"""' + text + self.eol() + self.text() + b'""" \\' + self.eol() + b'b"""'),
            (0.1, b'"""'), (0.1, b"`"), (1, text + b"\\"), (1, text + b"\\" + self.eol() + self.blank() + self.text()),
            (0.3, lambda: text + b"\\" + self.eol() + b"x\\" + self.eol() + self.text()), (1, b""),
            (2, lambda: text + self.rng.choice([b" ", b""]) + self.rng.choice([b"#", b";"]) + self.text()))

    def ini_line(self):
        delimiter = self.pick((8, b"="), (2, b":"))
        return self.pick(
            (12, lambda: self.blank() + self.ini_key() + self.blank() + delimiter + self.blank() + self.ini_value() + self.blank()),
            (4, lambda: self.blank() + self.rng.choice([b"#", b";"]) + self.text()),
            (3, lambda: self.blank() + b"[" + self.word() + b"]"),
            (0.7, lambda: b"[" + self.word() + b"]" + self.text()),
            (3, lambda: self.blank()), (0.05, self.text), (0.05, b"[]"))

    # trees

    def scalar(self, key):
        rng = self.rng
        return self.pick(
            (12, lambda: ("str", key, self.pick((5, self.text), (1, lambda: self.text() + b"\n" + self.text())))),
            (1, ("null", key)), (1, lambda: ("int", key, str(rng.choice([0, 1, -1, 7, 2**63 - 1, -2**63, rng.randint(-10**6, 10**6)])))),
            (2, lambda: ("float", key, "%016x" % struct.unpack(">Q", struct.pack(">d", self.number()))[0])),
            (1, lambda: ("bool", key, rng.choice("01"))),
            (1, lambda: ("time", key, str(rng.randint(-60000000000, 250000000000)), str(rng.choice([0, 5, 120000000, 999999999])),
                         str(rng.choice([0, 0, 3600, -19800, 60, 52200])))))

    def number(self):
        rng = self.rng
        return self.pick((1, lambda: rng.choice([0.0, -0.0, 1.0, 100000.0, 1e6, 1e20, 1e21, 1e22, 1e-4, 1e-5, 0.1, 2.0**-44, 5e-324, 1.7976931348623157e308,
                                                 float("inf"), float("-inf"), float("nan"), 123456.5, 1234567.5])),
                         (1, lambda: rng.uniform(-1e3, 1e3)), (1, lambda: float(rng.randint(-10**9, 10**9))),
                         (1, lambda: struct.unpack(">d", rng.randbytes(8))[0]))

    def comment(self, multi):
        text = self.text()
        if multi and self.rng.random() < 0.3:
            text += b"\n" + self.text()
        return ("comment", text)

    def flat(self, allow_complex, multi):
        out = []
        for _ in range(self.rng.choice([0, 1, 1, 2, 3, 5, 8])):
            out.append(self.pick((8, lambda: self.scalar(self.word())), (3, lambda: self.comment(multi))))
        if self.rng.random() < allow_complex:
            out.append((self.rng.choice(["list", "map"]), b"deep", []))
        if out and self.rng.random() < 0.1:
            first = self.rng.choice(out)
            out.append(self.scalar(first[1]) if first[0] != "comment" else self.comment(multi))
        return out

    def tree(self, ini):
        if not ini:
            return [self.flat(0.05, True) for _ in range(self.rng.choice([1, 1, 1, 2]))]
        branches = []
        for _ in range(self.rng.choice([1, 1, 1, 1, 2, 3])):
            branch = []
            for _ in range(self.rng.choice([0, 1, 2, 2, 3])):
                name = self.pick((3, self.word), (2, b"DEFAULT"), (1, b"default"), (1, b"s"))
                branch.append(self.pick((20, lambda: ("map", name, self.flat(0.03, True))), (2, lambda: self.comment(True)),
                                        (0.3, lambda: self.scalar(name)), (0.05, ("list", name, []))))
            branches.append(branch)
        return branches


def hexed(data):
    return data.hex() or "-"


def dump(nodes):
    for node in nodes:
        if node[0] in ("map", "list"):
            yield f"{node[0]} {hexed(node[1])}"
            yield from dump(node[2])
            yield "end"
        else:
            yield " ".join([node[0]] + [hexed(part) if isinstance(part, bytes) else part for part in node[1:]])


def dump_branches(branches):
    lines = []
    for branch in branches:
        lines += ["branch", *dump(branch), "end"]
    return ("\n".join(lines) + "\n").encode()


def crashes_sops(branches):
    """A comment that is printed and has an empty line."""
    return any(node[0] == "map" and any(kid[0] == "comment" and b"" in kid[1].split(b"\n") and kid[1] for kid in node[2])
               for branch in branches for node in branch)


def has_dump(branches):
    return any(node[0] == "map" and any(kid[0] in ("map", "list") for kid in node[2]) for branch in branches for node in branch)


def build_go(folder):
    found = subprocess.run(["go", "mod", "download", "-json", f"{SOPS}@v3.13.3"], cwd=folder, capture_output=True, text=True)
    if found.returncode:
        sys.exit(f"lines: sops's source is not to be had: {found.stderr.strip()}")
    source = pathlib.Path(json.loads(found.stdout)["Dir"])
    text = (source / "go.mod").read_text()
    (folder / "go.mod").write_text(text.replace(f"module {SOPS}", "module golines", 1))
    shutil.copyfile(source / "go.sum", folder / "go.sum")
    shutil.copyfile(HERE / "golines" / "main.go", folder / "main.go")
    subprocess.run(["go", "mod", "edit", f"-require={SOPS}@v3.13.3"], cwd=folder, check=True)
    subprocess.run(["go", "build", "-mod=mod", "-buildvcs=false", "-o", "golines", "."], cwd=folder, check=True)
    return folder / "golines"


def answers(program, frames):
    done = subprocess.run([program], input=b"".join(frames), capture_output=True)
    if done.returncode:
        sys.exit(f"lines: {program} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    out, at = [], 0
    while at < len(done.stdout):
        end = done.stdout.index(b"\n", at)
        word, size = done.stdout[at:end].split()
        out.append((word == b"ok", done.stdout[end + 1:end + 1 + int(size)]))
        at = end + 1 + int(size)
    if len(out) != len(frames):
        sys.exit(f"lines: {program} gave {len(out)} answers to {len(frames)} cases")
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=5000, help="cases of each of the four kinds")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--tool", default=str(HERE.parents[1] / "build/tools/lines"), help="the program of tests/tools/lines.c")
    parser.add_argument("--golines", help="golines, where it is built already")
    args = parser.parse_args()
    print(f"lines: seed {args.seed}")
    maker = Maker(random.Random(args.seed))
    cases = []
    for _ in range(args.count):
        cases.append(("r", "dotenv", maker.document(maker.dotenv_line), None))
        cases.append(("r", "ini", maker.document(maker.ini_line), None))
        for form in ("dotenv", "ini"):
            tree = maker.tree(form == "ini")
            cases.append(("w", form, dump_branches(tree), tree))
    frames = [f"{verb} {form} {len(body)}\n".encode() + body for verb, form, body, _ in cases]
    with tempfile.TemporaryDirectory(prefix="lines-") as folder:
        golines = args.golines or build_go(pathlib.Path(folder))
        theirs = answers(golines, frames)
    ours = answers(args.tool, frames)

    bad, tally = 0, {}
    for (verb, form, body, tree), their, our in zip(cases, theirs, ours):
        kind = f"{'read' if verb == 'r' else 'print'} {form}"
        verdict = "accepted by both" if their[0] else "refused by both"
        if their != our:
            verdict = "DIFFERENT"
            if tree and form == "ini" and our[0] and not their[0] and crashes_sops(tree):
                verdict = "sops crashes on an empty comment line"
            elif tree and form == "ini" and their[0] and not our[0] and has_dump(tree):
                verdict = "sops dumps its data"
            else:
                bad += 1
                if bad <= 5:
                    print(f"--- {kind}\ninput {body!r}\nsops  {their!r}\nours  {our!r}")
        tally[kind, verdict] = tally.get((kind, verdict), 0) + 1
    for (kind, verdict), count in sorted(tally.items()):
        print(f"{kind:14} {verdict:40} {count:7}")
    print(f"lines: {len(cases)} cases, {bad} different")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
