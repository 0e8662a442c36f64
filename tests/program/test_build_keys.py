# SPDX-License-Identifier: Apache-2.0
"""The data keys of one `krm-sops build`: asked for together, those of the files that are decrypted before kustomize runs and those of the objects that come out
of it; each once; and none that the build has no use for.
"""
import threading

import pytest
import yaml

from fakes import faults, secrets
from fakes.vault import Vault

from test_build import STUB

TOKEN = "s.fake-token-7Jq2"


class Round(Vault):
    """Answers nobody before so many questions are under way: those of a second round never come."""

    def __init__(self, size):
        super().__init__()
        self.meeting = threading.Barrier(size)

    def delay_of(self, request):
        try:
            self.meeting.wait(timeout=20)
        except threading.BrokenBarrierError as error:
            self.errors.append(error)
        return 0


def sealed(fake, number, **more):
    return secrets.text(number, hc_vault=[fake.entry(secrets.data_key(number), **more)])


def put(place, fake, resources, sources=(0,), **more):
    """A kustomization whose generator reads the Secrets of `sources`, encrypted, as they are; and resources: {file: number}."""
    names = [f"source-{number}.json" for number in sources]
    for number, name in zip(sources, names):
        place.write(name, sealed(fake, number))
    for name, number in resources.items():
        place.write(name, sealed(fake, number))
    generators = [{"name": "made", "files": names}] if names else []
    place.write("kustomization.yaml", yaml.safe_dump({"resources": sorted(resources), "secretGenerator": generators, **more}))


def build(place, fake, *argv):
    return place.run("build", "--kustomize", STUB, *argv, ".", env={"VAULT_ADDR": fake.url, "VAULT_TOKEN": TOKEN})


def passwords(result):
    assert result.status == 0, result.message
    items = {item["metadata"]["name"]: item for item in yaml.safe_load_all(result.stdout)}
    return {name: item["stringData"]["password"] for name, item in items.items() if "stringData" in item}


def asked(fake):
    return sorted(request.json["ciphertext"] for request in fake.decrypts)


def wrapped(fake, *numbers):
    return sorted(fake.wrap(secrets.data_key(number)) for number in numbers)


def test_all_are_asked_for_in_one_round(place):
    with Round(4) as fake:
        put(place, fake, {"a.yaml": 1, "base/b.yaml": 2, "list.yaml": 3})
        place.write("list.yaml", "---\n# two\n" + sealed(fake, 3) + "---\n" + sealed(fake, 1))
        place.write("base/kustomization.yaml", "resources: [b.yaml]\n")
        place.write("kustomization.yaml", "resources: [a.yaml, base, list.yaml]\nsecretGenerator: [{name: made, files: [source-0.json]}]\n")
        result = build(place, fake)
    assert passwords(result) == {f"keyed-{number}": secrets.plain(number) for number in (1, 2, 3)}
    assert asked(fake) == wrapped(fake, 0, 1, 2, 3)


def with_vars(place, fake, **spec):
    """The flags of a build with a Flux object, whose variables are in an encrypted Secret beside the repository."""
    place.write("settings.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: settings}\ndata: {password: '${password}'}\n")
    (place.path / "vars.yaml").write_text(sealed(fake, 3).replace('"namespace": "shop"', '"namespace": "flux-system"'))
    body = {"path": "./", "postBuild": {"substituteFrom": [{"kind": "Secret", "name": "keyed-3"}]}, **spec}
    (place.path / "object.yaml").write_text(yaml.safe_dump({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                                                            "metadata": {"name": "apps", "namespace": "flux-system"}, "spec": body}))
    return "-k", place.path / "object.yaml", "--substitute-from", place.path / "vars.yaml"


@pytest.mark.parametrize("sources, resources", [((0,), {"a.yaml": 1}), ((0,), {}), ((), {"a.yaml": 1})])
def test_keys_of_variables_are_asked_for_in_the_same_round(place, sources, resources):
    numbers = [*sources, *resources.values(), 3]
    with Round(len(numbers)) as fake:
        put(place, fake, resources, sources)
        flags = with_vars(place, fake, decryption={"provider": "sops"})
        text = yaml.safe_load((place.cwd / "kustomization.yaml").read_text())
        place.write("kustomization.yaml", yaml.safe_dump({**text, "resources": [*resources, "settings.yaml"]}))
        result = build(place, fake, *flags)
    assert result.status == 0, result.message
    assert f"password: {secrets.plain(3)}" in result.stdout.decode()
    assert asked(fake) == wrapped(fake, *numbers)


def test_without_decryption_nobody_is_asked(place):
    with Vault() as fake:
        put(place, fake, {}, ())
        flags = with_vars(place, fake)
        place.write("kustomization.yaml", "resources: [settings.yaml]\n")
        result = build(place, fake, *flags)
    assert result.status == 1 and "spec.decryption" in result.message and not fake.requests


def test_what_is_not_reached_is_not_asked_for(place):
    with Vault() as fake:
        put(place, fake, {"a.yaml": 1})
        place.write("b.yaml", sealed(fake, 2))
        place.write("other/kustomization.yaml", "resources: [c.yaml]\n")
        place.write("other/c.yaml", sealed(fake, 3))
        result = build(place, fake)
    assert passwords(result) == {"keyed-1": secrets.plain(1)}
    assert asked(fake) == wrapped(fake, 0, 1)


def test_without_a_source_nothing_is_asked_ahead(place):
    """Then there is one round only, which kustomize's output decides on."""
    with Vault() as fake:
        put(place, fake, {"a.yaml": 1, "b.yaml": 2}, sources=(), patches=[{"path": "drop.yaml"}])
        place.write("drop.yaml", "$patch: delete\nkind: Secret\nmetadata: {name: keyed-2}\n")
        result = build(place, fake)
    assert passwords(result) == {"keyed-1": secrets.plain(1)}
    assert asked(fake) == wrapped(fake, 1)


@pytest.mark.parametrize("fault, status", [(faults.status(400, {"errors": ["invalid ciphertext"]}), 1), (faults.status(403, {"errors": ["denied"]}), 1),
                                           (faults.reset, 75)])
def test_what_fails_ahead_is_told_once_and_asked_once(place, fault, status):
    with Vault() as fake:
        put(place, fake, {"a.yaml": 1, "b.yaml": 2})
        bad = fake.wrap(secrets.data_key(2))
        fake.fail(fault, times=None, only=lambda request: request.json["ciphertext"] == bad)
        result = build(place, fake, "--timeout", "2")
    assert (result.status, result.stdout) == (status, b""), result.message
    told = [line for line in result.message.splitlines() if "keyed-2" in line]
    assert len(told) == 1 and "error decrypting sources" not in result.message, result.message
    if fault is not faults.reset:  # which is worth another try
        assert asked(fake) == wrapped(fake, 0, 1, 2)


def test_what_fails_ahead_and_does_not_come_out_is_no_error(place):
    with Vault() as fake:
        put(place, fake, {"a.yaml": 1, "b.yaml": 2}, patches=[{"path": "drop.yaml"}])
        place.write("drop.yaml", "$patch: delete\nkind: Secret\nmetadata: {name: keyed-2}\n")
        bad = fake.wrap(secrets.data_key(2))
        fake.fail(faults.status(403, {"errors": ["denied"]}), times=None, only=lambda request: request.json["ciphertext"] == bad)
        result = build(place, fake)
    assert passwords(result) == {"keyed-1": secrets.plain(1)}
    assert result.stderr == b""


@pytest.mark.parametrize("text", ["a: [\n# ENC[AES256_GCM,data:x", "- ENC[AES256_GCM,data:x]\n", "kind: Secret\nsops: {mac: 'ENC[AES256_GCM,data:x]', age: 3}\n"])
def test_what_can_not_be_read_ahead_is_kustomizes_to_tell(place, text):
    with Vault() as fake:
        put(place, fake, {"a.yaml": 1})
        place.write("bad.yaml", text)
        place.write("kustomization.yaml", "resources: [a.yaml, bad.yaml]\nsecretGenerator: [{name: made, files: [source-0.json]}]\n")
        result = build(place, fake)
    assert result.status != 0 and not result.crashed and result.stdout == b""
    assert "error decrypting sources" not in result.message
    assert asked(fake) == wrapped(fake, 0, 1)


def test_a_source_that_fails_is_an_error_of_its_own(place):
    with Vault() as fake:
        put(place, fake, {"a.yaml": 1})
        bad = fake.wrap(secrets.data_key(0))
        fake.fail(faults.status(403, {"errors": ["denied"]}), times=None, only=lambda request: request.json["ciphertext"] == bad)
        result = build(place, fake)
    assert result.status == 1 and result.message.count("error decrypting sources") == 1 and "keyed-1" not in result.message


def test_the_policy_is_asked_for_what_is_wanted_ahead_too(place):
    with Vault() as fake, Vault() as other:
        put(place, fake, {"a.yaml": 1})
        place.write("a.yaml", sealed(other, 1))
        result = build(place, fake)
    assert (result.status, result.stdout) == (77, b"") and not other.requests
    assert len([line for line in result.message.splitlines() if line.startswith("krm-sops: Secret")]) == 1, result.message


def test_what_is_read_ahead_is_no_more_than_the_build_opens(place):
    """Neither an object that its author took out of decryption, nor the file of a link that leads elsewhere, nor prose."""
    with Vault() as fake:
        put(place, fake, {"a.yaml": 1})
        off = yaml.safe_load(sealed(fake, 2))
        off["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/decrypt": "disabled"}
        place.write("off.yaml", yaml.safe_dump(off))
        place.write("prose.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: prose}\ndata: {text: 'a value begins with ENC[AES256_GCM,data: and ends'}\n")
        place.write("kustomization.yaml", "resources: [a.yaml, off.yaml, prose.yaml]\nsecretGenerator: [{name: made, files: [source-0.json]}]\n")
        build(place, fake)
    assert asked(fake) == wrapped(fake, 0, 1)
