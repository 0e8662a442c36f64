# SPDX-License-Identifier: Apache-2.0
"""Ways to damage an encrypted document, by name. Each takes a Base and a random source and gives bytes, or None where it does not apply."""
import base64
import json
import re
import subprocess

import yaml

from lib import metadata, reformat, strings

BASE64 = rb"((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)"
TOKEN = re.compile(rb"ENC\[AES256_GCM,data:" + BASE64 + rb",iv:" + BASE64 + rb",tag:" + BASE64 + rb",type:([a-z]+)\]")
TYPES = [b"str", b"int", b"float", b"bool", b"time", b"comment", b"bytes"]


class Base:
    """A document that sops opens, and what a writer to it without a key knows. age: path of the age program, for new key boxes."""

    def __init__(self, kind, data, world, age):
        self.kind, self.data, self.world, self.age = kind, data, world, age

    def sealed(self):
        return metadata.Sealed(self.kind, self.data)

    def tokens(self, what="value"):
        """Matches of ciphertext: 'value', 'comment' or 'mac'."""
        found = list(TOKEN.finditer(self.data))
        mac = self.sealed().meta["mac"].encode()
        if what == "mac":
            return [m for m in found if m.group(0) == mac]
        return [m for m in found if m.group(0) != mac and (m.group(4) == b"comment") == (what == "comment")]

    def pick(self, rng, what="value"):
        found = self.tokens(what)
        return rng.choice(found) if found else None

    def put(self, match, new):
        return self.data[:match.start()] + new + self.data[match.end():]

    def box(self, plaintext, recipient):
        """An armored age file."""
        return subprocess.run([str(self.age), "-a", "-r", recipient], input=plaintext, capture_output=True, check=True).stdout.decode()

    def unbox(self, text):
        return subprocess.run([str(self.age), "-d", "-i", str(self.world.keys)], input=text.encode(), capture_output=True, check=True).stdout


def token(data, iv, tag, kind):
    return b"ENC[AES256_GCM,data:%s,iv:%s,tag:%s,type:%s]" % (data, iv, tag, kind)


def flip(rng, text):
    """One bit of the bytes that base64 stands for."""
    raw = bytearray(base64.b64decode(text))
    if not raw:
        return text
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return base64.b64encode(raw)


def flipped(part, what="value"):
    def mutate(base, rng):
        match = base.pick(rng, what)
        if not match:
            return None
        parts = list(match.groups())
        parts[part] = flip(rng, parts[part])
        return base.put(match, token(*parts))
    return mutate


def change_type(base, rng):
    match = base.pick(rng)
    if not match:
        return None
    new = rng.choice([t for t in TYPES if t != match.group(4)] + [b"Str", b"STR", b"string", b"x", b"str]", b"", b"str,x"])
    return base.put(match, token(*match.groups()[:3], new))


def swap_values(base, rng):
    found = base.tokens()
    if len(found) < 2:
        return None
    one, two = sorted(rng.sample(found, 2), key=lambda m: m.start())
    return base.data[:one.start()] + two.group(0) + base.data[one.end():two.start()] + one.group(0) + base.data[two.end():]


def clear_forms(kind):
    if kind in ("yaml", "json", "binary"):
        return [b'""', b"null", b'"clear"', b"1", b"true", b"1.5", b"[]", b"{}", b'["x"]', b'{"a": "x"}', b'"ENC[x]"', b'" "', b'"-"'] + \
            ([b"2020-01-01", b"~", b"", b"clear", b"!!binary eA==", b"!!int x", b"<<", b"*x"] if kind == "yaml" else [])
    return [b"", b"clear", b"1", b"ENC[x]", b'""', b" ", b"null"]


def replace_value(base, rng, choose):
    match = base.pick(rng)
    if not match:
        return None
    new = rng.choice(choose(base.kind))
    if base.kind in ("json", "binary") and base.data[match.start() - 1:match.start()] == b'"':
        return base.data[:match.start() - 1] + new + base.data[match.end() + 1:]
    return base.put(match, new)


def empty_value(base, rng):
    return replace_value(base, rng, lambda kind: [b'""'] if kind in ("yaml", "json", "binary") else [b""])


def null_value(base, rng):
    return replace_value(base, rng, lambda kind: [b"null"]) if base.kind in ("yaml", "json") else None


def clear_value(base, rng):
    return replace_value(base, rng, clear_forms)


def odd_base64(base, rng):
    match = base.pick(rng, rng.choice(["value", "value", "mac"]))
    if not match:
        return None
    parts = list(match.groups())
    at = rng.randrange(3)
    text = parts[at]
    if not text:
        return None
    cut = rng.randrange(len(text))
    parts[at] = rng.choice([text[:cut] + b" " + text[cut:], text[:cut] + b"-" + text[cut + 1:], text[:cut] + b"_" + text[cut + 1:], text.rstrip(b"="), text + b"=", b"",
                            text[:cut], text[:cut] + b"\\r" + text[cut:], text[:-1], text + b"A", spare_bits(text), text[:cut] + b"," + text[cut:]])
    new = token(*parts)
    if base.kind == "yaml" and b"\\r" in new:
        new = b'"' + new + b'"'
    return base.put(match, new)


def spare_bits(text):
    """The same bytes with another last digit before the padding."""
    table = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = text.rstrip(b"=")
    if len(body) == len(text) or not body:
        return text
    return body[:-1] + bytes([table[table.index(body[-1]) | 1]]) + text[len(body):]


def iv_length(base, rng):
    match = base.pick(rng, rng.choice(["value", "value", "value", "mac"]))
    if not match:
        return None
    size = rng.choice([1, 12, 16, 31, 33, 48])
    return base.put(match, token(match.group(1), base64.b64encode(rng.randbytes(size)), *match.groups()[2:]))


def tag_border(base, rng):
    """Bytes moved over the border of data and tag: GCM sees the same."""
    match = base.pick(rng)
    if not match:
        return None
    whole = base64.b64decode(match.group(1)) + base64.b64decode(match.group(3))
    size = rng.choice([15, 17, 18, 12, len(whole) - 1])
    data, tag = whole[:len(whole) - size], whole[len(whole) - size:]
    return base.put(match, token(base64.b64encode(data), match.group(2), base64.b64encode(tag), match.group(4))) if data and tag else None


def around_token(base, rng):
    match = base.pick(rng, rng.choice(["value", "value", "mac"]))
    if not match:
        return None
    text = match.group(0)
    new = rng.choice([b" " + text, text + b" ", text + b" x", text + b"]", text.replace(b"ENC[", b"enc["), text.replace(b"AES256_GCM", b"AES256_CBC"), text[:-1], b"x" + text,
                      text + text, text.replace(b",tag:", b",tag:x,tag:"), text.replace(b",iv:", b",iv:,iv:"), text.replace(b",type:", b", type:"), text + b"\\n",
                      text.replace(b"data:", b"data:x,iv:y,tag:z,type:str],data:"), re.sub(rb"data:[^,]*", b"data:", text)])
    quoted = base.data[match.start() - 1:match.start()] in (b'"', b"'")
    if base.kind == "yaml" and not quoted:
        new = b'"' + new + b'"'
    return base.put(match, new)


def comment_damaged(base, rng):
    match = base.pick(rng, "comment")
    if not match:
        return None
    parts = list(match.groups())
    at = rng.randrange(4)
    parts[at] = flip(rng, parts[at]) if at < 3 else rng.choice(TYPES[:5] + [b"x", b"bytes"])
    new = token(*parts)
    return base.put(match, rng.choice([new, new, new[:-1], b" " + new, b"clear text", new + b" x"]))


def on_lines(base, rng, change):
    """Changes among the lines of the data; those of the metadata stay."""
    lines = base.data.split(b"\n")
    limit = next((at for at, line in enumerate(lines) if re.match(rb'sops:|\[sops\]|sops_|\t"sops"', line)), len(lines))
    places = [at for at in range(limit) if lines[at].strip()]
    if not places:
        return None
    out = change(lines, places)
    return None if out is None else b"\n".join(out)


def delete_line(base, rng):
    def change(lines, places):
        del lines[rng.choice(places)]
        return lines
    return on_lines(base, rng, change)


def duplicate_line(base, rng):
    def change(lines, places):
        at = rng.choice(places)
        lines.insert(rng.choice([at, rng.choice(places)]), lines[at])
        return lines
    return on_lines(base, rng, change)


def swap_lines(base, rng):
    def change(lines, places):
        if len(places) < 2:
            return None
        one, two = rng.sample(places, 2)
        lines[one], lines[two] = lines[two], lines[one]
        return lines
    return on_lines(base, rng, change)


def rename_key(base, rng):
    def change(lines, places):
        at = rng.choice(places)
        new = re.sub(rb'^([\s-]*"?)([A-Za-z_][A-Za-z0-9_]*)("? *[:=])', lambda m: m.group(1) + rng.choice([m.group(2) + b"x", b"zz", m.group(2) + b"_unencrypted", b"b"]) + m.group(3),
                     lines[at])
        if new == lines[at]:
            return None
        lines[at] = new
        return lines
    return on_lines(base, rng, change)


def tree_of(base):
    """The node tree of YAML or JSON (both by the YAML reader, the order and the types of scalars stay)."""
    if base.kind not in ("yaml", "json"):
        return None
    nodes = list(yaml.compose_all(base.data.decode(), Loader=yaml.SafeLoader))
    return nodes if nodes and isinstance(nodes[0], yaml.MappingNode) else None


def put_tree(base, nodes):
    if base.kind == "json":
        return write_node(nodes[0]).encode("utf-8", "surrogatepass")
    return yaml.serialize_all(nodes, Dumper=yaml.SafeDumper, width=10000, allow_unicode=True).encode("utf-8", "surrogatepass")


def write_node(node):
    if isinstance(node, yaml.MappingNode):
        return "{" + ", ".join(f"{json.dumps(key.value)}: {write_node(value)}" for key, value in node.value) + "}"
    if isinstance(node, yaml.SequenceNode):
        return "[" + ", ".join(write_node(value) for value in node.value) + "]"
    return json.dumps(node.value) if node.style else node.value


def containers(nodes, kind):
    found = []

    def walk(node, top):
        if isinstance(node, kind):
            found.append(node)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if not (top and key.value == "sops"):
                    walk(value, False)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                walk(value, False)

    for node in nodes:
        walk(node, True)
    return found


def on_tree(kind, least, change):
    """A mutation of one random map or list that has at least so many entries. The metadata entry stays out of it."""
    def mutate(base, rng):
        try:
            nodes = tree_of(base)
        except (yaml.YAMLError, UnicodeDecodeError):
            return None
        if not nodes:
            return None
        able = [node for node in containers(nodes, kind) if len([e for e in node.value if not is_meta(e)]) >= least]
        if not able:
            return None
        node = rng.choice(able)
        meta = [entry for entry in node.value if is_meta(entry)]
        node.value = [entry for entry in node.value if not is_meta(entry)]
        change(node, rng)
        node.value += meta
        return put_tree(base, nodes)
    return mutate


def is_meta(entry):
    return isinstance(entry, tuple) and entry[0].value == "sops"


def text_node(value):
    return yaml.ScalarNode("tag:yaml.org,2002:str", value, style='"')


def swap_entries(node, rng):
    one, two = rng.sample(range(len(node.value)), 2)
    node.value[one], node.value[two] = node.value[two], node.value[one]


def drop_entry(node, rng):
    del node.value[rng.randrange(len(node.value))]


def add_entry(node, rng):
    value = rng.choice([text_node(""), text_node("new"), yaml.ScalarNode("tag:yaml.org,2002:null", "null"), yaml.ScalarNode("tag:yaml.org,2002:int", "5"),
                        yaml.MappingNode("tag:yaml.org,2002:map", []), yaml.SequenceNode("tag:yaml.org,2002:seq", [text_node("x")])])
    entry = value if isinstance(node, yaml.SequenceNode) else (text_node(rng.choice(["added", "added_unencrypted", "z"])), value)
    node.value.insert(rng.randint(0, len(node.value)), entry)


def repeat_entry(node, rng):
    node.value.insert(rng.randint(0, len(node.value)), rng.choice(node.value))


def wrap_value(node, rng):
    """A value goes one level deeper: into a list of one, or below a new key."""
    at = rng.randrange(len(node.value))
    entry = node.value[at]
    value = entry[1] if isinstance(entry, tuple) else entry
    new = yaml.SequenceNode("tag:yaml.org,2002:seq", [value]) if rng.random() < 0.5 else yaml.MappingNode("tag:yaml.org,2002:map", [(text_node("k"), value)])
    node.value[at] = (entry[0], new) if isinstance(entry, tuple) else new


# -- the metadata

def on_meta(change):
    """A mutation of the metadata as a dict; change returns the new value where it is not the dict itself."""
    def mutate(base, rng):
        sealed = base.sealed()
        new = change(sealed.meta, rng, base)
        return None if new is False else sealed.text(sealed.meta if new is None else new)
    return mutate


def set_field(name, values):
    def change(meta, rng, base):
        value = rng.choice(values)
        meta[name] = value(meta, rng) if callable(value) else value
    return on_meta(change)


def drop_field(*names):
    def change(meta, rng, base):
        present = [name for name in names if name in meta]
        if not present:
            return False
        del meta[rng.choice(present)]
        return None
    return on_meta(change)


MAC_VALUES = ["", None, "x", "A" * 128, "CF83E1357EEFB8BDF1542850D66D8007D620E4050B5715DC83F4A921D36CE9CE47D0D13C5D85F2B0FF8318D2877EEC2F63B931BD47417A81A538327AF927DA3E",
              lambda meta, rng: meta["mac"].replace("type:str", "type:" + rng.choice(["comment", "bytes", "int", "x"])), lambda meta, rng: meta["mac"].lower(),
              lambda meta, rng: meta["mac"] + " ", metadata.Raw("1"), metadata.Raw("true"), ["x"], {"a": "x"}]
LAST_VALUES = ["2020-01-01T00:00:00Z", "2024-02-30T00:00:00Z", "2024-01-01", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00z", "2024-01-01t00:00:00Z", "2024-01-01T24:00:00Z",
               "2024-01-01T00:00:60Z", "2024-01-01T00:00:00+25:00", "2024-01-01T00:00:00Z ", "", None, "x", metadata.Raw("2024"), ["x"], "2024-01-01T00:00:00",
               "99999-01-01T00:00:00Z", "2024-1-1T00:00:00Z", "2024-01-01T00:00:00Z\r", "2024-01-01T00:00:00+0000", "2024-13-01T00:00:00Z", "-2024-01-01T00:00:00Z"]
LAST_SPELLED = [lambda meta, rng: meta["lastmodified"].replace("Z", ".5Z"), lambda meta, rng: meta["lastmodified"].replace("Z", "+00:00"),
                lambda meta, rng: meta["lastmodified"].replace("Z", "-00:00"), lambda meta, rng: meta["lastmodified"].replace("Z", ",5Z"),
                lambda meta, rng: meta["lastmodified"].replace("Z", ".12345678901234567890Z"), lambda meta, rng: meta["lastmodified"].replace("T0", "T"),
                lambda meta, rng: meta["lastmodified"].replace("Z", ".Z"), lambda meta, rng: meta["lastmodified"].replace("Z", ".000Z")]
VERSIONS = ["99.0.0", "1.foo", "3.0.0", "v3.9.0", "3.9.0-rc.1+b", "", None, "foo", "3.13", "03.1.1", metadata.Raw("true"), metadata.Raw("3"), "3.13.3 ", "1.", "3.2.9", "3.1.1.1",
            "3.9.0-01", "3.9.0+", ["3.9.0"], "1", "2.5.0", "0.0.0", "3.13.99999999999999999999"]
PATTERNS = ["(", "[", "a**", "(?=a)", "(?!a)", "\\1", "(?P<n", "a{1001}", "x{2,1}", "\\", "(?i", "[z-a]", "a++", "\\pZZ", "(?<=a)b", "\\C", "(?#c)a", "\\u0041", "*", "\\K", "(?>a)",
            "(?R)", "[[:foo:]]", "\\Z", "(a){1000}{1000}"]
GOOD_PATTERNS = ["^", "a", ".*", "^zz$", "(?i)A", "\\bx", "[^a]", "(?s:.)", "\\x{61}", "\\Qa\\E", "(?P<n>a)", "\\pL", "x{0}", "$^", "\\z", "(?U)a+", "a|", "()", "[[:word:]]", "\\d\\s\\w"]
RULE_FIELDS = ("unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex", "unencrypted_comment_regex", "encrypted_comment_regex")


def rules_of(meta):
    return [name for name in RULE_FIELDS if meta.get(name)]


def change_rule(meta, rng, base):
    for name in rules_of(meta):
        del meta[name]
    name = rng.choice(RULE_FIELDS)
    meta[name] = rng.choice(GOOD_PATTERNS if "regex" in name else ["", "_", "x", "_unencrypted", "a", "é"])


def add_rule(meta, rng, base):
    present = rules_of(meta)
    others = [name for name in RULE_FIELDS if name not in present]
    for name in rng.sample(others, 1 if present else 2):
        meta[name] = rng.choice(["x", "", "_", "^$"])


def bad_pattern(meta, rng, base):
    for name in rules_of(meta):
        del meta[name]
    meta[rng.choice([name for name in RULE_FIELDS if "regex" in name])] = rng.choice(PATTERNS)


def mac_only(meta, rng, base):
    old = str(meta.get("mac_only_encrypted", "")).lower() == "true"
    meta["mac_only_encrypted"] = rng.choice([metadata.Raw("false" if old else "true"), metadata.Raw("false" if old else "true"), "", "1", "0", "T", "foo", None, metadata.Raw("2"),
                                             metadata.Raw("1.5"), "yes", ["true"]])


def some_key(meta, rng):
    lists = metadata.key_lists(meta)
    return rng.choice(rng.choice(lists))


def damaged_box(meta, rng, base):
    key = some_key(meta, rng)
    text = key["enc"]
    lines = text.strip().split("\n")
    at = rng.randrange(1, len(lines) - 1)
    short = lines[:]
    del short[at]
    odd = lines[:]
    place = rng.randrange(len(odd[at]))
    odd[at] = odd[at][:place] + rng.choice("AbZ/+ =-") + odd[at][place + 1:]
    key["enc"] = rng.choice(["", "x", text + "x", " \n" + text, text.replace("\n", "\r\n"), text.strip(), "\n".join(short) + "\n", "\n".join(odd) + "\n", "\n".join(odd) + "\n",
                             text.replace("BEGIN", "begin"), text + "\n\n", text + text, "\n".join(lines[:-1]), text.replace("-----END", "----END"), None, text.replace("\n", ""),
                             text.replace("\n", " \n"), metadata.Raw("5"), "# comment\n" + text, text + " \t\n"])


def swapped_boxes(meta, rng, base):
    keys = [key for keys in metadata.key_lists(meta) for key in keys]
    if len(keys) < 2:
        return False
    one, two = rng.sample(keys, 2)
    one["enc"], two["enc"] = two["enc"], one["enc"]
    return None


def changed_recipient(meta, rng, base):
    some_key(meta, rng)["recipient"] = rng.choice(["", "x", "age1" + "q" * 58, base.world.stranger, None, "ssh-ed25519 AAAA", base.world.recipients[0].upper()])


def foreign_key(meta, rng, base):
    """Nothing that we have an identity for."""
    for keys in metadata.key_lists(meta):
        for key in keys:
            key["enc"] = base.box(rng.randbytes(32), base.world.stranger)


def other_data_key(meta, rng, base):
    if "age" not in meta:
        return False
    key = base.unbox(meta["age"][0]["enc"]) if meta["age"][0]["recipient"] in base.world.recipients else rng.randbytes(32)
    new = rng.choice([key[:16], key[:24], key[:31], key + b"\0", b"", rng.randbytes(32), b"\0" * 32, key + key, key.hex().encode()])
    meta["age"] = [{"recipient": base.world.recipients[0], "enc": base.box(new, base.world.recipients[0])}] + (meta["age"] if rng.random() < 0.3 else [])
    return None


def wrong_key_list(meta, rng, base):
    if "age" in meta and rng.random() < 0.6:
        meta["age"] = rng.choice([None, [], "x", metadata.Raw("5"), meta["age"][0], {}, [[]], ["x"], [None], [{}], {"0": meta["age"][0]}, [meta["age"]], meta["age"] + [None]])
    else:
        meta[rng.choice(["kms", "pgp", "gcp_kms", "azure_kv", "hc_vault", "hckms"])] = rng.choice([None, [], "x", metadata.Raw("5"), ["x"], [[]], [None], {}, metadata.Raw("true"), ""])


OTHER_KEYS = [
    ("pgp", {"created_at": "2024-01-01T00:00:00Z", "enc": "x", "fp": "0" * 40}), ("pgp", {"enc": "x", "fp": "0" * 40}), ("pgp", {"created_at": "x", "enc": "x", "fp": "F"}),
    ("kms", {"arn": "arn:aws:kms:us-east-1:111122223333:key/x", "created_at": "2024-01-01T00:00:00Z", "enc": "eA==", "aws_profile": ""}),
    ("kms", {"arn": "arn:aws:kms:us-east-1:111122223333:key/x", "enc": "eA=="}), ("kms", {"arn": "x", "created_at": "2024-01-01T00:00:00Z", "enc": "x", "context": {"a": "b"}}),
    ("kms", {"arn": "x", "created_at": "2024-01-01T00:00:00Z", "enc": "x", "context": {"a": None}}), ("kms", {"arn": "x", "created_at": "2024-01-01T00:00:00Z", "enc": "x", "context": "x"}),
    ("gcp_kms", {"resource_id": "projects/p/x", "created_at": "2024-01-01T00:00:00Z", "enc": "x"}), ("gcp_kms", {"resource_id": "x", "created_at": "", "enc": "x"}),
    ("azure_kv", {"vault_url": "https://v", "name": "n", "version": "1", "created_at": "2024-01-01T00:00:00Z", "enc": "x"}), ("azure_kv", {}),
    ("hc_vault", {"vault_address": "https://v", "engine_path": "t", "key_name": "k", "created_at": "2024-01-01T00:00:00Z", "enc": "vault:v1:x"}),
    ("hckms", {"key_id": "eu-west-101:12345678-1234-1234-1234-123456789012", "created_at": "2024-01-01T00:00:00Z", "enc": "x"}),
    ("hckms", {"key_id": "nocolon", "created_at": "2024-01-01T00:00:00Z", "enc": "x"}), ("hckms", {"key_id": "a:b:c", "created_at": "2024-01-01T00:00:00Z", "enc": "x"}),
    ("hckms", {"key_id": ":", "created_at": "2024-01-01T00:00:00Z", "enc": "x"}),
    ("unknown_kms", {"id": "x", "enc": "x"}), ("age", {"recipient": "x", "enc": "x"}), ("age", {"recipient": "age1x"}), ("age", {}),
]


def other_key(meta, rng, base):
    """A key of another type beside ours; age comes first, so nobody has to open it."""
    kind, key = rng.choice(OTHER_KEYS)
    groups = meta.get("key_groups")
    target = rng.choice(groups) if groups else meta
    target.setdefault(kind, []).append(dict(key))


def in_group(change):
    def on_groups(meta, rng, base):
        if not meta.get("key_groups"):
            return False
        return change(meta, rng, base)
    return on_groups


def threshold(meta, rng, base):
    meta["shamir_threshold"] = rng.choice([metadata.Raw(str(n)) for n in (-1, 0, 1, 2, 3, 4, 5, 99)] + ["x", "", None, "2", metadata.Raw("2.0"), metadata.Raw("true"), "0x2", "02",
                                                                                                        metadata.Raw("99999999999999999999"), metadata.Raw("-2"), [], metadata.Raw("2.5")])


@in_group
def shares_dropped(meta, rng, base):
    rng.shuffle(meta["key_groups"])
    del meta["key_groups"][:rng.randint(1, len(meta["key_groups"]))]


@in_group
def shares_doubled(meta, rng, base):
    meta["key_groups"].append(rng.choice(meta["key_groups"]))


@in_group
def shares_shuffled(meta, rng, base):
    rng.shuffle(meta["key_groups"])


@in_group
def shares_changed(meta, rng, base):
    """A share of another length, with another x, or with another text, in a box of its own."""
    key = rng.choice(meta["key_groups"])["age"][0]
    share = base.unbox(key["enc"])
    new = rng.choice([share[:-1] + b"\0", share[:-1], share + b"\1", b"", share[:1], b"\1", share[:-1] + b"\1", share[:-1] + b"\xff", bytes([share[0] ^ 1]) + share[1:], share[-1:] + share[:-1]])
    key["enc"] = base.box(new, base.world.recipients[0])


@in_group
def groups_and_keys(meta, rng, base):
    group = rng.choice(meta["key_groups"])
    choice = rng.randrange(5)
    if choice == 0:
        meta["age"] = group["age"]
    elif choice == 1:
        meta["key_groups"] = [group]
    elif choice == 2:
        meta["key_groups"] = rng.choice([None, [], "x", {}, [None], [{}], [[]], metadata.Raw("5"), [{}] + meta["key_groups"], meta["key_groups"] + [{}], group])
    elif choice == 3:
        meta["age"] = rng.choice([[], None])
    else:
        group["age"] = rng.choice([[], None, "x", group["age"][0]])


def single_group(meta, rng, base):
    """One group inside key_groups: its keys hold the whole data key."""
    if "age" not in meta:
        return False
    meta["key_groups"] = [{"age": meta.pop("age")}] + rng.choice([[], [], [{}], [{"age": []}]])
    meta["shamir_threshold"] = metadata.Raw(rng.choice(["0", "1", "2", "5", "-1"]))
    return None


def odd_fields(meta, rng, base):
    choice = rng.randrange(8)
    names = list(meta)
    if choice == 0:
        meta[rng.choice(["unknown", "", "é", "sops", "mac2"])] = rng.choice(["x", None, [], {"a": ["b"]}, metadata.Raw("1")])
    elif choice == 1:
        name = rng.choice(names)
        meta[rng.choice([name.upper(), name.title(), name + "_", name.replace("_", "")])] = meta.pop(name)
    elif choice == 2:
        meta[rng.choice(names).upper()] = "x"
    elif choice == 3 and base.kind == "yaml":
        meta[metadata.Raw(rng.choice(["5", "true", "null", "2020-01-01", "1.5"]))] = "x"
    elif choice == 4:
        meta[rng.choice(names)] = rng.choice([{"a": "b"}, ["x"], [], {}])
    elif choice == 5:
        items = list(meta.items())
        rng.shuffle(items)
        meta.clear()
        meta.update(items)
    elif choice == 6 and base.kind == "yaml":
        meta[rng.choice(["lastmodified", "mac", "version"])] = metadata.Raw(rng.choice(["2024-01-01T00:00:00Z", "2024-01-01", "1.5", "!!binary eA==", "!!str x", ".inf"]))
    else:
        some_key(meta, rng)[rng.choice(["recipient", "enc", "Enc", "unknown"])] = rng.choice([{"a": "b"}, ["x"], None, metadata.Raw("5"), "x"])


def flat_names(base, rng):
    """dotenv and INI: gaps, clashes and doubles among the flattened names."""
    if base.kind not in ("dotenv", "ini"):
        return None
    text = base.data.decode("utf-8", "surrogateescape")
    prefix, gap = ("sops_", "=") if base.kind == "dotenv" else ("", " = ")
    line = rng.choice([f"{prefix}age__list_5__map_enc{gap}x", f"{prefix}mac{gap}x", f"{prefix}age{gap}x", f"{prefix}version__map_x{gap}1", f"{prefix}age__list_x__map_enc{gap}x",
                       f"{prefix}age__list_-1__map_enc{gap}x", f"{prefix}__map_x{gap}1", f"{prefix}age__list_{gap}1", f"{prefix}pgp__list_0__map_fp{gap}x", f"{prefix}unknown__list_0{gap}x",
                       f"{prefix}age__list_00__map_recipient{gap}x", f"{prefix}{gap}x", f"{prefix}age__map_enc{gap}x", f"{prefix}age__list_0{gap}x", f"{prefix}kms__list_1__map_arn{gap}x",
                       f"{prefix}age__list_1__map_enc{gap}x", f"{prefix}unknown__list_1{gap}x", f"{prefix}a__map_b__list_0__map_c{gap}x"])
    if rng.random() < 0.3:
        text = text.replace("age__list_0", rng.choice(["age__list_1", "age__list_x", "age__list_", "age__list_00", "age__map_0"]))
    return (text.rstrip("\n") + f"\n{line}\n").encode("utf-8", "surrogateescape")


def meta_replaced(base, rng):
    return base.sealed().text(rng.choice([None, "x", "", [], {}, metadata.Raw("5"), metadata.Raw("null"), [{}], {"mac": "x"}, ["x"]]))


def meta_twice(base, rng):
    sealed = base.sealed()
    if base.kind in ("json", "binary"):
        sealed.members.insert(rng.choice([0, len(sealed.members)]), ("sops", None))
        return sealed.text()
    if base.kind == "yaml":
        sealed.before.insert(0, rng.choice(["sops: {}", "sops: null", f"sops: {metadata.dump(sealed.meta)}", "'sops': x"]))
        return sealed.text()
    text = sealed.text()
    if base.kind == "ini":
        return text + rng.choice([b"[sops]\nmac = x\n", b"[sops]\n", text[text.index(b"[sops]"):]])
    return text + rng.choice([line for line in text.split(b"\n") if line.startswith(b"sops_")]) + b"\n"


def meta_elsewhere(base, rng):
    """YAML: into a second document, or below another key; the others: below another name."""
    sealed = base.sealed()
    if base.kind != "yaml":
        return base.data.replace(b"sops", rng.choice([b"Sops", b"sop", b"sopss"]))
    block = f"sops: {metadata.dump(sealed.meta)}"
    choice = rng.randrange(4)
    if choice == 0:
        return sealed.text(None) + b"---\n" + block.encode() + b"\n"
    if choice == 1:
        return base.data + b"---\n" + rng.choice([block.encode(), b"sops: 1", b"sops: {}", b"sops: x\na: 1"]) + b"\n"
    if choice == 2:
        return ("inner:\n  " + block + "\n").encode() + sealed.text(None)
    return base.data.replace(b"\nsops:", b"\nSops:") if b"\nsops:" in base.data else None


# -- the bytes

def truncated(base, rng):
    return base.data[:rng.randrange(len(base.data))]


def trailing(base, rng):
    return base.data + rng.choice([b"\n", b"x", b"\0", b"{", b"}", b"---\n", b"...\n", b"\xff", b"# c\n", b"a: 1\n", b"[x]\n", b"A=1\n", b"  \n", b"\t", b"---\n- x\n", b"---\n}\n", b"...\nx: 1\n",
                                   b"---\na: !!int x\n", b"---\na: 1\na: 2\n", b"---\n5: x\n", b"---\nfoo\n", b"---\na: &a [*a]\n", b"---\na: ENC[x]\n"])


def inserted(choices):
    def mutate(base, rng):
        at = rng.randrange(len(base.data) + 1)
        return base.data[:at] + rng.choice(choices) + base.data[at:]
    return mutate


def byte_flipped(base, rng):
    at = rng.randrange(len(base.data))
    return base.data[:at] + bytes([base.data[at] ^ (1 << rng.randrange(8))]) + base.data[at + 1:]


def slice_moved(base, rng):
    one, two = sorted(rng.randrange(len(base.data) + 1) for _ in range(2))
    two = min(two, one + 200)
    piece = base.data[one:two]
    rest = base.data[:one] + base.data[two:]
    at = rng.randrange(len(rest) + 1)
    return rng.choice([rest, rest[:at] + piece + rest[at:], base.data[:two] + piece + base.data[two:]])


def other_line_ends(base, rng):
    return base.data.replace(b"\n", rng.choice([b"\r\n", b"\r\n", b"\r", b"\n\n", "\u2028".encode(), "\u0085".encode(), b"\n\r"]))


def other_encoding(base, rng):
    text = base.data.decode("utf-8", "replace")
    return rng.choice([b"\xef\xbb\xbf" + base.data, text.encode("utf-16"), b"\xfe\xff" + text.encode("utf-16-be"), text.encode("utf-16-le"), text.encode("utf-32"),
                       b"\xef\xbb\xbf" * 2 + base.data, text.encode("latin-1", "replace") + b"\xe9"])


def indent_changed(base, rng):
    lines = base.data.split(b"\n")
    at = rng.randrange(len(lines))
    lines[at] = rng.choice([b" " + lines[at], lines[at][1:] if lines[at][:1] == b" " else b"  " + lines[at], b"\t" + lines[at], lines[at].lstrip()])
    return b"\n".join(lines)


KINDS = {
    "bit of data": flipped(0), "bit of iv": flipped(1), "bit of tag": flipped(2), "bit of the MAC": lambda base, rng: flipped(rng.randrange(3), "mac")(base, rng),
    "type changed": change_type, "values swapped": swap_values, "value emptied": empty_value, "value nulled": null_value, "value in the clear": clear_value,
    "odd base64": odd_base64, "iv of another length": iv_length, "bytes between data and tag": tag_border, "text around a token": around_token, "comment damaged": comment_damaged,
    "line deleted": delete_line, "line doubled": duplicate_line, "lines swapped": swap_lines, "key renamed": rename_key,
    "list items swapped": on_tree(yaml.SequenceNode, 2, swap_entries), "map entries swapped": on_tree(yaml.MappingNode, 2, swap_entries),
    "map entry deleted": on_tree(yaml.MappingNode, 1, drop_entry), "list item deleted": on_tree(yaml.SequenceNode, 1, drop_entry),
    "entry added": on_tree((yaml.MappingNode, yaml.SequenceNode), 0, add_entry), "key twice": on_tree(yaml.MappingNode, 1, repeat_entry),
    "list item twice": on_tree(yaml.SequenceNode, 1, repeat_entry), "value moved deeper": on_tree((yaml.MappingNode, yaml.SequenceNode), 1, wrap_value),
    "MAC replaced": set_field("mac", MAC_VALUES), "lastmodified changed": set_field("lastmodified", LAST_VALUES), "lastmodified spelled otherwise": set_field("lastmodified", LAST_SPELLED),
    "version changed": set_field("version", VERSIONS), "field dropped": drop_field("mac", "lastmodified", "version", "age", "key_groups", "shamir_threshold", *RULE_FIELDS),
    "rule changed": on_meta(change_rule), "rule added": on_meta(add_rule), "rule dropped": drop_field(*RULE_FIELDS), "pattern that does not compile": on_meta(bad_pattern),
    "mac_only_encrypted changed": on_meta(mac_only), "key box damaged": on_meta(damaged_box), "key boxes swapped": on_meta(swapped_boxes), "recipient changed": on_meta(changed_recipient),
    "keys of others only": on_meta(foreign_key), "another data key": on_meta(other_data_key), "key list of a wrong type": on_meta(wrong_key_list), "key of another type": on_meta(other_key),
    "threshold changed": on_meta(threshold), "shares dropped": on_meta(shares_dropped), "shares doubled": on_meta(shares_doubled), "shares shuffled": on_meta(shares_shuffled),
    "shares changed": on_meta(shares_changed), "groups and keys": on_meta(groups_and_keys), "one group in key_groups": on_meta(single_group), "odd fields": on_meta(odd_fields),
    "flattened names": flat_names, "sops block replaced": meta_replaced, "sops block twice": meta_twice, "sops block elsewhere": meta_elsewhere,
    "truncated": truncated, "trailing text": trailing, "NUL inserted": inserted([b"\0"]), "control character inserted": inserted([b"\x01", b"\x7f", b"\x1b", b"\x08", b"\xc2\x80"]),
    "invalid UTF-8 inserted": inserted([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\x80"]),
    "syntax inserted": inserted([b"{", b"}", b"[", b"]", b'"', b"'", b":", b": ", b"- ", b"#", b" #", b"\t", b"&a ", b"*a", b"!x ", b"|", b">", b"%", b"@", b"`", b",", b"=", b"\n", b" ", b"? ",
                                 b"\n---\n", b"\\", b";"]),
    "bit anywhere": byte_flipped, "slice moved": slice_moved, "other line ends": other_line_ends, "other encoding": other_encoding, "indent of a line changed": indent_changed,
}
