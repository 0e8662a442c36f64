#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/unit/yaml_vectors.h: what the YAML store of sops 3.13.3 (with go.yaml.in/yaml/v3 3.0.4) prints for each of these strings, as a
value, as a list element and as a key. Run it in the top folder; needs go and sops's module in the module cache, as yaml_writer.py does."""
import sys
import tempfile
from pathlib import Path

import yaml_writer

STRINGS = [
    "\tx\ny", "x\n\ty", " x\ny", "\n\tx\n", "\n x", "x\n ", "x\n\n", "x\r\ny", "x\ry", "\r", "a\x85b", "\u2028", "\u2028\n", "a\u2028b",
    "a\u2029\nb", "\ufeff", "a\ufeffb", "\ud7ff", "\ue000", "\ufffd", "\ufffe", "\uffff", "\U0001f600", "\U0001f600\nx", "\x7f", "\x80", "\xa0", "\x01\n", " ",
    "  ", "\t", "a\t", "-", "- a", "-a", "--", "---", "---a", "...", "...a", ".. .", "?", "? a", "?a", ":", ": a", ":a", "a:", "a :b", "a: b", "a:b",
    "a#b", "a #b", "#a", "a# b", "a\t#b", "*a", "&a", "!a", "!", "%a", "%", "@a", "`a", "\"a", "'a", "a'b", "a\"b", "{a", "}a", "[a", "]a", ",a",
    "a,b", "a{b}", "|", ">", "|a", "=", "<<", "~", "~a", "null", "Null", "NULL", "nUll", "true", "TRUE", "tRue", "y", "Y", "n", "N", "yes", "on",
    "off", "Off", "oFF", "1", "01", "08", "0", "-1", "+1", "1.", ".1", "1e1", "1E+1", "1e", "e1", "0x1", "0xg", "0b1", "0b2", "0o7", "0o8", "1_000",
    "_1", "1__0", "1_", "0x_1", "1,000", "1:2", "1:60", "190:20:30", "1:2.5", "12:30:45.6", "-1:2", ".inf", ".Inf", ".INF", "+.inf", "-.inf", "inf",
    "Infinity", ".nan", ".NaN", "nan", "NaN", "1.2.3", "1.2.3.4", "2020-01-01", "2020-1-1", "2020-13-01", "2020-01-01T00:00:00Z",
    "2020-01-01 00:00:00", "2020-01-01T00:00:00", "2020-01-01t00:00:00z", "20200101", "0x1p-2", "1e400", "-1e400", "1e-400", "12345678901234567890",
    "123456789012345678901234567890", "-9223372036854775809", "-0", "+", "-.", ".", "..", "+.1", "0.", "00", "0_", "\xe9", "\u65e5\u672c", "a\x00b",
    "", "\n", "\n\n", "\n\n\n", "a\n", "a\n\n", "a\n\n\n", "a\nb", "a \nb", "a\n b\n", "a\n\nb\n", "  a\n", "#a\nb", "- a\nb", "---\na",
    "a\n---\nb\n", "a: b\nc", "ENC[x]", "sops", "\tx\n", "a\tb\nc", "x\u2028 y", "\n\tx", "%YAML", "- ", "? ", "-\tx", "a\xad", "\u200b",
    "\U0010ffff", "a\U0001f600b\n", "12e03", "0o17", ".5", ".5e3", "._5", "1e+5", "0x1F", "2020-01-01T1:2:3Z", "2020-01-01 1:2:3.5", "12:3",
    "9:59:59", "0.1.2", "\"", "'", "a'b: c", "\ufeffab", "a\\b\n", "\\",
]
BYTES = [b"\xff", b"\xff" * 51, b"\xff" * 52, b"\xff" * 53, b"\xff" * 105, b"\tx\n\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"a\xc3"]
LONG = [b"k" * 128, b"k" * 129, b"k" * 200, b"word " * 50, b"word " * 50 + b"end", b"\xff" * 88, b"\xff" * 92]


def literal(data):
    out = ""
    for byte in data:
        char = chr(byte)
        if char in '"\\':
            out += "\\" + char
        elif char == "\n":
            out += "\\n"
        elif 32 <= byte < 127:
            out += char
        else:
            out += f"\\{byte:03o}"
    return f'"{out}"'


def main():
    strings = [text.encode() for text in STRINGS] + BYTES + LONG
    with tempfile.TemporaryDirectory() as folder:
        peer = sys.argv[1] if len(sys.argv) > 1 else yaml_writer.build(folder)
        if not peer:
            sys.exit("needs go and sops's module in its module cache")
        lines = [f"compat 0 {{ k76 s{s.hex()} k6c [ s{s.hex()} ] }}" for s in strings]
        lines += [f"compat 0 {{ k{s.hex()} n }}" for s in strings]
        out = [bytes.fromhex(line) for line in yaml_writer.run(peer, lines)]
    rows = [
        f"\t{{{literal(s)}, {len(s)},\n\t {literal(value)},\n\t {literal(key)}}},"
        for s, value, key in zip(strings, out, out[len(strings):])
    ]
    head = """/* SPDX-License-Identifier: Apache-2.0
 *
 * Made by tests/interop/make_yaml_vectors.py from the YAML store of sops 3.13.3 (go.yaml.in/yaml/v3 3.0.4). Do not edit.
 *
 * Each string as the value of `v` and the element of list `l`, then as a key whose value is null.
 */
#ifndef YAML_VECTORS_H
#define YAML_VECTORS_H

#include <stddef.h>

/* clang-format off */
static const struct {
	const char *text;
	size_t len;
	const char *value, *key;
} yaml_vectors[] = {
"""
    Path("tests/unit/yaml_vectors.h").write_text(head + "\n".join(rows) + "\n};\n/* clang-format on */\n\n#endif\n")
    print(f"{len(rows)} strings")


if __name__ == "__main__":
    main()
