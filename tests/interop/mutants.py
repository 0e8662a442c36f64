#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damaged documents: the real sops and we must say the same of each, with the same status, and print the same where they still open.

A pool of documents is encrypted by the real sops on the spot, each mutant is one of them changed in one of the ways of lib/mutate.py.
Half of them run with --ignore-mac, so that what the MAC would catch is seen by the rest. Differing cases are saved in
build/interop/mutants.
"""
import argparse
import concurrent.futures
import random
import sys

from lib import compare, mutate, peers, plaintexts, seal, strings, table, yamltext
from lib.draw import Draw
from lib.world import World

POOL = {"yaml": 44, "json": 16, "dotenv": 14, "ini": 14, "binary": 6}
BATCH = 40


def plaintext(kind, draw):
    if kind == "yaml":
        text = yamltext.YamlText(draw, size=4, max_depth=2)
        return text.stream().encode("utf-8", "surrogatepass") if draw.chance(0.8) else b"list: [one, two, three]\nmap: {a: 1, b: true, c: x}\n# c\ns: " + strings.words(draw.rng).encode() + b"\n"
    if kind == "json":
        return plaintexts.JsonText(draw).document()
    if kind == "dotenv":
        return plaintexts.dotenv(draw, plain=draw.chance(0.4))
    return plaintexts.ini(draw) if kind == "ini" else draw.rng.randbytes(draw.rng.randint(0, 90))


def make_pool(seed, world, age):
    """Documents that sops opens, by format; key groups in a third of them."""
    pool = []
    for kind, count in POOL.items():
        at = made = 0
        while made < count:
            at += 1
            focus = ["key groups (Shamir)"] if at % 3 == 0 else ["comment: map head", "comment: map inline"]
            draw = Draw(f"{seed}:pool:{kind}:{at}", focus)
            rule = seal.draw_options(draw, world.recipients, comments=kind != "json" and kind != "binary")
            name = f"doc.{seal.SUFFIX[kind]}"
            folder = world.folder("pool")
            sealed = seal.encrypt(world.sops, world.env, folder, name, plaintext(kind, draw), rule)
            if sealed.status != 0:
                continue
            (folder / name).write_bytes(sealed.stdout)
            if world.run_sops(["decrypt", name], folder).status != 0:
                continue
            made += 1
            pool.append(mutate.Base(kind, sealed.stdout, world, age))
    return pool


class Run:
    def __init__(self, args, world, pool):
        self.args, self.world, self.pool = args, world, pool
        self.verdicts = compare.Verdicts(peers.ROOT / "build" / "interop" / "mutants")
        self.table = table.Table(mutate.KINDS, 0.5 * args.count / len(mutate.KINDS))

    def one(self, job):
        """Runs in a worker. The kind is fixed, the document is the first that it applies to."""
        index, name = job
        rng = random.Random(f"{self.args.seed}:{index}")
        for base in rng.sample(self.pool, len(self.pool)):
            data = mutate.KINDS[name](base, rng)
            if data is not None and data != base.data:
                break
        else:
            return None
        folder = self.world.folder(f"mutant-{index % 8}-{index}")
        file = f"doc.{seal.SUFFIX[base.kind]}"
        (folder / file).write_bytes(data)
        argv = ["decrypt", *(["--ignore-mac"] if rng.random() < 0.5 else []), file]
        result = data, self.world.run_sops(argv, folder), self.world.run_ours(argv, folder)
        (folder / file).unlink()
        folder.rmdir()
        return result

    def work(self):
        names = list(mutate.KINDS)
        jobs = [(index, names[index % len(names)]) for index in range(self.args.count)]
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            for (index, name), result in zip(jobs, pool.map(self.one, jobs)):
                if result is None:
                    raise SystemExit(f"no document of the pool can be changed by '{name}'")
                verdict = self.verdicts.add(f"{index:05d}", *result, note=f"seed {self.args.seed}\nkind {name}")
                self.table.add({name}, result[1].status == 0, verdict)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--program", default="build/krm-sops")
    parser.add_argument("--sops")
    parser.add_argument("--age")
    parser.add_argument("--age-keygen")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    if args.seed is None:
        args.seed = random.SystemRandom().randrange(2 ** 32)
    print(f"mutants: seed {args.seed}, {args.count} cases of {len(mutate.KINDS)} kinds", flush=True)
    with World(peers.need("sops", args.sops), peers.need_ours(args.program), peers.need("age-keygen", args.age_keygen)) as world:
        run = Run(args, world, make_pool(args.seed, world, peers.need("age", args.age)))
        run.work()
    run.table.print()
    run.verdicts.print_summary()
    return run.table.verdict(run.verdicts.compared, len(run.verdicts.different), args.count)


if __name__ == "__main__":
    sys.exit(main())
