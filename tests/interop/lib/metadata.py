# SPDX-License-Identifier: Apache-2.0
"""The sops metadata of a document, taken out as dicts and lists and put back, in all layouts: YAML, JSON, flattened in dotenv and INI.

Reads only what the real sops writes. What is put back may be anything.
"""
import json
import re

import yaml

from lib import reformat


class Raw(str):
    """A scalar to be written as it stands: a number, a bool, an unquoted time."""


def plain(value):
    """Pairs to dicts: no field comes twice in what sops writes."""
    if isinstance(value, reformat.Pairs):
        return {key: plain(inner) for key, inner in value.items}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return Raw(value) if isinstance(value, reformat.Number) else value


def dump(value):
    """As JSON, which is YAML in flow style too; Raw scalars as they stand."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key)) if not isinstance(key, Raw) else key}: {dump(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(dump(inner) for inner in value) + "]"
    return str(value) if isinstance(value, Raw) else json.dumps(value)


def typed(value):
    """BaseLoader has strings only: the two fields that are not."""
    for name in ("shamir_threshold", "mac_only_encrypted"):
        if name in value:
            value[name] = Raw(value[name])
    return value


def split_name(name):
    """'age__list_0__map_enc' -> ['age', 0, 'enc']."""
    steps = re.split(r"__(list|map)_", name)
    return steps[:1] + [int(step) if kind == "list" else step for kind, step in zip(steps[1::2], steps[2::2])]


def unflatten(pairs):
    tree = {}
    for name, value in pairs:
        steps = split_name(name)
        node = tree
        for step, following in zip(steps, steps[1:]):
            new = [] if isinstance(following, int) else {}
            if isinstance(node, list):
                while len(node) <= step:
                    node.append(None)
                if node[step] is None:
                    node[step] = new
            else:
                node.setdefault(step, new)
            node = node[step]
        if isinstance(node, list):
            while len(node) <= steps[-1]:
                node.append(None)
        node[steps[-1]] = value
    return tree


def flatten(value, name=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, f"{name}__map_{key}" if name else str(key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from flatten(inner, f"{name}__list_{at}")
    else:
        text = {None: "", True: "true", False: "false"}.get(value, value) if not isinstance(value, (int, float)) or isinstance(value, bool) else str(value)
        yield name, str(text)


class Sealed:
    """A document without its metadata, and the metadata (dict). text() puts them together."""

    def __init__(self, kind, data):
        self.kind = kind
        text = data.decode("utf-8", "surrogateescape")
        getattr(self, "read_" + ("json" if kind == "binary" else kind))(text)

    def read_yaml(self, text):
        lines = text.split("\n")
        start = next(at for at, line in enumerate(lines) if line.startswith("sops:"))
        end = start + 1
        while end < len(lines) and (lines[end].startswith(" ") or (not lines[end] and end + 1 < len(lines) and lines[end + 1].startswith(" "))):
            end += 1
        self.meta = typed(yaml.load("\n".join(lines[start:end]) + "\n", Loader=yaml.BaseLoader)["sops"])
        self.before, self.behind = lines[:start], lines[end:]

    def read_json(self, text):
        self.members = reformat.read_pairs(text).items
        self.meta = plain(dict(self.members)["sops"])

    def read_dotenv(self, text):
        lines = text.split("\n")
        self.before = [line for line in lines if not line.startswith("sops_")]
        self.meta = unflatten(line[5:].replace("\\n", "\n").split("=", 1) for line in lines if line.startswith("sops_"))

    def read_ini(self, text):
        head, _, tail = text.partition("[sops]\n")
        self.before = head
        self.meta = unflatten(re.split(r" *= ", line.replace("\\n", "\n"), maxsplit=1) for line in tail.split("\n") if line)

    def text(self, meta="own"):
        """The document with self.meta, or with another value (any) in its place; None leaves the metadata out."""
        meta = self.meta if meta == "own" else meta
        return getattr(self, "write_" + ("json" if self.kind == "binary" else self.kind))(meta).encode("utf-8", "surrogateescape")

    def write_yaml(self, meta):
        return "\n".join([*self.before, *([f"sops: {dump(meta)}"] if meta is not None else []), *self.behind])

    def write_json(self, meta):
        members = [f"{json.dumps(key)}: {dump(meta) if key == 'sops' else reformat.write_pairs(None, value, None, '')}"
                   for key, value in self.members if key != "sops" or meta is not None]
        return "{" + ", ".join(members) + "}"

    def write_dotenv(self, meta):
        lines = [f"sops_{name}={value}".replace("\n", "\\n") for name, value in flatten(meta)] if isinstance(meta, dict) else []
        return "\n".join([*[line for line in self.before if line], *lines]) + "\n"

    def write_ini(self, meta):
        if meta is None:
            return self.before
        lines = [f"{name} = {value}".replace("\n", "\\n") for name, value in flatten(meta)] if isinstance(meta, dict) else []
        return self.before + "[sops]\n" + "\n".join(lines) + "\n"


def key_lists(meta):
    """Every list of age keys in it: of the document, or of its groups."""
    if "age" in meta:
        return [meta["age"]]
    return [group["age"] for group in meta.get("key_groups", []) if "age" in group]
