#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real sops as a client of both doors of the sidecar: its key service (gRPC over the Unix socket) and AWS KMS (--aws-kms), with keys that sops itself has
not. The judge is the same sops with the keys at hand. And the real kustomize applies the example patches.
"""
import argparse
import concurrent.futures
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback

import yaml

from lib import peers, process
from lib.world import World

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from fakes import faults, secrets  # noqa: E402
from fakes.aws import ARN, Aws  # noqa: E402

TESTS = []
PAIR = ("KRMSOPSDOOR", "door/secret")
OWN = {"AWS_ACCESS_KEY_ID": "AKIAOWN", "AWS_SECRET_ACCESS_KEY": "own/secret"}
OTHER_ARN = ARN.replace("us-east-1", "eu-central-1")
EXAMPLES = peers.ROOT / "examples"
PLAIN = {
    "yaml": b"a: one\nb:\n    - 2\n    - true\n# three\nc: \"4\"\n",
    "json": b'{"a": "one", "b": [2, true]}',
    "dotenv": b"A=one\nB=two\n",
    "ini": b"[a]\nb = one\n",
    "binary": bytes(range(256)),
}


class Failed(Exception):
    """A test that did not hold, and why."""


def check(truth, why, result=None):
    if not truth:
        raise Failed(why + (f"\nstatus {result.status}\n{result.stdout[:500]}\n{result.stderr.decode(errors='replace')[:2000]}" if result else ""))


def test(function):
    TESTS.append(function)
    return function


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Keyring:
    """A GnuPG home with a key of each kind that the sidecar opens without GnuPG, and these as a file."""

    def __init__(self, folder):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
        self.env = {"GNUPGHOME": str(self.home), "HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        self.prints = [self.make("rsa", "rsa3072", "rsa3072"), self.make("curve", "ed25519", "cv25519")]
        self.file = folder / "sops.asc"
        self.file.write_bytes(self.gpg("--export-secret-keys", "--armor"))

    def gpg(self, *argv):
        done = subprocess.run(["gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", "", *argv], env=self.env, capture_output=True, check=True)
        return done.stdout

    def make(self, name, primary, sub):
        self.gpg("--quick-generate-key", name, primary, "sign", "never")
        found = next(line.split(":")[9] for line in self.gpg("--with-colons", "--list-keys", f"={name}").decode().splitlines() if line.startswith("fpr:"))
        self.gpg("--quick-add-key", found, sub, "encrypt", "never")
        return found

    def remove(self):
        subprocess.run(["gpgconf", "--kill", "all"], env=self.env, check=False, capture_output=True)
        shutil.rmtree(self.home, ignore_errors=True)


class Bench:
    """sops with the keys and without them, and a sidecar that has them."""

    def __init__(self, world, kustomize, keyring, aws, top):
        self.world, self.kustomize, self.keyring, self.aws, self.top = world, kustomize, keyring, aws, top
        self.with_keys = {**world.env, "GNUPGHOME": str(keyring.home), **OWN, **aws.env()}
        self.bare = {"HOME": str(top), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true"}
        self.keys = top / "keys"
        self.keys.mkdir()
        shutil.copy(world.keys, self.keys / "all.agekey")
        shutil.copy(keyring.file, self.keys)
        self.socket = top / "run/s.sock"
        self.door = ""
        self.process = None

    def serve(self, *options, policy=None):
        self.door = f"127.0.0.1:{free_port()}"
        (self.top / "pair").write_text(f"[default]\naws_access_key_id = {PAIR[0]}\naws_secret_access_key = {PAIR[1]}\n")
        env = {**self.bare, **OWN, **self.aws.env()}
        if policy:
            path = self.top / "policy.yaml"
            path.write_text(yaml.safe_dump({"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Policy", "spec": policy}))
            env["KRM_SOPS_POLICY"] = str(path)
        listen = ["--listen", f"unix://{self.socket}"]
        with open(self.top / "serve.log", "ab") as log:
            self.process = subprocess.Popen([str(self.world.program), "serve", *listen, "--keys-flat", str(self.keys), "--aws-kms", self.door, "--aws-kms-key",
                                             str(self.top / "pair"), *options], env=env, cwd=self.top, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for _ in range(200):
            ready = process.run([self.world.program, "serve", "--probe", "ready", *listen], self.bare)
            if ready.status == 0:
                return
            time.sleep(0.1)
        raise Failed(f"the sidecar is not ready: {self.log}")

    @property
    def log(self):
        return (self.top / "serve.log").read_text()

    def stop(self):
        if self.process:
            self.process.terminate()
            check(self.process.wait(60) == 0, f"the sidecar did not end well: {self.log[-2000:]}")

    def sops(self, env, *argv):
        return process.run([self.world.sops, *argv], env, self.top)

    def by_service(self, path, *argv, **more):
        env = {**self.bare, "SOPS_KEYSERVICE": f"unix://{self.socket}", "SOPS_ENABLE_LOCAL_KEYSERVICE": "false", **more}
        return self.sops(env, "decrypt", *argv, path)

    def by_kms(self, path, pair=PAIR):
        env = {**self.bare, "AWS_ENDPOINT_URL_KMS": f"http://{self.door}", "AWS_ACCESS_KEY_ID": pair[0], "AWS_SECRET_ACCESS_KEY": pair[1]}
        return self.sops(env, "decrypt", path)

    def seal(self, kind, *rules, config=None):
        path = self.top / f"sealed.{len(list(self.top.glob('sealed.*')))}"
        path.write_bytes(PLAIN[kind])
        first = ["--config", str(config)] if config else []
        done = self.sops(self.with_keys, *first, "encrypt", *rules, "--input-type", kind, "--output-type", kind, path)
        check(done.status == 0, "sops does not encrypt", done)
        path.write_bytes(done.stdout)
        return path

    def keyed(self, name, number=0, arn=ARN, context=None):
        path = self.top / f"{name}.json"
        path.write_text(secrets.text(number, kms=[self.aws.entry(arn, secrets.data_key(number), context)]))
        return path

    def same(self, what, path, got, *argv):
        want = self.sops(self.with_keys, "decrypt", *argv, path)
        check(want.status == 0 and want.stdout, f"{what}: sops with its keys", want)
        check((got.status, got.stdout) == (0, want.stdout), what, got)


@test
def every_format_by_the_key_service(bench):
    bench.serve()
    for kind in PLAIN:
        types = ["--input-type", kind, "--output-type", kind]
        for what, rule in (("age", ("--age", bench.world.recipients[0])), ("PGP, RSA", ("--pgp", bench.keyring.prints[0])),
                           ("PGP, Curve25519", ("--pgp", bench.keyring.prints[1])), ("both", ("--age", bench.world.stranger, "--pgp", bench.keyring.prints[0]))):
            path = bench.seal(kind, *rule)
            bench.same(f"{kind}, {what}", path, bench.by_service(path, *types), *types)
            without = bench.sops(bench.bare, "decrypt", *types, path)
            check(without.status != 0 and not without.stdout, f"{kind}, {what}: opens without any key", without)


@test
def kms_by_the_key_service(bench):
    bench.serve()
    for name, more in (("plain", {}), ("context", {"context": {"app": "shop", "Stage": "prod"}}), ("other", {"number": 1, "arn": OTHER_ARN})):
        path = bench.keyed(name, **more)
        bench.same(name, path, bench.by_service(path))


@test
def key_groups_by_the_key_service(bench):
    config = bench.top / ".sops.yaml"
    groups = [{"age": [bench.world.recipients[0]]}, {"pgp": [bench.keyring.prints[1]]}, {"age": [bench.world.stranger]}]
    config.write_text(yaml.safe_dump({"creation_rules": [{"shamir_threshold": 2, "key_groups": groups}]}))
    bench.serve()
    path = bench.seal("yaml", config=config)
    types = ["--input-type", "yaml", "--output-type", "yaml"]
    bench.same("two of three groups", path, bench.by_service(path, *types), *types)


@test
def many_clients_at_once(bench):
    bench.serve()
    paths = [bench.seal("json", "--age", recipient) for recipient in bench.world.recipients]
    types = ["--input-type", "json", "--output-type", "json"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for path, got in [(path, pool.submit(bench.by_service, path, *types)) for path in paths * 6]:
            bench.same("one of many", path, got.result(), *types)


@test
def a_key_that_is_not_there_is_sops_s_own_error(bench):
    bench.serve()
    path = bench.seal("yaml", "--age", bench.world.stranger)
    types = ["--input-type", "yaml", "--output-type", "yaml"]
    alone, served = bench.sops(bench.bare, "decrypt", *types, path), bench.by_service(path, *types)
    check((served.status, served.stdout) == (alone.status, b""), "another status than without a key", served)
    check(b"no identity matched" in served.stderr, "does not say why", served)


@test
def the_key_service_encrypts_nothing(bench):
    bench.serve()
    path = bench.top / "plain.yaml"
    path.write_bytes(PLAIN["yaml"])
    env = {**bench.bare, "SOPS_KEYSERVICE": f"unix://{bench.socket}", "SOPS_ENABLE_LOCAL_KEYSERVICE": "false"}
    done = bench.sops(env, "encrypt", "--age", bench.world.recipients[0], path)
    check(done.status != 0 and not done.stdout, "it encrypted", done)
    check(b"decrypts only" in done.stderr, "does not say why", done)
    path = bench.seal("yaml", "--age", bench.world.recipients[0])
    bench.same("a question after that", path, bench.by_service(path, "--input-type", "yaml", "--output-type", "yaml"), "--input-type", "yaml", "--output-type", "yaml")


@test
def the_kms_door(bench):
    bench.serve()
    for name, more in (("plain", {}), ("context", {"context": {"app": "shop", "Stage": "prod", "ü": "<é> &\u2028"}}), ("other", {"number": 1, "arn": OTHER_ARN})):
        path = bench.keyed(name, **more)
        bench.same(name, path, bench.by_kms(path))


@test
def the_kms_door_asks_once_a_key(bench):
    bench.serve("--data-key-ttl", "1h")
    paths = [bench.keyed(f"k{number}", number) for number in range(3)]
    plain = [bench.sops(bench.with_keys, "decrypt", path).stdout for path in paths]
    before = bench.aws.count("Decrypt")
    for turn in range(30):
        got = bench.by_kms(paths[turn % 3])
        check(got.stdout == plain[turn % 3], f"run {turn}", got)
    calls = bench.aws.count("Decrypt") - before
    check(calls == 3, f"{calls} calls of KMS for 3 keys")
    print(f"30 runs of sops on 3 keys: {calls} calls of KMS")


@test
def the_kms_door_refuses_other_pairs(bench):
    bench.serve()
    path = bench.keyed("plain")
    before = bench.aws.count("Decrypt")
    for pair, word in (((PAIR[0], "guessed"), b"InvalidSignatureException"), (("AKIAOTHER", PAIR[1]), b"UnrecognizedClientException")):
        start = time.monotonic()
        done = bench.by_kms(path, pair)
        check(done.status == 128 and word in done.stderr, f"{pair[0]}", done)
        check(time.monotonic() - start < 10, "sops tries for long")
    check(bench.aws.count("Decrypt") == before, "KMS was asked")


@test
def the_kms_door_holds_arns_to_the_policy(bench):
    bench.serve(policy={"keys": {"kms": [ARN]}})
    bench.same("the ARN that is allowed", bench.keyed("plain"), bench.by_kms(bench.keyed("plain")))
    done = bench.by_kms(bench.keyed("other", 1, OTHER_ARN))
    check(done.status == 128 and b"AccessDeniedException" in done.stderr, "the other", done)


@test
def the_kms_door_tells_when_to_try_again(bench):
    bench.serve()
    path = bench.keyed("plain")
    bench.aws.fail(faults.status(503), times=None)
    done = bench.by_kms(path)
    bench.aws.heal()
    check(done.status == 128 and b"DependencyTimeoutException" in done.stderr, "service down", done)
    bench.same("afterwards", path, bench.by_kms(path))


# The examples, applied


def deployment(name, container, namespace="flux-system", **spec):
    """With one container, `container`."""
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace}, "spec": {
        "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}}, "spec": {
            "serviceAccountName": name, "containers": [{"image": "example.com/x:1", **container}], **spec}}}}


def built(bench, folder):
    done = process.run([bench.kustomize, "build", folder], bench.bare, bench.top)
    check(done.status == 0, "kustomize build", done)
    return {(item["kind"], item["metadata"]["name"]): item for item in yaml.safe_load_all(done.stdout)}


def containers(item):
    return {one["name"]: one for one in item["spec"]["template"]["spec"]["containers"]}


@test
def the_flux_example_builds(bench):
    folder = bench.top / "flux-system"
    shutil.copytree(EXAMPLES / "flux-sidecar", folder)
    manager = {"name": "manager", "env": [{"name": "RUNTIME_NAMESPACE", "value": "flux-system"}], "volumeMounts": [{"name": "temp", "mountPath": "/tmp"}]}
    controller = deployment("kustomize-controller", manager, securityContext={"fsGroup": 1337}, volumes=[{"name": "temp", "emptyDir": {}}])
    (folder / "gotk-components.yaml").write_text(yaml.safe_dump_all([controller, deployment("source-controller", {"name": "manager"})]))
    (folder / "gotk-sync.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sync, namespace: flux-system}\n")
    items = built(bench, folder)
    item = items["Deployment", "kustomize-controller"]
    both = containers(item)
    check(set(both) == {"manager", "krm-sops"}, f"containers {set(both)}")
    check([one["name"] for one in both["manager"]["volumeMounts"]] == ["temp"], "the controller has other mounts than before")
    check({"RUNTIME_NAMESPACE", "AWS_ENDPOINT_URL_KMS"} <= {one["name"] for one in both["manager"]["env"]}, "the controller's environment")
    volumes = {one["name"]: one for one in item["spec"]["template"]["spec"]["volumes"]}
    check({one["name"] for one in both["krm-sops"]["volumeMounts"]} <= set(volumes) and "temp" in volumes, "volumes")
    check(("ConfigMap", volumes["krm-sops-policy"]["configMap"]["name"]) in items, "the policy's name does not follow")
    check(set(containers(items["Deployment", "source-controller"])) == {"manager"}, "another controller was changed")


@test
def the_argocd_example_builds(bench):
    folder = bench.top / "argocd"
    folder.mkdir()
    server = deployment("argocd-repo-server", {"name": "argocd-repo-server"}, "argocd", volumes=[{"name": "var-files", "emptyDir": {}}, {"name": "plugins", "emptyDir": {}}])
    (folder / "server.yaml").write_text(yaml.safe_dump(server))
    for name in ("argocd", "sidecar"):
        shutil.copy(EXAMPLES / name / "repo-server-patch.yaml", folder / f"{name}.yaml")
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"resources": ["server.yaml"], "patches": [{"path": "argocd.yaml"}, {"path": "sidecar.yaml"}]}))
    item = built(bench, folder)["Deployment", "argocd-repo-server"]
    all_ = containers(item)
    check(set(all_) == {"argocd-repo-server", "krm-sops", "krm-sops-keys"}, f"containers {set(all_)}")
    check([name for name, one in all_.items() if "sops-keys" in {mount["name"] for mount in one.get("volumeMounts", [])}] == ["krm-sops-keys"], "who has the keys")
    env = {one["name"]: one["value"] for one in all_["krm-sops"]["env"]}
    check("KRM_SOPS_KEYS_FLAT" not in env and env["PATH"].startswith("/custom-tools"), f"the plugin's environment {env}")
    listen = all_["krm-sops-keys"]["args"][2]
    check(listen == "unix://" + env["KRM_SOPS_SOCKET"], f"{listen} is not where the plugin asks")


def run_test(function, bench):
    """'' or what is wrong."""
    try:
        function(bench)
        return ""
    except Failed as why:
        return str(why)
    except Exception:  # a test that breaks has failed, the others still run
        return traceback.format_exc()
    finally:
        bench.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="build/krm-sops")
    parser.add_argument("--only", default="", help="part of a test's name")
    args = parser.parse_args()
    passed = failed = 0
    with World(peers.need("sops"), peers.need_ours(args.program), peers.need("age-keygen")) as world, Aws() as aws:
        aws.user(OWN["AWS_ACCESS_KEY_ID"], OWN["AWS_SECRET_ACCESS_KEY"])
        kustomize, keyring = peers.need("kustomize"), Keyring(world.path)
        for function in TESTS:
            if args.only not in function.__name__:
                continue
            why = run_test(function, Bench(world, kustomize, keyring, aws, world.folder(function.__name__)))
            passed, failed = passed + (not why), failed + bool(why)
            print(f"FAILED {function.__name__}: {why}" if why else f"ok     {function.__name__}", flush=True)
        keyring.remove()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
