#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random documents, encrypted by the real sops on the spot, then decrypted by it and by us: same status, same bytes.

Prints how often each feature came up, exit status 1 where anything differs (but for tests/interop/differs.py) or a feature came up too
seldom. Each differing case is saved in build/interop/documents.
"""
import argparse
import concurrent.futures
import json
import random
import sys

import yaml

import differs
from lib import compare, peers, plaintexts, reformat, scalars, seal, strings, table, yamltext
from lib.draw import Draw, Plan
from lib.world import World

FORMATS = {"yaml": 10, "json": 2.5, "dotenv": 1.5, "ini": 2, "binary": 1}
AT_LEAST = 50 / 2000  # of the cases, for each feature
BATCH = 40


def all_features():
    """Every feature that a run must show: name -> formats that can have it."""
    yaml_only = {"yaml"}
    every = set(FORMATS)
    texts = {"yaml", "json"}
    features = {f"format: {name}": {name} for name in FORMATS}
    features |= {f"types: {a} -> {b}": {a} for a in FORMATS for b in FORMATS}
    features |= {f"rule: {name}": every - {"binary"} if "comment" not in name else yaml_only for name in seal.RULES}
    features |= {name: every for name in ("rule: none given", "mac_only_encrypted", "key groups (Shamir)", "several recipients", "recipient of others", "--ignore-mac")}
    features |= {f"string: {name}": texts for name in strings.KINDS}
    features |= {f"string: {name}": yaml_only for name in ("like ciphertext", "TAB before several lines")}
    features |= {f"style: {name}": yaml_only for name in ("plain", "plain lines", "single", "double", "double lines", "literal", "folded")}
    features |= {f"type: {name}": yaml_only for name in ("int", "float", "bool", "time", "tagged", "null", "binary")}
    features |= {f"comment: {name}": yaml_only for name in (
        "map head", "map inline", "map foot", "list head", "list inline", "list foot", "behind key", "document head", "document foot", "in flow",
        "block scalar header", "behind empty map", "behind empty list", "inside empty map", "inside empty list", "under null", "odd indentation", "groups apart",
        "non-ASCII", "foot, then a blank line")}
    features |= {f"key: {name}": yaml_only for name in (*yamltext.ODD_KEYS, "longer than 128", "empty")}
    features |= {name: yaml_only for name in (
        "several documents", "anchor", "alias", "merge key", "complex key", "flow style", "list in list", "empty: map", "empty: list", "empty document",
        "deep nesting", "CRLF", "BOM", "--- at the start", "no line feed at the end")}
    features |= {f"after: {name}": yaml_only for name in reformat.YAML_STEPS}
    features |= {f"after: JSON {name}": {"json"} for name in ("indented anew", "escapes", "sops first")}
    features |= {f"extract: {name}": every - {"binary"} for name in ("value", "map or list", "nothing there", "malformed")}
    features |= {"indent from .sops.yaml": texts, "JSON read as YAML": {"json"}, "wrong input type": every, "large document": yaml_only}
    features |= {"JSON: duplicate key": {"json"}, "INI: inline comment": {"ini"}, "INI: three quotes": {"ini"}, "dotenv: comment": {"dotenv"}, "binary: invalid UTF-8": {"binary"}}
    return features


class Case:
    """One document and the command lines that it is decrypted with."""

    def __init__(self, seed, index, kind, focus):
        self.name = f"{index:05d}"
        self.index, self.kind = index, kind
        self.draw = Draw(f"{seed}:{index}", focus)
        self.draw.note(f"format: {kind}")
        self.other = self.other_type()
        self.plaintext = self.make_plaintext()

    def other_type(self):
        """The output type of the second run; the document gets a shape that it can print, most of the time."""
        focused = [name for name in self.draw.focus if name.startswith("types: ")]
        if focused:
            return sorted(focused)[0].split(" -> ")[1]
        return self.draw.rng.choice([name for name in FORMATS if name != self.kind]) if self.draw.chance(0.3) else None

    def shape(self):
        wanted = {"dotenv": "flat", "ini": "two levels", "binary": "data"}.get(self.other)
        return wanted if wanted and self.draw.chance(0.75) else None

    def make_plaintext(self):
        draw, shape = self.draw, self.shape()
        if self.kind == "json":
            if shape == "data":
                return json.dumps({"data": strings.draw_string(draw)}).encode()
            return plaintexts.JsonText(draw, shape or "deep").document()
        if self.kind == "dotenv":
            return plaintexts.dotenv(draw) if shape != "data" else b"data=" + strings.words(draw.rng).encode()
        if self.kind == "ini":
            return plaintexts.ini(draw)
        if self.kind == "binary":
            return plaintexts.binary(draw)
        if shape:
            text = yamltext.YamlText(draw, traps=True).shaped(shape)
        elif draw.want("large document", 0.01):
            text = yamltext.big(draw)
        elif draw.want("deep nesting", 0.01):
            text = yamltext.deep(draw)
        else:
            text = yamltext.YamlText(draw, traps=True).stream()
        if draw.want("CRLF", 0.04):
            text = text.replace("\n", "\r\n")
        return text.encode("utf-8", "surrogatepass") if not draw.want("BOM", 0.03) else b"\xef\xbb\xbf" + text.encode("utf-8", "surrogatepass")

    def command_lines(self, document, name):
        """(features of the run, arguments, wants the indent config) for each run of this document."""
        draw, rng = self.draw, self.draw.rng
        base = ["--ignore-mac"] if draw.want("--ignore-mac", 0.08) else []
        config = self.kind in ("yaml", "json") and draw.want("indent from .sops.yaml", 0.04)
        runs = [({*draw.features, f"types: {self.kind} -> {self.kind}"}, ["decrypt", *base, name], config)]
        typed = ["--input-type", self.kind]
        if self.other:
            runs.append(({f"types: {self.kind} -> {self.other}"}, ["decrypt", *base, *typed, "--output-type", self.other, name], config))
        extra = Draw(f"{rng.random()}", draw.focus)
        if extra.want("JSON read as YAML", 0.15) and self.kind == "json":
            runs.append(({"JSON read as YAML"}, ["decrypt", "--input-type", "yaml", "--output-type", rng.choice(["yaml", "json"]), name], config))
        if extra.want("wrong input type", 0.03):
            wrong = rng.choice([other for other in FORMATS if other != self.kind])
            runs.append(({"wrong input type"}, ["decrypt", "--input-type", wrong, "--output-type", rng.choice(list(FORMATS)), name], config))
        if self.kind != "binary":
            for kind in ("value", "map or list", "nothing there", "malformed"):
                if extra.want(f"extract: {kind}", 0.05):
                    path = extract_path(rng, self.kind, document, kind)
                    types = [*typed, "--output-type", rng.choice(list(FORMATS))] if rng.random() < 0.3 else []
                    if path is not None:
                        runs.append(({f"extract: {kind}"}, ["decrypt", *types, "--extract", path, name], config))
        return runs


def load_tree(kind, document):
    """The encrypted document as maps, lists and strings, or None."""
    try:
        if kind == "yaml":
            return next(iter(yaml.load_all(document, Loader=yaml.BaseLoader)))
        if kind == "json":
            return json.loads(document)
    except (yaml.YAMLError, ValueError, StopIteration, RecursionError):
        return None
    if kind == "dotenv":
        return {line.split("=")[0]: "" for line in document.decode(errors="replace").split("\n") if "=" in line}
    tree, section = {}, "DEFAULT"
    for line in document.decode(errors="replace").split("\n"):
        if line.startswith("["):
            section = line.strip()[1:-1]
        elif " = " in line:
            tree.setdefault(section, {})[line.split(" = ")[0].strip()] = ""
    return tree


def extract_path(rng, kind, document, want):
    """A path for --extract that leads to a value, to a map or list, nowhere, or that is none."""
    if want == "malformed":
        return rng.choice(["", "[", "a", '["a"', "[a]", '["a"]x', "[1x]", "[]", '[""', "[0x1]", '"a"', "[1.5]", "['a\"]", '["a\']', "[ 1]", '["a"]["', "x[0]", "[--1]"])
    tree = load_tree(kind, document)
    if not isinstance(tree, dict):
        return None
    leaves, inner = [], []

    def walk(node, path):
        items = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
        for key, value in items:
            if isinstance(key, str) and ("[" in key or "\0" in key or (not path and key == "sops")):
                continue
            quote = rng.choice("\"'")
            step = path + (f"{quote}{key}{quote}" if isinstance(key, str) else f"{key}",)
            (inner if isinstance(value, (dict, list)) else leaves).append(step)
            if isinstance(value, (dict, list)):
                walk(value, step)

    walk(tree, ())
    pool = leaves if want != "map or list" else inner
    if not pool:
        return None
    steps = list(rng.choice(pool))
    if want == "nothing there":
        steps[-1:] = [rng.choice(['"nosuch"', "999", steps[-1] + "x" if steps[-1][0] not in "\"'" else '""', '"sops"'])]
    return rng.choice(["", "", " "]).join(f"[{step}]" for step in steps)


class Run:
    """The whole run: cases by a plan, two at a time."""

    def __init__(self, args, world):
        self.args, self.world = args, world
        self.features = all_features()
        self.plan = Plan(args.seed, self.features, groups=("format", "types", "rule", "style", "extract"), focus=4)
        self.verdicts = compare.Verdicts(peers.ROOT / "build" / "interop" / "documents")
        self.table = table.Table(self.features, AT_LEAST * args.count)
        self.refused = 0

    def decrypt_all(self, case):
        """Runs in a worker: (note, [(features, document, theirs, ours)]), or None where sops does not take the plaintext."""
        world, draw = self.world, case.draw
        folder = world.folder(f"case-{case.index % 64}-{case.index}")
        name = f"doc.{seal.SUFFIX[case.kind]}"
        rule = seal.draw_options(draw, world.recipients, comments=case.kind in ("yaml", "ini", "dotenv"))
        seal.add_stranger(draw, rule, world.stranger)
        sealed = seal.encrypt(world.sops, world.env, folder, name, case.plaintext, rule)
        if sealed.status != 0:
            return None
        document = reformat.AGAIN[case.kind](draw, sealed.stdout, 0.06)
        (folder / name).write_bytes(document)
        out = []
        for features, argv, config in case.command_lines(document, name):
            setting = folder / ".sops.yaml"
            if config:
                setting.write_text(json.dumps({"stores": {"yaml": {"indent": draw.rng.randint(0, 12)}, "json": {"indent": draw.rng.randint(0, 9)}}}))
            else:
                setting.unlink(missing_ok=True)
            theirs, ours = world.run_sops(argv, folder), world.run_ours(argv, folder)
            out.append((features, document, theirs, ours))
            if differs.explain(document, theirs, ours) == differs.LOST_TEXT:
                out.append(({"--compat=sops"}, document, theirs, world.run_ours(["decrypt", "--compat=sops", *argv[1:]], folder)))
        (folder / name).unlink()
        return compare.note(self.args.seed, draw.features, rule), out

    def work(self):
        """Refused plaintexts do not count: as many cases as were asked for are compared, and a few more till each feature came up often
        enough, as those that did not are what a case goes for first."""
        done = index = 0
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            while done < self.args.count or (self.table.seldom() and done < 1.5 * self.args.count):
                cases = []
                for _ in range(min(BATCH, self.args.count - done) if done < self.args.count else BATCH):
                    kind, focus = self.plan.next(FORMATS)
                    self.plan.add(focus)  # for the rest of this batch; what really came up replaces it below
                    cases.append((Case(self.args.seed, index, kind, focus), focus))
                    index += 1
                for (case, focus), result in zip(cases, pool.map(self.decrypt_all, [case for case, _ in cases])):
                    self.plan.count.subtract(focus)
                    if result is None:
                        self.refused += 1
                        continue
                    done += 1
                    self.record(case, *result)
                if index > 100 and self.refused > index * 0.4:
                    raise SystemExit("sops refuses too many of the plaintexts: the generator is broken")
        return done

    def record(self, case, note, runs):
        for at, (features, document, theirs, ours) in enumerate(runs):
            verdict = self.verdicts.add(f"{case.name}-{at}", document, theirs, ours, note)
            self.plan.add(features & self.features.keys())
            self.table.add(features, theirs.status == 0, verdict)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--program", default="build/krm-sops")
    parser.add_argument("--sops")
    parser.add_argument("--age-keygen")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    if args.seed is None:
        args.seed = random.SystemRandom().randrange(2 ** 32)
    print(f"documents: seed {args.seed}, {args.count} cases", flush=True)
    with World(peers.need("sops", args.sops), peers.need_ours(args.program), peers.need("age-keygen", args.age_keygen)) as world:
        run = Run(args, world)
        done = run.work()
    run.table.print()
    print(f"\n{done} documents compared, {run.refused} plaintexts that sops does not take")
    run.verdicts.print_summary()
    return run.table.verdict(run.verdicts.compared, len(run.verdicts.different), args.count)


if __name__ == "__main__":
    sys.exit(main())
