# SPDX-License-Identifier: Apache-2.0
"""Every way in which a run must fail, as a table: test_bad_input.py holds the failure to its promises, test_canary.py looks for leaks in it.

The documents are those of tests/data/bad, damaged here; the damage is done to the file in the repository and to the item of the build
alike, as a writer to Git would do it.
"""
import base64
import dataclasses
import functools
import json
import re

from conftest import DATA

BAD = DATA / "bad"
KEYS = {"SOPS_AGE_KEY_FILE": str(BAD / "keys" / "age.agekey")}
CLEAR = "canary-clear-Xe4bTm9Q"  # a plaintext that was never encrypted
TOKEN = re.compile(r"ENC\[AES256_GCM,data:([^,]*),iv:([^,]*),tag:([^,]*),type:([a-z]+)\]")


@dataclasses.dataclass
class Case:
    """One run. status: the statuses that are right (empty: any but 0); words: what stderr must hold."""
    name: str
    argv: tuple = ()
    stdin: bytes = b""
    files: dict = dataclasses.field(default_factory=dict)
    env: dict = dataclasses.field(default_factory=lambda: dict(KEYS))
    status: frozenset = frozenset()
    words: tuple = ()

    def run(self, place, **more):
        for name, data in self.files.items():
            if data is None:
                (place.cwd / name).mkdir()
            else:
                place.write(name, data)
        return place.run(*self.argv, stdin=self.stdin, env=self.env, **more)


@functools.cache
def load(name):
    return (BAD / name).read_text()


def canaries():
    return json.loads((BAD / "canaries.json").read_text())


def resource_list(*items, config=None, head="apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"):
    """Texts of objects to a ResourceList in kustomize's layout."""
    out = head + "items:\n"
    for item in items:
        lines = item.rstrip("\n").split("\n")
        out += "".join(("- " if at == 0 else "  ") + line + "\n" if line else "\n" for at, line in enumerate(lines))
    return (out + (config or "")).encode()


def secret_with(key, document, name="values"):
    """A Secret that holds a document in its data."""
    text = base64.b64encode(document.encode()).decode()
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: shop\ndata:\n  {key}: {text}\n"


# -- damage: text -> text

def on_value(key, change):
    """Changes the value of a key, ciphertext as it stands on its line."""
    return lambda text: re.sub(rf"^( *{key}: )(.*)$", lambda m: m.group(1) + change(m.group(2)), text, count=1, flags=re.M)


def on_part(key, part, change):
    """Changes data (1), iv (2), tag (3) or type (4) of a key's ciphertext."""
    def on_token(value):
        match = TOKEN.search(value)
        return value[:match.start(part)] + change(match.group(part)) + value[match.end(part):]
    return on_value(key, on_token)


def flip(text):
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 4
    return base64.b64encode(raw).decode()


def swap(one, two):
    """Two keys' values change places."""
    def change(text):
        a, b = (re.search(rf"^ *{key}: (ENC.*)$", text, re.M).group(1) for key in (one, two))
        return text.replace(a, "\0").replace(b, a).replace("\0", b)
    return change


def swap_list_items(text):
    one, two = re.findall(r"^ +- (ENC\[.*)$", text, re.M)[:2]
    return text.replace(one, "\0").replace(two, one).replace("\0", two)


def replace(old, new):
    return lambda text: re.sub(old, new, text, count=1, flags=re.M)


def metadata(new):
    """Another sops block."""
    return lambda text: text[:text.index("\nsops:") + 1] + new


def age_block(text):
    return re.search(r"^    age:\n(?:        .*\n)+", text, re.M).group(0)


def instead_of_age(new):
    return lambda text: text.replace(age_block(text), new)


# name: (document, change, status of decrypt, what the function's message must hold)
DAMAGED = {
    "value tampered": ("secret.yaml", on_part("password", 1, flip), 25, "stringData.password"),
    "iv tampered": ("secret.yaml", on_part("password", 2, flip), 25, "stringData.password"),
    "tag tampered": ("secret.yaml", on_part("password", 3, flip), 25, "stringData.password"),
    "tag cut": ("secret.yaml", on_part("password", 3, lambda text: base64.b64encode(base64.b64decode(text)[:12]).decode()), 25, "stringData.password"),
    "values swapped": ("secret.yaml", swap("password", "username"), 25, "stringData."),
    "key renamed": ("secret.yaml", replace("^    password:", "    passwort:"), 25, "stringData.passwort"),
    "value in the clear": ("secret.yaml", on_value("password", lambda _: CLEAR), 25, "stringData.password"),
    "number in the clear": ("widget.yaml", on_value("count", lambda _: "7741036655"), 25, "spec.count"),
    "base64 broken": ("secret.yaml", on_part("password", 1, lambda text: "!" + text[1:]), 25, "stringData.password"),
    "unknown value type": ("secret.yaml", on_part("password", 4, lambda _: "blob"), 25, "stringData.password"),
    "value of type bytes": ("secret.yaml", on_part("password", 4, lambda _: "bytes"), None, "stringData.password"),
    "text that is no int": ("secret.yaml", on_part("password", 4, lambda _: "int"), 25, "stringData.password"),
    "text that is no bool": ("secret.yaml", on_part("password", 4, lambda _: "bool"), 25, "stringData.password"),
    "text that is no time": ("secret.yaml", on_part("password", 4, lambda _: "time"), 25, "stringData.password"),
    "MAC tampered": ("secret.yaml", on_part("mac", 1, flip), 51, "MAC"),
    "MAC missing": ("secret.yaml", replace("^    mac: .*\n", ""), 51, ""),
    "MAC empty": ("secret.yaml", on_value("mac", lambda _: '""'), 51, ""),
    "MAC in the clear": ("secret.yaml", on_value("mac", lambda _: "CF83E1357EEFB8BD"), 51, ""),
    "lastmodified changed": ("secret.yaml", on_value("lastmodified", lambda _: '"2001-01-01T00:00:00Z"'), 51, ""),
    "lastmodified malformed": ("secret.yaml", on_value("lastmodified", lambda _: '"yesterday"'), 1, ""),
    "list items swapped": ("widget.yaml", swap_list_items, 51, ""),
    "value emptied": ("secret.yaml", on_value("password", lambda _: '""'), 51, ""),
    "value nulled": ("secret.yaml", on_value("password", lambda _: "null"), 51, ""),
    "key deleted": ("secret.yaml", replace("^    note: .*\n", ""), 51, ""),
    "version missing": ("secret.yaml", replace("^    version: .*\n", ""), 1, ""),
    "version malformed": ("secret.yaml", on_value("version", lambda _: "three"), 1, ""),
    "sops null": ("secret.yaml", metadata("sops:\n"), 1, ""),
    "sops a text": ("secret.yaml", metadata("sops: x\n"), 1, ""),
    "sops a list": ("secret.yaml", metadata("sops: [x]\n"), 1, ""),
    "sops an empty map": ("secret.yaml", metadata("sops: {}\n"), 1, ""),
    "sops with a MAC only": ("secret.yaml", metadata("sops: {mac: x}\n"), 1, ""),
    "no sops": ("secret.yaml", metadata(""), 1, "stringData."),
    "no keys": ("secret.yaml", instead_of_age(""), 1, ""),
    "empty key list": ("secret.yaml", instead_of_age("    age: []\n"), 1, ""),
    "unknown key type only": ("secret.yaml", replace("^    age:", "    foo_kms:"), 1, ""),
    "key box damaged": ("secret.yaml", replace("^            YWdl.{20}", "            YWdlWWWWWWWWWWWWWWWWWWWWWW"), 128, ""),
    "key box cut": ("secret.yaml", replace("^            -----END.*\n", ""), 128, ""),
    "PGP key only": ("secret.yaml", instead_of_age("    pgp:\n        - created_at: \"2024-01-01T00:00:00Z\"\n          enc: x\n          fp: FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4\n"), 128, ""),
    "two rules": ("secret.yaml", replace("^    encrypted_regex:", "    unencrypted_suffix: _x\n    encrypted_regex:"), 1, ""),
    "pattern that is not RE2": ("secret.yaml", on_value("encrypted_regex", lambda _: "^(?=data|stringData)"), None, "pattern"),
    "pattern that does not compile": ("secret.yaml", on_value("encrypted_regex", lambda _: '"^(data"'), None, "pattern"),
    "threshold that is no number": ("secret.yaml", replace("^    version:", "    shamir_threshold: many\n    version:"), 1, ""),
    "too few shares": ("shamir.yaml", lambda text: text, 128, ""),
}
# Where a build holds the damaged item, and the function, by a promise of its own, does not fail: none. An item whose sops block says nothing
# about encryption is judged by what it holds; one without metadata is caught by the ciphertext that is left in it.

WHOLE_LABEL = {"secret.yaml": "shop/orders-db", "widget.yaml": "shop/gadget"}


def damaged(name):
    document, change, _, _ = DAMAGED[name]
    text = load(document)
    new = change(text)
    assert new != text or name == "too few shares", name
    return document, new


def decrypt_cases():
    for name, (_, _, status, path) in DAMAGED.items():
        document, text = damaged(name)
        words = (path,) if path and status == 25 else ()
        yield Case(f"decrypt: {name}", ("decrypt", document), files={document: text}, status=frozenset({status} if status else ()), words=words)


def item_cases():
    """The function, with the damaged file in the repository too: it is the item's source."""
    for name, (document, _, _, path) in DAMAGED.items():
        document, text = damaged(name)
        if document not in WHOLE_LABEL:
            continue
        yield Case(f"item: {name}", stdin=resource_list(text), files={document: text}, status=frozenset({1}), words=(WHOLE_LABEL[document], *([path] if path else [])))


def value_cases():
    """The function, with the damaged document inside a Secret's data: there the MAC is checked on these bytes."""
    for name, (document, _, _, _) in DAMAGED.items():
        document, text = damaged(name)
        if name == "no sops" or document == "widget.yaml" and "swapped" not in name:
            continue  # without metadata it is no document; leftovers are in list_cases
        yield Case(f"value: {name}", stdin=resource_list(secret_with(document, text)), status=frozenset({1}), words=("shop/values", f"data.{document}"))


def key_cases():
    """Keys that are not there, not right, not readable."""
    identity = load("keys/age.agekey")
    bad = {
        "no key": ({}, {}),
        "wrong key": ({}, {"SOPS_AGE_KEY_FILE": str(BAD / "keys" / "stranger.agekey")}),
        "key file empty": ({"k": ""}, {"SOPS_AGE_KEY_FILE": "k"}),
        "key file of comments": ({"k": "# nothing\n\n"}, {"SOPS_AGE_KEY_FILE": "k"}),
        "key file missing": ({}, {"SOPS_AGE_KEY_FILE": "nosuch"}),
        "key file is a folder": ({"k": None}, {"SOPS_AGE_KEY_FILE": "k"}),
        "key file malformed": ({"k": "AGE-SECRET-KEY-1QQQQ\n"}, {"SOPS_AGE_KEY_FILE": "k"}),
        "key file cut": ({"k": identity.strip()[:-5]}, {"SOPS_AGE_KEY_FILE": "k"}),
        "key with a wrong letter": ({"k": re.sub("[Q](?=[A-Z0-9]{5})", "P", identity.strip().replace("AGE-SECRET-KEY-1", "\0"), count=1).replace("\0", "AGE-SECRET-KEY-1")},
                                    {"SOPS_AGE_KEY_FILE": "k"}),
        "key file of bytes": ({"k": bytes(range(256))}, {"SOPS_AGE_KEY_FILE": "k"}),
        "key file with a passphrase": ({"k": "age-encryption.org/v1\n-> scrypt bBjlhJVYZeE4aqUdmtRHfw 18\nZV/AhotwSGqaPCU43cepl4WYUouAa17a3xpu4G2yi5k\n--- x\n"},
                                       {"SOPS_AGE_KEY_FILE": "k"}),
        "key in the environment malformed": ({}, {"SOPS_AGE_KEY": "AGE-SECRET-KEY-1" + "Q" * 58}),
        "key command fails": ({}, {"SOPS_AGE_KEY_CMD": "/bin/false"}),
        "key command is not there": ({}, {"SOPS_AGE_KEY_CMD": "/nonexistent/command"}),
        "public key instead of identity": ({"k": canaries()["recipients"]["age"]}, {"SOPS_AGE_KEY_FILE": "k"}),
        "PEM that is no key": ({"k": "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"}, {"SOPS_AGE_SSH_PRIVATE_KEY_FILE": "k"}),
    }
    secret = load("secret.yaml")
    for name, (files, env) in bad.items():
        yield Case(f"decrypt: {name}", ("decrypt", "secret.yaml"), files={**files, "secret.yaml": secret}, env=env, status=frozenset({128}))
        yield Case(f"item: {name}", stdin=resource_list(secret), files={**files, "secret.yaml": secret}, env=env, status=frozenset({1}), words=("shop/orders-db",))


def alias_bomb():
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return "\n".join(rows) + "\n"


def hostile_texts():
    """Texts that no reader should take, as a file and inside a list."""
    sops = load("values.yaml")[load("values.yaml").index("sops:"):]
    return {
        "alias bomb": alias_bomb() + sops,
        "merge bomb": "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], k{n}: v}}\n" for n in range(1, 12)) + sops,
        "alias to itself": "a: &a [*a]\n" + sops,
        "alias to nothing": "a: *nosuch\n" + sops,
        "deep flow": "a: " + "[" * 100000 + "]" * 100000 + "\n" + sops,
        "deep flow, open": "a: " + "{a: " * 100000,
        "deep block": "".join(" " * n + "a:\n" for n in range(1500)) + "\n" + "- " * 100000 + "x\n",
        "NUL": "a: x\0y\n" + sops,
        "control character": "a: x\x01y\n" + sops,
        "unclosed quote": 'a: "x\n' + sops,
        "TAB as indentation": "a:\n\tb: x\n" + sops,
        "key twice": "a: x\na: y\n" + sops,
        "key that is no text": "5: x\n" + sops,
        "bad tag": "a: !!int x\n" + sops,
        "top level list": "- a\n- b\n",
        "nothing": "",
        "only a comment": "# nothing\n",
    }


def hostile_cases():
    for name, text in hostile_texts().items():
        yield Case(f"decrypt: {name}", ("decrypt", "bad.yaml"), files={"bad.yaml": text})
        if name in ("nothing", "only a comment", "top level list"):
            yield Case(f"list: {name}", stdin=text.encode(), status=frozenset({1, 2}))
            continue
        item = "apiVersion: v1\nkind: Secret\nmetadata: {name: bad, namespace: shop}\nstringData:\n" + "".join(f"  {line}\n" for line in text.split("\n"))
        if name in ("key that is no text", "bad tag"):
            continue  # no harm in an item that is not decrypted, it stays as it is
        yield Case(f"list: {name}", stdin=resource_list(item), status=frozenset({1}))
    for name, data in {"invalid UTF-8": b"a: \xff\xfe\n", "overlong UTF-8": b"a: \xc0\x80\n", "surrogate": b"a: \xed\xa0\x80\n", "cut UTF-8": b"a: \xe2\x82"}.items():
        yield Case(f"decrypt: {name}", ("decrypt", "bad.yaml"), files={"bad.yaml": data + b"\n" + load("values.yaml").encode()}, status=frozenset({1}))
        yield Case(f"list: {name}", stdin=resource_list(load("secret.yaml")) + data, status=frozenset({1}))


def list_cases():
    """ResourceLists that are none, or are cut, or hold what must not go through."""
    secret, whole = load("secret.yaml"), resource_list(load("secret.yaml"))
    as_json = json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [json.loads(json.dumps({"kind": "Secret", "metadata": {"name": "s"}}))]})
    yield Case("list: two documents", stdin=whole + b"---\n" + whole, status=frozenset({1}))
    yield Case("list: a second document that is empty but for a key", stdin=whole + b"---\na: b\n", status=frozenset({1}))
    yield Case("list: UTF-16", stdin=b"\xff\xfe" + whole.decode().encode("utf-16-le"), status=frozenset({1}))
    yield Case("list: UTF-16, big end first", stdin=b"\xfe\xff" + whole.decode().encode("utf-16-be"), status=frozenset({1}))
    yield Case("list: items is a map", stdin=b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: {a: b}\n", status=frozenset({1}))
    yield Case("list: an item is a text", stdin=b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [x]\n", status=frozenset({1}))
    yield Case("list: no YAML", stdin=b"{]", status=frozenset({1}))
    yield Case("list: JSON cut", stdin=as_json[:-3].encode(), status=frozenset({1}))
    yield Case("list: unknown field in the config", stdin=resource_list(secret, config="functionConfig:\n  apiVersion: krm-sops.dev/v1alpha1\n  kind: Decrypt\n"
               "  metadata: {name: d}\n  spec: {mod: transform}\n"), status=frozenset({2}), words=("mod",))
    yield Case("list: unknown mode", stdin=resource_list(secret, config="functionConfig:\n  apiVersion: krm-sops.dev/v1alpha1\n  kind: Decrypt\n"
               "  metadata: {name: d}\n  spec: {mode: x}\n"), status=frozenset({2}), words=("mode",))
    yield Case("list: ciphertext left in a plain Secret", stdin=resource_list(load("secret.yaml")[:load("secret.yaml").index("sops:")]), status=frozenset({1}),
               words=("shop/orders-db", "stringData."))
    yield Case("list: ciphertext left in a Secret's data", stdin=resource_list(secret_with("token", re.search(r"password: (.*)", secret).group(1))), status=frozenset({1}),
               words=("shop/values", "data.token"))
    yield Case("list: an encrypted value that an alias uses", stdin=resource_list(
        secret.replace("    password: ENC", "    password: &p ENC").replace("type: Opaque", "type: Opaque\nother: *p")), status=frozenset({1}), words=("shop/orders-db",))
    # Block style says nothing of an end: what is cut before the first ciphertext is whole is a shorter list, and no worse.
    for cut in range(whole.index(b"type:str]") + 9, len(whole) - 3, 97):
        yield Case(f"list: cut at byte {cut}", stdin=whole[:cut], status=frozenset({1}))
    flow = json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}]}).encode()
    for cut in range(1, len(flow), 5):
        yield Case(f"list: JSON cut at byte {cut}", stdin=flow[:cut], status=frozenset({1}))


def filter_cases():
    """A stream of manifests with one that is damaged, or that nobody should take."""
    plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {a: b}\n"
    for name, (document, _, _, path) in DAMAGED.items():
        document, text = damaged(name)
        if document in WHOLE_LABEL:
            yield Case(f"filter: {name}", ("filter",), stdin=f"{plain}---\n{text}".encode(), files={document: text}, status=frozenset({1}),
                       words=(WHOLE_LABEL[document], *([path] if path else [])))
    for name, text in hostile_texts().items():
        if name not in ("nothing", "only a comment", "top level list", "key that is no text", "bad tag"):
            yield Case(f"filter: {name}", ("filter",), stdin=f"{plain}---\n{text}".encode(), status=frozenset({1}), words=("stdin: line",))
    yield Case("filter: invalid UTF-8", ("filter",), stdin=plain.encode() + b"---\na: \xff\n" + load("secret.yaml").encode(), status=frozenset({1}), words=("stdin: line",))
    for name, how in {"UTF-16": "utf-16", "UTF-16, big end first": "utf-16-be", "UTF-32": "utf-32"}.items():
        yield Case(f"filter: {name}", ("filter",), stdin=load("secret.yaml").encode(how), status=frozenset({1}), words=("stdin: ",))
    for cut in range(load("secret.yaml").index("type:str]") + 9, len(load("secret.yaml")) - 3, 197):
        yield Case(f"filter: cut at byte {cut}", ("filter",), stdin=load("secret.yaml")[:cut].encode(), status=frozenset({1}))


def format_cases():
    """The other formats, each with one damage and cut short."""
    for name, key in (("values.json", "password"), ("app.env", "TOKEN"), ("app.ini", "password"), ("blob.bin", "data")):
        text = load(name)
        match = next(m for m in TOKEN.finditer(text) if m.group(4) == "str")
        tampered = text[:match.start(1)] + flip(match.group(1)) + text[match.end(1):]
        yield Case(f"decrypt: {name} tampered", ("decrypt", name), files={name: tampered}, status=frozenset({25}), words=(key,))
        yield Case(f"value: {name} tampered", stdin=resource_list(secret_with(name, tampered)), status=frozenset({1}), words=("shop/values", name))
        mac = re.search(r'sops_mac=(ENC\S*)|mac *[:=] (ENC\S*)|"mac": "(ENC[^"]*)', text)
        sealed = next(group for group in mac.groups() if group)
        part = TOKEN.search(sealed)
        wrong = text.replace(sealed, sealed[:part.start(1)] + flip(part.group(1)) + sealed[part.end(1):])
        yield Case(f"decrypt: {name} with a wrong MAC", ("decrypt", name), files={name: wrong}, status=frozenset({51}))
        for cut in range(len(text) // 12, len(text) - 2, len(text) // 12):
            yield Case(f"decrypt: {name} cut at {cut}", ("decrypt", name), files={name: text[:cut]})
    yield Case("decrypt: no such file", ("decrypt", "nosuch.yaml"), status=frozenset({100}))
    yield Case("decrypt: a folder", ("decrypt", "folder.yaml"), files={"folder.yaml": None})
    yield Case("decrypt: bad --extract", ("decrypt", "--extract", "[x", "values.yaml"), files={"values.yaml": load("values.yaml")}, status=frozenset({91}))
    yield Case("decrypt: --extract of nothing", ("decrypt", "--extract", '["nosuch"]', "values.yaml"), files={"values.yaml": load("values.yaml")}, status=frozenset({1}))
    yield Case("decrypt: a type that cannot hold it", ("decrypt", "--input-type", "yaml", "--output-type", "dotenv", "values.yaml"), files={"values.yaml": load("values.yaml")},
               status=frozenset({4}))
    yield Case("decrypt: --output into a folder that is not there", ("decrypt", "--output", "nosuch/out", "values.yaml"), files={"values.yaml": load("values.yaml")},
               status=frozenset({3}))
    yield Case("decrypt: unknown option", ("decrypt", "--nosuch", "values.yaml"), files={"values.yaml": load("values.yaml")})
    yield Case("no such command", ("nosuch",), status=frozenset({2}))


def every():
    """All cases, names told apart."""
    cases = [*decrypt_cases(), *item_cases(), *value_cases(), *key_cases(), *hostile_cases(), *list_cases(), *filter_cases(), *format_cases()]
    assert len({case.name for case in cases}) == len(cases)
    return cases
