#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the YAML reader with sops's own store (stores/yaml, LoadPlainFile) on random texts: the tree, with every comment in its place,
and whether a text is refused. Three kinds of text: documents laid out as a careless hand or formatter would (indents, blank lines, TABs,
comments in every place, flow collections over many lines, all line breaks, anchors, tags, several documents), such documents damaged by a
few edits, and soup of what YAML is made of.

Texts that sops accepts only because it checks nothing but the first document have to be refused (docs/differs.md). Every other difference
fails. Needs go and sops's module in the module cache; says so and exits 77 where they are missing.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOPS = "github.com/getsops/sops/v3@v3.13.3"

PLAIN = ["a", "b", "c", "k1", "some.key", "x-y", "word word", "1", "0x1F", "017", "1_000", "-3", "1.5", "1e3", ".5", "true", "False", "null", "~",
         "yes", "2020-01-01", "2020-01-01T1:2:3Z", "2001-12-14 21:59:43.10", ".inf", "-.INF", ".nan", "a:b", "a#b", "http://x/y?z=1", "ENC[a,b:c]",
         "12345678901234567890", "1e400", "0o17", "0b11", "+12", "08", "=", "é", "日本 x", "\U0001f600", "-x", "?x", ":x", "a,b", "x]y", "2020-13-01",
         "\ufeffx", "a\u00a0b", "1:30", "!x", "a'b", 'a"b']
QUOTED = ['""', "''", '"a b"', "'it''s'", '"x\\ny"', '"\\u00e9\\x41\\U0001F600"', '"#no"', "'# no'", '"a: b"', "'- a'", '"\\t\\0\\e\\N\\_\\L\\P"',
          '"tab\there"', "' lead'", '"trail "', '"1"', "'true'", '"é日"', '"<<"', '"\\ "']
TYPED = ["!!int 12", "!!int '7'", "!!float 1", "!!float .inf", "!!bool true", "!!null ~", "!!null", "!!timestamp 2020-01-01", "!!binary aGVsbG8=", "!!binary /w==",
         "!!str 12", "!!str", "! 12", "!<tag:yaml.org,2002:int> 0x1F", "!!merge x", "!!binary", "<<", "!!str ~", "!!int 12345678901234567890"]
ANCHORS = ["x", "y", "z1", "a-b"]
TAGS = ["!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!binary", "!!map", "!!seq", "!!set", "!!merge", "!", "!custom", "!a!b",
        "!<tag:yaml.org,2002:str>", "!<!!int>", "!<x>", "!e!int", "!!omap", "!%41x", "!a,b"]
FREE_TAGS = ["!!str", "!", "!custom", "!<tag:yaml.org,2002:str>", "!<x>", "!!omap", "!!set", "!%41x", "!a,b", "!!map"]
COMMENT = ["# c", "#", "#x", "# - a", "# a: b", "# é", "#\t", "# trail  ", "##", "# \U0001f600 x", "# '", "#!"]
BREAKS = ["\n"] * 12 + ["\r\n"] * 5 + ["\r", "\u0085", "\u2028"]


class Layout:
    """Writes one random document, carelessly."""

    def __init__(self, rng):
        self.rng = rng
        self.out = []
        self.rate = rng.choice([0, 0.05, 0.15, 0.3, 0.5])
        self.blank = rng.choice([0, 0.1, 0.3])
        self.odd = rng.choice([0, 0, 0, 0.05, 0.2])
        self.names = []
        self.count = 0

    def chance(self, p):
        return self.rng.random() < p

    def put(self, text):
        self.out.append(text)

    def comment(self):
        self.count += 1
        return self.rng.choice(COMMENT) + (str(self.count) if self.chance(0.8) else "")

    def blanks(self):
        if self.chance(self.odd):
            return self.rng.choice(["  ", "   ", "\t", " \t ", " " * 20, " " * 510, " " * 511, " " * 512, " " * 600])
        return " "

    def gap(self, indent):
        """Lines between two things."""
        while self.chance(max(self.rate, self.blank)):
            if self.chance(self.blank):
                self.put(self.rng.choice(["", "", "", " " * indent, "  ", "\t" if self.chance(self.odd / 4) else ""]) + "\n")
            if self.chance(self.rate):
                column = indent
                if self.chance(0.4):
                    column = self.rng.choice([0, 0, max(0, indent - 2), max(0, indent - 1), indent + 1, indent + 2, indent + 4, max(0, indent - 4)])
                lead = " " * column
                if self.chance(self.odd / 2):
                    lead = self.rng.choice(["\t", " \t", " " * 509, " " * 513])
                for _ in range(self.rng.choice([1, 1, 1, 2, 3])):
                    self.put(lead + self.comment() + "\n")

    def eol(self):
        if self.chance(self.rate):
            self.put(self.blanks() + self.comment())
        elif self.chance(self.odd):
            self.put(self.rng.choice([" ", "  ", "\t"]))
        self.put("\n")

    def props(self, prefix=""):
        """Tag and anchor, with a blank behind, and the anchor's name."""
        out, name = [], None
        if self.chance(0.06):
            out.append(self.rng.choice(TAGS if self.chance(0.1) else FREE_TAGS))
        if self.chance(0.08):
            name = prefix + self.rng.choice(ANCHORS)
            out.append("&" + name)
        if self.chance(0.2):
            out.reverse()
        return "".join(part + " " for part in out), name

    def named(self, name):
        """From here on aliases may use the name."""
        if name:
            self.names.append(name)

    def alias(self, prefix):
        names = [name for name in self.names if name[0] == prefix]
        return "*" + self.rng.choice(names if names and self.chance(0.95) else self.names)

    def scalar(self, flow=False):
        if self.names and self.chance(0.12):
            return "*" + self.rng.choice(self.names) + (" " if flow or self.chance(0.5) else "")
        kind = self.rng.random()
        if kind < 0.05:
            return self.rng.choice(TYPED)
        text, name = self.props("s")
        self.named(name)
        if kind < 0.1:
            return text.rstrip() if text else ""
        if kind < 0.7:
            return text + self.plain(flow)
        return text + self.rng.choice(QUOTED)

    def plain(self, flow=False):
        text = self.rng.choice(PLAIN)
        if flow and any(c in ",?[]{}" for c in text) and self.chance(0.95):
            return "p"
        return text

    def wrapped(self, indent):
        """A scalar over several lines."""
        lines = [self.rng.choice(["one", "two words", "x: y" if self.chance(0.1) else "xy", "é"]) for _ in range(self.rng.choice([2, 2, 3]))]
        joint = "\n" + "\n" * self.rng.choice([0, 0, 1, 2]) + " " * indent
        if self.chance(self.odd):
            joint = " " + joint + "\t"
        text = joint.join(lines)
        quote = self.rng.choice(["", "", '"', "'"])
        if quote == '"' and self.chance(0.3):
            text = text.replace(joint, "\\" + joint, 1)
        return quote + text + quote

    def key(self, used, flow=False):
        for _ in range(20):
            text = self.rng.choice(PLAIN[:6]) if self.chance(0.6) else self.plain(flow) if self.chance(0.7) else self.rng.choice(QUOTED)
            if text not in used or self.chance(0.01):
                used.add(text)
                break
        else:
            self.count += 1
            text = "k%d" % self.count
        if self.names and self.chance(0.02):
            return self.alias("s") + " "
        props, name = self.props("s") if self.chance(0.3) else ("", None)
        self.named(name)
        return props + text

    def block_scalar(self, indent):
        sign = self.rng.choice("|>")
        step = self.rng.choice([1, 2, 2, 2, 4])
        head = sign
        lead = ""
        if self.chance(0.15):
            head += str(step)
            lead = self.rng.choice(["", " ", "  "])
        head += self.rng.choice(["", "", "-", "+"])
        self.put(head)
        self.eol()
        pad = " " * (indent + step)
        while self.chance(0.15):
            self.put(self.rng.choice(["", pad, " "]) + "\n")
        for i in range(self.rng.choice([0, 1, 1, 2, 3])):
            self.put(pad + (lead if i == 0 else "") + self.rng.choice(["text", "# no comment", "a: b", "- x", "  deeper", "\ttab", "é", "trail  ", "---"]) + "\n")
            while self.chance(0.15):
                self.put(self.rng.choice(["", pad, " ", pad + "  "]) + "\n")

    def flow(self, depth, indent, root=False):
        kind = 0.9 if root else self.rng.random()
        if depth > 3 or kind < 0.3:
            self.put(self.scalar(True))
            return
        opening, closing = ("[", "]") if kind < 0.65 else ("{", "}")
        props, name = self.props("l" if opening == "[" else "m")
        self.put(props)
        self.put(opening)
        self.flow_gap(indent)
        used = set()
        for i in range(self.rng.choice([0, 1, 1, 2, 3])):
            if i:
                self.flow_gap(indent)
                self.put(",")
                self.flow_gap(indent)
            if opening == "{" or self.chance(0.1):
                if self.chance(0.08):
                    self.put("? ")
                self.put(self.key(used, True))
                if self.chance(0.85) or opening == "[":
                    if self.chance(0.15):
                        self.flow_gap(indent)
                    self.put(":" + ("" if self.chance(0.05) else " "))
                    self.flow_gap(indent)
                    self.flow(depth + 1, indent)
            else:
                self.flow(depth + 1, indent)
        if self.chance(0.1):
            self.put(",")
        self.flow_gap(indent)
        self.put(closing)
        self.named(name)

    def flow_gap(self, indent):
        if self.chance(0.75 - self.rate):
            return
        kind = self.rng.random()
        if kind < 0.4:
            self.put(self.rng.choice([" ", "  ", "\t"]))
        elif kind < 0.75:
            self.eol()
            self.gap(indent)
            self.put(" " * self.rng.choice([indent, indent + 1, indent + 2]))
        else:
            self.put(" " + self.comment() + "\n" + " " * (indent + 1))

    def value(self, depth, indent, after_dash=False):
        """What stands behind "key:" or "-", to the end of its last line."""
        kind = self.rng.random()
        if depth > 4:
            kind *= 0.5
        if kind < 0.38:
            self.put(" " + self.scalar())
            self.eol()
        elif kind < 0.42:
            self.put(" " + self.wrapped(indent + self.rng.choice([1, 2, 4])))
            self.eol()
        elif kind < 0.48:
            self.put(" ")
            self.block_scalar(indent)
        elif kind < 0.52:
            self.eol()
            self.gap(indent + 2)
            self.put(" " * (indent + self.rng.choice([1, 2, 3])) + self.scalar())
            self.eol()
        elif kind < 0.62:
            self.put(" ")
            self.flow(0, indent + 2)
            self.eol()
        elif kind < 0.82:
            step = self.rng.choice([1, 2, 2, 2, 3, 4])
            if after_dash and self.chance(0.6):
                self.put(" " * step)
                self.map(depth + 1, indent + 1 + step, first_in_line=True)
                return
            props, name = self.props("m")
            self.put((" " + props).rstrip())
            self.eol()
            self.map(depth + 1, indent + step)
            self.named(name)
        else:
            step = self.rng.choice([0, 0, 1, 2, 2, 4])
            if after_dash:
                step = self.rng.choice([1, 2, 2, 4])
                if self.chance(0.5):
                    self.put(" " * step)
                    self.list(depth + 1, indent + 1 + step, first_in_line=True)
                    return
            props, name = self.props("l")
            self.put((" " + props).rstrip())
            self.eol()
            self.list(depth + 1, indent + step)
            self.named(name)

    def map(self, depth, indent, first_in_line=False):
        used = set()
        for i in range(self.rng.choice([1, 1, 2, 2, 3] if depth else [1, 2, 3, 4])):
            if not (i == 0 and first_in_line):
                self.gap(indent)
                self.put(" " * indent)
            if self.names and self.chance(0.05):
                self.put("<<: " + (self.alias("m") if self.chance(0.7) else "[" + self.alias("m") + " , " + self.alias("m") + " ]"))
                self.eol()
            elif self.chance(0.05):
                self.put("?" + self.blanks() + self.key(used))
                self.eol()
                if self.chance(0.9):
                    self.gap(indent)
                    self.put(" " * indent + ":")
                    self.value(depth, indent)
            else:
                self.put(self.key(used) + (self.blanks() if self.chance(self.odd) else "") + ":")
                self.value(depth, indent)
        self.gap(indent)

    def list(self, depth, indent, first_in_line=False):
        for i in range(self.rng.choice([1, 1, 2, 2, 3])):
            if not (i == 0 and first_in_line):
                self.gap(indent)
                self.put(" " * indent)
            self.put("-")
            if self.chance(self.rate / 2):
                self.put(self.blanks() + self.comment() + "\n")
                self.gap(indent + 2)
                kind = self.rng.random()
                if kind < 0.4:
                    self.put(" " * (indent + 2) + self.scalar())
                    self.eol()
                elif kind < 0.8:
                    self.map(depth + 1, indent + 2)
                else:
                    self.list(depth + 1, indent + 2)
            else:
                self.value(depth, indent, after_dash=True)
        self.gap(indent)

    def document(self, first):
        if self.chance(0.03):
            self.put("%YAML 1.1")
            self.eol()
            self.put("---")
            self.eol()
        elif self.chance(0.03):
            self.put(self.rng.choice(["%TAG !e! tag:yaml.org,2002:", "%TAG ! tag:x,1:", "%TAG !! tag:yaml.org,2002:", "%TAG !a! !"]))
            self.eol()
            self.gap(0)
            self.put("---")
            self.eol()
        elif not first or self.chance(0.2):
            self.put("---")
            if self.chance(0.01):
                self.put(" ")
                self.flow(0, 2)
            elif self.chance(0.01):
                self.put(" " + self.scalar())
            elif self.names and self.chance(0.03):
                self.put(" " + self.alias("m"))
                self.eol()
                return self.gap(0)
            elif self.chance(0.03):
                self.named("mroot")
                self.put(" &mroot")
            self.eol()
        kind = self.rng.random()
        if kind < 0.04:
            self.gap(0)
        elif kind < 0.1:
            self.gap(0)
            self.flow(0, self.rng.choice([0, 2]), root=True)
            self.eol()
        else:
            self.gap(0)
            self.map(0, self.rng.choice([0, 0, 0, 0, 2]))
        self.gap(0)
        if self.chance(0.06):
            self.put("...")
            self.eol()
            self.gap(0)

    def text(self):
        for i in range(self.rng.choice([1] * 8 + [2, 2, 3])):
            self.document(i == 0)
        text = "".join(self.out)
        brk = self.rng.choice(BREAKS)
        if self.chance(0.05):
            text = "".join(self.rng.choice(BREAKS) if c == "\n" else c for c in text)
        elif brk != "\n":
            text = text.replace("\n", brk)
        if self.chance(0.1):
            text = text.rstrip("\r\n\u0085\u2028 ")
        data = text.encode()
        if self.chance(0.03):
            data = b"\xef\xbb\xbf" + data
        elif self.chance(0.02):
            data = self.rng.choice([b"\xff\xfe" + text.encode("utf-16-le"), b"\xfe\xff" + text.encode("utf-16-be")])
        return data


SOUP = ["a", "b", "c", "1", "true", "~", "x y", ":", ": ", ": ", ":\n", "- ", "- ", "-", "-\n", "? ", "?", "\n", "\n", "\n", "\n  ", "\n  ", "\n    ", "\n\n", "\n ",
        "\n\n\n", " ", "  ", "\t", "#", " # c", " #d", "\n# e\n", "\n  # f\n", "\n    # g", "{", "}", "[", "]", ",", ", ", "{a: 1", "\"", "'", "\"q\"", "'q'", "\"q: \\\n",
        "|\n", ">\n", "|-\n  x\n", ">+\n  x\n\n", "|2 # h\n", "&x ", "*x", "*x ", "&y", "!", "!!str ", "!t ", "!!int ", "---\n", "\n---\n", "\n...\n", "--- ", "%YAML 1.1\n",
        "%TAG !e! x\n", "\r\n", "\r", "\u0085", "\u2028", "é", "\ufeff", "<<: ", "\\", "@", "`", "%", ">", "|", "null", "a: b\n", "a:\n  b: c\n", "- a\n", "key: "]


def soup(rng):
    return "".join(rng.choice(SOUP) for _ in range(rng.choice([1, 2, 3, 4, 5, 6, 8, 10, 14, 20]))).encode()


def damage(rng, data):
    """A few edits, of a byte or of a line."""
    for _ in range(rng.choice([1, 1, 1, 2, 3, 5])):
        kind = rng.randrange(12)
        lines = data.splitlines(keepends=True)
        at = rng.randrange(len(data) + 1)
        line = rng.randrange(len(lines)) if lines else 0
        if kind == 0 and data:
            data = data[:at] + data[at + rng.choice([1, 1, 2, 5]):]
        elif kind == 1:
            data = data[:at] + rng.choice(SOUP).encode() + data[at:]
        elif kind == 2 and data:
            flip = bytearray(data)
            flip[rng.randrange(len(flip))] ^= 1 << rng.randrange(8)
            data = bytes(flip)
        elif kind == 3:
            data = data[:at] + bytes([rng.randrange(256)]) + data[at:]
        elif kind == 4 and lines:
            del lines[line]
            data = b"".join(lines)
        elif kind == 5 and lines:
            lines.insert(rng.randrange(len(lines)), lines[line])
            data = b"".join(lines)
        elif kind == 6 and lines:
            lines.insert(line, rng.choice([b"\n", b"# m\n", b"  # m\n", b"    # m\n", b" \n", b"\t# m\n", b"\n# m\n\n", b"# m\n\n", b"\t\n", b"\r\n"]))
            data = b"".join(lines)
        elif kind == 7 and lines:
            lines[line] = b" " * rng.choice([1, 2, 4]) + lines[line]
            data = b"".join(lines)
        elif kind == 8 and lines:
            lines[line] = lines[line][rng.choice([1, 2]):]
            data = b"".join(lines)
        elif kind == 9 and lines:
            lines[line] = lines[line].rstrip(b"\n") + rng.choice([b" # m\n", b"# m\n", b"\t# m\n", b" \n", b"\t\n"])
            data = b"".join(lines)
        elif kind == 10:
            data = data[:at]
        elif kind == 11 and lines:
            other = rng.randrange(len(lines))
            lines[line], lines[other] = lines[other], lines[line]
            data = b"".join(lines)
    return data


def trips_sops(data):
    """Where a byte order mark lies at the start of the peer's read buffer (512 bytes), it loses the first character of lines
    (docs/differs.md: a second byte order mark)."""
    marks = [b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"]
    for mark in marks:
        if data.startswith(mark):
            return data.startswith(mark + mark) or len(data) > 500 and any(m in data[len(mark):] for m in marks)
    return len(data) > 500 and marks[2] in data


def case(rng):
    while True:
        kind = rng.random()
        text = soup(rng) if kind < 0.25 else Layout(rng).text()
        if kind >= 0.65:
            text = damage(rng, text)
        if not trips_sops(text):
            return text


def case_lines():
    """The texts of cases.txt by heading: one a line, \\xHH is a byte, \\uHHHH the UTF-8 of a character, \\BNNNN that many blanks."""
    group = None
    for line in (HERE / "yaml_reader" / "cases.txt").read_text().split("\n"):
        if line.startswith("## "):
            group = line[3:]
        elif line:
            yield group, line, unescape(line)


def unescape(line):
    out, i = bytearray(), 0
    simple = {"n": b"\n", "r": b"\r", "t": b"\t", "\\": b"\\"}
    digits = {"x": 2, "u": 4, "U": 8}
    while i < len(line):
        if line[i] != "\\":
            out += line[i].encode()
            i += 1
        elif line[i + 1] in simple:
            out += simple[line[i + 1]]
            i += 2
        elif line[i + 1] == "B":
            out += b" " * int(line[i + 2 : i + 6])
            i += 6
        else:
            n = digits[line[i + 1]]
            code = int(line[i + 2 : i + 2 + n], 16)
            out += bytes([code]) if n == 2 else chr(code).encode()
            i += 2 + n
    return bytes(out)


def c_text(data):
    """A C string literal; no hex escape runs into what follows."""
    out = ""
    for c in data:
        if c in b'"\\':
            out += "\\" + chr(c)
        elif 0x20 <= c < 0x7F and c != ord("?"):
            out += chr(c)
        else:
            out += {10: "\\n", 13: "\\r", 9: "\\t"}.get(c, f"\\{c:03o}")
    return f'"{out}"'


def write_table(peer, path):
    """tests/unit/yaml_read_cases.h: what sops makes of cases.txt."""
    groups = {}
    cases = list(case_lines())
    for (group, _, text), tree in zip(cases, run(peer, [text for _, _, text in cases])):
        row = f"\t{{{c_text(text)}, {len(text)}, {c_text(tree[1:].encode()) if tree[0] == '=' else 'NULL'}}},\n"
        groups.setdefault(group, []).append(row)
    with open(path, "w") as out:
        out.write(f"""/* SPDX-License-Identifier: Apache-2.0
 *
 * What sops makes of the texts in tests/interop/yaml_reader/cases.txt; NULL where it refuses them. Made by
 * `tests/interop/yaml_reader.py --table tests/unit/yaml_read_cases.h` with {SOPS} and go.yaml.in/yaml/v3 v3.0.4.
 */
#ifndef YAML_READ_CASES_H
#define YAML_READ_CASES_H

/* clang-format off */
""")
        for group, rows in groups.items():
            out.write(f"static const struct yaml_case yaml_{group}[] = {{\n{''.join(rows)}}};\n\n")
        out.write("/* clang-format on */\n\n#endif\n")


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
    (copy / "cmd" / "yaml_reader").mkdir()
    shutil.copy(HERE / "yaml_reader" / "main.go", copy / "cmd" / "yaml_reader")
    peer = Path(folder) / "peer"
    env = dict(os.environ, GOPROXY="off", GOFLAGS="-mod=mod")
    done = subprocess.run(["go", "build", "-o", str(peer), "./cmd/yaml_reader"], cwd=copy, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(done.stderr)
        return None
    return peer


def run(program, texts):
    done = subprocess.run([str(program)], input="".join(text.hex() + "\n" for text in texts), capture_output=True, text=True)
    out = done.stdout.split("\n")[:-1]
    if done.returncode or len(out) != len(texts):
        sys.exit(f"{program}: exit {done.returncode}, {len(out)} lines for {len(texts)}: {done.stderr[-2000:]}")
    return out


def agree(theirs, ours):
    if theirs[0] != "=" or " K" in theirs and ours[0] == "!":
        # sops checks nothing below a key that is null; but no document with a key that is not a string gets past its next step.
        return ours[0] == "!"
    return ours == theirs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", default="build/tools/yaml_read", help="built from tests/tools/yaml_read.c")
    parser.add_argument("--peer", help="the peer, if built before")
    parser.add_argument("--cases", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    parser.add_argument("--show", type=int, default=10, help="differences to print")
    parser.add_argument("--table", help="write this header from cases.txt instead")
    args = parser.parse_args()
    print(f"yaml_reader: seed {args.seed}, {args.cases} texts")

    with tempfile.TemporaryDirectory() as folder:
        peer = args.peer or build(folder)
        if not peer:
            print("skipped: needs go and", SOPS, "in its module cache")
            return 77
        if args.table:
            return write_table(peer, args.table)
        rng = random.Random(args.seed)
        texts = [text for _, _, text in case_lines()] + [case(rng) for _ in range(args.cases)]
        theirs = run(peer, texts)
        ours = run(args.tool, texts)

    bad = 0
    for text, want, got in sorted(zip(texts, theirs, ours), key=lambda one: len(one[0])):
        if agree(want, got):
            continue
        bad += 1
        if bad <= args.show:
            print(f"differs: {text!r}\n  sops: {want}\n  ours: {got}")
    accepted = sum(line[0] == "=" for line in theirs)
    comments = sum(" c'" in line or " i'" in line for line in theirs if line[0] == "=")
    print(f"yaml_reader: {len(texts) - bad} as expected ({accepted} trees, {comments} of them with comments; "
          f"{sum(line[0] != '=' for line in ours)} refused), {bad} not")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
