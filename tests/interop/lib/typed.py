# SPDX-License-Identifier: Apache-2.0
"""Reads YAML with an independent reader (PyYAML's composer) and keeps what a judge needs: where each node stands, and which type it has
by the rules of go-yaml, which kustomize and Kubernetes read with.

A string must be a string for readers of YAML 1.1 too: `yes` in the clear would be a bool there.
"""
import math
import re

import yaml
from yaml.resolver import Resolver

INT = re.compile(r"[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
TIME = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9:.]+(Z|[-+][0-9:]+)?)?$")
TAGS = {"tag:yaml.org,2002:str": str, "tag:yaml.org,2002:int": int}
_yaml11 = Resolver()


class AmbiguousString(Exception):
    """A plain scalar that one reader takes for a string and another does not."""


def scalar(node, strict):
    """The Python value of a scalar node. strict: raise where readers of YAML 1.1 and 1.2 do not agree on a string."""
    text = node.value
    if node.style is not None:
        return text
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text[0] in "tT"
    if text.lower() in (".nan",):
        return math.nan
    if re.match(r"[-+]?\.(inf|Inf|INF)$", text):
        return -math.inf if text[0] == "-" else math.inf
    if TIME.match(text):
        return text
    # Behind a leading dot go-yaml takes no underscore: `._5` is a string to it.
    digits = text.replace("_", "") if text[0] in "+-0123456789" else text if text[0] == "." else ""
    if INT.match(digits):
        plain = digits.lstrip("+-")
        base = 10
        if plain[:2].lower() in ("0x", "0o", "0b"):
            base, plain = {"x": 16, "o": 8, "b": 2}[plain[1].lower()], plain[2:]
        elif plain.startswith("0") and len(plain) > 1:
            base = 8
        return int(plain, base) * (-1 if digits[0] == "-" else 1)
    if FLOAT.match(digits):
        number = float(digits)
        return text if math.isinf(number) else number  # Go takes what is out of range for no number
    if strict and _yaml11.resolve(yaml.ScalarNode, text, (True, False)) != "tag:yaml.org,2002:str":
        raise AmbiguousString(text[:3])
    return text


def value(node, strict=False):
    """Dicts, lists and typed scalars. Two equal keys in a map are an error."""
    if isinstance(node, yaml.MappingNode):
        out = {}
        for key, inner in node.value:
            if key.value in out:
                raise ValueError(f"key '{key.value}' twice")
            out[key.value] = value(inner, strict)
        return out
    if isinstance(node, yaml.SequenceNode):
        return [value(inner, strict) for inner in node.value]
    return scalar(node, strict)


def compose(text):
    """The one document of a text, as nodes with marks (character positions in text)."""
    return yaml.compose(text, Loader=yaml.SafeLoader)


def get(node, key):
    """The value node below a key, or None."""
    return next((inner for name, inner in node.value if name.value == key), None)


def span(node, text):
    """(start, end) of a scalar's text. A block scalar ends with its last line, without the line break, but with blank lines that it keeps."""
    start, end = node.start_mark.index, node.end_mark.index
    if node.style not in ("|", ">"):
        return start, end
    header = text[start:text.index("\n", start)]
    body = text[start:end]
    if "+" in header.split("#")[0]:
        body = body.rstrip(" ")
        body = body[:-1] if body.endswith("\n") else body
        return start, start + len(body[:-1] if body.endswith("\r") else body)
    return start, start + len(body.rstrip(" \r\n"))


def same(one, two):
    """Equal values and equal types; numbers by value, as JSON has one kind of them."""
    if isinstance(one, bool) or isinstance(two, bool) or one is None or two is None:
        return one is two
    if isinstance(one, (int, float)) and isinstance(two, (int, float)):
        return float(one) == float(two) or (math.isnan(one) and math.isnan(two))
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    return type(one) is type(two) and one == two
