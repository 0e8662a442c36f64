#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds our substitution, our ignore patterns and our YAML of kustomize's kind to Flux's own code (tests/interop/goflux, built in a temporary
folder): random cases are answered by both. Where Flux fails we must fail. What is different on purpose (docs/differs.md) is counted: letters outside
ASCII in case changes and names, texts that are not what they were when they are read again, YAML that our reader does not take. Keys that go-yaml compares
in a circle it sorts differently at each run: what may be such a case is asked for again and again.
"""
import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from lib import strings

HERE = pathlib.Path(__file__).resolve().parent
TRIES = 2000  # The rarest of the orders of a circle was one in thirty.
FLUX = "github.com/fluxcd/pkg/kustomize@v1.40.0"
NAMES = ["A", "B", "C", "LONG_NAME", "x1", "unset", "_", "é"]
VALUES = ["", "a", "abc", "a/b/c.d", "Hello World", "x" * 50, "1234", "-3", "été", "a.b.a.b", "${A}", "$$", "foo/bar:1.2", "AAA", "/", "}", "\\", "[x]", "a*b", "日本語"]
OPERATORS = [":=", ":-", ":?", ":+", "=", "-", ":", "#", "##", "%", "%%", "/", "//", "/#", "/%", ",", ",,", "^", "^^", ",^", "###", "", "+"]
PIECES = ["a", "b", "*", "?", "[a-c]", "[^a]", "/", "\\/", "\\\\", "$$", "$", "}", ":", "1", "-1", "2", "0", "99", " ", "é", "{", "${A}", "${B:-x}", "${", "*/", ".", "#", "%", "]", "[", "abc", "\n"]


def expression(rng, depth=0):
    name = rng.choice(NAMES)
    if rng.random() < 0.1:
        return "${#" + name + rng.choice(["}", "}", "x", ""])
    arg = "".join(expression(rng, depth + 1) if depth < 2 and rng.random() < 0.1 else rng.choice(PIECES) for _ in range(rng.randint(0, 4)))
    operator = rng.choice(OPERATORS)
    if operator == ":" and rng.random() < 0.7:
        arg = rng.choice(["0", "1", "-2", "3", "10", "x"]) + rng.choice(["", ":1", ":2", ":-1", ":x", ":"])
    if operator.startswith("/") and rng.random() < 0.7:
        arg = rng.choice(["a", "b", "foo", ".", "/", "\\/"]) + "/" + rng.choice(["", "x", "\\/", "yy"])
    return "${" + name + operator + arg + rng.choice(["}"] * 12 + ["", "}}"])


def subst(rng):
    text = "".join(rng.choice(["text ", "$$", "$", "\n", "{", "}", "é", "key: "]) if rng.random() < 0.5 else expression(rng) for _ in range(rng.randint(1, 4)))
    names = rng.sample(NAMES[:5], rng.randint(0, 5))
    return {"verb": "subst", "text": text, "vars": {name: rng.choice(VALUES) for name in names}, "strict": rng.random() < 0.5}


def scalar(rng):
    kind = rng.random()
    if kind < 0.15:
        return rng.choice([True, False, None, 0, 1, -5, 2**53, 2**53 + 1, 2**62, 1.5, 1e6, 1e21, 1.0, 123456789.25, 1e-7, -0.0])
    if kind < 0.3:
        return " ".join(rng.choice(strings.WORDS + ["", "'x'", '"', "#"]) for _ in range(rng.randint(10, 60)))
    return rng.choice(list(strings.KINDS.values()))(rng)


def tree(rng, depth):
    kind = rng.random()
    if depth == 0 or kind < 0.5:
        return scalar(rng)
    if kind < 0.75:
        return [tree(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    return {key(rng): tree(rng, depth - 1) for _ in range(rng.randint(0, 4))}


def key(rng):
    if rng.random() < 0.6:
        return "".join(rng.choice(["a", "b", "1", "2", "10", "0", "-", ".", "_", "A", "x"]) for _ in range(rng.randint(1, 5)))
    return scalar_text(rng)


def scalar_text(rng):
    while True:
        text = rng.choice(list(strings.KINDS.values()))(rng)
        if "\n" not in text:
            return text


def text(rng):
    value = {key(rng): tree(rng, 3) for _ in range(rng.randint(0, 4))}
    # JSON is YAML: what it says there is no doubt about. Now and then a plain word stands for what the substitution leaves.
    printed = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.3:
        word = rng.choice(["yes", "no", "on", "OFF", "y", "n", "~", "2020-01-01", "0777", "0x1F", "1_000", "1:20", "0b11", ".5", "1e3", "0o17", "+1", "12345678901234567890", "1.0", "-.inf"])
        printed = json.dumps({"plain": "WORD", **{k: v for k, v in value.items() if k != "plain"}}).replace('"WORD"', word, 1)
    return {"verb": "text", "text": printed}


def ignore(rng):
    names = ["a", "b", "x.yaml", "y.png", "dir", ".git", "README.md", ".sops.yaml", "foo", "x y", "c.jpg"]
    paths = ["/".join(rng.choice(names) for _ in range(rng.randint(1, 4))) for _ in range(12)]
    parts = names + ["*", "**", "*.yaml", "?", "[ab]", "", "x*", "*y", "a**", "\\*", "[", "[^a]*"]

    def line():
        if rng.random() < 0.15:
            return rng.choice(["", "# comment", "   ", "\t", "#!a"])
        return rng.choice(["", "", "!"]) + rng.choice(["", "", "/"]) + "/".join(rng.choice(parts) for _ in range(rng.randint(1, 3))) + rng.choice(["", "", "/", " ", "\\ ", "\r"])
    files = [{"folder": rng.choice(["", "", "a", "a/dir"]), "text": "\n".join(line() for _ in range(rng.randint(0, 4)))} for _ in range(rng.randint(0, 2))]
    return {"verb": "ignore", "files": files, "paths": paths}


def build_go(folder):
    (folder / "main.go").write_bytes((HERE / "goflux" / "main.go").read_bytes())
    for argv in (["mod", "init", "goflux"], ["get", FLUX], ["mod", "tidy"], ["build", "-buildvcs=false", "-o", "goflux", "."]):
        subprocess.run(["go", *argv], cwd=folder, check=True, capture_output=True, env=None)
    return folder / "goflux"


def answers(program, asks):
    done = subprocess.run([program], input="".join(json.dumps(a) + "\n" for a in asks).encode(), capture_output=True)
    if done.returncode != 0:
        sys.exit(f"{program}: {done.stderr.decode(errors='replace')[-2000:]}")
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def same_but_for_order(their, our):
    return "text" in their and "text" in our and sorted(their["text"]) == sorted(our["text"])


def circles(program, asks):
    """Which of the questions are answered in more than one way, with nothing but the order of keys between the answers."""
    found = []
    for ask in asks:
        tries = answers(program, [ask] * TRIES)
        found.append(any(t != tries[0] for t in tries) and all(same_but_for_order(t, tries[0]) for t in tries))
    return found


def on_purpose(ask, theirs, ours):
    """The reason of a difference that docs/differs.md has, or None."""
    if ask["verb"] == "subst" and "error" in ours:
        if "outside of ASCII" in ours["error"] or not ask["text"].isascii():
            return "letters outside of ASCII"
        if "not UTF-8" in ours["error"]:
            return "a character cut apart"
        if "negative length" in ours["error"]:
            return "negative length"
        return None
    if ask["verb"] != "text":
        return None
    if "error" in ours:
        # go-yaml v2 takes what no reader of YAML 1.2 and no sops takes.
        return "YAML that we do not read"
    if "control characters" in theirs.get("error", ""):
        return "U+FFFE and U+FFFF, which go-yaml does not read"
    if "text" in theirs and any(c in theirs["text"] for c in "\u0085\u2028\u2029\ufeff") or any(c in ours["text"] for c in ("\\N", "\\L", "\\P")):
        return "line breaks of other kinds"
    if same_but_for_order(theirs, ours) and (not ours["text"].isascii() or "\\u" in ours["text"].lower()):
        return "the order of keys outside of ASCII"
    if "<<" in ask["text"]:
        return "merge keys, which go-yaml drops"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=5000, help="cases of each kind")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--tool", required=True)
    parser.add_argument("--goflux", help="goflux, where it is built already")
    args = parser.parse_args()
    print(f"flux_peer: seed {args.seed}", flush=True)
    rng = random.Random(args.seed)
    asks = [make(rng) for make in (subst, text, ignore) for _ in range(args.count)]
    with tempfile.TemporaryDirectory(prefix="flux-") as folder:
        goflux = args.goflux or build_go(pathlib.Path(folder))
        theirs = answers(goflux, asks)
        ours = answers(args.tool, asks)
        failed, known, both = [], collections.Counter(), collections.Counter()
        for ask, their, our in zip(asks, theirs, ours, strict=True):
            if their == our or ("error" in their and "error" in our):
                both[ask["verb"], "error" if "error" in their else "same"] += 1
            elif reason := on_purpose(ask, their, our):
                known[reason] += 1
            else:
                failed.append((ask, their, our))
        maybe = [case for case in failed if same_but_for_order(*case[1:])]
        for case, circle in zip(maybe, circles(goflux, [case[0] for case in maybe]), strict=True):
            if circle:
                failed.remove(case)
                known["keys in a circle, which Flux sorts differently at each run"] += 1
    for ask, their, our in failed[:10]:
        print(f"FAILED {json.dumps(ask)}\n  theirs {json.dumps(their)}\n  ours   {json.dumps(our)}")
    for what, count in sorted(both.items()):
        print(f"{count} times {what[1]}: {what[0]}")
    for reason, count in sorted(known.items()):
        print(f"known deviation, {count} times: {reason}")
    print(f"{len(asks) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
