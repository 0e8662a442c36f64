# SPDX-License-Identifier: Apache-2.0
"""What Flux's controller is started with beside the global age key: a service account for those who name none, and the ConfigMap of the Vault instances that are
trusted, with their logins."""
import json

import pytest
import yaml

from fakes import secrets
from fakes.kubernetes import config_map, kubeconfig, secret
from test_function import KEYS, stored
from test_function import listing as listing_of
from test_function import secret as secret_of
from test_account import MADE, POLICY, ask, asked, cluster, login, opened, refused, vault, vault_entries  # noqa: F401  pylint: disable=unused-import

LOGIN = "auth/kubernetes/login"
USUAL = ("--cluster", "--namespace", "flux-system", "--timeout", "10")
LISTED = (*USUAL, "--vault-configmap", "ops/vaults")
READ = ("GET", "ops/configmaps/vaults")


def listing(*instances):
    return yaml.safe_dump({"instances": [{"address": address, "loginPath": path} for address, path in instances]})


# ------------------------------------------------------------------------------------------------- the default account

def test_the_default_account(ask, cluster, vault):  # noqa: F811
    argv = (*USUAL, "--default-service-account", "decryptor")
    assert opened(ask(login(vault), account="", argv=argv, **vault_entries(vault)))
    assert asked(cluster) == MADE
    assert opened(ask(login(vault, KRM_SOPS_DEFAULT_SERVICE_ACCOUNT="decryptor"), account="", argv=USUAL, **vault_entries(vault)))


def test_the_account_that_is_named_comes_before_it(ask, cluster, vault):  # noqa: F811
    assert opened(ask(login(vault), argv=(*USUAL, "--default-service-account", "other"), **vault_entries(vault)))
    assert asked(cluster) == MADE


# ------------------------------------------------------------------------------------------------------ the ConfigMap

def test_the_list_allows_and_says_where_to_log_in(ask, cluster, vault):  # noqa: F811
    """Neither VAULT_ADDR nor a login is set; a token of the environment is not used."""
    cluster.put(config_map("ops", "vaults", config_yaml=listing(("https://other.example", LOGIN), (vault.url, LOGIN))))
    assert opened(ask({"VAULT_TOKEN": "s.not-used"}, argv=LISTED, **vault_entries(vault)))
    assert asked(cluster) == [READ, *MADE] and vault.logins == 1
    assert not [request for request in vault.requests if request.headers.get("x-vault-token") == "s.not-used"]


@pytest.mark.parametrize("place_of_it", ["folder", "manifest", "list in a manifest"])
def test_it_lies_where_key_secrets_lie(ask, place, cluster, vault, place_of_it):  # noqa: F811
    text = listing((vault.url + "/", LOGIN))
    if place_of_it == "folder":
        folder = place.path / "keys/ops/vaults"
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text(text)
        more = ("--keys", place.path / "keys")
    else:
        objects = [config_map("ops", "other", config_yaml="x"), config_map("shop", "vaults", config_yaml="x"), config_map("ops", "vaults", config_yaml=text)]
        if place_of_it != "manifest":
            objects = [{"apiVersion": "v1", "kind": "List", "items": objects}]
        more = ("--key-secret", place.write("manifests.yaml", "---\n".join(json.dumps(one) + "\n" for one in objects)))
    assert opened(ask({}, argv=(*LISTED, *more), **vault_entries(vault)))
    assert asked(cluster) == MADE


def test_case_35_an_address_that_it_does_not_have(ask, cluster, vault):  # noqa: F811
    cluster.put(config_map("ops", "vaults", config_yaml=listing(("https://other.example", LOGIN), (vault.url + "x", LOGIN), (vault.url.replace("http", "https"), LOGIN))))
    assert refused(ask({}, argv=LISTED, **vault_entries(vault)), cluster, "lets a Vault token be sent to", vault.url, status=POLICY)
    # Allowed by another word of the operator's, but no login is known there.
    result = ask({"VAULT_ADDR": vault.url, "VAULT_TOKEN": "s.not-used"}, argv=LISTED, **vault_entries(vault))
    assert refused(result, cluster, "no login path is configured for this address", status=POLICY)
    assert vault.connections == 0
    assert opened(ask(login(vault), argv=LISTED, **vault_entries(vault)))


def test_the_policy_comes_before_it(ask, place, cluster, vault):  # noqa: F811
    policy = place.path / "policy.yaml"
    policy.write_text("apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {vault: {addresses: ['https://other.example']}}\n")
    policy.chmod(0o600)
    cluster.put(config_map("ops", "vaults", config_yaml=listing((vault.url, LOGIN))))
    assert refused(ask({"KRM_SOPS_POLICY": str(policy)}, argv=LISTED, **vault_entries(vault)), cluster, status=POLICY)
    assert vault.connections == 0


def test_the_last_of_two_counts(ask, cluster, vault):  # noqa: F811
    cluster.put(config_map("ops", "vaults", config_yaml=listing((vault.url, "auth/none/login"), (vault.url, LOGIN))))
    assert opened(ask({}, argv=LISTED, **vault_entries(vault)))


@pytest.mark.parametrize("data, words", [
    ({}, "it has no 'config.yaml'"), ({"config_yml": "x"}, "it has no 'config.yaml'"), ({"config_yaml": "instances: x"}, "'config.yaml'"), ({"config_yaml": "[]"}, "'config.yaml'"),
    ({"config_yaml": "instances: [{address: [a]}]"}, "'config.yaml'"), ({"config_yaml": "a: ["}, "'config.yaml'"), ({"config_yaml": ""}, "lets a Vault token be sent to"),
    (None, "not found")])
def test_a_list_that_can_not_be_read(ask, cluster, vault, data, words):  # noqa: F811
    if data is not None:
        cluster.put(config_map("ops", "vaults", **data))
    result = ask({}, argv=LISTED, **vault_entries(vault))
    assert refused(result, cluster, words, *(["Vault ConfigMap 'ops/vaults'"] if "lets" not in words else []), status=75 if data is None else POLICY if "lets" in words else 1)
    assert vault.connections == 0


def test_documents_for_other_keys_need_no_list(place, cluster, certificates):  # noqa: F811
    stdin = listing_of([secret_of({"a.yaml": stored("yaml")})])
    result = place.run(*LISTED, stdin=stdin, env={**KEYS, "KUBECONFIG": str(kubeconfig(place.path, cluster, certificates))})
    assert result.status == 0 and asked(cluster) == [READ], result.message


def test_who_may_not_read_it(ask, cluster, vault):  # noqa: F811
    cluster.put(config_map("ops", "vaults", config_yaml=listing((vault.url, LOGIN))))
    cluster.readable = ["configmaps/ops/other"]
    assert refused(ask({}, argv=LISTED, **vault_entries(vault)), cluster, "Vault ConfigMap 'ops/vaults'", "may not `get` configmaps 'vaults' in namespace 'ops'")


def test_a_token_in_the_secret_is_used_at_addresses_of_the_list(place, cluster, vault, certificates):  # noqa: F811
    vault.tokens.add("s.of-the-secret")
    cluster.put(config_map("ops", "vaults", config_yaml=listing((vault.url, LOGIN))))
    cluster.put(secret("flux-system", "sops-keys", sops_vault__token="x") | {"data": {"sops.vault-token": "cy5vZi10aGUtc2VjcmV0"}})
    config = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "d", "namespace": "flux-system"},
              "spec": {"decryption": {"provider": "sops", "secretRef": {"name": "sops-keys"}}}}
    stdin = json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [secrets.secret(0, **vault_entries(vault))], "functionConfig": config})
    result = place.run(*LISTED, stdin=stdin.encode(), env={"KUBECONFIG": str(kubeconfig(place.path, cluster, certificates))})
    assert opened(result) and vault.logins == 0


@pytest.mark.parametrize("name", ["vaults", "a/b/c", "/vaults", "ops/", "../x"])
def test_it_is_a_name(ask, cluster, vault, name):  # noqa: F811
    assert refused(ask({}, argv=(*USUAL, "--vault-configmap", name), **vault_entries(vault)), cluster, "'--vault-configmap' is not NAMESPACE/NAME", status=2)


def test_where_nothing_is_encrypted_nobody_is_asked(place, cluster, certificates):  # noqa: F811
    stdin = listing_of([])
    result = place.run(*LISTED, stdin=stdin, env={"KUBECONFIG": str(kubeconfig(place.path, cluster, certificates))})
    assert (result.status, result.stdout, asked(cluster)) == (0, stdin, [])


@pytest.mark.parametrize("argv", [("--vault-configmap", "a/b"), ("--default-service-account", "a")])
def test_a_sidecar_takes_neither(place, argv):
    result = place.run("serve", "--listen", f"unix://{place.path}/s", *argv)
    assert result.status == 2 and argv[0] in result.message and "hint:" in result.message
