# SPDX-License-Identifier: Apache-2.0
"""With the keys behind a socket everything that can be asked of the program prints what it prints with the keys at hand, to the byte, and holds none itself."""
import json
import pathlib
import shutil

import pytest
import yaml

from conftest import DATA, program_path
from sidecar import Sidecar
from test_doctor import KUSTOMIZE

STUB = pathlib.Path(__file__).with_name("kustomize_stub.py")
KEYS = {"SOPS_AGE_KEY_FILE": str(DATA / "age.agekey")}
KSOPS = {"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": {"name": "g"}, "files": ["./secret-b.enc.yaml", "secret-a.enc.yaml"], "secretFrom": [
    {"metadata": {"name": "one", "namespace": "ns"}, "type": "Opaque", "files": ["values.enc.yaml"], "binaryFiles": ["blob"], "envs": ["dialect.enc.env"]}]}
GOABOUT = {"apiVersion": "goabout.com/v1beta1", "kind": "SopsSecretGenerator", "metadata": {"name": "g"}, "envs": ["plain.enc.env"], "files": ["values.enc.yaml"]}
DECRYPT = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "g"}, "spec": {"mode": "generate", "files": ["secret-a.enc.yaml", "secret-b.enc.yaml"]}}


def listing(*items, config=None):
    return yaml.safe_dump({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "functionConfig": config or items[0], "items": list(items)}, sort_keys=False).encode()


@pytest.fixture
def sidecar(place):
    """Its keys are those that the runs beside it have at hand."""
    folder = place.path / "served"
    secret = folder / "flux-system" / "sops-keys"
    secret.mkdir(parents=True)
    shutil.copy(DATA / "age.agekey", secret)
    sidecar = Sidecar(place, "--keys", folder, "--namespace", "flux-system", env=KEYS).wait_ready()
    yield sidecar
    assert sidecar.stop() == 0, sidecar.log
    assert "AGE-SECRET-KEY" not in sidecar.log


def assert_same(want, *got):
    assert want.status == 0 and want.stdout and b"ENC[" not in want.stdout, want.message
    for one in got:
        assert (one.status, one.stdout, one.stderr) == (0, want.stdout, want.stderr), one.message



@pytest.fixture
def repo(place):
    shutil.copytree(DATA / "ksops" / "repo", place.cwd, dirs_exist_ok=True)
    return place


def drop_in(place, name, config, sidecar):
    """As a function and as a plugin with a file: runs with the keys and through the socket."""
    program = place.path / name
    program.symlink_to(program_path())
    place.write("config.yaml", yaml.safe_dump(config))
    for argv, stdin in (((), listing(config)), (("config.yaml",), b"")):
        run = lambda *words, env=None: place.run(*words, *argv, stdin=stdin, env=env, program=str(program))
        assert_same(run(env=KEYS), run(env={"KRM_SOPS_SOCKET": str(sidecar.socket)}), run("--socket", sidecar.socket))
        assert run().status != 0  # it has no keys of its own


def test_ksops(repo, sidecar):
    drop_in(repo, "ksops", KSOPS, sidecar)
    assert len([line for line in sidecar.audit() if line["opened"]]) >= 4


def test_sops_secret_generator(repo, sidecar):
    drop_in(repo, "SopsSecretGenerator", GOABOUT, sidecar)


@pytest.mark.parametrize("config", [DECRYPT, KSOPS, GOABOUT], ids=["Decrypt", "ksops", "SopsSecretGenerator"])
def test_the_function_as_generator(repo, sidecar, config):
    stdin = listing(config) if config is not DECRYPT else listing(config=config)
    run = lambda *argv, **env: repo.run(*argv, stdin=stdin, env=env)
    assert_same(run(**KEYS), run(KRM_SOPS_SOCKET=str(sidecar.socket)), run("--socket", sidecar.socket))
    assert run().status != 0


@pytest.fixture
def flux(place):
    shutil.copytree(DATA / "flux" / "repo", place.cwd, dirs_exist_ok=True)
    return place


@pytest.mark.parametrize("which", [("--name", "apps", "--namespace", "flux-system", "."), ("apps/prod",)], ids=["Flux object", "folder"])
def test_build(flux, sidecar, which):
    """The secretRef of the Flux object is looked up by the sidecar."""
    run = lambda *argv, **env: flux.run("build", "--kustomize", STUB, *argv, *which, env=env)
    want = run("--keys", flux.path / "served") if which[0] == "--name" else run(**KEYS)
    assert_same(want, run("--socket", sidecar.socket), run(KRM_SOPS_SOCKET=str(sidecar.socket)))
    assert run().status != 0
    if which[0] == "--name":
        assert {line["secretRef"] for line in sidecar.audit()} == {"flux-system/sops-keys"}


@pytest.mark.parametrize("other", ["folder", "file"])
def test_diff(flux, sidecar, other):
    """Two builds and their secrets, and what is masked, without a key in the process."""
    against = flux.path / "main"
    shutil.copytree(flux.cwd, against)
    shutil.copy(flux.cwd / "apps/component/smtp.enc.env", flux.cwd / "apps/web/web.enc.env")
    if other == "file":
        built = flux.run("build", "--kustomize", STUB, "--name", "apps", "--namespace", "flux-system", "--keys", flux.path / "served", against)
        (flux.path / "main.yaml").write_bytes(built.stdout)
        against = flux.path / "main.yaml"
    run = lambda *argv: flux.run("diff", "--kustomize", STUB, "--name", "apps", "--namespace", "flux-system", "--against", against, *argv, ".")
    want = run("--keys", flux.path / "served")
    assert want.stdout.decode().splitlines() == ["~ Secret web", "    data.MODE: ******** (removed)", "    data.TOKEN: ******** (removed)", "    data.PASS: ******** (added)"], want
    assert_same(want, run("--socket", sidecar.socket))
    assert run().status != 0


def test_the_api_is_the_decryption_hook_for_who_builds_in_flux_s_place(place, sidecar):
    """A ResourceList with Flux's Kustomization as functionConfig, posted by whoever has built it: its secretRef is looked for among the sidecar's keys."""
    item = yaml.safe_load((DATA / "ksops/repo/secret-a.enc.yaml").read_text())
    config = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "apps", "namespace": "flux-system"},
              "spec": {"interval": "10m", "path": "./", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "x"},
                       "decryption": {"provider": "sops", "secretRef": {"name": "sops-keys"}}}}
    body = listing(item, {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "plain"}}, config=config)
    want = place.run(stdin=body, env={"KRM_SOPS_KEYS": str(place.path / "served"), "KRM_SOPS_NAMESPACE": "flux-system"})
    answer = sidecar.post("/v1/resourcelist", body)
    assert want.status == 0 and (answer.status, answer.body) == (200, want.stdout) and b"ENC[" not in answer.body
    assert sidecar.audit()[-1]["secretRef"] == "flux-system/sops-keys"
    for change, status in (({"name": "other"}, 422), ({"name": "../flux-system/sops-keys"}, 422)):
        config["spec"]["decryption"]["secretRef"] = change
        answer = sidecar.post("/v1/resourcelist", listing(item, config=config))
        assert answer.status in (status, 400, 403), answer.body
    config["metadata"]["namespace"] = "elsewhere"
    answer = sidecar.post("/v1/resourcelist", listing(item, config=config))
    assert answer.status == 422, answer.body
    assert "elsewhere" in sidecar.audit()[-1]["why"]


def test_all_keys_of_a_build_are_asked_for_at_once(flux, sidecar):
    before = sidecar.metric("krm_sops_connections_total")
    result = flux.run("build", "--kustomize", STUB, "--socket", sidecar.socket, "apps/prod")
    assert result.status == 0, result.message
    assert sidecar.metric("krm_sops_connections_total") - before <= 3  # the questions about the metric are two of them


def test_doctor_opens_its_sample_through_the_socket(repo, sidecar):
    tools = repo.path / "bin"
    tools.mkdir()
    (tools / "krm-sops").symlink_to(program_path())
    (tools / "kustomize").write_text(KUSTOMIZE)
    (tools / "kustomize").chmod(0o755)

    def checks(path):
        result = repo.run("doctor", "--output", "json", "--accept-exec", "--socket", path, "secret-a.enc.yaml", env={"PATH": f"{tools}:/usr/bin:/bin"})
        return {check["check"]: check for check in json.loads(result.stdout)["checks"]}

    assert checks(sidecar.socket)["sample"]["state"] == "ok"
    nowhere = checks("/nonexistent/s.sock")["sample"]
    assert nowhere["state"] == "gap" and "/nonexistent/s.sock" in nowhere["text"]
