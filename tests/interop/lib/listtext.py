# SPDX-License-Identifier: Apache-2.0
"""Writes objects as the text of a ResourceList or of a stream of documents, in every style that a runner or a hand may use: block, flow, JSON, comments, quotes, anchors."""
import json
import re

from lib import scalars, strings


class ListText:
    """Text of one input. JSON style has no comments and no plain strings."""

    def __init__(self, draw):
        self.draw, self.rng = draw, draw.rng
        self.lines = []
        self.step = self.rng.choice([2, 2, 2, 2, 4, 3, 1, 8])
        self.compact = self.rng.random() < 0.7
        self.comments = draw.want("comments", 0.4)
        self.anchor_count = 0
        self.in_block_text = False  # the last line is one of a block scalar: what stands deeper below it is more of its text

    def comment(self):
        return self.rng.choice(["# c", "# " + strings.words(self.rng), "#x: y", "# é 日本", "# 'q", "# - a"])

    def scalar(self, value, indent, first_column, flow, simple=False):
        """(text, further lines) for a leaf."""
        rng = self.rng
        if value is None:
            return rng.choice(["null", "~"]), []
        if isinstance(value, bool):
            return json.dumps(value), []
        if isinstance(value, (int, float)):
            return json.dumps(value), []
        if value.startswith("ENC[AES256_GCM,"):
            return self.ciphertext(value, indent, first_column, flow)
        if self.draw.want("anchor on a plain value", 0.01) and not flow:
            self.anchor_count += 1
            return f"&p{self.anchor_count} {scalars.double_quoted(rng, value)}", []
        if scalars.can_be_plain(value, flow) and is_a_string(value) and rng.random() < 0.7:
            return value, []
        if "\n" in value and not flow and not simple and rng.random() < 0.7 and literal_is_safe(value):
            return scalars.literal(rng, value, indent, first_column)
        if re.fullmatch(r"[\x20-\x7e]*", value) and rng.random() < 0.3:
            return "'" + value.replace("'", "''") + "'", []
        return scalars.double_quoted(rng, value), []

    def ciphertext(self, value, indent, first_column, flow):
        rng = self.rng
        style = self.draw.pick("ciphertext", {"plain": 5, "single": 2, "double": 2, **({} if flow else {"double lines": 1, "literal": 1, "folded": 1, "own line": 1, "anchor": 0.4, "tag": 0.4})})
        if flow and style == "plain":
            style = "single"
        deep = "\n" + " " * first_column
        if style == "double lines":
            width = rng.randint(20, 70)
            text = '"' + ("\\" + deep).join(value[at:at + width] for at in range(0, len(value), width)) + '"'
        elif style == "anchor":
            self.anchor_count += 1
            text = f"&e{self.anchor_count} {value}"
        else:
            text = {"plain": value, "single": f"'{value}'", "double": scalars.double_quoted(rng, value), "literal": rng.choice(["|", "|-"]) + deep + value,
                    "folded": rng.choice([">-", ">"]) + deep + value, "own line": deep.lstrip(" ") + value, "tag": f"!!str {value}"}[style]
        lines = text.split("\n")
        return lines[0], lines[1:]

    def key(self, key, flow):
        if scalars.can_be_plain(key, flow) and is_a_string(key) and self.rng.random() < 0.93:
            return key
        return scalars.double_quoted(self.rng, key) if self.rng.random() < 0.6 or not re.fullmatch(r"[\x20-\x7e]+", key) else "'" + key.replace("'", "''") + "'"

    def flow(self, value, column):
        """A flow collection or scalar on one line, or with line breaks that are indented to column."""
        if not isinstance(value, (dict, list)):
            return self.scalar(value, column, column, True)[0]
        gap = self.rng.choice([" ", " ", "", "\n" + " " * column]) if self.rng.random() < 0.5 else " "
        if isinstance(value, dict):
            parts = [f"{self.key(key, True)}: {self.flow(inner, column + 1)}" for key, inner in value.items()]
            opened, closed = "{", "}"
        else:
            parts = [self.flow(inner, column + 1) for inner in value]
            opened, closed = "[", "]"
        pad = self.rng.choice(["", "", " "])
        return opened + pad + ("," + (gap or " ")).join(parts) + self.rng.choice(["", "", "", ","] if parts else [""]) + pad + closed

    def tail(self):
        return " " + self.comment() if self.comments and self.rng.random() < 0.12 else ""

    def block(self, value, indent, first=None):
        """A map or list that is not empty, its lines at indent; `first` stands before the first of them instead of blanks."""
        is_map = isinstance(value, dict)
        for key, inner in list(value.items()) if is_map else [(None, inner) for inner in value]:
            if first is None and self.comments and self.rng.random() < 0.08:
                odd = self.rng.choice([-2, 1, 2, 4, 9]) if self.draw.want("comment at an odd column", 0.3) else 0
                odd = min(odd, 0) if self.in_block_text else odd
                self.lines.append(" " * max(0, indent + odd) + self.comment())
            if first is None and not self.in_block_text and self.draw.want("empty line", 0.03):
                self.lines.extend([self.rng.choice(["", "", " " * self.rng.randint(1, 12)])] * self.rng.randint(1, 2))
            lead = first if first is not None else " " * indent
            first = None
            self.entry(lead + (self.key(key, False) + ":" if is_map else "-"), inner, indent, is_map)

    def entry(self, lead, value, indent, in_map):
        if isinstance(value, (dict, list)) and value and not self.draw.want("flow inside block", 0.05):
            if in_map:
                self.lines.append(lead + self.tail())
                self.block(value, indent + (0 if self.compact and isinstance(value, list) else self.step))
            elif self.rng.random() < 0.85:
                gap = " " * (self.rng.choice([1, 1, 1, 3]))
                self.block(value, len(lead + gap), lead + gap)
            else:
                self.lines.append(lead + self.tail())
                self.block(value, indent + self.step)
            return
        if isinstance(value, (dict, list)):
            lines = (lead + " " + self.flow(value, indent + 2)).split("\n")
        else:
            text, rest = self.scalar(value, indent, indent + max(self.step, 1), False)
            lines = [f"{lead} {text}" if text else lead, *rest]
        self.in_block_text = re.search(r"(^|\s)[|>][-+0-9]*$", lines[0]) is not None and not isinstance(value, (dict, list))
        if not self.in_block_text:
            lines[-1] += self.tail()
        self.lines.extend(lines)

    def write(self, tree):
        """tree: the whole ResourceList. Returns bytes."""
        text = self.text_of(tree)
        if self.draw.want("--- before", 0.1) and not text.startswith("{"):
            text = "---\n" + text
        return self.finished(text)

    def write_stream(self, items):
        """Objects as the documents of a stream, each in a style of its own."""
        text = self.draw.rng.choice(["", "---\n", "# stream\n---\n"])
        for at, item in enumerate(items):
            self.lines = []
            text += ("---" + self.tail() + "\n" if at else "") + self.text_of(item).rstrip("\n") + "\n" * self.rng.choice([1, 1, 2, 3])
        return self.finished(text if self.rng.random() < 0.8 else text.rstrip("\n"))

    def text_of(self, tree):
        rng = self.rng
        style = self.draw.pick("list style", {"block": 6, "items in flow style": 2, "JSON": 1, "JSON on one line": 0.5, "all flow": 0.5})
        if style.startswith("JSON"):
            text = json.dumps(tree, indent=None if "one" in style else rng.choice([1, 2, 4]), ensure_ascii=False)
            # PyYAML knows no surrogate pairs, and neither JSON nor kustomize needs them.
            if max(text) < "\U00010000" and rng.random() < 0.3:
                text = json.dumps(tree, ensure_ascii=True)
            # Line breaks to YAML, or nothing that it takes as it is, but not so to JSON.
            text = re.sub("[\x85\u2028\u2029\ufeff\ufffe\uffff\x7f-\x9f]", lambda match: f"\\u{ord(match.group(0)):04x}", text)
            return text + rng.choice(["", "\n"])
        if style == "all flow":
            return self.flow(tree, 2) + "\n"
        if self.comments and rng.random() < 0.3:
            self.lines.append(self.comment())
        for key, value in tree.items():
            if key == "items" and value and style == "items in flow style":
                self.lines.append("items:")
                for item in value:
                    self.lines.extend(("- " + self.flow(item, 4) + self.tail()).split("\n"))
            else:
                self.entry(f"{key}:", value, 0, True)
        return "\n".join(self.lines) + rng.choice(["\n", "\n", ""])

    def finished(self, text):
        if self.draw.want("CRLF", 0.08):
            text = text.replace("\n", "\r\n")
        if self.draw.want("BOM", 0.05):
            text = "\ufeff" + text
        return text.encode()


def is_a_string(text):
    """Safe as a plain scalar in every version of YAML."""
    return re.fullmatch(r"[A-Za-zé日本_/][^\n]*", text) is not None and text.lower() not in ("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nil", "inf", "nan")


def literal_is_safe(text):
    """PyYAML and libyaml agree on it: no line of blanks only, no TAB where indentation is told."""
    return scalars.can_be_literal(text) and not re.search(r"^[ \t]+$|^\t", text, re.M) and bool(text.strip("\n")) and "\U00010000" > max(text)
