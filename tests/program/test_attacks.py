# SPDX-License-Identifier: Apache-2.0
"""What somebody who may write to Git, but has no key, can try: each attempt once on the encrypted file itself and once as a patch that
changes what the build makes of an untouched file. Nothing comes out of any of them: exit status 1 or 77, a message, empty stdout.

The documents are those of tests/data/attacks (sops 3.13.3); old/ is their history. What kustomize sends is made here: keys sorted, no
comments, base64 in lines.
"""
import base64
import copy
import pathlib
import time

import pytest
import yaml

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "attacks"
CONFIG = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "decrypt"}}
SECRETS = b"attack-"  # every plaintext of the documents begins so


def load(name):
    return yaml.safe_load((DATA / name).read_text())


def resource_list(items, spec=None, config=None):
    config = config or {**CONFIG, **({"spec": spec} if spec else {})}
    return yaml.safe_dump({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items, "functionConfig": config},
                          sort_keys=True, width=10**6).encode()


def in_build(item):
    """As kustomize hands an item over: with an id, so that it is not taken for a file to be written back."""
    item = copy.deepcopy(item)
    item.setdefault("metadata", {}).setdefault("annotations", {})["kustomize.config.k8s.io/id"] = "kind: x\n"
    return item


def wrapped(data):
    """kustomize's base64 of a generated value."""
    text = base64.b64encode(data).decode()
    return text if len(text) <= 70 else "".join(text[at:at + 70] + "\n" for at in range(0, len(text), 70))


def env_lines(name):
    return dict(line.split("=", 1) for line in (DATA / name).read_text().splitlines())


def envs_item(lines):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "env"},
            "data": {key: wrapped(value.encode()) for key, value in lines.items()}}


def value_item(text):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "values"}, "data": {"values.yaml": wrapped(text)}}


@pytest.fixture
def ours(place):
    """The repository with the key at hand; run(stdin) is the function."""
    place.copy("attacks/age.agekey")

    def run(stdin, *argv, **env):
        return place.run(*argv, stdin=stdin, env={"SOPS_AGE_KEY_FILE": str(place.cwd / "age.agekey"), **env})

    place.function = run
    return place


def assert_refused(result, *words, status=1):
    assert result.status == status, result.message
    assert result.stdout == b""
    assert SECRETS not in result.stderr
    for word in words:
        assert word in result.message, result.message


def assert_open(result, *plain):
    assert result.status == 0, result.message
    text = result.stdout.decode()
    for value in plain:
        assert value in text or base64.b64encode(value.encode()).decode() in text.replace("\n", "")
    assert "ENC[" not in text
    for item in yaml.safe_load(text)["items"]:
        assert "sops" not in item and not any(key.startswith("sops_") for key in item.get("data", {}))


# What is done to a document; each gets the document, and its old version.
def emptied(doc, old):
    doc["stringData"]["password"] = ""


def nulled(doc, old):
    doc["stringData"]["password"] = None


def deleted(doc, old):
    del doc["stringData"]["password"]


def all_deleted(doc, old):
    doc["stringData"] = {}


def rolled_back(doc, old):
    doc["stringData"]["password"] = old["stringData"]["password"]


def replaced(doc, old):
    doc["stringData"]["password"] = "mine"


def put_in_the_clear(doc, old):
    doc["sops"]["encrypted_regex"] = "^(username|spare)$"
    doc["stringData"]["password"] = "mine"


def rule_of_another_kind(doc, old):
    del doc["sops"]["encrypted_regex"]
    doc["sops"]["encrypted_suffix"] = "e"
    doc["stringData"]["password"] = "mine"


def shadowed(doc, old):
    doc["stringData"]["password"], doc["data"] = "", {"password": base64.b64encode(b"mine").decode()}


def made_config_map(doc, old):
    doc["kind"] = "ConfigMap"


def made_other_group(doc, old):
    doc["apiVersion"] = "example.com/v1"


def moved(doc, old):
    doc["metadata"]["namespace"] = "theirs"


def renamed_key(doc, old):
    doc["stringData"]["pass"] = doc["stringData"].pop("password")


def swapped_values(doc, old):
    data = doc["stringData"]
    data["password"], data["spare"] = data["spare"], data["password"]


def copied_value(doc, old):
    doc["stringData"]["second"] = doc["stringData"]["password"]


def another_mac(doc, old):
    doc["sops"]["mac"] = doc["stringData"]["spare"]


def no_metadata(doc, old):
    del doc["sops"]


def old_mac(doc, old):
    doc["sops"]["mac"], doc["sops"]["lastmodified"] = old["sops"]["mac"], old["sops"]["lastmodified"]


def list_swapped(doc, old):
    doc["spec"]["hosts"].reverse()


def list_cut(doc, old):
    doc["spec"]["hosts"].pop()


def list_doubled(doc, old):
    doc["spec"]["hosts"].append(doc["spec"]["hosts"][0])


def list_emptied(doc, old):
    doc["spec"]["hosts"][1] = ""


def list_rolled_back(doc, old):
    doc["spec"]["token"] = old["spec"]["token"]


ON_SECRETS = [emptied, nulled, deleted, all_deleted, rolled_back, replaced, put_in_the_clear, rule_of_another_kind, shadowed, made_config_map,
              made_other_group, renamed_key, swapped_values, copied_value, another_mac, no_metadata]
ON_LISTS = [list_swapped, list_cut, list_doubled, list_emptied, list_rolled_back]
# moved: kustomize's own `namespace:` does the same to an item, so only the file's MAC tells. old_mac: see test_an_old_mac_...
ON_FILES = [("secret.yaml", attack) for attack in [*ON_SECRETS, moved, old_mac]] + [("widget.yaml", attack) for attack in ON_LISTS]
ON_ITEMS = [("secret.yaml", attack) for attack in ON_SECRETS] + [("widget.yaml", attack) for attack in ON_LISTS]


def ids(cases):
    return [f"{name}-{attack.__name__}" for name, attack in cases]


@pytest.mark.parametrize("name", ["secret.yaml", "widget.yaml"])
@pytest.mark.parametrize("mode", [None, "verify"])
def test_untouched_documents_open(ours, name, mode):
    ours.copy(f"attacks/{name}")
    result = ours.function(resource_list([in_build(load(name))], {"mac": mode} if mode else None))
    assert_open(result, "attack-password-new-7Lr0" if name == "secret.yaml" else "attack-host-two-yWk3")
    assert result.stderr == b""


@pytest.mark.parametrize("name, attack", ON_FILES, ids=ids(ON_FILES))
def test_a_file_that_was_changed_is_refused(ours, name, attack):
    doc = load(name)
    attack(doc, load(f"old/{name}"))
    ours.write(name, yaml.safe_dump(doc, sort_keys=False, width=10**6))
    assert_refused(ours.function(resource_list([in_build(doc)])), doc["metadata"]["name"])


@pytest.mark.parametrize("name, attack", ON_ITEMS, ids=ids(ON_ITEMS))
def test_a_patch_that_changes_ciphertext_is_refused(ours, name, attack):
    ours.copy(f"attacks/{name}")
    doc = load(name)
    attack(doc, load(f"old/{name}"))
    assert_refused(ours.function(resource_list([in_build(doc)])), doc["metadata"]["name"])


@pytest.mark.parametrize("name, attack", ON_FILES, ids=ids(ON_FILES))
def test_neither_gets_through_verify_without_a_source(ours, name, attack):
    doc = load(name)
    attack(doc, load(f"old/{name}"))
    assert_refused(ours.function(resource_list([in_build(doc)], {"mac": "verify"})))


def test_what_was_never_encrypted_may_be_patched(ours):
    ours.copy("attacks/secret.yaml")
    doc = in_build(load("secret.yaml"))
    doc["metadata"]["namespace"] = "other"
    doc["metadata"]["labels"] = {"a": "b"}
    doc["immutable"] = True
    doc["stringData"]["added"] = "by-a-patch"
    assert_open(ours.function(resource_list([doc], {"mac": "verify"})), "attack-password-new-7Lr0", "by-a-patch")


def test_without_a_source_it_is_told_what_is_odd(ours):
    doc = in_build(load("widget.yaml"))
    doc["spec"]["hosts"][1] = ""
    result = ours.function(resource_list([doc]))
    assert result.status == 0
    assert "could not be verified" in result.message
    assert "spec.hosts[1]: empty" in result.message


@pytest.mark.parametrize("limits, reason", [
    ("{files: 5}", "the search ends after 5 files"), ("{bytes: 50}", "the search ends after 50 bytes"),
])
def test_a_crowd_that_hides_the_source_is_told_and_refused_by_verify(ours, limits, reason):
    """Files that somebody has added before the source come to be looked at: the search ends, and says that this is why."""
    policy = ours.write("policy.yaml", POLICY % f"{{limits: {limits}}}")
    policy.chmod(0o600)
    for number in range(10):
        ours.write(f"apps/{number}.yaml", "a crowd\n")
    ours.write("base/secret.yaml", (DATA / "secret.yaml").read_bytes())
    doc = in_build(load("secret.yaml"))
    doc["stringData"]["password"] = ""
    result = ours.function(resource_list([doc]), KRM_SOPS_POLICY=str(policy))
    assert result.status == 0, result.message
    for word in ("1 item could not be verified", "which was not looked through in full", reason, "hint: the policy's 'limits'", "stringData.password: empty"):
        assert word in result.message, result.message
    assert_refused(ours.function(resource_list([doc], {"mac": "verify"}), KRM_SOPS_POLICY=str(policy)), "orders-db", reason, "hint: the policy's 'limits'")
    # Where kustomize tells the origin, the crowd is of no use.
    doc["metadata"]["annotations"]["config.kubernetes.io/origin"] = "path: base/secret.yaml\n"
    if "files" in limits:
        assert_refused(ours.function(resource_list([doc]), KRM_SOPS_POLICY=str(policy)), "stringData.password")


def test_a_hostile_pattern_does_not_hold_up_a_run(ours):
    """Each key is within the bounds of one match, all of them together are not."""
    doc = in_build(load("widget.yaml"))
    doc["sops"]["encrypted_regex"] = "(?:x{1,25}y?){1,25}y$"
    doc["spec"] = {"x" * 4000 + f"yz{number}": "a" for number in range(2000)}
    start = time.monotonic()
    assert_refused(ours.function(resource_list([doc])), "Widget", "takes too long")
    assert time.monotonic() - start < 45


def test_an_old_mac_on_new_values_is_told_and_refused_by_verify(ours):
    """A MAC from the history hides the source: what no file has can not be told from a remote base."""
    ours.copy("attacks/secret.yaml")
    doc = load("secret.yaml")
    old_mac(doc, load("old/secret.yaml"))
    result = ours.function(resource_list([in_build(doc)]))
    assert result.status == 0 and "could not be verified" in result.message
    assert_refused(ours.function(resource_list([in_build(doc)], {"mac": "verify"})), "orders-db")


# A dotenv that envs: took apart.
def env_emptied(lines, old):
    lines["TOKEN"] = ""


def env_deleted(lines, old):
    del lines["TOKEN"]


def env_rolled_back(lines, old):
    lines["TOKEN"] = old["TOKEN"]


def env_replaced(lines, old):
    lines["TOKEN"] = "mine"


def env_in_the_clear(lines, old):
    del lines["sops_unencrypted_suffix"]
    lines["sops_unencrypted_regex"] = "^TOKEN$"
    lines["TOKEN"] = "mine"


def env_another_mac(lines, old):
    lines["sops_mac"] = lines["SPARE"]


ON_ENVS = [env_emptied, env_deleted, env_rolled_back, env_replaced, env_in_the_clear, env_another_mac]


def test_an_untouched_dotenv_opens(ours):
    ours.copy("attacks/app.env")
    assert_open(ours.function(resource_list([in_build(envs_item(env_lines("app.env")))], {"mac": "verify"})), "attack-dotenv-new-Ye9g")


@pytest.mark.parametrize("patch", [False, True], ids=["file", "patch"])
@pytest.mark.parametrize("attack", ON_ENVS)
def test_a_dotenv_that_was_changed_is_refused(ours, attack, patch):
    lines = env_lines("app.env")
    attack(lines, env_lines("old/app.env"))
    if patch:
        ours.copy("attacks/app.env")
    else:
        ours.write("app.env", "".join(f"{key}={value}\n" for key, value in lines.items()))
    assert_refused(ours.function(resource_list([in_build(envs_item(lines))])), "env")


def test_a_value_in_the_clear_over_a_dotenvs_ciphertext_is_refused(ours):
    ours.copy("attacks/app.env")
    item = in_build(envs_item(env_lines("app.env")))
    item["stringData"] = {"TOKEN": "mine"}
    assert_refused(ours.function(resource_list([item])), "env")


# A document inside a value: its own bytes carry the MAC.
@pytest.mark.parametrize("attack", ["emptied", "deleted", "rolled back", "in the clear"])
def test_a_document_in_a_value_that_was_changed_is_refused(ours, attack):
    doc, old = load("values.yaml"), load("old/values.yaml")
    if attack == "emptied":
        doc["auth"]["password"] = ""
    elif attack == "deleted":
        del doc["auth"]["password"]
    elif attack == "rolled back":
        doc["auth"]["password"] = old["auth"]["password"]
    else:
        del doc["sops"]["unencrypted_suffix"]
        doc["sops"]["unencrypted_regex"] = "^password$"
        doc["auth"]["password"] = "mine"
    text = yaml.safe_dump(doc, sort_keys=False, width=10**6).encode()
    assert_refused(ours.function(resource_list([in_build(value_item(text))])), "values", "MAC")


def test_an_untouched_document_in_a_value_opens(ours):
    text = (DATA / "values.yaml").read_bytes()
    assert_open(ours.function(resource_list([in_build(value_item(text))], {"mac": "verify"})),
                "auth:\n    password: attack-values-new-Ga6t\n    user: attack-values-user-e1Ga\n")


# What functionConfig may ask for.
POLICY = "apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: %s\n"


@pytest.mark.parametrize("policy, asked, status", [
    (None, "ignore", 77), (None, "auto", 0), (None, "verify", 0), (None, None, 0),
    ("{mac: ignore}", "ignore", 0), ("{mac: ignore}", None, 0),
    ("{mac: verify}", "ignore", 77), ("{mac: verify}", "auto", 77), ("{mac: verify}", "verify", 0), ("{mac: verify}", None, 0),
    (None, "none", 2), (None, "", 2),
])
def test_git_only_tightens_the_mac_mode(ours, policy, asked, status):
    ours.copy("attacks/secret.yaml")
    env = {"KRM_SOPS_POLICY": str(ours.write("policy.yaml", POLICY % policy))} if policy else {}
    if policy:
        (ours.cwd / "policy.yaml").chmod(0o644)
    result = ours.function(resource_list([in_build(load("secret.yaml"))], {"mac": asked} if asked is not None else None), **env)
    assert result.status == status, result.message
    assert (result.stdout == b"") == (status != 0)


def test_a_policy_that_says_verify_holds_without_being_asked(ours):
    policy = ours.write("policy.yaml", POLICY % "{mac: verify}")
    policy.chmod(0o600)
    assert_refused(ours.function(resource_list([in_build(load("secret.yaml"))]), KRM_SOPS_POLICY=str(policy)), "orders-db")


def test_keys_that_the_policy_does_not_list_are_not_used(ours):
    ours.copy("attacks/secret.yaml")
    recipient = load("secret.yaml")["sops"]["age"][0]["recipient"]
    for keys, status in (("{age: [age1other]}", 77), ("{age: []}", 77), (f"{{age: [{recipient}]}}", 0), ("{pgp: []}", 0)):
        policy = ours.write("policy.yaml", POLICY % f"{{keys: {keys}}}")
        policy.chmod(0o600)
        result = ours.function(resource_list([in_build(load("secret.yaml"))]), KRM_SOPS_POLICY=str(policy))
        assert result.status == status, result.message
        assert (result.stdout == b"") == (status != 0)


def test_a_document_does_not_get_round_the_policy_by_another_name(ours):
    """The recipient in the metadata is the document's own word."""
    other = "age19flpvdxy9atgsukv890dtpl8ydrpg4k2u9srvqar7x4h6pd9d4jsct6dka"
    policy = ours.write("policy.yaml", POLICY % f"{{keys: {{age: [{other}]}}}}")
    policy.chmod(0o600)
    doc = load("secret.yaml")
    doc["sops"]["age"][0]["recipient"] = other
    ours.write("secret.yaml", yaml.safe_dump(doc, sort_keys=False, width=10**6))
    assert_open(ours.function(resource_list([in_build(doc)])), "attack-password-new-7Lr0")
    assert_refused(ours.function(resource_list([in_build(doc)]), KRM_SOPS_POLICY=str(policy)), "an identity is left out")


def test_nor_by_a_key_that_a_command_prints(ours):
    ours.copy("attacks/secret.yaml", "other.agekey")
    doc = load("secret.yaml")
    doc["sops"]["age"][0]["recipient"] = "age1other"
    policy = ours.write("policy.yaml", POLICY % "{keys: {age: [age1other]}}")
    policy.chmod(0o600)
    command = f"cat {DATA / 'age.agekey'}"
    env = {"SOPS_AGE_KEY_FILE": "/nonexistent", "SOPS_AGE_KEY_CMD": command}
    assert_refused(ours.function(resource_list([in_build(doc)]), KRM_SOPS_POLICY=str(policy), **env), "an identity is left out")


def secret_ref(namespace, name="sops-keys"):
    return {**CONFIG, "metadata": {"name": "decrypt", "namespace": namespace},
            "spec": {"decryption": {"provider": "sops", "secretRef": {"name": name}}}}


def test_keys_of_another_namespace_are_not_used(ours):
    ours.copy("attacks/secret.yaml")
    key = (DATA / "age.agekey").read_text()
    for namespace in ("ours", "theirs"):
        ours.write(f"keys/{namespace}/sops-keys/age.agekey", key)
    ask = lambda namespace, **env: ours.function(resource_list([in_build(load("secret.yaml"))], config=secret_ref(namespace)),
                                                 KRM_SOPS_KEYS=str(ours.cwd / "keys"), **env)
    assert_refused(ask("ours"), "ours", "KRM_SOPS_NAMESPACE", status=77)
    assert_refused(ask("theirs", KRM_SOPS_NAMESPACE="ours"), "theirs", status=77)
    assert_open(ask("ours", KRM_SOPS_NAMESPACE="ours"), "attack-password-new-7Lr0")
    policy = ours.write("policy.yaml", POLICY % "{namespaces: [ours]}")
    policy.chmod(0o600)
    assert_refused(ask("theirs", KRM_SOPS_POLICY=str(policy)), "theirs", status=77)
    assert_refused(ask("theirs", KRM_SOPS_POLICY=str(policy), KRM_SOPS_NAMESPACE="theirs"), "theirs", status=77)
    assert_open(ask("ours", KRM_SOPS_POLICY=str(policy)), "attack-password-new-7Lr0")


@pytest.mark.parametrize("namespace, name", [("..", "sops-keys"), ("ours", "../theirs/sops-keys"), ("ours", "/"), ("ours/../theirs", "sops-keys")])
def test_names_do_not_lead_out_of_the_key_folder(ours, namespace, name):
    ours.write("keys/theirs/sops-keys/age.agekey", (DATA / "age.agekey").read_text())
    stdin = resource_list([in_build(load("secret.yaml"))], config=secret_ref(namespace, name))
    result = ours.function(stdin, KRM_SOPS_KEYS=str(ours.cwd / "keys"), KRM_SOPS_NAMESPACE="ours")
    assert result.status in (2, 77) and result.stdout == b""


@pytest.mark.parametrize("key", ["sops.vault-token", "sops.aws-kms", "sops.azure-kv", "sops.gcp-kms"])
def test_credentials_from_git_are_refused(ours, key):
    local = {"apiVersion": "v1", "kind": "Secret",
             "metadata": {"name": "sops-keys", "namespace": "ours", "annotations": {"config.kubernetes.io/local-config": "true"}},
             "stringData": {"age.agekey": (DATA / "age.agekey").read_text()}}
    ours.copy("attacks/secret.yaml")
    items = lambda: [in_build(load("secret.yaml")), in_build(local)]
    assert_open(ours.function(resource_list(items(), config=secret_ref("ours"))), "attack-password-new-7Lr0")
    local["stringData"][key] = "x"
    assert_refused(ours.function(resource_list(items(), config=secret_ref("ours"))), key, status=77)


def test_a_policy_that_others_may_write_is_refused(ours):
    policy = ours.write("policy.yaml", POLICY % "{mac: ignore}")
    policy.chmod(0o666)
    assert_refused(ours.function(resource_list([in_build(load("secret.yaml"))]), KRM_SOPS_POLICY=str(policy)), "may be written", status=77)


def test_a_link_out_of_the_repository_is_no_source(ours):
    outside = ours.path / "outside.yaml"
    outside.write_bytes((DATA / "secret.yaml").read_bytes())
    (ours.cwd / "secret.yaml").symlink_to(outside)
    assert_refused(ours.function(resource_list([in_build(load("secret.yaml"))], {"mac": "verify"})), "orders-db")
