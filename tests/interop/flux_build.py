#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`krm-sops build` with the real kustomize, on repositories made on the spot and encrypted by the real sops.

The judge is the build of the same repository in which each file was decrypted by sops beforehand, in Flux's order; where a Flux object changes the build, Flux's
own generator and substitution (goflux, see flux_peer.py) on that repository. The bytes must be equal. Then the run is killed by SIGKILL, again and again, at random moments,
with namespaces and without: nothing of what it decrypted may be left anywhere, and no process. Trees of a failed test are kept in build/interop/flux_build.
"""
import argparse
import base64
import json
import os
import pathlib
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import flux_peer
from kustomize import Bench, as_flux, difference
from lib import named, peers, process
from lib.named import check
from lib.world import World

FIFO = {"sortOptions": {"order": "fifo"}}
TESTS = []
GOFLUX = None
CANARY = f"canary-{secrets.token_hex(8)}"  # no file has it but those that the builds are of, encrypted
OBJECT = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "apps", "namespace": "flux-system"}}


def test(function):
    TESTS.append(function)
    return function


def ours(bench, repository, *argv, **more):
    result = process.run([bench.world.program, "build", "--kustomize", bench.kustomize_path, *argv], bench.world.env, repository.folder)
    check(more.get("status", 0) == result.status, f"build {argv}", result)
    return result


def same(theirs, mine):
    check(theirs == mine.stdout, difference(theirs, mine.stdout), mine)


def with_object(repository, **spec):
    text = json.dumps({**OBJECT, "spec": {"path": "./apps/prod", "decryption": {"provider": "sops"}, **spec}})
    repository.write("clusters/apps.yaml", text)
    return "clusters/apps.yaml"


@test
def same_bytes_as_flux(bench):
    repository = bench.repository()
    flux = bench.built(as_flux(bench, repository, **FIFO), flags=())
    repository.finish()
    path = with_object(repository)
    same(flux, ours(bench, repository, "-k", path, "."))
    same(flux, ours(bench, repository, "--stage", "memory", "--name", "apps", "--mac", "verify", "."))


@test
def same_bytes_without_a_flux_object(bench):
    repository = bench.repository()
    flux = bench.built(as_flux(bench, repository, **FIFO), flags=())
    repository.finish()
    same(flux, ours(bench, repository, "apps/prod"))


@test
def the_kustomization_s_own_order_counts(bench):
    repository = bench.repository()
    order = {"sortOptions": {"order": "legacy", "legacySortOptions": {"orderFirst": ["Secret"], "orderLast": []}}}
    flux = bench.built(as_flux(bench, repository, **order), flags=())
    repository.finish(**order)
    same(flux, ours(bench, repository, "-k", with_object(repository), "."))


@test
def same_bytes_as_flux_with_all_fields(bench):
    """Prefix, namespace, patches, images, components, metadata and variables, by Flux's own generator."""
    if not GOFLUX:
        return
    rng = random.Random(bench.seed)
    repository = bench.repository()
    spec = {"targetNamespace": "target", "namePrefix": "pre-", "nameSuffix": "-suf", "images": [{"name": "i", "newName": "j", "newTag": "2"}],
            "patches": [{"patch": "- op: add\n  path: /data/added\n  value: ${WORD}\n", "target": {"kind": "ConfigMap"}}],
            "postBuild": {"substitute": {"WORD": rng.choice(["word", "a b", "yes", "012", "x: y", "é", ""])}}}
    spec = {key: value for key, value in spec.items() if rng.random() < 0.7}
    folder = as_flux(bench, repository)
    path = repository.folder / with_object(repository, **spec)
    flux = process.run([GOFLUX, "build", folder.parent.parent, folder, path], bench.world.env, bench.top)
    repository.finish()
    mine = process.run([bench.world.program, "build", "--kustomize", bench.kustomize_path, "-k", path, "."], bench.world.env, repository.folder)
    check((flux.status == 0) == (mine.status == 0), f"Flux {flux.status}: {flux.stderr.decode(errors='replace')[:300]}", mine)
    if flux.status == 0:
        same(flux.stdout, mine)


@test
def lists_resources_as_flux_does(bench):
    """A folder without a kustomization."""
    if not GOFLUX:
        return
    rng = random.Random(bench.seed)
    repository = bench.repository()
    shutil.rmtree(repository.folder / "apps")
    repository.sealed.clear()
    names = ["a", "b", "a.b", "z", "A", "10", "9"]
    count = 0
    for _ in range(rng.randint(1, 8)):
        where = "/".join(["apps/prod", *rng.sample(names, rng.randint(0, 3))])
        count += 1
        repository.write(f"{where}/{rng.choice(names)}{count}.{rng.choice(['yaml', 'yml', 'json', 'YAML'])}",
                         json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{count}"}}))
        if rng.random() < 0.3:
            repository.write(f"{where}/kustomization.yaml", json.dumps({"configMapGenerator": [{"name": f"g{count}", "literals": ["a=b"]}]}))
    (repository.folder / "apps/prod/kustomization.yaml").unlink(missing_ok=True)
    path = repository.folder / with_object(repository)
    target = repository.folder.with_name(repository.folder.name + "-flux")
    shutil.copytree(repository.folder, target)
    flux = process.run([GOFLUX, "build", target, target / "apps/prod", path], bench.world.env, bench.top)
    mine = process.run([bench.world.program, "build", "--kustomize", bench.kustomize_path, "-k", path, "."], bench.world.env, repository.folder)
    check((flux.status == 0) == (mine.status == 0), f"Flux {flux.status}: {flux.stderr.decode(errors='replace')[:300]}", mine)
    if flux.status == 0:
        same(flux.stdout, mine)


@test
def paths_that_lead_out_are_not_read(bench):
    """kustomize itself, with its load restrictor off, reads nothing but the copy."""
    repository = bench.repository()
    outside = bench.top / "outside.yaml"
    outside.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: outside}\n")
    for name in (str(outside), "/etc/hostname", "../../../../../../../../../etc/hostname"):
        repository.write("apps/prod/kustomization.yaml", json.dumps({"configMapGenerator": [{"name": "x", "files": [name]}]}))
        result = process.run([bench.world.program, "build", "--kustomize", bench.kustomize_path, "apps/prod"], bench.world.env, repository.folder)
        if pathlib.Path("/sys/kernel/security/lsm").exists() and "landlock" not in pathlib.Path("/sys/kernel/security/lsm").read_text():
            return
        check(result.status != 0 and not result.stdout, f"{name} was read", result)


def ours_alive():
    """Processes that a build started: a kustomize with our environment, or a janitor."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if b"HOME=/nonexistent" in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            pass
    return found


def holds_canary(folder):
    forms = [CANARY.encode(), base64.b64encode(CANARY.encode())[:-4], CANARY.encode().hex().encode()]
    # os.walk() minds no folder that somebody else removes meanwhile.
    for path in (pathlib.Path(where) / name for where, _, names in os.walk(folder) for name in names):
        try:
            if path.is_file() and not path.is_symlink() and any(form in path.read_bytes() for form in forms):
                return str(path)
        except OSError:
            pass
    return None


def runs_kustomize(pid, kustomize):
    """Has it started kustomize? Then what kustomize reads is decrypted."""
    try:
        kids = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return any(os.path.realpath(f"/proc/{kid}/exe") == os.path.realpath(kustomize) for kid in kids)
    except OSError:
        return False


def kill(bench, stage, count, rng):
    """SIGKILL, every other time at a random moment, else at one when plaintext is there."""
    repository = bench.repository()
    repository.seal("apps/prod/canary.yaml", json.dumps({"token": CANARY}).encode())
    repository.kustomization["secretGenerator"].append({"name": "canary", "files": ["canary.yaml"]})
    repository.finish()
    argv = [bench.world.program, "build", "--stage", stage, "--kustomize", bench.kustomize_path, "apps/prod"]
    started = time.monotonic()
    done = process.run(argv, bench.world.env, repository.folder)
    whole = time.monotonic() - started
    if stage == "namespace" and b"is not allowed here" in done.stderr:
        print(f"killed, {stage}: left out, namespaces are not allowed here")
        return
    check(done.status == 0 and base64.b64encode(f'token: {CANARY}\n'.encode())[:8] in done.stdout, "no canary in the build", done)
    before = set(pathlib.Path("/dev/shm").iterdir())
    inside = behind = number = 0
    while number < count or behind < (count + 1) // 2:
        check(number < 4 * count, f"only {behind} of {number} runs were seen with plaintext")
        running = subprocess.Popen(argv, env=bench.world.env, cwd=repository.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if number % 2:
            time.sleep(rng.uniform(0, whole))
        else:
            while running.poll() is None and not runs_kustomize(running.pid, bench.kustomize_path):
                pass
        number += 1
        inside += running.poll() is None
        behind += runs_kustomize(running.pid, bench.kustomize_path)
        running.send_signal(signal.SIGKILL)
        running.wait()
    for _ in range(200):
        left = set(pathlib.Path("/dev/shm").iterdir()) - before
        if not any(path.name.startswith("krm-sops-") for path in left) and not ours_alive():
            break
        time.sleep(0.05)
    check(not any(path.name.startswith("krm-sops-") for path in left), f"left: {left}")
    check(not ours_alive(), f"processes left: {ours_alive()}")
    for folder in (bench.top, "/dev/shm", tempfile.gettempdir()):
        found = holds_canary(folder)
        check(not found, f"the canary is in {found}")
    print(f"killed, {stage}: {number} runs, {inside} of them before their end, {behind} behind the first decrypted byte")


def main():
    global GOFLUX
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--kills", type=int, default=100, help="in each of the two ways")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--program", default="build/krm-sops")
    parser.add_argument("--goflux", help="goflux, where it is built already")
    parser.add_argument("--only", default="", help="part of a test's name")
    args = parser.parse_args()
    if args.seed is None:
        args.seed = random.SystemRandom().randrange(2 ** 32)
    print(f"flux_build: seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="goflux-") as tools, World(peers.need("sops", None), peers.need_ours(args.program), peers.need("age-keygen", None)) as world:
        kustomize = peers.need("kustomize", None)
        GOFLUX = args.goflux or (flux_peer.build_go(pathlib.Path(tools)) if shutil.which("go") else None)
        runs = [(function.__name__, number, function) for number in range(args.rounds) for function in TESTS]
        for stage in ("namespace", "memory"):
            if args.kills:
                runs.append((f"killed_{stage}", 0, lambda bench, stage=stage: kill(bench, stage, args.kills, random.Random(args.seed))))
        runs = [run for run in runs if args.only in run[0]]
        return named.run(runs, lambda name, number: Bench(world, kustomize, f"{args.seed}:{name}:{number}", f"{number}-{name}"), peers.ROOT / "build/interop/flux_build")


if __name__ == "__main__":
    sys.exit(main())
