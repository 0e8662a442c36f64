# SPDX-License-Identifier: Apache-2.0
"""Strings by kind: what each kind of string prints as in YAML is a rule of its own."""
import string

WORDS = ("alpha beta gamma delta token user pass word db host port admin key value text some long line of words here and there "
         "the quick brown fox jumps over lazy dogs").split()

LOOKALIKES = {
    "like a bool": "true True TRUE tRue false False y Y n N yes Yes YES on On ON off Off oFF no No".split(),
    "like null": ["~", "null", "Null", "NULL", "nUll", "~a", "", "nil", "None"],
    "like an int": "0 1 -1 +1 01 08 00 007 0x1 0x1F 0xg 0b1 0b2 0o7 0o8 0o17 1_000 _1 1__0 1_ 0x_1 1,000 -0 - + -0b1 -0o7 0_ "
                   "9223372036854775807 9223372036854775808 -9223372036854775809 12345678901234567890 "
                   "123456789012345678901234567890".split(),
    "like a float": "1. .1 1e1 1E+1 1e e1 1.2.3 1.2.3.4 .inf .Inf .INF +.inf -.inf inf Infinity .nan .NaN nan NaN 1e400 -1e400 1e-400 "
                    "12e03 .5 .5e3 ._5 1e+5 0x1p-2 0. +.1 -. . .. 0.1.2 1.5e3 3.14".split(),
    "like a time": ["2020-01-01", "2020-1-1", "2020-13-01", "2020-01-01T00:00:00Z", "2020-01-01 00:00:00", "2020-01-01T00:00:00",
                    "2020-01-01t00:00:00z", "20200101", "2020-01-01T1:2:3Z", "2020-01-01 1:2:3.5", "2001-12-14t21:59:43.10-05:00",
                    "2020-01-01T00:00:00+24:00", "2020-02-30"],
    "like base 60": ["1:2", "1:60", "190:20:30", "1:2.5", "12:30:45.6", "-1:2", "12:3", "9:59:59", "1:2:3:4"],
    "like merge or ENC": ["<<", "=", "ENC[x]", "sops", "ENC[AES256_GCM,data:x]", "!!merge <<"],
}
TOKEN = "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"  # a ciphertext as far as its looks go
INDICATORS = ("- a|-a|-|--|---|---a|...|...a|.. .|?|? a|?a|:|: a|:a|a:|a :b|a: b|a:b|a#b|a #b|#a|a# b|*a|&a|!a|!|%a|%|@a|`a|\"a|'a|a'b|a\"b|"
              "{a|}a|[a|]a|,a|a,b|a{b}|>|\"|'|a'b: c|\\|%YAML|- |? |&a *b|[a, b]|{a: b}|!!str x|'quoted'|\"quoted\"|a\\b|\\n").split("|") + ["|", "|a"]


def words(rng, low=1, high=8):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(low, high)))


def token(rng, length=None):
    return "".join(rng.choices(string.ascii_letters + string.digits + "+/=_-.", k=length or rng.randint(1, 40)))


def multi_line(rng):
    lines = []
    for _ in range(rng.randint(1, 5)):
        lines.append(rng.choice(["", "a", words(rng), " indented " + words(rng), "# " + words(rng), "- " + words(rng), "key: " + words(rng),
                                 "---", "...", "tab\there", "\ttab first" if lines else "x", "trailing\\", "'", '"']))
    text = "\n".join(lines)
    return text + rng.choice(["", "\n", "\n", "\n\n", "\n\n\n"])


def edge_breaks(rng):
    """Line feeds at the very edges, blanks around breaks: where the block styles need their indicators."""
    return rng.choice(["\n", "\n\n", "\n\n\n", "a\n", "a\n\n", "\n x", "\n\tx", "\n\tx\n", " x\ny", "  a\n", "x\n ", "x\n\n", "a \nb", "a\n b\n", "a\n\nb\n",
                       "x\n\ty", "#a\nb", "- a\nb", "---\na", "a\n---\nb\n", "a: b\nc", " \n", "\n \n", "x\n \ny", "a\n  ", "\n\n a\n", "a\n\n\n b"])


def blanks(rng):
    return rng.choice([" ", "  ", " a", "a ", " a ", "a  b", words(rng) + " ", " " + words(rng), "   "])


def tabs(rng):
    return rng.choice(["\t", "a\t", "\ta", "a\tb", "a\t#b", "-\tx", "a:\tb", "a\tb\nc", "x\n\ty\n", "a\t\n", "a b\t\nc"])


def returns(rng):
    return rng.choice(["\r", "x\r\ny", "x\ry", "a\r\n", "\r\n", "a\n\rb", words(rng) + "\r\n" + words(rng) + "\r\n"])


def exotic_breaks(rng):
    return rng.choice(["a\u0085b", "\u2028", "\u2028\n", "a\u2028b", "a\u2029\nb", "x\u2028 y", "\u2029", "\u0085\n", "a\n\u0085", "a\u2028\n\u2029b\n"])


def controls(rng):
    return "".join(rng.choice([chr(rng.choice([1, 2, 7, 8, 11, 12, 14, 27, 31, 127, 0x80, 0x9f])), rng.choice(WORDS), "\n", "a"])
                   for _ in range(rng.randint(1, 4))) or "\x01"


def nul(rng):
    return rng.choice(["\0", "a\0b", "\0\n", "a\n\0"])


def bmp(rng):
    return "".join(rng.choice("éüßøñ日本語中文кириллицаαβγ€\u00a0\u00ad\u200b\ud7ff\ue000\ufffd ab") for _ in range(rng.randint(1, 12)))


def astral(rng):
    return "".join(rng.choice(["\U0001f600", "\U0001f511", "\U0010ffff", "\U00010000", "a", " ", "\n"]) for _ in range(rng.randint(1, 5))) + "\U0001f600"


def marks(rng):
    return rng.choice(["\ufeff", "a\ufeffb", "\ufeffab", "a\ufffe", "\uffff", "\ufeff\n"])


def long_line(rng):
    return rng.choice([words(rng, 20, 60), token(rng, rng.randint(100, 400)), words(rng, 30, 50) + ": " + words(rng, 3, 9), words(rng, 20, 30) + " ",
                       "'" + words(rng, 30, 40)])


def long_text(rng):
    return "\n".join(words(rng, 0 if i else 1, 30) for i in range(rng.randint(10, 40))) + "\n"


def indicators(rng):
    return rng.choice(INDICATORS)


def simple(rng):
    return rng.choice([words(rng), token(rng), rng.choice(WORDS)])


KINDS = {
    "plain": simple,
    "indicators": indicators,
    "several lines": multi_line,
    "breaks at the edge": edge_breaks,
    "blanks at the edge": blanks,
    "TAB": tabs,
    "CR": returns,
    "NEL, LS, PS": exotic_breaks,
    "control characters": controls,
    "NUL": nul,
    "non-ASCII": bmp,
    "above U+FFFF": astral,
    "BOM, U+FFFE": marks,
    "long line": long_line,
    "long text": long_text,
    **{name: (lambda rng, table=table: rng.choice(table)) for name, table in LOOKALIKES.items()},
}
WEIGHTS = {name: (8 if name == "plain" else 3 if name == "several lines" else 0.3 if name == "long text" else 1) for name in KINDS}


def draw_string(draw, traps=False):
    """traps: now and then a text that looks like ciphertext (in a Kubernetes object that is ciphertext which was left, an error), or one that
    sops prints as null."""
    if traps and draw.want("string: like ciphertext", 0.01):
        return TOKEN
    if traps and draw.want("string: TAB before several lines", 0.003):
        return draw.rng.choice(["\tx\ny", "\tx\n", "\t\n", "\t- a\n\tb\n"])
    return KINDS[draw.pick("string", WEIGHTS)](draw.rng)
