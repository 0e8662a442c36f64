# SPDX-License-Identifier: Apache-2.0
"""YAML scalars as text: a string in one of the styles that can hold it, and plain scalars of the other types."""
import base64
import random
import re

import yaml.emitter

from lib import strings

INTS = ("0 1 -1 12 +12 -7 007 017 08 0x10 0xFF 0X1f 0o17 0b11 -0x10 +0b1 1_000 1__0 -0 9223372036854775807 -9223372036854775808 "
        "0x7fffffffffffffff -0o7 65536 4294967296").split()
FLOATS = ("1.0 0.1 .5 5. 1e3 1E3 1e-7 1.5e300 -0.0 1000000.0 999999.5 123456.5 1234567.5 123456789.125 1e21 1e22 0.0001 0.00001 3.14159 "
          "-2.5e-10 .inf -.INF +.Inf .nan .NaN 1e400 123456789012345678901 5.684341886080802e-14 1_0.5 0x1p-2 1e+06 4.9e-324 "
          "1.7976931348623157e308 .5e3 12e03 08.5").split()
TIMES = ("2020-01-01 2020-1-1 2001-12-14t21:59:43.10-05:00 2020-01-01T10:00:00Z 2020-01-01T10:00:00.50+02:00 2020-01-01T1:2:3Z "
         "1999-12-31T23:59:59.999999999Z 2020-13-01 0000-01-01 9999-12-31T23:59:59Z 2020-02-29 2021-02-29 2020-01-01T00:00:00 "
         "2020-01-01T00:00:00-00:30 2020-01-01T00:00:00.123456789+14:00").split() + ["2020-01-01 10:00:00", "2020-01-01 1:2:3.5"]
WORDS = "true True TRUE false False FALSE yes no on off y n Y N".split()
NULLS = ["~", "null", "Null", "NULL", ""]
TAGGED = ["!!int \"12\"", "!!str 12", "!custom x", "!!float 1", "!!str true", "!!null ''", "!!str", "!!bool true", "!local {a: 1}", "!<tag:yaml.org,2002:str> 5",
          "!!timestamp 2020-01-01", "! 12", "! word"]

NAMED_ESCAPES = {"\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r", "\x1b": "\\e", '"': '\\"',
                 "\\": "\\\\", "\x85": "\\N", "\xa0": "\\_", "\u2028": "\\L", "\u2029": "\\P"}
_analyzer = yaml.emitter.Emitter(None)


def typed(draw):
    """A plain scalar of a type other than string."""
    rng = draw.rng
    kind = draw.pick("type", {"int": 4, "float": 4, "bool": 2, "time": 2, "tagged": 1})
    if kind == "int":
        return rng.choice(INTS) if rng.random() < 0.5 else str(rng.choice([-1, 1]) * rng.getrandbits(rng.randint(1, 62)))
    if kind == "float":
        return rng.choice(FLOATS) if rng.random() < 0.5 else random_float(rng)
    if kind == "time":
        return rng.choice(TIMES)
    return rng.choice(TAGGED if kind == "tagged" else WORDS)


def random_float(rng: random.Random):
    mantissa = repr(rng.choice([rng.random(), rng.uniform(-1e6, 1e6), rng.randint(1, 99999) / rng.choice([1, 10, 100, 1024])]))
    return mantissa if "e" in mantissa or rng.random() < 0.5 else f"{mantissa}e{rng.randint(-30, 30)}"


def binary(rng):
    """Bytes that are no UTF-8, most of the time."""
    data = bytes(rng.randrange(256) for _ in range(rng.randint(1, 40)))
    return "!!binary " + base64.b64encode(rng.choice([data, b"\xff", b"hello", b"\x00\xff", data])).decode()


def can_be_plain(value, flow):
    if not value or value != value.strip():
        return False
    analysis = _analyzer.analyze_scalar(value)
    return (analysis.allow_flow_plain if flow else analysis.allow_block_plain) and not re.search("[\x7f-\xa0\u2028\u2029\ufeff]", value)


def can_be_literal(value):
    return bool(value) and not re.search("[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029\ufeff]", value)


def double_quoted(rng, value):
    """Every character by itself or as one of its escapes. No line breaks in the text."""
    lazy = rng.random() < 0.7
    out = []
    for char in value:
        code = ord(char)
        forms = []
        if char in NAMED_ESCAPES:
            forms.append(NAMED_ESCAPES[char])
        if char not in '"\\' and (0x20 <= code <= 0x7e or 0xa1 <= code <= 0xd7ff and code not in (0x2028, 0x2029) or 0xe000 <= code <= 0xfffd and code != 0xfeff
                                  or code >= 0x10000):
            forms = [char] * (1 if lazy else 3) + ([] if lazy else forms)
        if code < 0x100 and not (lazy and forms):
            forms.append(f"\\x{code:02x}")
        if code < 0x10000 and not (lazy and forms):
            forms.append(f"\\u{code:04X}")
        if not forms or not lazy:
            forms.append(f"\\U{code:08x}")
        out.append(rng.choice(forms))
    return '"' + "".join(out) + '"'


def folded_quotes(rng, value, column):
    """A double-quoted text over several lines: breaks in it that the reader takes out again, or for a blank."""
    pieces = [double_quoted(rng, piece)[1:-1] for piece in value.split(" ")]
    text = pieces[0]
    for piece in pieces[1:]:
        if piece and text[-1:] not in ("", " ", "\n") and not text.endswith("\\ ") and rng.random() < 0.3:
            text += "\n" + " " * column + piece
        elif rng.random() < 0.1:
            text += " \\\n" + " " * column + ("\\ " if not piece else "") + piece
        else:
            text += " " + piece
    return '"' + text + '"'


def literal(rng, value, indent, first_column):
    """A literal block: header and lines. indent is the column of the block that holds it."""
    body = value.rstrip("\n")
    tail = len(value) - len(body)
    chomp = "-" if tail == 0 else "" if tail == 1 and body else "+"
    digit = ""
    step = first_column - indent
    if not body or body[0] in " \n\t" or rng.random() < 0.15:
        step = rng.randint(1, 9) if rng.random() < 0.3 else min(max(step, 1), 9)
        digit = str(step)
    header = rng.choice([digit + chomp, chomp + digit])
    lines = value.split("\n")
    if value.endswith("\n"):
        lines.pop()
    return "|" + header, [" " * (indent + step) + line if line else "" for line in lines]


def folded(rng, value, indent, first_column):
    """A folded block. What it holds is not `value` any more where that has breaks of its own; that is no matter."""
    lines = [line for line in re.split(r"[\n ]", value) if line]
    if not lines or not can_be_literal(value):
        lines = [strings.words(rng) for _ in range(rng.randint(1, 4))]
    lines = [rng.choice(["", "", "", " ", "\t"]) + line if i else line for i, line in enumerate(lines)]
    for _ in range(rng.randint(0, 2)):
        lines.insert(rng.randint(1, len(lines)), "")
    return ">" + rng.choice(["", "-", "+"]), [" " * first_column + line if line else "" for line in lines]


def render(draw, value, indent, first_column, flow=False):
    """(text on the line of its key or dash, further lines). indent: column of the block that holds it; further lines begin at first_column."""
    rng = draw.rng
    styles = {"double": 3}
    breaks = re.search("[\n\r\x85\u2028\u2029]", value)
    if can_be_plain(value, flow):
        styles["plain"] = 5
        if not flow and re.fullmatch(r"[a-z]+( [a-z]+)+", value):
            styles["plain lines"] = 1
    if not breaks and not re.search("[^\t\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\ufeff", value):
        styles["single"] = 3
    if not flow and can_be_literal(value):
        styles["literal"] = 8 if "\n" in value else 0.3
        styles["folded"] = 2 if "\n" in value else 0.3
    if not flow and " " in value:
        styles["double lines"] = 1
    style = draw.pick("style", styles)
    if style == "plain":
        return value, []
    if style == "single":
        return "'" + value.replace("'", "''") + "'", []
    if style == "literal":
        return literal(rng, value, indent, first_column)
    if style == "folded":
        return folded(rng, value, indent, first_column)
    if style == "plain lines":
        lines = re.sub(" ", lambda m: rng.choice([" ", " ", "\n", "\n\n" if rng.random() < 0.2 else " "]), value).split("\n")
        return lines[0], [" " * first_column + line if line else "" for line in lines[1:]]
    if style == "double lines":
        lines = folded_quotes(rng, value, first_column).split("\n")
        return lines[0], lines[1:]
    return double_quoted(rng, value), []
