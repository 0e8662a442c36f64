#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real kustomize builds with our program under the names `ksops` and `SopsSecretGenerator`, as KRM functions and as legacy plugins: the
acceptance cases 36 to 43 of a drop-in, each a named test.

The judge is a build of the same repository in which every encrypted file's objects stand as the real sops opens them. Where the real `ksops`
is on PATH it is a second judge, and of CPU time; where KSOPS_TESTS names the folder `test` of KSOPS's own repository, its published
builds are run too, krm and legacy, which need gpg for their key.
"""
import argparse
import base64
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import yaml

from lib import named, peers, process
from lib.named import Failed, Skipped, check
from lib.world import World

FLAGS = ["--enable-alpha-plugins", "--enable-exec"]
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def manifest(name, annotations=None, **fields):
    metadata = {"name": name, **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **(fields or {"type": "Opaque", "stringData": {"user": f"{name}-user", "long": "x" * 100, "word": "yes"}})}


class Bench:
    """A repository, programs under their names, and the judge's form of each build."""

    def __init__(self, world, kustomize, top, real):
        self.world, self.kustomize, self.top, self.real = world, kustomize, top, real
        self.repo, self.bin = top / "repo", top / "bin"
        for folder in (self.repo / ".git", self.bin):
            folder.mkdir(parents=True)
        for name in ("ksops", "SopsSecretGenerator"):
            (self.bin / name).symlink_to(world.program)
        self.env = {**world.env, "PATH": f"{self.bin}:/usr/bin:/bin"}

    def seal(self, name, data, kind, *rule):
        """Encrypts; returns what the real sops makes of it again."""
        path = self.repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        done = self.world.run_sops(["encrypt", "--age", self.world.recipients[0], "--input-type", kind, "--output-type", kind, *rule, path])
        check(done.status == 0, f"sops does not encrypt {name}", done)
        path.write_bytes(done.stdout)
        opened = self.world.run_sops(["decrypt", "--input-type", kind, "--output-type", kind, path])
        check(opened.status == 0, f"sops does not decrypt {name}", opened)
        return opened.stdout

    def seal_object(self, name, item):
        return self.seal(name, yaml.safe_dump(item).encode(), "yaml", "--encrypted-regex", "^(data|stringData)$").decode()

    def write(self, folder, config, path, **kustomization):
        """A build with one generator; path: of the function, None for a legacy plugin."""
        folder = self.repo / folder
        folder.mkdir(parents=True, exist_ok=True)
        config = json.loads(json.dumps(config))
        if path:
            config["metadata"].setdefault("annotations", {})["config.kubernetes.io/function"] = yaml.safe_dump({"exec": {"path": str(path)}})
        (folder / "generator.yaml").write_text(yaml.safe_dump(config))
        (folder / "kustomization.yaml").write_text(yaml.safe_dump({"generators": ["generator.yaml"], **kustomization}))
        return folder

    def build(self, folder, env=None, cwd=None):
        return process.run([self.kustomize, "build", *FLAGS, folder], env or self.env, cwd or self.top)

    def built(self, folder, **more):
        result = self.build(folder, **more)
        check(result.status == 0, f"build of {folder} failed", result)
        return result.stdout

    def judged(self, folder, objects, **kustomization):
        """The build of the same with a generator that prints these objects."""
        target = self.write(f"{folder}-judge", {"apiVersion": "a/v1", "kind": "B", "metadata": {"name": "g"}}, "./generate.sh", **kustomization)
        texts = [item if isinstance(item, str) else json.dumps(item) + "\n" for item in objects]
        (target / "plain.yaml").write_text("---\n".join(texts))
        (target / "generate.sh").write_text("#!/bin/sh\nexec cat plain.yaml\n")
        (target / "generate.sh").chmod(0o755)
        return self.built(target)

    def plugin_env(self, group, version, kind):
        """The environment in which kustomize finds the program as a legacy plugin."""
        home = self.top / "plugins"
        path = home / group / version / kind.lower() / kind
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_symlink():
            path.symlink_to(self.world.program)
        return {**self.env, "KUSTOMIZE_PLUGIN_HOME": str(home)}

    def by_every_way(self, folder, config, objects, **kustomization):
        """As function, as plugin and by the real KSOPS: the judge's bytes each time."""
        want = self.judged(folder, objects, **kustomization)
        ways = {"function": ("ksops", self.env), "plugin": (None, self.plugin_env("viaduct.ai", "v1", "ksops"))}
        if self.real:
            ways["KSOPS"] = (self.real, self.env)
        for way, (path, env) in ways.items():
            got = self.built(self.write(folder, config, path, **kustomization), env=env)
            check(got == want, f"{way}: {difference(want, got)}")
        return want


def difference(want, got):
    for number, (one, two) in enumerate(zip(want.decode().splitlines(), got.decode().splitlines()), 1):
        if one != two:
            return f"line {number}: {one[:80]!r} for {two[:80]!r}"
    return f"{len(want)} bytes for {len(got)}"


def config(**lists):
    return {"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": {"name": "g"}, **lists}


def secret_text(bench, folder):
    values = bench.seal(f"{folder}/values.enc.yaml", b"a: 1 # why\nb: [x, 'y: z']\n", "yaml").decode()
    blob = bench.seal(f"{folder}/blob", bytes(range(256)), "binary")
    bench.seal(f"{folder}/app.enc.env", b"A=a\nB=\"two words\"\nexport C=x\nD=${A}y\nE='$A'\nF=a#b\nG=a #b\n", "dotenv")
    dialect = {"A": "a", "B": "two words", "C": "x", "D": "ay", "E": "$A", "F": "a#b", "G": "a"}
    return values, base64.b64encode(blob).decode(), dialect


@test
def case_36_files_and_secrets(bench):
    values, blob, dialect = secret_text(bench, "c36")
    made = [bench.seal_object("c36/b.enc.yaml", manifest("b")), bench.seal_object("c36/a.enc.yaml", manifest("a"))]
    one = {"name": "one", "labels": {"l": "v"}, "annotations": {"kustomize.config.k8s.io/needs-hash": "true"}}
    asked = config(files=["./b.enc.yaml", "a.enc.yaml"], secretFrom=[
        {"metadata": one, "type": "Opaque", "files": ["values.enc.yaml", "k=./values.enc.yaml"], "binaryFiles": ["blob"], "envs": ["app.enc.env"]},
        {"metadata": {"name": "two", "namespace": "n2"}, "envs": ["app.enc.env"]}])
    objects = [*made, {"apiVersion": "v1", "kind": "Secret", "metadata": one, "type": "Opaque", "stringData": {"values.enc.yaml": values, "k": values, **dialect}, "data": {"blob": blob}},
               {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "two", "namespace": "n2"}, "stringData": dialect}]
    bench.by_every_way("c36", asked, objects, namePrefix="p-")


@test
def case_37_own_cases_of_the_published_shapes(bench):
    """single, multiple, hash, behaviors, file, binaryfile, envs, override, metadata: see tests/program/test_ksops.py."""
    values, blob, dialect = secret_text(bench, "c37")
    texts = {name: bench.seal_object(f"c37/{name}.enc.yaml", manifest(name)) for name in "abc"}
    hashed = bench.seal_object("c37/hash.enc.yaml", manifest("hashed", {"kustomize.config.k8s.io/needs-hash": "true"}))
    source = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    shapes = {
        "single": (config(files=["./a.enc.yaml"]), [texts["a"]]),
        "multiple": (config(files=[f"./{name}.enc.yaml" for name in "abc"]), list(texts.values())),
        "hash": (config(files=["./hash.enc.yaml"]), [hashed]),
        "file": (config(secretFrom=[{"metadata": {"name": "s"}, "files": ["values.enc.yaml"]}]), [{**source, "stringData": {"values.enc.yaml": values}}]),
        "binaryfile": (config(secretFrom=[{"metadata": {"name": "s"}, "binaryFiles": ["blob"]}]), [{**source, "data": {"blob": blob}}]),
        "envs": (config(secretFrom=[{"metadata": {"name": "s"}, "envs": ["app.enc.env"]}]), [{**source, "stringData": dialect}]),
        "override": (config(secretFrom=[{"metadata": {"name": "s"}, "files": ["k.yaml=values.enc.yaml"]}]), [{**source, "stringData": {"k.yaml": values}}]),
        "metadata": (config(secretFrom=[{"metadata": {"name": "s", "namespace": "test", "labels": {"foo": "bar"}, "annotations": {"abc": "xyz"}}, "envs": ["app.enc.env"]}]),
                     [{**source, "metadata": {"name": "s", "namespace": "test", "labels": {"foo": "bar"}, "annotations": {"abc": "xyz"}}, "stringData": dialect}]),
    }
    for name, (asked, objects) in shapes.items():
        try:
            bench.by_every_way("c37", asked, objects)
        except Failed as why:
            raise Failed(f"{name}: {why}") from why
    # A hash is a function of what the file says, not of its ciphertext.
    built = [item["metadata"]["name"] for item in yaml.safe_load_all(bench.built(bench.write("c37", shapes["hash"][0], "ksops")))]
    bench.seal_object("c37/hash.enc.yaml", manifest("hashed", {"kustomize.config.k8s.io/needs-hash": "true"}))
    again = [item["metadata"]["name"] for item in yaml.safe_load_all(bench.built(bench.repo / "c37"))]
    check(built == again and built[0].startswith("hashed-"), f"{built} and {again}")


@test
def case_37_ksops_published_cases(bench):
    source = os.environ.get("KSOPS_TESTS")
    if not source:
        raise Skipped("KSOPS_TESTS is not set")
    if not shutil.which("gpg"):
        raise Skipped("no gpg to import KSOPS's key")
    source = pathlib.Path(source)
    tree = bench.top / "published"
    shutil.copytree(source, tree / "test")
    (tree / ".git").mkdir()
    with tempfile.TemporaryDirectory(prefix="gpg") as home:
        env = {**bench.plugin_env("viaduct.ai", "v1", "ksops"), "GNUPGHOME": home, "PATH": bench.env["PATH"]}
        process.run(["gpg", "--batch", "--import", source / "key.asc"], env)
        try:
            for want in sorted((tree / "test").glob("*/*/want.yaml")):
                result = bench.build(want.parent, env=env)
                check(result.status == 0, want.parent.name, result)
                check(result.stdout == want.read_bytes(), f"{want.parent}: {difference(want.read_bytes(), result.stdout)}")
        finally:
            process.run(["gpgconf", "--kill", "all"], env)


@test
def case_38_lists_that_are_empty_or_missing(bench):
    for lists in ({"files": []}, {"secretFrom": []}):
        for path, env in (("ksops", bench.env), (None, bench.plugin_env("viaduct.ai", "v1", "ksops"))):
            folder = bench.write("c38", config(**lists), path, configMapGenerator=[{"name": "beside", "literals": ["a=b"]}])
            check(b"beside" in bench.built(folder, env=env), "the rest of the build is gone")
    made = bench.seal_object("c38/a.enc.yaml", manifest("a"))
    bench.by_every_way("c38", {**config(files=["a.enc.yaml"]), "immutable": True, "spec": {"files": ["nothing"]}}, [made])
    folder = bench.write("c38", {**config(files=["a.enc.yaml"]), "apiVersion": "viaduct.ai/v2"}, "ksops")
    check(b"a-user" in bench.built(folder), "viaduct.ai/v2")
    for lists in ({"files": None}, {"secretFrom": [{"metadata": {"name": "s"}, "files": ["a=b=c"]}]}, {"files": ["nothing"]}, {"secretFrom": [{}]}):
        result = bench.build(bench.write("c38", config(**lists), "ksops"))
        check(result.status == 1 and not result.stdout, f"{lists} went through", result)


@test
def case_39_the_dialect_of_envs(bench):
    _, _, dialect = secret_text(bench, "c39")
    bench.seal("c39/map.enc.yaml", b"username: admin\nport: 5432\n", "yaml")
    asked = config(secretFrom=[{"metadata": {"name": "s"}, "envs": ["app.enc.env", "map.enc.yaml"]}])
    bench.by_every_way("c39", asked, [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {**dialect, "username": "admin", "port": "5432"}}])


BASE = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "base", "labels": {"from": "base"}}, "type": "example.com/own", "data": {"old": "b2xk", "both": "YQ=="}, "stringData": {"text": "t"}}
BEHAVIOR, HASH = "kustomize.config.k8s.io/behavior", "kustomize.config.k8s.io/needs-hash"


@test
def case_40_behaviors(bench):
    """merge and replace over a base: stringData and type of the base are gone; a hash only where both ask for it."""
    base = bench.repo / "c40base"
    base.mkdir()
    (base / "secret.yaml").write_text(yaml.safe_dump(BASE))
    (base / "kustomization.yaml").write_text(yaml.safe_dump({"resources": ["secret.yaml"]}))
    hashed = bench.repo / "c40hashed"
    hashed.mkdir()
    (hashed / "kustomization.yaml").write_text(yaml.safe_dump({"secretGenerator": [{"name": "base", "literals": ["old=old"]}]}))
    for below, name, annotations, want in (
            ("c40base", "merge", {BEHAVIOR: "merge"}, False), ("c40base", "replace", {BEHAVIOR: "replace"}, False), ("c40base", "hash", {BEHAVIOR: "merge", HASH: "true"}, False),
            ("c40hashed", "generated", {BEHAVIOR: "merge"}, False), ("c40hashed", "both", {BEHAVIOR: "merge", HASH: "true"}, True)):
        made = bench.seal_object("c40/new.enc.yaml", manifest("base", annotations, data={"new": "bmV3", "both": "Yg=="}))
        out = yaml.safe_load(bench.by_every_way("c40", config(files=["new.enc.yaml"]), [made], resources=[f"../{below}"]))
        check(out["metadata"]["name"].startswith("base-") == want, f"{name}: {out['metadata']['name']}")
        if below == "c40base":
            data = {"new": "bmV3", "both": "Yg=="} | ({"old": "b2xk"} if "merge" in annotations.values() else {})
            check(out["data"] == data and "stringData" not in out and "type" not in out, f"{name}: {out}")


@test
def case_41_a_hash_asked_for_with_a_wrong_word(bench):
    for word, fine in (("true", True), ("yes", False), ("maybe", False)):
        bench.seal_object("c41/a.enc.yaml", manifest("a", {HASH: word}))
        result = bench.build(bench.write("c41", config(files=["a.enc.yaml"]), "ksops"))
        check((result.status == 0) == fine, f"'{word}'", result)
        check(fine or b"contains an invalid value" in result.stderr, f"'{word}' is not told by kustomize", result)


@test
def case_42_the_legacy_plugin(bench):
    """The config is a temporary file, its paths are relative to the kustomization; a base is run in its own folder."""
    bench.seal_object("c42/base/a.enc.yaml", manifest("a"))
    bench.write("c42/base", config(files=["./a.enc.yaml"]), None)
    (bench.repo / "c42/top").mkdir()
    (bench.repo / "c42/top/kustomization.yaml").write_text(yaml.safe_dump({"resources": ["../base"], "namePrefix": "p-"}))
    out = yaml.safe_load(bench.built(bench.repo / "c42/top", env=bench.plugin_env("viaduct.ai", "v1", "ksops")))
    check(out["metadata"]["name"] == "p-a" and out["stringData"]["user"] == "a-user", str(out))


@test
def case_43_paths_of_the_function(bench):
    bench.seal_object("c43/a.enc.yaml", manifest("a"))
    (bench.repo / "c43/ksops").symlink_to(bench.world.program)
    (bench.repo / "ksops").symlink_to(bench.world.program)
    outputs = set()
    for path in ("ksops", "./ksops", "../ksops", bench.bin / "ksops"):
        folder = bench.write("c43", config(files=["./a.enc.yaml"]), path)
        outputs |= {bench.built(folder, cwd=cwd) for cwd in (bench.top, folder, bench.world.home)}
    check(len(outputs) == 1 and b"a-user" in outputs.pop(), "other output by another path")


@test
def sops_secret_generator(bench):
    """As function, as plugin and under our own name: the Secret of a plain secretGenerator, but for labels and order, with its hash."""
    plain = bench.seal("ssg/app.enc.env", b"A=a\nB=\"quoted\"\n", "dotenv")
    values = bench.seal("ssg/values.enc.yaml", b"a: 1\nb: [x]\n", "yaml")
    blob = bench.seal("ssg/blob", bytes(range(256)), "binary")
    judge = bench.repo / "ssg-judge"
    judge.mkdir()
    for name, data in (("app.env", plain), ("values.yaml", values), ("blob", blob)):
        (judge / name).write_bytes(data)
    (judge / "kustomization.yaml").write_text(yaml.safe_dump({"secretGenerator": [{"name": "s", "type": "Opaque", "envs": ["app.env"], "files": ["values.yaml", "k=blob"]}]}))
    want = yaml.safe_load(bench.built(judge))
    asked = {"apiVersion": "goabout.com/v1beta1", "kind": "SopsSecretGenerator", "metadata": {"name": "s"}, "type": "Opaque", "envs": ["app.enc.env"], "files": ["values.yaml=values.enc.yaml", "k=blob"]}
    builds = [bench.built(bench.write("ssg", asked, path), env=env) for path, env in (
        ("SopsSecretGenerator", bench.env), (bench.world.program, bench.env), (None, bench.plugin_env("goabout.com", "v1beta1", "SopsSecretGenerator")))]
    check(len(set(builds)) == 1, "three ways, different builds")
    made = yaml.safe_load(builds[0])
    decoded = lambda item: {key: base64.b64decode(value) for key, value in item["data"].items()}
    check(decoded(made) == decoded(want) and made["type"] == want["type"] and made["metadata"]["name"].startswith("s-") and "annotations" not in made["metadata"], str(made))
    off = bench.built(bench.write("ssg", {**asked, "disableNameSuffixHash": True}, "SopsSecretGenerator"))
    check(yaml.safe_load(off)["metadata"]["name"] == "s", "the hash is not switched off")
    real = shutil.which("SopsSecretGenerator")
    if real:
        check(bench.built(bench.write("ssg", asked, real)) == builds[0], "the real one makes another Secret")


@test
def doctor_with_the_real_kustomize(bench):
    """What a stand-in says in tests/program/test_doctor.py, asked of the real one: each flag alone, both, none."""
    bench.seal_object("doc/a.enc.yaml", manifest("a"))
    (bench.bin / "krm-sops").symlink_to(bench.world.program)
    for flags, status, word in (([], 0, b"kustomize runs the function"), (["--", "--enable-alpha-plugins"], 1, b"skips the function in silence"),
                                (["--", "--enable-exec"], 1, b"gap   flags"), (["--"], 0, b"a build without functions works"),
                                (["--", "--no-such-flag"], 1, b"unknown flag")):
        result = process.run(["krm-sops", "doctor", "--kustomize", bench.kustomize, "--accept-exec", "a.enc.yaml", *flags], bench.env, bench.repo / "doc")
        check(result.status == status and word in result.stdout, f"{flags}: {result.stdout.decode()}", result)


@test
def the_plugins_of_argo_cd(bench):
    """Their commands, in the folder of an application with a base beside it, with the environment of a sidecar."""
    made = bench.seal_object("argo/base/a.enc.yaml", manifest("a"))
    values = bench.seal("argo/app/values.enc.yaml", b"a: 1 # why\n", "yaml")
    (bench.bin / "krm-sops").symlink_to(bench.world.program)
    (bench.bin / "kustomize").symlink_to(bench.kustomize)
    (bench.top / "mount").mkdir()
    (bench.top / "mount/keys.agekey").write_text(bench.world.keys.read_text())
    (bench.repo / ".git").rmdir()
    env = {"PATH": bench.env["PATH"], "KRM_SOPS_KEYS_FLAT": str(bench.top / "mount"), "ARGOCD_APP_NAME": "x", "ARGOCD_APP_SOURCE_PATH": "argo/app", "HOME": "/nonexistent"}
    builds = {
        "plugin.yaml": {"resources": ["../base"], "secretGenerator": [{"name": "v", "files": ["values.yaml=values.enc.yaml"]}]},
        "plugin-functions.yaml": {"resources": ["../base"], "secretGenerator": [{"name": "v", "files": ["values.yaml=values.enc.yaml"]}], "transformers": ["decrypt.yaml"]}}
    (bench.repo / "argo/base/kustomization.yaml").write_text("resources: [a.enc.yaml]\n")
    (bench.repo / "argo/app/decrypt.yaml").write_text("apiVersion: krm-sops.dev/v1alpha1\nkind: Decrypt\nmetadata:\n  name: d\n  annotations:\n    config.kubernetes.io/function: |\n"
                                                      "      exec: {path: krm-sops}\n")
    judge = bench.repo / "argo-judge"
    (judge / "app").mkdir(parents=True)
    (judge / "base").mkdir()
    (judge / "base/a.enc.yaml").write_text(made)
    (judge / "base/kustomization.yaml").write_text("resources: [a.enc.yaml]\n")
    (judge / "app/values.enc.yaml").write_bytes(values)
    for name, kustomization in builds.items():
        spec = yaml.safe_load((peers.ROOT / "examples/argocd" / name).read_text())["spec"]
        folder = bench.repo / "argo/app"
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        (judge / "app/kustomization.yaml").write_text(yaml.safe_dump({key: value for key, value in kustomization.items() if key != "transformers"}))
        check(list(folder.glob(spec["discover"]["fileName"])) and not list(bench.top.glob(spec["discover"]["fileName"])), f"{name} does not find applications")
        result = process.run(spec["generate"]["command"], env, folder)
        check(result.status == 0, f"{name}: generate", result)
        objects = lambda data: sorted(yaml.safe_load_all(data), key=lambda item: item["metadata"]["name"])
        check(objects(result.stdout) == objects(bench.built(judge / "app")), f"{name}: other manifests")
        shutil.copy(bench.repo / "argo/base/a.enc.yaml", bench.top / "sample.enc.yaml")
        flags = ["--"] if name == "plugin.yaml" else ["--accept-exec"]
        doctor = process.run(["krm-sops", "doctor", str(bench.top / "sample.enc.yaml"), *flags], env, folder)
        check(doctor.status == 0, f"{name}: doctor: {doctor.stdout.decode()}", doctor)


def cpu_of(function):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    out = function()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return out, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - start


@test
def three_hundred_configs_in_one_build(bench):
    """kustomize starts a process for each. Our share is what the build takes beyond that of the same objects in the clear."""
    count = 300
    folder, plain = bench.repo / "many", bench.repo / "many-plain"
    for path in (folder, plain):
        path.mkdir()
    bench.seal_object("many/a.enc.yaml", manifest("a"))
    bench.seal("many/app.enc.env", b"A=a\nB=b\n", "dotenv")
    names = [f"g{at}.yaml" for at in range(count)]
    for at, name in enumerate(names):
        asked = config(secretFrom=[{"metadata": {"name": f"s{at}"}, "files": ["a.enc.yaml"], "envs": ["app.enc.env"]}])
        asked["metadata"] = {"name": f"g{at}", "annotations": {"config.kubernetes.io/function": "exec: {path: ksops}"}}
        (folder / name).write_text(yaml.safe_dump(asked))
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"generators": names}))
    built, cpu, wall = cpu_of(lambda: bench.built(folder))
    items = list(yaml.safe_load_all(built))
    check(sorted(item["metadata"]["name"] for item in items) == sorted(f"s{at}" for at in range(count)), f"{len(items)} Secrets")
    for at, item in enumerate(items):
        (plain / f"{at}.yaml").write_text(yaml.safe_dump(item))
    (plain / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [f"{at}.yaml" for at in range(count)]}))
    _, base, _ = cpu_of(lambda: bench.built(plain))
    (bench.top / "one.yaml").write_text(yaml.safe_dump(config(secretFrom=[{"metadata": {"name": "s"}, "files": ["a.enc.yaml"], "envs": ["app.enc.env"]}])))

    def alone(program):
        for _ in range(20):
            done = subprocess.run([program, str(bench.top / "one.yaml")], env=bench.env, cwd=folder, capture_output=True, check=False)
            check(done.returncode == 0, f"{program}: {done.stderr.decode(errors='replace')[:500]}")
        return b""

    said = f"{count} configs in one build: {cpu:.2f} s of CPU ({wall:.2f} s), {base:.2f} s of it kustomize's; one run of ksops {cpu_of(lambda: alone(bench.bin / 'ksops'))[1] / 20 * 1000:.1f} ms"
    if bench.real:
        said += f", of KSOPS {cpu_of(lambda: alone(bench.real))[1] / 20 * 1000:.1f} ms"
    print(said)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="build/krm-sops")
    parser.add_argument("--sops")
    parser.add_argument("--kustomize")
    parser.add_argument("--age-keygen")
    parser.add_argument("--ksops", help="the real KSOPS; default: of PATH")
    parser.add_argument("--only", default="", help="part of a test's name")
    args = parser.parse_args()
    with World(peers.need("sops", args.sops), peers.need_ours(args.program), peers.need("age-keygen", args.age_keygen)) as world:
        kustomize = peers.need("kustomize", args.kustomize)
        real = args.ksops or shutil.which("ksops")
        print(f"KSOPS: {real or 'not on PATH'}", flush=True)
        runs = [(function.__name__, 0, function) for function in TESTS if args.only in function.__name__]
        return named.run(runs, lambda name, number: Bench(world, kustomize, world.folder(name), real), peers.ROOT / "build/interop/ksops")


if __name__ == "__main__":
    sys.exit(main())
