#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random ResourceLists through the function, and streams of documents through `filter`: what is encrypted comes out as the real sops decrypts it, all other bytes stay.

Judged by an independent YAML reader (PyYAML): the ranges of the values that change, and the entries that go, are cut out of input and
output; what remains must be equal to the byte. Then the output's objects must be those expected, types included. Lists that cannot be
spliced (an encrypted value behind an anchor that is used) must fail with nothing on stdout. Bad cases are saved in
build/interop/resourcelists.
"""
import argparse
import base64
import concurrent.futures
import copy
import dataclasses
import json
import random
import re
import shutil
import sys

import yaml

from lib import listtext, peers, plaintexts, process, seal, strings, table, typed, yamltext
from lib.draw import Draw, Plan
from lib.world import World

ENC = "ENC[AES256_GCM,"
POOL = 90
BATCH = 40
KEY_OF = {"yaml": ["values.yaml", "config.yml", "plain", "x.json"], "json": ["a.json", ".dockerconfigjson", "x.dockerconfigjson", "values.yaml", "app.env"],
          "dotenv": [".env", "app.env", "a.yaml", "a.json"], "ini": ["a.ini", "a.yaml", "a.json"], "binary": ["token", "tls.key", "values.YAML", "a.json", "a.yaml", "a.env"]}
FORMAT_OF = {".yaml": "yaml", ".yml": "yaml", ".json": "json", "dockerconfigjson": "json", ".env": "dotenv", ".ini": "ini"}

FEATURES = [
    "item: plain", "item: whole Secret", "item: whole of another kind", "item: documents in data", "item: dotenv in pieces", "item: decryption disabled",
    "sops: first", "sops: middle", "sops: last", "comments", "CRLF", "BOM", "--- before", "flow inside block", "list style: block", "list style: items in flow style",
    "list style: JSON", "list style: JSON on one line", "list style: all flow", "non-ASCII", "anchor on a plain value", "alias among plain items", "ciphertext: plain",
    "ciphertext: single", "ciphertext: double", "ciphertext: double lines", "ciphertext: literal", "ciphertext: folded", "ciphertext: own line", "ciphertext: anchor",
    "ciphertext: tag", "hash wanted", "config: none", "config: Decrypt", "config: ConfigMap", "functionConfig first", "alias of an encrypted value", "no item encrypted",
    "documents in stringData", "value that does not open", "comment at an odd column", "empty line", "stream for filter", *(f"string: {name}" for name in strings.KINDS)]


@dataclasses.dataclass
class Sealed:
    """An object of the pool: as it comes in, as it must leave, and the paths of what changes or goes."""
    feature: str
    item: dict
    expected: dict
    changed: list
    dropped: list
    draw_features: set
    broken: bool = False


def text_of(draw):
    return strings.draw_string(draw)


def leaf(draw):
    rng = draw.rng
    return rng.choice([text_of(draw), text_of(draw), rng.getrandbits(40), rng.random() * 1e6, 1.5e300, -7, True, False, None, "", 1e21, 0.1, [], {}])


def tree(draw, depth=0):
    rng = draw.rng
    if depth < 3 and rng.random() < 0.4:
        return {rng.choice(["a", "b", "host", "y", "é", "a.b", "x y"]): tree(draw, depth + 1) for _ in range(rng.randint(1, 4))}
    if depth < 3 and rng.random() < 0.3:
        return [tree(draw, depth + 1) for _ in range(rng.randint(1, 4))]
    return leaf(draw)


def whole_plain(draw, secret):
    rng = draw.rng
    meta = {"name": "x", "namespace": "shop"}
    if rng.random() < 0.4:
        meta["labels"] = {"app": "a", "version": "1.0"}
    if secret:
        data = {rng.choice(["password", "token", "a.b", "host", "KEY"]) + str(n): text_of(draw) for n in range(rng.randint(1, 4))}
        item = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "stringData": data}
        if rng.random() < 0.4:
            item["data"] = {"bin": base64.b64encode(rng.randbytes(rng.randint(0, 90))).decode()}
        return item, "^(data|stringData)$"
    if rng.random() < 0.4:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {f"k{n}": text_of(draw) for n in range(rng.randint(1, 4))}}, "^data$"
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": meta, "spec": tree(draw) if rng.random() < 0.8 else [tree(draw)], "other": tree(draw)}, "^spec$"


def ciphertexts(node, path=()):
    """Paths of all ciphertext below the top level's sops."""
    entries = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in entries:
        if not path and key == "sops":
            continue
        if isinstance(value, (dict, list)):
            yield from ciphertexts(value, path + (key,))
        elif isinstance(value, str) and value.startswith(ENC):
            yield path + (key,)


def seal_whole(draw, world, secret):
    """An object that is encrypted as a whole."""
    item, pattern = whole_plain(draw, secret)
    rule = {"encrypted_regex": pattern, "age": draw.rng.choice(world.recipients)}
    if draw.chance(0.15):
        rule = {**rule, "key_groups": [{"age": [r]} for r in world.recipients[:2]], "shamir_threshold": 2}
        del rule["age"]
    folder = world.folder("pool")
    sealed = seal.encrypt(world.sops, world.env, folder, "item.json", json.dumps(item).encode("utf-8", "surrogatepass"), rule)
    if sealed.status != 0:
        return None
    (folder / "item.json").write_bytes(sealed.stdout)
    opened = world.run_sops(["decrypt", "item.json"], folder)
    if opened.status != 0:
        return None
    item = json.loads(sealed.stdout)
    return Sealed("item: whole Secret" if secret else "item: whole of another kind", item, json.loads(opened.stdout), list(ciphertexts(item)), [("sops",)], draw.features)


def format_of(key):
    return next((kind for suffix, kind in FORMAT_OF.items() if key.endswith(suffix)), "binary")


def wrapped(data, hashed):
    """base64 as kustomize's generators write it (T19), or on one line."""
    text = base64.b64encode(data).decode()
    return "".join(text[at:at + 70] + "\n" for at in range(0, len(text), 70)) if hashed and len(text) >= 70 else text


def document(draw, kind, key):
    """A plaintext that the key's format can print, most of the time."""
    target = format_of(key)
    if kind == "yaml":
        text = yamltext.YamlText(draw, size=3, max_depth=2)
        return (text.shaped("data") if target == "binary" else text.stream()).encode("utf-8", "surrogatepass")
    if kind == "json":
        return plaintexts.JsonText(draw, "flat" if target == "dotenv" else "deep").document()
    if kind == "dotenv":
        return plaintexts.dotenv(draw, plain=True)
    return plaintexts.ini(draw) if kind == "ini" else plaintexts.binary(draw)


def secret_of(draw, name, field, values, hashed):
    meta = {"name": name}
    if hashed:
        meta["annotations"] = {"internal.config.kubernetes.io/needsHashSuffix": "enabled", "internal.config.kubernetes.io/generatorBehavior": "unspecified",
                               "internal.config.kubernetes.io/previousNames": name}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", field: values}


def seal_values(draw, world, string_data=False):
    """A Secret with documents in its values, plain ones beside them."""
    rng = draw.rng
    hashed = not string_data and draw.want("hash wanted", 0.5)
    sealed_values, opened_values, changed = {}, {}, []
    broken = False
    folder = world.folder("pool")
    field = "stringData" if string_data else "data"
    write = (lambda data: data.decode()) if string_data else (lambda data: wrapped(data, hashed))
    for number in range(rng.randint(1, 3)):
        kind = rng.choice(list(KEY_OF))
        key = rng.choice(KEY_OF[kind])
        if key in sealed_values:
            continue
        if rng.random() < 0.25:
            sealed_values[f"plain{number}"] = opened_values[f"plain{number}"] = write(strings.words(rng, 1, 20).encode())
        name = f"doc.{seal.SUFFIX[kind]}"
        rule = {"age": rng.choice(world.recipients)}
        sealed = seal.encrypt(world.sops, world.env, folder, name, document(draw, kind, key), rule)
        if sealed.status != 0:
            continue
        (folder / name).write_bytes(sealed.stdout)
        opened = world.run_sops(["decrypt", "--input-type", kind, "--output-type", format_of(key), name], folder)
        try:
            new = write(opened.stdout)
        except UnicodeDecodeError:
            continue
        if b"ENC[AES256_GCM," in opened.stdout:
            continue  # a comment that sops moved where it cannot open it again: ciphertext that is left, to us
        if opened.status != 0 and (broken or rng.random() < 0.9):
            continue
        broken = broken or opened.status != 0
        sealed_values[key], opened_values[key] = write(sealed.stdout), new
        changed.append((field, key))
    if not changed:
        return None
    features = draw.features | ({"documents in stringData"} if string_data else set()) | ({"hash wanted"} if hashed else set())
    return Sealed("item: documents in data", secret_of(draw, "x", field, sealed_values, hashed), secret_of(draw, "x", field, opened_values, hashed), changed, [], features, broken)


def seal_envs(draw, world):
    """A Secret whose dotenv came in through envs: one key for each line, sorted."""
    rng = draw.rng
    plain = {key: rng.choice([strings.words(rng), "", strings.token(rng, 90), "a=b", '"q"', "a\\nb", "é"]) for key in rng.sample("A B C_D host TOKEN key.x Z9".split(), rng.randint(1, 5))}
    folder = world.folder("pool")
    text = "".join(f"{key}={value}\n" for key, value in plain.items())
    sealed = seal.encrypt(world.sops, world.env, folder, "doc.env", text.encode(), {"age": rng.choice(world.recipients)})
    (folder / "doc.env").write_bytes(sealed.stdout)
    opened = world.run_sops(["decrypt", "doc.env"], folder)
    before, after = ({line.split("=", 1)[0]: line.split("=", 1)[1] for line in run.stdout.decode().splitlines()} for run in (sealed, opened))
    encode = lambda lines: {key: wrapped(lines[key].encode(), True) for key in sorted(lines)}
    changed = [("data", key) for key in after if before[key] != after[key]]
    dropped = [("data", key) for key in sorted(before) if key not in after]
    return Sealed("item: dotenv in pieces", secret_of(draw, "x", "data", encode(before), True), secret_of(draw, "x", "data", encode(after), True), changed, dropped, {"hash wanted"})


def make_pool(seed, world):
    pool = []
    makers = [lambda d: seal_whole(d, world, True), lambda d: seal_whole(d, world, False), lambda d: seal_values(d, world), lambda d: seal_values(d, world, True),
              lambda d: seal_envs(d, world)]
    at = 0
    while len(pool) < POOL:
        kinds = sorted(strings.KINDS)
        draw = Draw(f"{seed}:pool:{at}", [f"string: {kinds[at % len(kinds)]}"])
        made = makers[at % 5 if at % 10 != 3 else 0](draw)
        at += 1
        if made:
            pool.append(made)
    return pool


def plain_item(draw):
    rng = draw.rng
    kind = rng.choice(["ConfigMap", "Deployment", "Secret", "HelmRelease"])
    item = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "annotations": {"note": strings.words(rng), "é": "日本"}}}
    if kind == "Secret":
        item["data"] = {"token": base64.b64encode(rng.randbytes(20)).decode(), "odd": "not base64!"}
    elif kind == "ConfigMap":
        item["data"] = {"text": strings.multi_line(rng), "a": strings.words(rng), "enc": "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]".replace("ENC[", rng.choice(["ENC[", "enc["]))}
    else:
        item["spec"] = {"list": [1, "two", {"three": True}], "none": None, "text": strings.words(rng)}
    return item


class Case:
    """One list: its text, and what must become of it."""

    def __init__(self, seed, index, pool, focus):
        self.index = index
        self.draw = draw = Draw(f"{seed}:{index}", focus)
        rng = draw.rng
        self.parts = []
        self.fails = False
        self.stream = draw.want("stream for filter", 0.25)
        self.string_data = not self.stream and draw.want("documents in stringData", 0.1)
        if not draw.want("no item encrypted", 0.05):
            self.choose(pool)
        for _ in range(rng.randint(0 if self.parts or not self.stream else 1, 3)):
            draw.note("item: plain")
            item = plain_item(draw)
            self.parts.append((item, item, [], []))
        rng.shuffle(self.parts)
        self.rename()
        self.text = self.write()

    def choose(self, pool):
        draw, rng = self.draw, self.draw.rng
        wanted = [name for name in draw.focus if name.startswith(("item: ", "string: ")) or name == "hash wanted"]
        able = [s for s in pool if ("documents in stringData" in s.draw_features) <= self.string_data]
        first = [s for s in able if any(name in (s.feature, *s.draw_features) for name in wanted)] or able
        if draw.want("value that does not open", 0.02):
            broken = [s for s in able if s.broken]
            first = broken or first
        else:
            first, able = [s for s in first if not s.broken] or [s for s in able if not s.broken], [s for s in able if not s.broken]
        for sealed in [rng.choice(first), *rng.choices(able, k=rng.randint(0, 2))]:
            self.fails |= sealed.broken
            draw.note(sealed.feature)
            draw.features |= {name for name in sealed.draw_features if name.startswith("string: ") or name in ("hash wanted", "documents in stringData")}
            item = copy.deepcopy(sealed.item)
            if ("sops",) in sealed.dropped:
                item = self.place_sops(item)
            if not sealed.broken and sealed.feature != "item: dotenv in pieces" and draw.want("item: decryption disabled", 0.05):
                item["metadata"].setdefault("annotations", {})["kustomize.toolkit.fluxcd.io/decrypt"] = rng.choice(["disabled", "Disabled"])
                self.parts.append((item, item, [], []))
            else:
                self.parts.append((item, copy.deepcopy(sealed.expected), sealed.changed, sealed.dropped))

    def place_sops(self, item):
        where = self.draw.pick("sops", {"first": 1, "middle": 1, "last": 1})
        sops = item.pop("sops")
        entries = list(item.items())
        at = {"first": 0, "middle": self.draw.rng.randint(1, max(1, len(entries) - 1)), "last": len(entries)}[where]
        return dict(entries[:at] + [("sops", sops)] + entries[at:])

    def rename(self):
        """Names are told apart; they stand outside of what is encrypted."""
        for number, (item, expected, _, _) in enumerate(self.parts):
            for node in (item, expected):
                node["metadata"]["name"] = f"item-{number}"

    def config(self):
        kind = self.draw.pick("config", {"none": 2, "Decrypt": 3, "ConfigMap": 1})
        if self.string_data:
            kind = "Decrypt" if kind == "none" else kind
        if kind == "none":
            return None
        if kind == "ConfigMap":
            data = {"stringData": "true"} if self.string_data else {"mode": "transform"}
            return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "function-input"}, "data": data}
        return {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "decrypt"}, "spec": {"mode": "transform", "stringData": self.string_data}}

    def write(self):
        draw, rng = self.draw, self.draw.rng
        if self.stream:
            data = listtext.ListText(draw).write_stream([part[0] for part in self.parts])
            return self.noted(data)
        config = self.config()
        pairs = [("apiVersion", "config.kubernetes.io/v1"), ("kind", "ResourceList"), ("items", [part[0] for part in self.parts])]
        if config is not None:
            pairs.insert(2 if draw.want("functionConfig first", 0.2) else 3, ("functionConfig", config))
        return self.noted(self.with_aliases(listtext.ListText(draw).write(dict(pairs))))

    def noted(self, data):
        if any(byte > 127 for byte in data):
            self.draw.note("non-ASCII")
        return data

    def with_aliases(self, data):
        """An anchor and its alias, put in by text: on a plain value, where nothing changes, or on an encrypted one, where all must fail."""
        draw, rng = self.draw, self.draw.rng
        text = data.decode()
        if not text.lstrip("\ufeff").startswith(("{", "---\n{")) and "\nitems:" in text and "\r" not in text and "\t" not in text:
            if draw.want("alias among plain items", 0.05):  # of the list itself
                text = text.replace("\nitems:", "\nshared: &shared {a: [1, 2]}\nother: *shared\nitems:", 1)
            anchors = re.findall(r"&(e[0-9]+) ENC\[AES256_GCM,(?!data:eA==)", text)
            if draw.want("alias of an encrypted value", 0.02) and anchors and "item: decryption disabled" not in draw.features:
                text = text.rstrip("\n") + f"\nagain: *{anchors[0]}\n"
                self.fails = True
        draw.features -= {"alias of an encrypted value"} if not self.fails else set()
        return text.encode()


def node_at(node, path):
    for step in path:
        node = node.value[step] if isinstance(node, yaml.SequenceNode) else typed.get(node, step)
        if node is None:
            return None
    return node


def line_end(text, at):
    """Behind the line break of the line that `at` stands on."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def last_index(node, text):
    """Where the last scalar or bracket of a node ends."""
    if isinstance(node, yaml.ScalarNode):
        return typed.span(node, text)[1]
    if node.flow_style or not node.value:
        return node.end_mark.index
    last = node.value[-1]
    return last_index(last[1] if isinstance(last, tuple) else last, text)


def cut_entries(parent, keys, text):
    """Ranges that entries of a map take with them. In block style whole lines, or behind a dash up to what follows; what stands between two
    entries that go, a comment or an empty line, stays. In flow style neighbours go together, up to the next entry or from the comma before."""
    ranges = []
    entries = parent.value
    gone = [key.value in keys for key, _ in entries]
    for at, (key, value) in enumerate(entries):
        if not gone[at]:
            continue
        start, end = key.start_mark.index, last_index(value, text)
        if parent.flow_style:
            ranges.append((start, entries[at + 1][0].start_mark.index) if not all(gone[at:]) else (text.rindex(",", 0, start), end))
            continue
        line, stop = text.rfind("\n", 0, start) + 1, line_end(text, end)
        line += text[line:start].startswith("\ufeff")  # the text's mark, no part of its first line
        if text[line:start].strip(" ") == "":
            ranges.append((line, stop))
        else:
            while stop < len(text) and text[stop] in " \t\r\n":
                stop += 1
            ranges.append((start, stop))
    return ranges


def cut(text, ranges):
    out, at = [], 0
    for start, end in sorted(ranges):
        if start > at:
            out.append(text[at:start])
        at = max(at, end)
    return "".join(out) + text[at:]


def objects(case, text):
    if case.stream:
        return list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    # Where the text ends without a line feed, a block scalar at its end would seem to have none: to YAML it is the text's, not the value's.
    return typed.get(typed.compose(text if text.endswith("\n") else text + "\n"), "items").value


def judge(case, result):
    """None, or what is wrong with the function's output."""
    if result.crashed:
        return "crashed"
    if case.fails:
        return None if result.status not in (0,) and not result.stdout else "must fail and print nothing"
    if result.status != 0:
        return f"status {result.status}"
    if b"ENC[" in result.stderr:
        return "ciphertext in a message"
    before, after = case.text.decode(), result.stdout.decode()
    if not any(part[2] or part[3] for part in case.parts):
        return None if before == after else "nothing was encrypted, and the bytes changed"
    old_items, new_items = (objects(case, text) for text in (before, after))
    if len(old_items) != len(new_items):
        return "another number of items"
    old_ranges, new_ranges = [], []
    for (item, expected, changed, dropped), old_item, new_item in zip(case.parts, old_items, new_items):
        for path in changed:
            there, here = node_at(old_item, path), node_at(new_item, path)
            if here is None:
                return f"{path} is gone"
            old_ranges.append(typed.span(there, before))
            new_ranges.append(typed.span(here, after))
        parents = {path[:-1] for path in dropped}
        for parent in parents:
            old_ranges.extend(cut_entries(node_at(old_item, parent), {path[-1] for path in dropped if path[:-1] == parent}, before))
        if not changed and not dropped:
            continue  # its bytes are compared below
        found = typed.value(new_item, strict=True)
        if not typed.same(found, expected):
            return f"item {item['metadata']['name']} is not what sops makes of it"
    rest = [cut(before, old_ranges), cut(after, new_ranges)]
    if not before.endswith("\n"):
        rest = [text.rstrip("\r\n") for text in rest]  # a block scalar needs a line feed where the text ended without one
    if rest[0] != rest[1]:
        at = next((n for n, (a, b) in enumerate(zip(*rest)) if a != b), min(map(len, rest)))
        return f"bytes around the changed values differ: {rest[0][at - 30:at + 30]!r} became {rest[1][at - 30:at + 30]!r}"
    return None


class Run:
    def __init__(self, args, world, pool):
        self.args, self.world, self.pool = args, world, pool
        self.plan = Plan(args.seed, {name: {"list"} for name in FEATURES}, groups=("list style", "config", "sops"), focus=3)
        self.table = table.Table(FEATURES, 0.015 * args.count)
        self.folder = peers.ROOT / "build" / "interop" / "resourcelists"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.bad = 0

    def one(self, case):
        folder = self.world.folder("empty")
        result = process.run([self.world.program, *(["filter"] if case.stream else [])], self.world.env, folder, case.text)
        try:
            return result, judge(case, result)
        except (yaml.YAMLError, typed.AmbiguousString, UnicodeDecodeError, ValueError) as error:
            return result, f"the output cannot be read: {type(error).__name__} {error}"

    def work(self):
        index = 0
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            while index < self.args.count:
                cases = []
                for _ in range(min(BATCH, self.args.count - index)):
                    _, focus = self.plan.next({"list": 1})
                    self.plan.add(focus)
                    cases.append((Case(self.args.seed, index, self.pool, focus), focus))
                    index += 1
                for (case, focus), (result, what) in zip(cases, pool.map(self.one, [case for case, _ in cases])):
                    self.plan.count.subtract(focus)
                    self.plan.add(case.draw.features & self.plan.features.keys())
                    self.table.add(case.draw.features, result.status == 0, "different" if what else "same")
                    if what:
                        self.save(case, result, what)

    def save(self, case, result, what):
        self.bad += 1
        folder = self.folder / f"{case.index:05d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "input").write_bytes(case.text)
        (folder / "stdout").write_bytes(result.stdout)
        (folder / "stderr").write_bytes(result.stderr)
        (folder / "expected.json").write_text(json.dumps([part[1] for part in case.parts], indent=1))
        (folder / "case.txt").write_text(f"{what}\nstatus {result.status}\nseed {self.args.seed}\n" + "\n".join(sorted(case.draw.features)) + "\n")
        if self.bad <= 20:
            print(f"DIFFERENT {case.index:05d}: {what}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--program", default="build/krm-sops")
    parser.add_argument("--sops")
    parser.add_argument("--age-keygen")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    if args.seed is None:
        args.seed = random.SystemRandom().randrange(2 ** 32)
    print(f"resourcelists: seed {args.seed}, {args.count} lists", flush=True)
    with World(peers.need("sops", args.sops), peers.need_ours(args.program), peers.need("age-keygen", args.age_keygen)) as world:
        run = Run(args, world, make_pool(args.seed, world))
        run.work()
    run.table.print()
    if run.bad:
        print(f"saved in {run.folder}")
    return run.table.verdict(args.count, run.bad, args.count)


if __name__ == "__main__":
    sys.exit(main())
