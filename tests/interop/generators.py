#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real kustomize builds with our function as a generator, for our own config and for KSOPS's.

The judge is the same build with a generator that prints what the real sops makes of the files: what kustomize makes of both must be equal to the
byte, hashes and merges included. Repositories of a failed round are kept in build/interop/generators.
"""
import argparse
import base64
import difflib
import json
import random
import re
import shutil
import sys

import yaml

from lib import peers, process, strings, typed
from lib.draw import Draw
from lib.world import World

FLAGS = ["build", "--enable-alpha-plugins", "--enable-exec", "."]


def text_of(draw):
    """kustomize can carry any text but a NUL; what sops itself loses is not for here (docs/differs.md)."""
    while True:
        text = strings.draw_string(draw)
        if "\0" not in text and not (text.startswith("\t") and "\n" in text):
            return text


def manifest(draw, number):
    rng = draw.rng
    kind = rng.choice(["Secret", "Secret", "ConfigMap", "Widget"])
    annotations = {}
    # kustomize hashes other kinds over its own nodes, with lines and columns in them: no two texts of one object give the same.
    if kind != "Widget" and rng.random() < 0.4:
        annotations["kustomize.config.k8s.io/needs-hash"] = rng.choice(["true", "false"])
    if rng.random() < 0.2:
        annotations["note"] = text_of(draw)
    out = {"apiVersion": "example.com/v1" if kind == "Widget" else "v1", "kind": kind, "metadata": {"name": f"made-{number}"}}
    if annotations:
        out["metadata"]["annotations"] = annotations
    if kind == "Widget":
        out["spec"] = {"a": [text_of(draw), 1, True, None, {"b": text_of(draw)}], "c": rng.choice([0.5, -3, 10**12])}
    else:
        out["stringData" if kind == "Secret" else "data"] = {f"k{at}": text_of(draw) for at in range(rng.randint(1, 4))}
    return out


def seal(world, folder, name, data, kind, rule=()):
    path = folder / name
    path.write_bytes(data)
    done = world.run_sops(["encrypt", "--age", world.recipients[0], "--input-type", kind, "--output-type", kind, *rule, path])
    if done.status != 0:
        return None
    path.write_bytes(done.stdout)
    opened = world.run_sops(["decrypt", "--input-type", kind, "--output-type", kind, path])
    return opened.stdout if opened.status == 0 else None


def walk(value):
    """All strings in it."""
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from walk(part)


def reads_as(text, objects):
    """Some texts that sops prints (a literal's indentation digit in a list) mean something else to other readers, or nothing."""
    try:
        found = [typed.value(node) for node in yaml.compose_all(text, Loader=yaml.SafeLoader)]
    except (yaml.YAMLError, ValueError):
        return False
    return typed.same(found, objects)


def draw_files(world, folder, draw):
    """Manifests: their names, and the objects that the real sops finds in them."""
    names, objects = [], []
    for at in range(draw.rng.randint(0, 3)):
        kind = draw.rng.choice(["yaml", "yaml", "json", "binary"])
        made = [manifest(draw, f"{at}-{part}") for part in range(draw.rng.randint(1, 3) if kind != "json" else 1)]
        # JSON has these characters as they are, YAML folds them: the judge's text would mean something else.
        kind = "yaml" if kind == "json" and re.search("[\x85\u2028\u2029]", "".join(walk(made[0]))) else kind
        data = json.dumps(made[0]) if kind == "json" else yaml.safe_dump_all(made, allow_unicode=True, sort_keys=draw.rng.random() < 0.5)
        name = f"m{at}" + {"yaml": ".enc.yaml", "json": ".enc.json", "binary": ".enc"}[kind]
        rule = ["--encrypted-regex", "^(data|stringData|spec)$"] if draw.rng.random() < 0.7 and kind != "binary" else []
        plain = seal(world, folder, name, data.encode(), kind, rule)
        if plain is not None and kind != "json" and not reads_as(plain, made):
            draw.note("sops's text is another object to other readers")
            plain = None
        if plain is None:
            (folder / name).unlink()
            continue
        draw.note(f"manifest: {kind}")
        names.append(name)
        objects += [plain.decode()] if kind == "json" else re.split(r"(?<=\n)---\n", plain.decode())
    return names, objects


def draw_secret(world, folder, draw, number):
    """One secretFrom entry, and the Secret that it means."""
    rng = draw.rng
    metadata = {"name": f"from-{number}"}
    if rng.random() < 0.5:
        metadata["annotations"] = {"kustomize.config.k8s.io/needs-hash": "true"}
    if rng.random() < 0.3:
        metadata["labels"] = {"a": "b"}
    entry, text, data = {"metadata": metadata}, {}, {}
    if rng.random() < 0.5:
        entry["type"] = "Opaque"
    for at in range(rng.randint(0, 2)):
        name, kind, plain = rng.choice([("t.yaml", "yaml", b"a: 1\nb: [x, 'y: z']\n"), ("t.json", "json", b'{"a": {"b": "<&>"}}'), ("t.txt", "binary", b"x\r\n\ty\n")])
        name = f"{number}-{at}-{name}"
        opened = seal(world, folder, name, plain, kind)
        key = rng.choice([None, f"key-{at}"])
        entry.setdefault("files", []).append(name if key is None else f"{key}={name}")
        text[key or name] = opened.decode()
        draw.note("secretFrom: files")
    if rng.random() < 0.4:
        plain = rng.randbytes(rng.choice([1, 51, 52, 300]))
        seal(world, folder, f"{number}-blob", plain, "binary")
        entry["binaryFiles"] = [f"{number}-blob"]
        data[f"{number}-blob"] = base64.b64encode(plain).decode()
        draw.note("secretFrom: binaryFiles")
    if rng.random() < 0.4:
        seal(world, folder, f"{number}.env", b"A=\"two words\"\nexport B=x # c\nC='$A'\n", "dotenv")
        entry["envs"] = [f"{number}.env"]
        text |= {"A": "two words", "B": "x", "C": "$A"}
        draw.note("secretFrom: envs")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    secret |= {"type": "Opaque"} if "type" in entry else {}
    secret |= ({"stringData": text} if text else {}) | ({"data": data} if data else {})
    return entry, json.dumps(secret)


def write_build(folder, generator, order):
    kustomization = {"generators": ["generator.yaml"], "namePrefix": "p-", "namespace": "shop", "sortOptions": {"order": order},
                     "secretGenerator": [{"name": "beside", "literals": ["a=b"]}]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    (folder / "generator.yaml").write_text(yaml.safe_dump(generator))


def with_function(config, path):
    out = json.loads(json.dumps(config))
    out["metadata"]["annotations"] = {"config.kubernetes.io/function": yaml.safe_dump({"exec": {"path": str(path)}})}
    return out


def one_round(world, kustomize, top, draw):
    rng = draw.rng
    ours, judge = top / "ours", top / "judge"
    ours.mkdir(parents=True)
    (ours / ".git").mkdir()
    judge.mkdir()
    files, objects = draw_files(world, ours, draw)
    entries = [draw_secret(world, ours, draw, at) for at in range(rng.randint(0, 2))]
    lists = {"files": files, "secretFrom": [entry for entry, _ in entries]}
    ksops = rng.random() < 0.5
    draw.note("config: KSOPS" if ksops else "config: Decrypt")
    config = {"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": {"name": "g"}, **lists} if ksops else {
        "apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "g"}, "spec": lists}
    if not files and not entries and not ksops:
        config["spec"]["mode"] = "generate"
    # KSOPS's SDK sorts: what kustomize does not sort again would differ from the order of the list.
    order = "legacy" if ksops else rng.choice(["legacy", "fifo"])
    write_build(ours, with_function(config, world.program), order)
    (judge / "plain.yaml").write_text("---\n".join(text if text.endswith("\n") else text + "\n" for text in [*objects, *(text for _, text in entries)]))
    (judge / "generate.sh").write_text("#!/bin/sh\nexec cat plain.yaml\n")
    (judge / "generate.sh").chmod(0o755)
    write_build(judge, with_function({"apiVersion": "a/v1", "kind": "B", "metadata": {"name": "g"}}, "./generate.sh"), order)
    got, want = process.run([kustomize, *FLAGS], world.env, ours), process.run([kustomize, *FLAGS], world.env, judge)
    # Some texts that sops prints no other reader takes (a literal's indentation digit in a list); ours have no such places.
    if b"MalformedYAMLError" in want.stderr:
        draw.note("sops's text is no YAML to kustomize")
        return None
    if want.status != 0 and got.status != 0:
        draw.note("refused by both")
        return None
    if (got.status, got.stdout) != (want.status, want.stdout):
        lines = difflib.unified_diff(want.stdout.decode().splitlines(), got.stdout.decode().splitlines(), "the judge's", "ours", n=1, lineterm="")
        return "\n".join([f"status {got.status} for {want.status}", got.stderr.decode(errors="replace")[:1000], *list(lines)[:20]])
    draw.note("equal builds")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--program", default="build/krm-sops")
    parser.add_argument("--sops")
    parser.add_argument("--kustomize")
    parser.add_argument("--age-keygen")
    args = parser.parse_args()
    if args.seed is None:
        args.seed = random.SystemRandom().randrange(2 ** 32)
    print(f"generators: seed {args.seed}", flush=True)
    kept = peers.ROOT / "build" / "interop" / "generators"
    shutil.rmtree(kept, ignore_errors=True)
    failed, seen = 0, {}
    with World(peers.need("sops", args.sops), peers.need_ours(args.program), peers.need("age-keygen", args.age_keygen)) as world:
        kustomize = peers.need("kustomize", args.kustomize)
        for number in range(args.count):
            draw = Draw(f"{args.seed}:{number}")
            top = world.folder(f"round-{number}")
            why = one_round(world, kustomize, top, draw)
            for feature in draw.features:
                seen[feature] = seen.get(feature, 0) + 1
            if why:
                failed += 1
                print(f"FAILED round {number}: {why}")
                shutil.copytree(top, kept / top.name, symlinks=True)
            shutil.rmtree(top)
    print("; ".join(f"{name} {count}" for name, count in sorted(seen.items()) if ":" in name and not name.startswith("string") or "build" in name or "both" in name or "reader" in name))
    print(f"{args.count - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
