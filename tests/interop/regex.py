#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds our patterns to Go's regexp, which sops matches with: random patterns (from the grammar, mutants of real ones, junk) have to be
taken or refused alike, and to match the same of their subjects. --sets compares instead, code point by code point, what classes match:
every property by name, every way to fold.

Differences that are on purpose (docs/differs.md) are counted apart: limits of ours, and what another version of Unicode says.
"""
import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

REAL = [r"^(data|stringData)$", r"^data$", r"(?i)password", r"^.*(secret|token|key)$", r"^(?:db|api)_[a-z0-9]+$", r".*", r"^$", r"",
        r"(_|-)?(pwd|pass(word)?|secret)s?$", r"^x-[^:]*$", r"\bkey\b", r"^\w+\.\w+$", r"^\p{Lu}", r"^[[:upper:]][[:word:]]*$", r"a|b|",
        r"(?P<n>a+)(?<m>b+)", r"\Qa.b\E+", r"^(ports|extensions)\.\d{1,3}$", r"[^.]+", r"(?s)a.b", r"(?m)^k$", r"(?U)a+?b", r"sops:enc",
        r"^(apiVersion|metadata|kind|type)$", r"(?i:^(client)?_?(secret|id))$", r"\x41\x{42}\103", r"^[\w-]+$", r"[]a]", r"[^]a]", r"[a\]b-]"]
WORDS = ["a", "b", "k", "K", "s", "S", "data", "Data", "stringData", "secret", "password", "key", "_", "0", "9", "7", " ", "\n", "é", "É", "\u212a",
         "\u017f", "ß", "\u1e9e", "\u0130", "\u0131", "i", "I", "\u00e5", "\u212b", "\u03c3", "\u03c2", "\u03a3", "日", "\U00010400", "\ufffd", "\u00a0",
         "\t", "\v", "\u2028", "-", ".", ":", "x", "\u01c4", "\u01c5", "\u00b5", "\u0345", "\r", "\x00", "\x7f", "\U0010ffff", "\ue000", "\ud7ff"]
CLASSES = [r"\d", r"\D", r"\s", r"\S", r"\w", r"\W", r"\pL", r"\PL", r"\pN", r"\p{Greek}", r"\P{Greek}", r"\p{^Greek}", r"\P{^Lu}", r"\p{Lu}", r"\P{Ll}",
           r"\p{L}", r"\PM", r"\p{Any}", r"\P{Any}", r"\p{lc}", r"\p{Uppercase_Letter}", r"\p{cn}", r"\p{Assigned}", r"\p{ascii}", r"\P{ASCII}",
           r"\p{Old_Italic}", r"\p{Common}", r"\P{Inherited}", r"\p{Mn}", r"\p{foo}", r"\p", r"\pq", r"\p{", r"\p{}", r"\p{^}", r"\p{^^L}", r"\pé"]
POSIX = ["alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word", "xdigit"]
ESCAPES = [r"\a", r"\f", r"\n", r"\r", r"\t", r"\v", r"\0", r"\00", r"\012", r"\08", r"\1", r"\12", r"\123", r"\777", r"\8", r"\x41", r"\x4", r"\xg1", r"\x{41}",
           r"\x{212A}", r"\x{10FFFF}", r"\x{110000}", r"\x{d800}", r"\x{}", r"\x{fffd}", r"\.", r"\-", r"\_", r"\]", r"\ ", r"\é", r"\e", r"\c", r"\q", r"\E", "\\"]
ASSERTIONS = ["^", "$", r"\A", r"\z", r"\b", r"\B", r"\Z", r"\G", r"\K", r"\C", r"\R", r"\X", r"\h"]
REPEATS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,}", "{0}", "{0,0}", "{2,3}?", "**", "*+", "{2}{3}", "{,2}", "{2", "{a}", "{01}", "{2,1}",
           "{1000}", "{1001}", "{31}", "{32}", "{1,32}", "{0,1}", "{99999999999}", "{1,99999999999}", "{2,}", "{ 1}", "{1, 2}"]
FLAGS = ["(?i)", "(?s)", "(?m)", "(?U)", "(?-i)", "(?i-s)", "(?ims-U)", "(?)", "(?-)", "(?i-)", "(?--i)", "(?x)", "(?^i)", "(?#c)", "(?i", "(?", "(*UTF)", "(?R)"]
OPENS = ["(", "(", "(?:", "(?:", "(?i:", "(?s-i:", "(?P<n>", "(?<n>", "(?P<n_1>", "(?P<1>", "(?P<>", "(?P<n-1>", "(?'n'", "(?=", "(?!", "(?<=", "(?<!", "(?>",
         "(?P=n)", "(?P>n)", "(?|", "(?é:", "(?P<é>"]


class Maker:
    def __init__(self, rng):
        self.rng = rng

    def literal(self):
        word = self.rng.choice(WORDS)
        return "".join("\\" + c if c in ".-" and self.rng.random() < 0.8 else c for c in word)

    def bracket(self):
        rng = self.rng
        out = "[" + rng.choice(["", "", "^"]) + rng.choice(["", "", "", "]", "-"])
        for _ in range(rng.randint(0 if out.endswith(("]", "-")) else 1, 4)):
            kind = rng.random()
            if kind < 0.35:
                out += self.literal()[-1:]
            elif kind < 0.6:
                lo, hi = (ord(rng.choice(WORDS)[-1]) for _ in range(2))
                if rng.random() < 0.9:
                    lo, hi = min(lo, hi), max(lo, hi)
                spell = rng.choice([chr, chr, lambda c: "\\x{%x}" % c])
                out += f"{spell(lo)}-{spell(hi)}"
            elif kind < 0.75:
                out += rng.choice(CLASSES[:26] if rng.random() < 0.95 else CLASSES)
            elif kind < 0.85:
                out += f"[:{rng.choice(['', '', '^'])}{rng.choice(POSIX)}:]" if rng.random() < 0.95 else rng.choice(["[:foo:]", "[:", "[:a", "[:^:]", "[=a=]"])
            elif kind < 0.95:
                out += rng.choice(ESCAPES[:7] + [r"\x{212A}", r"\]", r"\-"]) if rng.random() < 0.9 else rng.choice(ESCAPES)
            else:
                out += rng.choice("-[^&~|-") + rng.choice(["", "a", "-"])
        return out + ("]" if rng.random() < 0.99 else "")

    def atom(self, depth):
        rng = self.rng
        kind = rng.random()
        if kind < 0.45:
            return self.literal()
        if kind < 0.5:
            return "."
        if kind < 0.6:
            return self.bracket()
        if kind < 0.66:
            return rng.choice(CLASSES[:26]) if rng.random() < 0.95 else rng.choice(CLASSES)
        if kind < 0.71:
            return rng.choice(ESCAPES[:6] + [r"\x41", r"\x{212A}", r"\012", r"\123", r"\_"]) if rng.random() < 0.92 else rng.choice(ESCAPES)
        if kind < 0.79:
            return rng.choice(ASSERTIONS[:6]) if rng.random() < 0.97 else rng.choice(ASSERTIONS)
        if kind < 0.83:
            return rng.choice(FLAGS[:8]) if rng.random() < 0.95 else rng.choice(FLAGS)
        if kind < 0.85:
            return "\\Q" + rng.choice(["", "a", "a*b", "(k", "é"]) + rng.choice(["\\E", "\\E", ""])
        if kind < 0.86:
            return rng.choice("{}])(|[")
        if depth > 4:
            return self.literal()
        opening = rng.choice(OPENS[:9]) if rng.random() < 0.97 else rng.choice(OPENS)
        return opening + self.alternation(depth + 1) + (")" if rng.random() < 0.995 else "")

    def concat(self, depth):
        out = ""
        for _ in range(self.rng.choice([0, 1, 1, 2, 2, 3, 4])):
            out += self.atom(depth)
            if self.rng.random() < 0.3:
                out += self.rng.choice(REPEATS[:12]) if self.rng.random() < 0.96 else self.rng.choice(REPEATS)
        return out

    def alternation(self, depth):
        return "|".join(self.concat(depth) for _ in range(self.rng.choice([1, 1, 1, 2, 3])))

    def mutant(self):
        rng = self.rng
        text = rng.choice(REAL)
        for _ in range(rng.randint(1, 3)):
            at = rng.randint(0, len(text))
            kind = rng.random()
            if kind < 0.3:
                text = text[:at] + text[at + 1:]
            elif kind < 0.7:
                text = text[:at] + rng.choice(["(", ")", "|", "*", "+", "?", "[", "]", "{2}", "^", "$", ".", "\\", "(?i)", "é", "-"]) + text[at:]
            else:
                text = text[:at] + self.atom(3) + text[at:]
        return text

    def pattern(self):
        kind = self.rng.random()
        if kind < 0.65:
            out = self.alternation(0).encode()
        elif kind < 0.9:
            out = self.mutant().encode()
        else:
            out = "".join(self.rng.choice("ab(?)[]{}*+\\|^$.-:<>PpQEix1,09sSkK_&=!#\né") for _ in range(self.rng.randint(0, 12))).encode()
        if self.rng.random() < 0.02:
            at = self.rng.randint(0, len(out))
            out = out[:at] + self.rng.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]) + out[at:]
        return out

    def subject(self, pattern):
        rng = self.rng
        pieces = [rng.choice(WORDS).encode() for _ in range(rng.choice([0, 1, 1, 2, 3, 5, 8]))]
        kind = rng.random()
        if kind < 0.3:  # what stands in the pattern, so that more matches
            text = pattern.decode(errors="replace")
            pieces += [c.encode() for c in text if c.isalnum()][:rng.randint(0, 12)]
            if rng.random() < 0.5:
                rng.shuffle(pieces)
        elif kind < 0.4:
            pieces.insert(rng.randint(0, len(pieces)), rng.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xe2\x84", b"\xf4\x90\x80\x80"]))
        elif kind < 0.5:
            pieces = pieces[:1] * rng.randint(0, 40)
        return b"".join(pieces)


def build_go(folder):
    (folder / "go.mod").write_text("module goregex\n\ngo 1.25\n")
    shutil.copyfile(HERE / "goregex" / "main.go", folder / "main.go")
    subprocess.run(["go", "build", "-buildvcs=false", "-o", "goregex", "."], cwd=folder, check=True)
    return str(folder / "goregex")


def run(command, data):
    done = subprocess.run(command, input=data, capture_output=True)
    if done.returncode:
        sys.exit(f"regex: {command} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout.decode()


def frame(verb, data):
    return f"{verb} {len(data)}\n".encode() + data


def compare_random(args, goregex):
    maker = Maker(random.Random(args.seed))
    bad, tally = 0, {}
    for first in range(0, args.count, 5000):
        cases = []
        for _ in range(min(5000, args.count - first)):
            pattern = maker.pattern()
            cases.append((pattern, [maker.subject(pattern) for _ in range(args.subjects)]))
        data = b"".join(frame("P", pattern) + b"".join(frame("S", s) for s in subjects) for pattern, subjects in cases)
        theirs, ours = run([goregex], data), run([args.tool], data)
        if len(theirs) != len(ours):
            sys.exit("regex: a different number of answers")
        step = 1 + args.subjects
        for at, (pattern, subjects) in enumerate(cases):
            their, our = theirs[at * step:(at + 1) * step], ours[at * step:(at + 1) * step]
            verdict = "taken by both" if their[0] == "." else "refused by both"
            if their != our:
                verdict = "DIFFERENT"
                if their[0] != "x" and all(a == b or b in "lu" for a, b in zip(their, our)):
                    verdict = "past a limit of ours" if "l" in our else "not known to this PCRE2"
                    print(f"--- {verdict}: {pattern!r} {our}")
                else:
                    bad += 1
                    if bad <= 8:
                        print(f"--- pattern {pattern!r}\nGo   {their}\nours {our}")
                        for subject, a, b in zip(subjects, their[1:], our[1:]):
                            if a != b:
                                print(f"subject {subject!r}: Go {a}, ours {b}")
            tally[verdict] = tally.get(verdict, 0) + 1
            for a in their[1:]:
                if their[0] == ".":
                    tally["subject that " + ("matches" if a == "1" else "does not")] = tally.get("subject that " + ("matches" if a == "1" else "does not"), 0) + 1
    for verdict, count in sorted(tally.items()):
        print(f"{verdict:28} {count:8}")
    print(f"regex: {args.count} patterns, {bad} different")
    return bad


def ranges(line):
    out = set()
    for word in line.split():
        lo, hi = (int(x, 16) for x in word.split("-"))
        out.update(range(lo, hi + 1))
    return out


def check_tables(goregex):
    """Our tables are what goregex prints, unless it stands on another Unicode than they."""
    theirs, ours = run([goregex, "tables"], b""), (HERE.parents[1] / "lib/sops/re2_tables.c").read_text()
    version = lambda text: text[text.index("(Unicode ") + 9:].split(")")[0]
    if theirs == ours:
        return 0
    print(f"lib/sops/re2_tables.c is of Unicode {version(ours)}, this Go of {version(theirs)}")
    return version(theirs) == version(ours)


def compare_sets(args, goregex):
    names = run([goregex, "names"], b"").split() + ["Any", "Assigned", "ASCII"]
    cased = ["L", "Lu", "Ll", "Lt", "LC", "M", "Mn", "Common", "Greek", "Inherited", "ASCII", "N"]
    patterns = [r"\p{Cn}"] + [r"\p{%s}" % name for name in names] + [r"\P{Lu}", r"[^\P{Lu}a]"]
    patterns += [form % name for name in cased for form in (r"(?i)\p{%s}", r"(?i)\P{%s}", r"(?i)[x\P{%s}\d]", r"(?i)[^x\P{%s}]", r"(?i)[^\p{%s}]")]
    patterns += [r"(?i)" + c for c in (r"\w", r"\W", r"\s", r"\S", r"\d", r"\D")]
    patterns += [f"{flag}[{sign}[:{no}{name}:]]" for name in POSIX for flag in ("", "(?i)") for sign in ("", "^") for no in ("", "^")]
    patterns += [r".", r"(?s).", r"[^\n]", r"(?i)[\x{0}-\x{10ffff}]", r"(?i)[^\x{0}-\x{10ffff}]", r"[\x{d800}-\x{dfff}]", r"[^\x{d800}-\x{dfff}]", r"\x{d800}",
                 r"[^\x{d900}]", r"[a\x{d7ff}-\x{e000}]"]
    # Every code point that folds, in ranges that are folded as a whole, and some alone.
    folding = sorted(ranges(run([goregex, "sets"], b"[\\p{Lu}\\p{Ll}\\p{Lt}\\x{345}\\x{1e00}-\\x{24ff}]\n")))
    windows = sorted({c // 192 for c in folding})
    patterns += [r"(?i)[\x{%x}-\x{%x}]" % (w * 192, w * 192 + 191) for w in windows]
    random.Random(args.seed).shuffle(folding)
    always = [0x4b, 0x6b, 0x53, 0x73, 0x69, 0x49, 0xdf, 0x1e9e, 0x130, 0x131, 0x345, 0xb5, 0x212a, 0x17f, 0x212b, 0x1c5, 0x3c2]
    patterns += [r"(?i)\x{%x}" % c for c in always + folding[:args.letters]]
    data = ("\n".join(patterns) + "\n").encode()
    theirs, ours = run([goregex, "sets"], data).split("\n"), run([args.tool, "sets"], data).split("\n")
    # Code points that only one of the two versions of Unicode has assigned, and what a newer one has said of others, are no fault of ours.
    newer = ranges(theirs[0]) ^ ranges(ours[0])
    bad = check_tables(goregex)
    for pattern, their, our in zip(patterns, theirs, ours):
        if their == our:
            continue
        if our == "u":
            print(f"{pattern}: not known to this PCRE2")
            continue
        wrong = (ranges(their) ^ ranges(our)) - newer
        if "\\p" in pattern.lower() and len(wrong) <= 8 and wrong:
            print(f"{pattern}: Unicode versions differ about {', '.join('U+%04X' % c for c in sorted(wrong))}")
        elif wrong:
            bad += 1
            print(f"--- {pattern}: {len(wrong)} code points, {', '.join('U+%04X' % c for c in sorted(wrong)[:10])}")
    print(f"regex: {len(patterns)} classes, {bad} different; {len(newer)} code points are assigned in one version of Unicode only")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=10000, help="patterns")
    parser.add_argument("--subjects", type=int, default=8, help="subjects for each")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--sets", action="store_true", help="compare classes code point by code point instead")
    parser.add_argument("--letters", type=int, default=40, help="with --sets: letters that are folded one by one")
    parser.add_argument("--tool", default=str(HERE.parents[1] / "build/tools/regex"), help="the program of tests/tools/regex.c")
    parser.add_argument("--goregex", help="goregex, where it is built already")
    args = parser.parse_args()
    print(f"regex: seed {args.seed}")
    with tempfile.TemporaryDirectory(prefix="regex-") as folder:
        goregex = args.goregex or build_go(pathlib.Path(folder))
        bad = (compare_sets if args.sets else compare_random)(args, goregex)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
