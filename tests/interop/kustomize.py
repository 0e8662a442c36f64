#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real kustomize builds with our function, on repositories made on the spot.

The judge is the build of the same repository in which each file was decrypted by the real sops beforehand, which is what Flux does: the
two must be equal to the byte, name hashes and references included. Then what kustomize is known to do (the traps T1 to T19 of its
wire format) is held up to the function, each as a named test. Trees of a failed test are kept in build/interop/kustomize.
"""
import argparse
import base64
import json
import random
import re
import shutil
import sys

import yaml

from lib import gitops, named, peers, process, typed
from lib.named import check
from lib.world import World

FLAGS = ["--enable-alpha-plugins", "--enable-exec"]
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Bench:
    """What a test needs: a fresh repository each time it asks, and kustomize."""

    def __init__(self, world, kustomize, seed, number):
        self.world, self.kustomize_path, self.seed, self.number = world, kustomize, seed, number
        self.top = world.folder(f"repo-{number}")
        self.made = 0

    def repository(self):
        """A repository that sops can open again."""
        while True:
            folder = self.top / f"r{self.made}"
            self.made += 1
            repository = gitops.Repository(self.world, folder, f"{self.seed}:{self.number}:{self.made}")
            repository.build()
            opened = [self.world.run_sops(["decrypt", path]) for path in repository.sealed]
            # sops moves some comments where it cannot open them again: they stay ciphertext, which we do not let pass in a Secret.
            if all(result.status == 0 and b"ENC[AES256_GCM," not in result.stdout for result in opened):
                return repository

    def build(self, folder, flags=tuple(FLAGS), env=None):
        return process.run([self.kustomize_path, "build", *flags, folder], self.world.env if env is None else env, self.top)

    def built(self, folder, **more):
        result = self.build(folder, **more)
        check(result.status == 0, f"build of {folder.name} failed", result)
        return result.stdout


def difference(one, two):
    """The first lines that differ, without their values."""
    for number, (a, b) in enumerate(zip(one.decode().splitlines(), two.decode().splitlines()), 1):
        if a != b:
            return f"line {number}: Flux {a[:60]!r}, ours {b[:60]!r}"
    return f"{len(one)} and {len(two)} bytes"


def with_function(bench, repository, spec="  mode: transform", **more):
    repository.add_function("decrypt.yaml", bench.world.program, spec)
    repository.finish(transformers=["decrypt.yaml"], **more)
    return repository.folder / "apps" / "prod"


def as_flux(bench, repository, **more):
    repository.finish(**more)
    target = repository.folder.with_name(repository.folder.name + "-flux")
    check(repository.decrypted_copy(target), "sops does not open its own files")
    return target / "apps" / "prod"


def objects(data):
    return [typed.value(node) for node in yaml.compose_all(data, Loader=yaml.SafeLoader) if node]


def find(items, kind, part):
    return next(item for item in items if item["kind"] == kind and part in item["metadata"]["name"])


@test
def same_bytes_as_flux_in_its_order(bench):
    repository = bench.repository()
    order = {"sortOptions": {"order": "fifo"}}
    flux = bench.built(as_flux(bench, repository, **order))
    ours = bench.built(with_function(bench, repository, **order))
    check(flux == ours, difference(flux, ours))
    check(b"ENC[" not in ours and b"sops" not in ours.replace(b"krm-sops", b""), "something of sops is left")


@test
def same_bytes_as_flux_in_default_order(bench):
    repository = bench.repository()
    flux = bench.built(as_flux(bench, repository))
    ours = bench.built(with_function(bench, repository))
    check(flux == ours, difference(flux, ours))


@test
def case_12_every_mac_is_verified(bench):
    """mac: verify makes an error of what cannot be verified; in a repository that holds its sources nothing is."""
    repository = bench.repository()
    flux = bench.built(as_flux(bench, repository))
    result = bench.build(with_function(bench, repository, "  mode: transform\n  mac: verify"))
    check(result.status == 0, "build with mac: verify", result)
    check(flux == result.stdout, difference(flux, result.stdout))


@test
def transformer_in_the_base(bench):
    """Decrypted in a base, prefixed and patched above it."""
    repository = bench.repository()
    top = json.dumps({"resources": ["../prod"], "nameSuffix": "-x", "patches": [{"target": {"kind": "Secret", "name": ".*own"}, "patch": '[{"op": "add", "path": "/stringData/added", "value": "v"}]'}]})
    flux = as_flux(bench, repository)
    base = with_function(bench, repository)
    for folder in (flux, base):
        (folder.parent / "top").mkdir()
        (folder.parent / "top" / "kustomization.yaml").write_text(top)
    one, two = bench.built(flux.parent / "top"), bench.built(base.parent / "top")
    check(one == two, difference(one, two))


@test
def case_6_encrypting_anew_changes_no_name(bench):
    repository = bench.repository()
    folder = with_function(bench, repository)
    before = {(i["kind"], i["metadata"]["name"]) for i in objects(bench.built(folder))}
    cipher, opened = ({path: read(path) for path in repository.sealed} for read in (lambda path: path.read_bytes(), lambda path: bench.world.run_sops(["decrypt", path]).stdout))
    repository.reencrypt()
    check(all(path.read_bytes() != old for path, old in cipher.items()), "nothing was encrypted anew")
    # sops does not print every text so that it reads as the same again (a comment moves, 1.0 becomes 1): such a file may change the name.
    if any(bench.world.run_sops(["decrypt", path]).stdout != old for path, old in opened.items()):
        return case_6_encrypting_anew_changes_no_name(bench)
    after = {(i["kind"], i["metadata"]["name"]) for i in objects(bench.built(folder))}
    check(before == after, f"names differ: {sorted(before ^ after)}")
    return None


@test
def case_4_no_key_fails_the_build(bench):
    """Nothing on stdout and a status that is not 0; an empty success would delete every resource."""
    repository = bench.repository()
    folder = with_function(bench, repository)
    env = {name: value for name, value in bench.world.env.items() if not name.startswith("SOPS_")}
    result = bench.build(folder, env=env)
    check(result.status != 0 and not result.stdout, "a build without keys", result)
    check(b"Secret" in result.stderr and b"AGE-SECRET" not in result.stderr, "the message names no resource", result)


@test
def t2_all_resources_are_there(bench):
    repository = bench.repository()
    flux = objects(bench.built(as_flux(bench, repository)))
    ours = objects(bench.built(with_function(bench, repository)))
    names = lambda items: [(i["kind"], i["metadata"]["name"]) for i in items]
    check(names(flux) == names(ours) and len(ours) >= 9, f"{len(flux)} and {len(ours)} resources")


@test
def cases_6_and_8_references_follow_the_hash(bench):
    repository = bench.repository()
    items = objects(bench.built(with_function(bench, repository)))
    secret, release, web = find(items, "Secret", "files"), find(items, "HelmRelease", "app"), find(items, "Deployment", "web")
    check(re.search(r"files-[a-z0-9]{10}$", secret["metadata"]["name"]), f"no hash in {secret['metadata']['name']}")
    check(release["spec"]["valuesFrom"][0]["name"] == secret["metadata"]["name"], "valuesFrom does not name the Secret")
    named = [entry["secretRef"]["name"] for entry in web["spec"]["template"]["spec"]["containers"][0]["envFrom"]]
    check(named[0] == find(items, "Secret", "envs")["metadata"]["name"], "envFrom does not name the Secret")


def secret_from(bench, repository, key, data, kind):
    """A build of one generated Secret over one encrypted file; and of the same from the plain bytes."""
    folder, plain = repository.folder / "one", repository.folder / "two"
    for old in (folder, plain):
        shutil.rmtree(old, ignore_errors=True)
    check(repository.seal(f"one/doc.{kind}", data), "sops does not take the data")
    repository.write("one/decrypt.yaml", gitops.DECRYPT.replace("PROGRAM", str(bench.world.program)).replace("SPEC", "  mode: transform"))
    kustomization = {"secretGenerator": [{"name": "s", "files": [f"{key}=doc.{kind}"]}]}
    repository.write("one/kustomization.yaml", json.dumps({**kustomization, "transformers": ["decrypt.yaml"]}))
    ours = bench.built(folder)
    opened = bench.world.run_sops(["decrypt", folder / f"doc.{kind}"]).stdout
    repository.write("two/kustomization.yaml", json.dumps(kustomization))
    (plain / f"doc.{kind}").write_bytes(opened)
    return ours, bench.built(plain), opened


@test
def case_11_wrapped_base64_is_read(bench):
    """Long base64 arrives as a literal block; every byte value comes out."""
    data = bytes(range(256)) * 9
    ours, _, opened = secret_from(bench, bench.repository(), "blob", data, "bin")
    check(base64.b64decode(objects(ours)[0]["data"]["blob"]) == data == opened, "other bytes")


@test
def case_9_validator_passes_and_keeps_all(bench):
    """Nothing encrypted: the build is the one without the function."""
    repository = bench.repository()
    flux = as_flux(bench, repository)
    plain = bench.built(flux)
    (flux / "validate.yaml").write_text(gitops.DECRYPT.replace("PROGRAM", str(bench.world.program)).replace("SPEC", "  mode: validate"))
    (flux / "kustomization.yaml").write_text(json.dumps({**repository.kustomization, "validators": ["validate.yaml"]}))
    check(bench.built(flux) == plain, "a validator changed the build")


@test
def case_10_validator_finds_ciphertext(bench):
    repository = bench.repository()
    repository.add_function("validate.yaml", bench.world.program, "  mode: validate")
    repository.finish(validators=["validate.yaml"])
    result = bench.build(repository.folder / "apps" / "prod")
    check(result.status != 0 and not result.stdout, "a validator let ciphertext pass", result)


@test
def case_9_validator_behind_the_transformer(bench):
    repository = bench.repository()
    folder = with_function(bench, repository)
    plain = bench.built(folder)
    repository.add_function("validate.yaml", bench.world.program, "  mode: validate")
    repository.finish(transformers=["decrypt.yaml"], validators=["validate.yaml"])
    check(bench.built(folder) == plain, "transformer and validator together give another build")


@test
def case_13_dotenv_in_pieces(bench):
    repository = bench.repository()
    items = objects(bench.built(with_function(bench, repository)))
    path = repository.folder / "apps" / "prod" / "app.enc.env"
    lines = [line for line in bench.world.run_sops(["decrypt", path]).stdout.decode().split("\n") if line and not line.startswith("#")]
    found = {key: base64.b64decode(value).decode() for key, value in find(items, "Secret", "envs")["data"].items()}
    check(found == dict(line.split("=", 1) for line in lines), "the keys are not those of the dotenv file")


@test
def case_50_in_place_is_refused(bench):
    """`kustomize fn run` writes results back to disk."""
    repository = bench.repository()
    repository.write("pkg/secret.yaml", (repository.folder / "apps/prod/own-secret.yaml").read_text())
    repository.write("pkg/fn.yaml", gitops.DECRYPT.replace("PROGRAM", str(bench.world.program)).replace("SPEC", "  mode: transform"))
    folder = repository.folder / "pkg"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = process.run([bench.kustomize_path, "fn", "run", "--enable-exec", folder], bench.world.env, repository.folder)
    check(result.status != 0, "it was not refused", result)
    check({path.name: path.read_bytes() for path in folder.iterdir()} == before, "files were changed")
    check(b"allowPlaintextOnDisk" in result.stderr, "no hint", result)


@test
def case_50_in_place_where_allowed(bench):
    """The file is decrypted on disk, its other lines stay."""
    repository = bench.repository()
    text = (repository.folder / "apps/prod/own-secret.yaml").read_text()
    repository.write("pkg/secret.yaml", text)
    repository.write("pkg/fn.yaml", gitops.DECRYPT.replace("PROGRAM", str(bench.world.program)).replace("SPEC", "  mode: transform\n  allowPlaintextOnDisk: true"))
    folder = repository.folder / "pkg"
    result = process.run([bench.kustomize_path, "fn", "run", "--enable-exec", folder], bench.world.env, repository.folder)
    check(result.status == 0, "it failed", result)
    found = objects((folder / "secret.yaml").read_bytes())[0]
    opened = objects(bench.world.run_sops(["decrypt", repository.folder / "apps/prod/own-secret.yaml"]).stdout)[0]
    check(found.get("stringData") == opened["stringData"] and found.get("data") == opened.get("data") and "sops" not in found, "not what sops decrypts")


@test
def t19_hash_of_a_long_value(bench):
    """A long value's base64 is wrapped before it is hashed; short ones are not."""
    repository = bench.repository()
    for size in (1, 50, 51, 52, 53, 54, 105, 5000):
        ours, plain, _ = secret_from(bench, repository, "blob", b"x" * size, "bin")
        check(ours == plain, f"{size} bytes: {difference(plain, ours)}")


@test
def t19_hash_of_every_format(bench):
    repository = bench.repository()
    for key, kind, data in (("values.yaml", "yaml", b"a: 1\nb:\n- x # c\n"), ("c.json", "json", b'{"a": [1, 2.50, "x"]}'), ("a.env", "env", b"A=1\nB=two\n"), ("a.ini", "ini", b"[s]\na=1\n")):
        ours, plain, _ = secret_from(bench, repository, key, data, kind)
        check(ours == plain, f"{kind}: {difference(plain, ours)}")


@test
def case_19_decrypt_disabled_is_left_alone(bench):
    repository = bench.repository()
    off = {"commonAnnotations": {"kustomize.toolkit.fluxcd.io/decrypt": "disabled"}}
    repository.finish(**off)
    plain = bench.built(repository.folder / "apps" / "prod")
    check(b"ENC[" in plain, "nothing is encrypted there")
    check(bench.built(with_function(bench, repository, **off)) == plain, "something was changed")


@test
def case_1_a_missing_flag_is_found_by_check(bench):
    """Without --enable-exec kustomize skips the function in silence: what it prints then is what `check` is for."""
    folder = with_function(bench, bench.repository())
    result = bench.build(folder, flags=FLAGS[:1])
    check(result.status == 0 and b"ENC[" in result.stdout, "kustomize has changed: it does not skip the function any more", result)
    judged = bench.world.run_ours(["check", "--build", "-"], stdin=result.stdout)
    check(judged.status != 0, "ciphertext was not found", judged)
    judged = bench.world.run_ours(["check", "--build", "-"], stdin=bench.built(folder))
    check(judged.status == 0, "a build that was decrypted", judged)


@test
def case_3_nothing_encrypted(bench):
    """The build is the one without the function."""
    flux = as_flux(bench, bench.repository())
    plain = bench.built(flux)
    (flux / "decrypt.yaml").write_text(gitops.DECRYPT.replace("PROGRAM", str(bench.world.program)).replace("SPEC", "  mode: transform"))
    kustomization = json.loads((flux / "kustomization.yaml").read_text())
    (flux / "kustomization.yaml").write_text(json.dumps({**kustomization, "transformers": ["decrypt.yaml"]}))
    check(bench.built(flux) == plain, "the function changed the build")


@test
def case_7_a_lost_annotation_is_noticed(bench):
    """The guard of case 6: behind a function that loses `needsHashSuffix` there is no hash, and nobody says so."""
    repository = bench.repository()
    broken = bench.top / "broken"
    broken.write_text(f"#!/bin/sh\n{bench.world.program} | sed /needsHashSuffix/d\n")
    broken.chmod(0o755)
    repository.add_function("decrypt.yaml", broken, "  mode: transform")
    repository.finish(transformers=["decrypt.yaml"])
    name = find(objects(bench.built(repository.folder / "apps" / "prod")), "Secret", "files")["metadata"]["name"]
    check(not re.search(r"files-[a-z0-9]{10}$", name), f"a hash in {name}")


def of_one(bench, text, pattern=None):
    """A build of one manifest that sops has encrypted, decrypted by the function."""
    repository = bench.repository()
    check(repository.seal("one/secret.yaml", text.encode(), pattern), "sops does not take the data")
    repository.write("one/decrypt.yaml", gitops.DECRYPT.replace("PROGRAM", str(bench.world.program)).replace("SPEC", "  mode: transform"))
    repository.write("one/kustomization.yaml", json.dumps({"resources": ["secret.yaml"], "transformers": ["decrypt.yaml"]}))
    return repository, bench.build(repository.folder / "one")


def manifest(kind, **parts):
    text = json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, **parts}, ensure_ascii=False)
    return text.replace("\u2028", "\\u2028")  # a line break to YAML


@test
def case_18_an_encrypted_kind(bench):
    _, result = of_one(bench, manifest("Secret", stringData={"a": "b"}))
    check(result.status != 0 and b"encrypted_regex" in result.stderr and b"ENC[" not in result.stderr, "no word of encrypted_regex", result)


@test
def case_45_a_key_among_the_function_s_envs(bench):
    """It holds no '=', so kustomize hands it on; what holds one it drops."""
    repository = bench.repository()
    folder = with_function(bench, repository)
    none = {name: value for name, value in bench.world.env.items() if not name.startswith("SOPS_")}
    path, plain = folder / "decrypt.yaml", bench.built(folder)
    text = path.read_text()
    identities = bench.world.identities
    for envs, works in (([f"SOPS_AGE_KEY={identities[0]}"], len(identities) == 1), ([f"SOPS_AGE_KEY_CMD=cat {bench.world.keys}"], True), ([f"SOPS_AGE_KEY_CMD=env A=b cat {bench.world.keys}"], False)):
        path.write_text(re.sub(r"exec: \{path: (.*)\}", lambda m, envs=envs: f"exec: {{path: {m.group(1)}, envs: {json.dumps(envs)}}}", text))
        result = bench.build(folder, env=none)
        if works:
            check(result.status == 0 and result.stdout == plain, f"{envs[0][:16]}", result)
        elif "A=b" in envs[0]:
            check(result.status != 0 and b"kustomize drops" in result.stderr, "no word of what kustomize drops", result)


# Not U+0085: kustomize itself makes a blank of it, in plain manifests too.
STRANGE = ["yes", "0123", "1e3", "2020-01-01", "~", "", " leading", "\ttab", "a\r\nb", "a\n---\nb", "\u2028", "\U0001f600", "null", "0x1F", "1_000", "12:30:45", "=", "<<", "*a", "&a", "!t", "- x", "? x", "k: v", "#c", "a #c", "'", '"', "\\"]


@test
def case_47_strings_that_could_be_something_else(bench):
    values = {f"k{n}": text for n, text in enumerate(STRANGE)} | {key: key for key in ("y", "n", "on", "yes", "null")}
    _, result = of_one(bench, manifest("Secret", stringData=values), "^(data|stringData)$")
    check(result.status == 0, "the build", result)
    found = objects(result.stdout)[0]["stringData"]
    check(found == values, f"{ {k: (v, found.get(k)) for k, v in values.items() if found.get(k) != v} }", result)


@test
def case_51_types_of_what_is_no_string(bench):
    """As sops decrypts them and kustomize prints them."""
    data = {"i": 7, "big": 9007199254740993, "f": 1.5, "e": 1e30, "t": True, "no": False, "nil": None, "date": "2020-01-01", "empty": "", "list": [1, "1", None], "map": {"a": 0.5}}
    repository, result = of_one(bench, manifest("ConfigMap", data=data), "^data$")
    repository.write("two/secret.yaml", bench.world.run_sops(["decrypt", repository.folder / "one/secret.yaml"]).stdout.decode())
    repository.write("two/kustomization.yaml", json.dumps({"resources": ["secret.yaml"]}))
    theirs = bench.built(repository.folder / "two")
    check(result.status == 0 and result.stdout == theirs, "other types", result)


ATTACKS = {
    "value emptied": lambda text: re.sub(r"^( +k0: ).*$", r'\1""', text, count=1, flags=re.M),
    "value in the clear by another rule": lambda text: re.sub(r"encrypted_regex: .*", "encrypted_regex: ^nothing$", re.sub(r"^( +k0: ).*$", r"\1clear", text, count=1, flags=re.M)),
    "key deleted": lambda text: re.sub(r"^ +k0: .*\n", "", text, count=1, flags=re.M),
    "Secret made a ConfigMap": lambda text: text.replace("kind: Secret", "kind: ConfigMap", 1),
    "namespace changed": lambda text: text.replace("metadata:\n", "metadata:\n    namespace: other\n", 1),
    "MAC of another file": None,
}
OUTSIDE_OF_MAC = ("Secret made a ConfigMap", "namespace changed")  # where the file asks for mac_only_encrypted


@test
def attacks_by_a_writer_without_a_key(bench):
    """Each on the file in Git: the build must fail and print nothing."""
    for name, attack in ATTACKS.items():
        repository = bench.repository()
        path = repository.folder / "apps/prod/own-secret.yaml"
        text = path.read_text()
        if attack is None:
            other = (repository.folder / "apps/base/db-secret.yaml").read_text()
            mac = re.search(r"^    mac: .*$", other, re.M).group(0)
            attack = lambda text, mac=mac: re.sub(r"^    mac: .*$", mac, text, flags=re.M)
        damaged = attack(text)
        if name in OUTSIDE_OF_MAC and "mac_only_encrypted" in text:
            continue
        check(damaged != text, f"{name}: nothing to attack")
        path.write_text(damaged)
        result = bench.build(with_function(bench, repository))
        check(result.status != 0 and not result.stdout, f"{name} went through", result)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=4, help="how often each test runs, each time on other repositories")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--program", default="build/krm-sops")
    parser.add_argument("--sops")
    parser.add_argument("--kustomize")
    parser.add_argument("--age-keygen")
    parser.add_argument("--only", default="", help="part of a test's name")
    args = parser.parse_args()
    if args.seed is None:
        args.seed = random.SystemRandom().randrange(2 ** 32)
    print(f"kustomize: seed {args.seed}", flush=True)
    with World(peers.need("sops", args.sops), peers.need_ours(args.program), peers.need("age-keygen", args.age_keygen)) as world:
        kustomize = peers.need("kustomize", args.kustomize)
        runs = [(function.__name__, number, function) for number in range(args.rounds) for function in TESTS if args.only in function.__name__]
        return named.run(runs, lambda name, number: Bench(world, kustomize, f"{args.seed}:{name}", f"{number}-{name}"), peers.ROOT / "build/interop/kustomize")


if __name__ == "__main__":
    sys.exit(main())
