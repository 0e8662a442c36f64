# SPDX-License-Identifier: Apache-2.0
"""Flux's decryption Secret with every data key that it knows, several of each where there can be several: one run opens a document for each of them, at the
same time, with the Secret as Flux has it, from a folder, from a manifest and from the cluster alike."""
import base64
import contextlib
import json
import shutil

import pytest
import yaml
from conftest import DATA
from fakes import documents, secrets
from fakes.aws import ARN, Aws
from fakes.azure import VERSION, Entra
from fakes.azure import Vault as KeyVault
from fakes.certificates import context
from fakes.gcp import Google
from fakes.hckms import Huawei
from fakes.kubernetes import Kubernetes, kubeconfig
from fakes.vault import Vault

RESOURCE = "projects/shop/locations/global/keyRings/ring/cryptoKeys/key"
HUAWEI_KEY = "0d0466b0-e727-4d9c-b35d-f84bb474a37f"
CONFIG = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "d", "namespace": "flux-system"},
          "spec": {"decryption": {"provider": "sops", "secretRef": {"name": "sops-keys"}}}}


class World:
    def __init__(self, stack, certificates):
        start = lambda kind, *argv, **more: stack.enter_context(kind(*argv, tls=context(certificates.server), **more))
        vault, aws, google, huawei, entra = start(Vault), start(Aws), start(Google), start(Huawei), start(Entra)
        azure = start(KeyVault, entra)
        self.fakes = {"hc_vault": vault, "kms": aws, "gcp_kms": google, "azure_kv": azure, "hckms": huawei}
        aws.user("AKIAUSER", "user/secret")
        google.user = {"client_id": "c", "client_secret": "s", "refresh_token": "r"}
        entra.secret = "client-secret"
        huawei.keys["ak"] = ("sk", None)
        self.secret = {
            "one.agekey": (DATA / "bad" / "keys" / "age.agekey").read_text(), "two.agekey": (DATA / "attacks" / "age.agekey").read_text(),
            "ecc.asc": (DATA / "pgp" / "ecc.asc").read_text(), ".asc": (DATA / "pgp" / "rsa.asc").read_text(),
            "sops.vault-token": "s.fake-token-7Jq2\n", "sops.vault-addr": vault.url,
            "sops.aws-kms": "aws_access_key_id: AKIAUSER\naws_secret_access_key: user/secret\n",
            "sops.gcp-kms": json.dumps({"type": "authorized_user", **google.user}) + "\n",
            "sops.azure-kv": f"tenantId: {entra.tenant}\nclientId: {entra.client}\nclientSecret: client-secret\nauthorityHost: {entra.url}\n",
            "README": "what Flux does not know", "x.vault-token": "s.none",
        }
        # What is no credential of Flux's: where things are here, and Huawei's keys, which its Secret does not have.
        self.env = {"KRM_SOPS_CA_FILE": str(certificates.ca), **aws.env(), **google.environment(), **huawei.environment(), **azure.environment(),
                    "HUAWEICLOUD_SDK_AK": "ak", "HUAWEICLOUD_SDK_SK": "sk"}
        wrapped = {
            "hc_vault": lambda key: vault.entry(key), "kms": lambda key: aws.entry(ARN, key),
            "gcp_kms": lambda key: {"resource_id": RESOURCE, "created_at": documents.CREATED, "enc": google.enc(RESOURCE, key)},
            "azure_kv": lambda key: {"vault_url": azure.url, "name": "k", "version": VERSION, "created_at": documents.CREATED, "enc": azure.enc(key)},
            "hckms": lambda key: {"key_id": f"local-1:{HUAWEI_KEY}", "created_at": documents.CREATED, "enc": huawei.enc(HUAWEI_KEY, key)},
        }
        self.items = [secrets.secret(number, **{name: [make(secrets.data_key(number))]}) for number, (name, make) in enumerate(wrapped.items())]
        self.plain = {f"keyed-{number}": secrets.plain(number) for number in range(len(wrapped))}
        for name in ("sops-ecc", "sops-rsa"):
            self.add(name, "app.yaml", (DATA / "pgp" / f"{name}.enc.yaml").read_bytes(), (DATA / "pgp" / "plain.yaml").read_text())
        self.add("age-one", "values.json", documents.values(age=True), documents.PLAIN.decode())
        self.items.append(yaml.safe_load((DATA / "attacks" / "secret.yaml").read_text()))

    def add(self, name, key, document, plain):
        self.items.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {key: base64.b64encode(document).decode()}})
        self.plain[name] = plain

    def stdin(self):
        return json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": self.items, "functionConfig": CONFIG}).encode()

    def manifest(self):
        data = {name: base64.b64encode(value.encode()).decode() for name, value in self.secret.items()}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sops-keys", "namespace": "flux-system"}, "data": data}


@pytest.fixture
def world(certificates):
    with contextlib.ExitStack() as stack:
        yield World(stack, certificates)


def texts(item):
    return "".join([*(item.get("stringData") or {}).values(), *(base64.b64decode(value).decode() for value in (item.get("data") or {}).values())])


def opened(world, result):
    assert result.status == 0, result.message
    assert b"ENC[" not in result.stdout
    items = {item["metadata"]["name"]: texts(item) for item in yaml.safe_load(result.stdout)["items"]}
    assert len(items) == len(world.items)
    for name, plain in world.plain.items():
        assert plain in items[name], name
    return True


OURS = ("--namespace", "flux-system")


def test_every_key_of_one_secret_in_a_folder(place, world):
    for name, value in world.secret.items():
        place.write(f"keys/flux-system/sops-keys/{name}", value)
    assert opened(world, place.run("--keys", "keys", *OURS, stdin=world.stdin(), env=world.env))
    # Each once, and for nothing else.
    assert {name: len([request for request in fake.requests if request.body]) for name, fake in world.fakes.items()} == {
        "hc_vault": 1, "kms": 1, "gcp_kms": 2, "azure_kv": 1, "hckms": 1}


def test_every_key_of_one_secret_that_is_mounted(place, world):
    for name, value in world.secret.items():
        place.write(f"mounted/{name}", value)
    assert opened(world, place.run("--keys-flat", "mounted", stdin=world.stdin(), env=world.env))


def test_every_key_of_one_secret_in_a_manifest(place, world):
    place.write("secret.yaml", json.dumps(world.manifest()))
    assert opened(world, place.run("--key-secret", "secret.yaml", *OURS, stdin=world.stdin(), env=world.env))


def test_every_key_of_one_secret_in_the_cluster(place, world, certificates):
    with Kubernetes(world.manifest(), tls=context(certificates.server)) as cluster:
        env = {**world.env, "KUBECONFIG": str(kubeconfig(place.path, cluster, certificates))}
        assert opened(world, place.run("--cluster", *OURS, stdin=world.stdin(), env=env))
        assert len(cluster.requests) == 1


def test_without_any_of_them_its_document_stays_closed(place, world):
    """None of the keys stands in for another."""
    needed = {"one.agekey": "age-one", "two.agekey": None, "ecc.asc": "sops-ecc", ".asc": "sops-rsa", "sops.vault-token": "keyed-0", "sops.aws-kms": "keyed-1",
              "sops.gcp-kms": "keyed-2", "sops.azure-kv": "keyed-3"}
    for missing, item in needed.items():
        shutil.rmtree(place.cwd / "keys", ignore_errors=True)
        for name, value in world.secret.items():
            if name != missing:
                place.write(f"keys/flux-system/sops-keys/{name}", value)
        result = place.run("--keys", "keys", *OURS, "--timeout", "5", stdin=world.stdin(), env={**world.env, "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"})
        assert result.status != 0 and result.stdout == b"" and "no key opens it" in result.message, missing
        assert item is None or f"{item}:" in result.message, (missing, result.message)
