# SPDX-License-Identifier: Apache-2.0
"""krm-sops check: every kind of finding, alone, with its line and its place; and that a repository in order has none.

The documents are those of tests/data/attacks (sops 3.13.3); what is wrong is made here.
"""
import base64
import json
import pathlib
import re
import time

import pytest
import yaml

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "attacks"
RULES = """\
creation_rules:
  - path_regex: secrets/.*
    age: {age}
  - path_regex: \\.yaml$
    encrypted_regex: ^(data|stringData)$
    age: {age}
"""
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: plain\n  namespace: shop\n"


def recipient():
    return yaml.safe_load((DATA / "secret.yaml").read_text())["sops"]["age"][0]["recipient"]


@pytest.fixture
def repo(place):
    """A repository with a .sops.yaml and an encrypted Secret; check(argv...) gives the findings and the status."""
    place.write(".sops.yaml", RULES.format(age=recipient()))
    place.copy("attacks/secret.yaml")

    def check(*argv, stdin=b"", **env):
        result = place.run("check", *argv, stdin=stdin, env=env)
        assert not result.crashed
        assert b"attack-" not in result.stdout + result.stderr
        lines = result.stdout.decode().splitlines()
        assert result.status == (1 if lines else 0) or result.status == 2, result.message
        return lines, result

    place.check = check
    return place


def change(repo, name, *edits, source=None):
    text = (DATA / (source or name)).read_text()
    for old, new in edits:
        assert re.search(old, text, re.M | re.S), old
        text = re.sub(old, lambda match: new, text, count=1, flags=re.M | re.S)
    return repo.write(name, text)


def test_a_repository_in_order_has_no_findings(repo):
    for name in ("app.env", "values.yaml", "widget.yaml"):
        repo.copy(f"attacks/{name}")
    repo.write("apps/deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 1}\n")
    repo.write("apps/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n")
    repo.write("apps/kustomization.yaml", "resources: [deployment.yaml]\n")
    repo.write("chart/templates/x.yaml", "{{- if .Values.a }}\nkind: Secret\n{{ end }}\n")
    repo.write("README.md", "sops: the mac is ENC[AES256_GCM,data:x,iv:x,tag:x,type:str], lastmodified\n")
    repo.write("logo.png", b"\x89PNG\r\n\x1a\n\0\0\0" + bytes(100))
    repo.write(".git/secret.yaml", SECRET + "stringData: {a: b}\n")
    lines, result = repo.check(".")
    assert lines == []
    assert "3 encrypted documents, 0 findings" in result.message or "4 encrypted documents, 0 findings" in result.message


PGP_CUT = """\
    pgp:
        - created_at: "2024-01-01T00:00:00Z"
          enc: |-
            -----BEGIN PGP MESSAGE-----

            hF4D
          fp: FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4
"""

BROKEN = [
    ("mac gone", [(r"^    mac: .*?\n", "")], "secret.yaml:12: Secret shop/orders-db: sops.mac: missing"),
    ("mac cut", [(r"mac: ENC\[AES256_GCM,data:[^,]*", "mac: ENC[AES256_GCM,data:abc")], "Secret shop/orders-db: sops.mac: malformed ciphertext"),
    ("mac twice", [(r"^    version:", "    mac: x\n    version:")], "secret.yaml: can not be read: "),
    ("no recipient", [(r"^    age:.*?(?=^    encrypted_regex)", "")], "secret.yaml:12: Secret shop/orders-db: sops: "),
    ("no enc", [(r"- enc: \|.*?-----END AGE ENCRYPTED FILE-----\n", "- created_at: x\n")], "secret.yaml:12: Secret shop/orders-db: sops: the entry for age 'age1"),
    ("box cut", [(r"^ *-----END AGE ENCRYPTED FILE-----\n", "")], "sops: the entry for age 'age1", "': age armor is cut short"),
    ("box without header", [("FILE-----\\n *YWdl....", "FILE-----\n            YWdmLWVu")], "sops: the entry for age 'age1", "age file"),
    ("pgp box cut", [(r"^    encrypted_regex:", PGP_CUT + "    encrypted_regex:")], "sops: the entry for pgp 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4': "),
    ("pgp box empty", [(r"^    encrypted_regex:", PGP_CUT.replace("-----BEGIN PGP MESSAGE-----", "x") + "    encrypted_regex:")], "A27381B4': no PGP message"),
    *((f"{kind} box", [(r"^    encrypted_regex:", f"    {kind}: [{{{name}: some, enc: '{enc}', created_at: '2024-01-01T00:00:00Z', {more}}}]\n    encrypted_regex:")],
       f"sops: the entry for {kind} 'some': ", word) for kind, name, enc, more, word in (
           ("kms", "arn", "AQ!=", "x: y", "its 'enc' is not base64"), ("gcp_kms", "resource_id", "AQ!=", "x: y", "its 'enc' is not base64"),
           ("azure_kv", "name", "a+b", "vault_url: https://v.vault.azure.net, version: v", "its 'enc' is not base64url"),
           ("hc_vault", "key_name", "v1:x", "vault_address: https://v, engine_path: e", "no ciphertext of Vault"))),
    ("group without keys", [(r"^    age:(.*?)(?=^    encrypted_regex)", "    key_groups: [{age: []}, {age: [{recipient: a, enc: x}]}]\n")], "sops.key_groups: a key group without keys"),
    ("threshold too high", [(r"^    age:(.*?)(?=^    encrypted_regex)", "    shamir_threshold: 3\n    key_groups: [{age: [{recipient: a, enc: x}]}, {age: [{recipient: a, enc: x}]}]\n")],
     "sops.shamir_threshold: more than there are key groups: nobody can open this"),
    ("no version", [(r"^    version: .*?\n", "")], "secret.yaml:12: Secret shop/orders-db: sops: "),
    ("bad time", [(r"lastmodified: .*?\n", "lastmodified: yesterday\n")], "sops metadata: 'lastmodified' is not a time"),
    ("bad pattern", [(r"encrypted_regex: .*?\n", "encrypted_regex: (\n")], "Secret shop/orders-db: sops: sops metadata: the pattern of what is encrypted"),
    ("value cut", [(r"password: ENC\[AES256_GCM,data:...", "password: ENC[AES256_GCM,data:")], "secret.yaml:8: Secret shop/orders-db: stringData.password: malformed ciphertext"),
    ("value without end", [(r"password: (ENC\[[^\]]*)\]", "password: ENC[AES256_GCM,data:x")], "stringData.password: malformed ciphertext"),
    ("value in the clear", [(r"password: ENC\[[^\]]*\]", "password: attack-x")],
     "secret.yaml:8: Secret shop/orders-db: stringData.password: in the clear, where the file's own rule says encrypted"),
    ("number in the clear", [(r"password: ENC\[[^\]]*\]", "password: 5")], "stringData.password: in the clear, where the file's own rule says encrypted"),
    ("conflict", [(r"^type: Opaque\n", "<<<<<<< HEAD\ntype: Opaque\n=======\n>>>>>>> x\n")], "secret.yaml: can not be read: "),
]


@pytest.mark.parametrize("edits, words", [(case[1], case[2:]) for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_broken_file_is_found(repo, edits, words):
    change(repo, "secret.yaml", *edits)
    lines, _ = repo.check(".")
    assert any(all(word in line for word in words) for line in lines), lines


def test_whole_boxes_of_every_kind_are_none(repo):
    boxes = """\
    kms: [{arn: "arn:aws:kms:eu-west-1:1:key/x", enc: AQID, created_at: "2024-01-01T00:00:00Z"}]
    gcp_kms: [{resource_id: x, enc: AQIDBA==, created_at: "2024-01-01T00:00:00Z"}]
    azure_kv: [{vault_url: "https://v.vault.azure.net", name: n, version: v, enc: a-_b, created_at: "2024-01-01T00:00:00Z"}]
    hc_vault: [{vault_address: "https://v", engine_path: e, key_name: k, enc: "vault:v1:AQID", created_at: "2024-01-01T00:00:00Z"}]
    hckms: [{key_id: "cn-north-4:x", enc: x, created_at: "2024-01-01T00:00:00Z"}]
"""
    change(repo, "secret.yaml", (r"^    encrypted_regex:", boxes + "    encrypted_regex:"))
    repo.write("pgp.yaml", (DATA.parent / "pgp" / "sops-rsa.enc.yaml").read_text())
    assert repo.check(".")[0] == []


def test_ciphertext_outside_of_the_rule_is_found(repo):
    token = yaml.safe_load((DATA / "secret.yaml").read_text())["stringData"]["password"]
    change(repo, "secret.yaml", ("^type: Opaque", f"type: {token}"))
    lines, _ = repo.check(".")
    assert lines == ["secret.yaml:10: Secret shop/orders-db: type: ciphertext, where the file's own rule says in the clear"]


def test_a_file_with_nothing_encrypted_is_found(repo):
    """A chart's values under a creation rule for Secrets: sops adds its metadata and says nothing. Where the rule fits a value that is empty, nothing could be encrypted."""
    values = change(repo, "values.yaml", (r"^.*?(?=^sops:)", "auth:\n    user: u\n    host: h\n"), ("^    unencrypted_suffix: .*?\n", "    encrypted_regex: ^(data|stringData)$\n"))
    lines, result = repo.check("values.yaml")
    assert lines == ["values.yaml:5: sops: nothing is encrypted: the file's own rule fits nothing in it"]
    assert "krm-sops: 1 file, 1 encrypted document, 1 finding\n" in result.message
    values.write_text(values.read_text().replace("auth:", "data: {}\nauth:"))
    assert repo.check("values.yaml")[0] == []


def test_an_age_key_beside_what_it_opens_is_found(repo):
    """Alone, in a manifest; with its checksum, or it is none. Hybrid keys too."""
    text = (DATA / "age.agekey").read_text()
    key = next(line for line in text.split("\n") if line.startswith("AGE-SECRET-KEY-"))
    repo.write("key.txt", text)
    repo.write("apps/sops.yaml", f"kind: ConfigMap\ndata:\n  # AGE-SECRET-KEY-1\n  age.agekey: {key}\n")
    repo.write("README.md", f"Make one: AGE-SECRET-KEY-1QQQ... or {key[:-1]}{'Q' if key[-1] != 'Q' else 'P'}, {key}Q, {key[:-1]}, AGE-SECRET-KEY-" + "AGE-SECRET-KEY-" * 1000)
    lines, result = repo.check(".")
    assert sorted(lines) == ["apps/sops.yaml:4: an age secret key in the clear", f"key.txt:{text[:text.index(key)].count(chr(10)) + 1}: an age secret key in the clear"]
    assert key not in result.message
    assert repo.check("secret.yaml")[0] == []


def test_an_emptied_value_and_a_comment_are_none(repo):
    """sops itself writes empty strings so, and keeps comments that it can not open."""
    change(repo, "secret.yaml", (r"password: ENC\[[^\]]*\]", "# by hand\n    password: \"\""))
    assert repo.check(".")[0] == []


def test_every_finding_is_told_in_one_run(repo):
    change(repo, "a/secret.yaml", (r"^    mac: .*?\n", ""), (r"password: ENC\[[^\]]*\]", "password: x"), source="secret.yaml")
    change(repo, "b/app.env", (r"TOKEN=ENC\[[^\]]*\]", "TOKEN=attack-x"), source="app.env")
    lines, result = repo.check(".")
    assert [line.split(": ")[0] for line in lines] == ["a/secret.yaml:12", "a/secret.yaml:8", "b/app.env:2"]
    assert "TOKEN: in the clear" in lines[2]
    assert "3 findings" in result.message


# What the creation rules say.
def test_a_plain_secret_is_found_where_a_rule_takes_it(repo):
    repo.write("apps/s.yaml", SECRET + "stringData:\n  a: attack-x\n  b: attack-y\n")
    repo.write("apps/s.yml", SECRET + "stringData: {a: attack-x}\n")
    config = repo.cwd / ".sops.yaml"
    assert repo.check(".")[0] == [
        f"apps/s.yaml:7: Secret shop/plain: stringData.a: in the clear, and 1 more, where creation rule 2 of '{config}' says encrypted"]


def test_a_plain_secret_without_rules_is_none(repo):
    (repo.cwd / ".sops.yaml").unlink()
    repo.write("apps/s.yaml", SECRET + "stringData: {a: attack-x}\n")
    assert repo.check(".")[0] == []


@pytest.mark.parametrize("body, found", [
    ("stringData: {a: attack-x}", True), ("data: {a: YXR0YWNrLXg=}", True), ("data: {}", False), ("type: Opaque", False),
    ("stringData: {a: ''}", False), ("data: {a: null}", False),
])
def test_only_values_make_a_secret_plain(repo, body, found):
    repo.write("s.yaml", f"{SECRET}{body}\n")
    assert bool(repo.check(".")[0]) == found


def test_a_secret_with_a_document_inside_is_not_plain(repo):
    inner = (DATA / "values.yaml").read_bytes()
    repo.write("s.yaml", SECRET + f"data:\n  values.yaml: {base64.b64encode(inner).decode()}\n")
    repo.write("t.yaml", SECRET + "stringData:\n  values.yaml: |\n" + "".join(f"    {line}\n" for line in inner.decode().splitlines()))
    assert repo.check(".")[0] == []


def test_secrets_in_a_list_and_in_a_stream_are_found(repo):
    repo.write("list.yaml", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: c}\n  data: {a: b}\n"
                            "- apiVersion: v1\n  kind: Secret\n  metadata: {name: s}\n  data: {a: YQ==}\n")
    repo.write("stream.yaml", "kind: ConfigMap\napiVersion: v1\ndata: {a: b}\n---\n" + SECRET + "data: {a: YQ==}\n")
    lines, _ = repo.check(".")
    assert len(lines) == 2
    assert lines[0].startswith("list.yaml:11: Secret s: data.a: in the clear")
    assert lines[1].startswith("stream.yaml:10: Secret shop/plain: data.a: in the clear")


@pytest.mark.parametrize("name, text, found", [
    ("secrets/a.env", "TOKEN=attack-x\n", True), ("secrets/a.json", '{"a": "attack-x"}', True), ("secrets/a.txt", "attack-x\n", True),
    ("secrets/a.bin", b"attack-x\0", True), ("secrets/empty", "", False), ("secrets/empty.yaml", "", False),
    ("secrets/a.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n", True), ("other/a.env", "TOKEN=attack-x\n", False),
])
def test_a_rule_that_is_about_a_file_counts_whatever_it_is(repo, name, text, found):
    repo.write(name, text)
    lines, _ = repo.check(".")
    assert bool(lines) == found
    assert not found or lines[0].startswith(name) and "creation rule 1 of" in lines[0]


def test_a_rule_that_names_fields_counts_in_every_file(repo):
    repo.write(".sops.yaml", f"creation_rules: [{{encrypted_regex: ^password$, age: {recipient()}}}]\n")
    repo.write("config.yaml", "db: {user: u, password: attack-x}\n")
    lines, _ = repo.check("config.yaml")
    assert len(lines) == 1 and lines[0].startswith("config.yaml:1: db.password: in the clear")


def test_what_another_rule_has_left_in_the_clear_is_found(repo):
    change(repo, "secret.yaml", (r"encrypted_regex: .*?\n", "encrypted_regex: ^(username|spare)$\n"), (r"password: ENC\[[^\]]*\]", "password: attack-x"))
    lines, _ = repo.check(".")
    assert len(lines) == 1
    assert lines[0].startswith("secret.yaml:8: Secret shop/orders-db: stringData.password: in the clear, where creation rule 2 of")
    assert "the file was encrypted by another rule" in lines[0]


def test_the_nearest_config_counts_unless_one_is_given(repo):
    repo.write("sub/.sops.yaml", "creation_rules: [{path_regex: ^never$}]\n")
    repo.write("sub/s.yaml", SECRET + "stringData: {a: attack-x}\n")
    assert repo.check(".")[0] == []
    assert len(repo.check("--config", ".sops.yaml", ".")[0]) == 1
    assert len(repo.check("--config=.sops.yaml", "sub")[0]) == 1


@pytest.mark.parametrize("config", ["creation_rules: [", "creation_rules: {}", "creation_rules: [{path_regex: '('}]", "creation_rules: [{encrypted_regex: '('}]",
                                    "creation_rules: [{age: bob}]"])
def test_a_broken_config_is_one_finding(repo, config):
    repo.write(".sops.yaml", config)
    for name in ("a.yaml", "b.yaml", "sub/c.yaml"):
        repo.write(name, SECRET + "stringData: {a: attack-x}\n")
    lines, _ = repo.check(".")
    assert len(lines) == 1 and lines[0].startswith(f"{repo.cwd / '.sops.yaml'}: ")


# A build's output.
def stream(*items):
    return yaml.safe_dump_all(items, sort_keys=True).encode()


def item(kind, name, namespace="shop", **fields):
    return {"apiVersion": fields.pop("api", "v1"), "kind": kind, "metadata": {"name": name, "namespace": namespace}, **fields}


def left_in_build():
    secret = yaml.safe_load((DATA / "secret.yaml").read_text())
    token = secret["stringData"]["password"]
    inner = base64.b64encode((DATA / "values.yaml").read_bytes()).decode()
    env = {key: base64.b64encode(value.encode()).decode() for key, value in
           (line.split("=", 1) for line in (DATA / "app.env").read_text().splitlines())}
    widget = yaml.safe_load((DATA / "widget.yaml").read_text())
    return {
        "a whole Secret": (secret, "Secret shop/orders-db: sops"),
        "a whole resource": (widget, "Widget shop/gadget: sops"),
        "without its metadata": ({key: value for key, value in secret.items() if key != "sops"}, "Secret shop/orders-db: stringData.password"),
        "a token in any kind": (item("ConfigMap", "c", data={"a": token}), "ConfigMap shop/c: data.a"),
        "a token in a list": (item("Thing", "t", api="x.y/v1", spec={"a": [{"b": token}]}), "Thing shop/t: spec.a[0].b"),
        "a document in a value": (item("Secret", "v", data={"values.yaml": inner}), "Secret shop/v: data.values.yaml"),
        "a dotenv": (item("Secret", "e", data=env), "Secret shop/e: data."),
    }


@pytest.mark.parametrize("name", left_in_build())
@pytest.mark.parametrize("shape", ["stream", "List", "ResourceList", "List in a List"])
def test_ciphertext_in_a_build_is_found(repo, name, shape):
    left, finding = left_in_build()[name]
    plain = item("ConfigMap", "plain", data={"a": "b"})
    if shape == "stream":
        text = stream(plain, left, plain)
    else:
        text = stream({"apiVersion": "v1", "kind": shape.split()[0], "items": [plain, left]})
    if shape == "List in a List":
        text = stream({"apiVersion": "v1", "kind": "List", "items": [yaml.safe_load(text)]})
    lines, _ = repo.check("-", stdin=text)
    place, message = finding.split(": ") if ": " in finding else (finding, "")
    assert len(lines) == 1 and re.match(rf"stdin:\d+: {re.escape(place)}: {re.escape(message)}", lines[0]), lines
    repo.write("out.yaml", text)
    assert len(repo.check("--build", "out.yaml")[0]) == 1


def test_a_decrypted_build_has_no_findings(repo):
    text = stream(item("Secret", "s", stringData={"a": "attack-x"}), item("ConfigMap", "c", data={"a": "b"}))
    assert repo.check("-", stdin=text)[0] == []
    repo.write("out.yaml", text)
    assert repo.check("--build", "out.yaml")[0] == []


def test_what_others_decrypt_may_stay(repo):
    secret = yaml.safe_load((DATA / "secret.yaml").read_text())
    secret["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/decrypt": "Disabled"}
    operator = {**yaml.safe_load((DATA / "widget.yaml").read_text()), "apiVersion": "isindir.github.com/v1alpha3", "kind": "SopsSecret"}
    assert repo.check("-", stdin=stream(secret, operator))[0] == []


def test_a_named_stream_with_encrypted_parts_is_a_build(repo):
    secret = (DATA / "secret.yaml").read_text()
    plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n"
    repo.write("out.yaml", plain + "---\n" + secret)
    lines, _ = repo.check("out.yaml")
    assert len(lines) == 1 and lines[0].startswith("out.yaml:6: Secret shop/orders-db: sops") and "--enable-exec" in lines[0]
    # In the tree the same file is how Flux takes it: documents side by side.
    assert repo.check(".")[0] == []


def test_documents_of_one_stream_are_looked_at_one_by_one(repo):
    secret, widget = (DATA / "secret.yaml").read_text(), (DATA / "widget.yaml").read_text()
    repo.write("all.yaml", secret + "---\n" + widget.replace("lastmodified", "modified") + "---\n" + SECRET + "data: {a: YQ==}\n")
    lines, _ = repo.check(".")
    assert len(lines) == 2
    assert "Widget shop/gadget: sops: " in lines[0] and "Secret shop/plain: data.a: in the clear" in lines[1]


def release(name, optional=None, kind="Secret", namespace="shop"):
    source = {"kind": kind, "name": name, **({"optional": optional} if optional is not None else {})}
    return item("HelmRelease", "r", namespace, api="helm.toolkit.fluxcd.io/v2", spec={"valuesFrom": [{"kind": "ConfigMap", "name": "x"}, source]})


@pytest.mark.parametrize("secrets, reference, found", [
    ([("values-5f2kgc4mhd", "shop")], release("values"), True),
    ([("values-5f2kgc4mhd", "shop"), ("values", "shop")], release("values"), False),
    ([("values-5f2kgc4mhd", "other")], release("values"), False),
    ([("values-5f2kgc4mhd", "shop")], release("values-5f2kgc4mhd"), False),
    ([("values-5f2kgc4mhd", "shop")], release("values", kind="ConfigMap"), False),
    ([("values-5f2kgc4mh", "shop")], release("values"), False),
    ([("values-5f2kgc4mha", "shop")], release("values"), False),
    ([("values-other-5f2kgc4mhd", "shop")], release("values"), False),
    ([], release("values"), False),
])
def test_a_release_that_names_a_secret_before_its_hash(repo, secrets, reference, found):
    items = [item("Secret", name, namespace, stringData={"values.yaml": "a: b"}) for name, namespace in secrets]
    lines, _ = repo.check("-", stdin=stream(reference, *items))
    assert bool(lines) == found
    if found:
        assert "HelmRelease shop/r: spec.valuesFrom[1].name: names Secret 'values', which exists only as 'values-5f2kgc4mhd'" in lines[0]


# With keys.
def test_with_keys_everything_opens(repo):
    for name in ("app.env", "values.yaml", "widget.yaml"):
        repo.copy(f"attacks/{name}")
    repo.write("stream.yaml", (DATA / "secret.yaml").read_text() + "---\n" + (DATA / "widget.yaml").read_text())
    assert repo.check("--with-keys", ".", SOPS_AGE_KEY_FILE=str(DATA / "age.agekey"))[0] == []


def test_with_keys_a_wrong_mac_and_a_moved_value_are_found(repo):
    secret = yaml.safe_load((DATA / "secret.yaml").read_text())
    change(repo, "type.yaml", ("^type: Opaque", "type: Other"), source="secret.yaml")
    change(repo, "moved.yaml", (r"^    username:", "    user:"), source="secret.yaml")
    repo.write("stream.yaml", (DATA / "widget.yaml").read_text() + "---\n" + (repo.cwd / "type.yaml").read_text())
    assert secret and repo.check(".")[0] == []
    lines, result = repo.check("--with-keys", ".", SOPS_AGE_KEY_FILE=str(DATA / "age.agekey"))
    assert [line.split(": ")[0] for line in lines] == ["moved.yaml", "stream.yaml:25", "type.yaml"] or len(lines) == 3, lines
    assert "stringData.user" in lines[0] and "MAC mismatch" in lines[1] and "MAC mismatch" in lines[2]
    assert "Secret shop/orders-db" in lines[2]


def test_with_keys_what_does_not_open_is_found(repo):
    lines, result = repo.check("--with-keys", ".")
    assert len(lines) == 1 and "no key opens it" in lines[0] and recipient() in lines[0]
    repo.write("keys/age.agekey", (DATA / "age.agekey").read_text())
    assert repo.check("--with-keys", "--keys-flat", "keys", "secret.yaml")[0] == []


def test_with_keys_many_files_are_opened_in_batches(repo):
    text = (DATA / "secret.yaml").read_text()
    for number in range(600):
        repo.write(f"many/{number}.yaml", text if number != 300 else text.replace("type: Opaque", "type: x"))
    lines, _ = repo.check("--with-keys", "many", SOPS_AGE_KEY_FILE=str(DATA / "age.agekey"))
    assert len(lines) == 1 and lines[0].startswith("many/300.yaml: ")


# The command itself.
def test_json_has_what_the_lines_have(repo):
    change(repo, "secret.yaml", (r"password: ENC\[[^\]]*\]", "password: attack-x"))
    result = repo.run("check", "--output", "json", ".")
    assert result.status == 1 and result.stderr == b""
    assert json.loads(result.stdout) == [{"path": "secret.yaml", "line": 8, "kind": "Secret", "namespace": "shop", "name": "orders-db",
                                          "field": "stringData.password", "message": "in the clear, where the file's own rule says encrypted"}]
    repo.copy("attacks/secret.yaml")
    result = repo.run("check", "--output=json", ".")
    assert result.status == 0 and json.loads(result.stdout) == []


@pytest.mark.parametrize("argv", [[], ["--output", "xml", "."], ["--output"], ["--unknown", "."], ["nowhere"], ["--config", "nowhere", "."], ["--with-keys=x", "."]])
def test_usage_is_status_2(repo, argv):
    result = repo.run("check", *argv)
    assert result.status == 2 and result.stdout == b"" and result.stderr


def test_paths_are_shown_as_they_were_given(repo):
    change(repo, "sub/secret.yaml", (r"^    mac: .*?\n", ""), source="secret.yaml")
    for argv, shown in ((["sub"], "sub/secret.yaml"), (["./sub/"], "./sub/secret.yaml"), (["."], "sub/secret.yaml"),
                        ([str(repo.cwd / "sub")], f"{repo.cwd}/sub/secret.yaml"), (["sub/secret.yaml"], "sub/secret.yaml")):
        assert repo.check(*argv)[0][0].startswith(shown + ":12: "), argv


def test_links_in_folders_are_not_followed_and_odd_names_do_no_harm(repo):
    outside = repo.path / "outside.yaml"
    outside.write_text(SECRET + "stringData: {a: attack-x}\n")
    (repo.cwd / "link.yaml").symlink_to(outside)
    repo.write("secrets/a\x1b[31m\nb", "x")
    lines, _ = repo.check(".")
    assert len(lines) == 1 and lines[0].startswith("secrets/a?[31m?b: ")
    (repo.cwd / "up").symlink_to(repo.path)
    assert len(repo.check(".")[0]) == 1


def test_what_can_not_be_read_is_found(repo):
    (repo.cwd / "secret.yaml").chmod(0)
    try:
        (repo.cwd / "secret.yaml").read_bytes()
    except PermissionError:
        lines, _ = repo.check(".")
        assert len(lines) == 1 and "Permission denied" in lines[0]


def test_thousands_of_files_take_seconds_at_most(repo):
    text = (DATA / "secret.yaml").read_text()
    for number in range(2000):
        repo.write(f"many/{number % 40}/{number}.yaml", text)
    start = time.monotonic()
    assert repo.check("many")[0] == []
    assert time.monotonic() - start < 20  # sanitized build; the plain one takes a fifth of a second


@pytest.mark.parametrize("argv", [["check", "."], ["check", "--output", "json", "."], ["check", "-"], ["audit", "."], ["audit", "--output", "json", "."]], ids=" ".join)
def test_every_allocation_may_fail(repo, plain_program, argv):
    """Each in its turn: all of the report or none, and never status 0 for less."""
    change(repo, "sub/bad.yaml", (r"password: ENC\[[^\]]*\]", "password: attack-x"), source="secret.yaml")
    repo.copy("attacks/app.env")
    repo.write("sub/plain.yaml", SECRET + "stringData: {a: attack-x}\n")
    library = pathlib.Path(plain_program).parent / "tools" / "failmalloc.so"
    assert library.exists(), "run make tools"
    stdin = (repo.cwd / "sub/bad.yaml").read_bytes() if argv[-1] == "-" else b""

    def run(**env):
        return repo.run(*argv, program=plain_program, stdin=stdin, env={"LD_PRELOAD": str(library), **env})

    whole = run(FAILMALLOC_COUNT=str(repo.tmp / "count"))
    count = int((repo.tmp / "count").read_text())
    assert count > 50 and whole.stdout
    for at in range(1, count + 1):
        for rest in ({}, {"FAILMALLOC_ALL": "1"}):
            result = run(FAILMALLOC_AT=str(at), **rest)
            if (result.status, result.stdout) == (whole.status, whole.stdout):
                continue
            assert result.status == 1 and result.stdout == b"", (at, rest, result)
            assert b"memory" in result.stderr or b"crypto library" in result.stderr, (at, rest, result)


@pytest.mark.parametrize("nothing", [b"", b"\n", b"---\n", b"# nothing\n", b"{}\n"])
def test_a_build_without_any_object_is_a_finding(run, nothing):
    """kustomize that has failed prints nothing; in a pipe without pipefail its exit status is lost, and this is what is left to look at."""
    result = run("check", "-", stdin=nothing)
    assert result.status == 1
    assert b"no object is in it: has the build before it failed?" in result.stdout or b"the text has no document" in result.stdout
