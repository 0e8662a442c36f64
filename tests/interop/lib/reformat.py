# SPDX-License-Identifier: Apache-2.0
"""What a formatter, an editor or a hand does to an encrypted file: the values stay, their looks change.

All of these work on the text that sops writes (its own layout), or on the event stream of PyYAML; whether the result is still a
document that opens is for the real sops to say.
"""
import io
import json
import re

import yaml

from lib import plaintexts, scalars, strings

ENTRY = re.compile(r"^( *)((?:- +)*)((?:[^\s#'\"&*!|>%@`{}\[\],-][^:#]*|'[^']*'|\"[^\"]*\"|-[^\s:]+):)?( +|$)(.*)$")
BLOCK = re.compile(r"^(?:.*[:\-] )?(?:!\S+ )?[|>]([0-9]?)([-+]?)([0-9]?)(?: +#.*)?$")


def classify(lines):
    """For each line: 'text' inside a block scalar, 'comment', 'blank', 'mark' (---), or 'code'."""
    kinds = []
    at = 0
    while at < len(lines):
        line = lines[at]
        bare = line.strip()
        if not bare:
            kinds.append("blank")
        elif bare.startswith("#"):
            kinds.append("comment")
        elif line.startswith("---") or line.startswith("..."):
            kinds.append("mark")
        else:
            kinds.append("code")
            if BLOCK.match(line):
                own = len(line) - len(line.lstrip())
                dash = re.match(r" *((?:- +)*)", line).group(0)
                floor = own if not line[len(dash):].count(":") else len(dash)
                at += 1
                while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip(" ")) > floor):
                    kinds.append("text")
                    at += 1
                continue
        at += 1
    return kinds


def column(line):
    return len(line) - len(line.lstrip(" "))


def reindent(rng, text, step, compact):
    """Another indentation, lists in line with their key where compact. Dashes take `step` columns."""
    lines = text.split("\n")
    kinds = classify(lines)
    out = []
    stack = [(0, 0)]  # old column -> new column
    shift = 0
    pad = rng.choice([1, max(1, step - 1)])
    for line, kind in zip(lines, kinds):
        if kind in ("blank", "mark"):
            out.append(line)
            if kind == "mark":
                stack = [(0, 0)]
            continue
        if kind == "text":
            out.append(" " * max(0, column(line) + shift) + line.lstrip(" "))
            continue
        old = column(line)
        while stack and stack[-1][0] > old:
            stack.pop()
        if kind == "comment":
            out.append(" " * stack[-1][1] + line.lstrip())
            continue
        body = line[old:]
        if stack[-1][0] < old:
            stack.append((old, stack[-1][1] + (0 if compact and body.startswith("-") else step)))
        new = stack[-1][1]
        prefix = ""
        while body.startswith("- "):
            prefix += "-" + " " * pad
            body = body[2:]
            old += 2
            stack.append((old, new + len(prefix)))
        out.append(" " * new + prefix + body)
        parent = stack[-1] if not body.startswith("|") else stack[-2] if len(stack) > 1 else (0, 0)
        # A literal of sops stands 4 columns right of its block (2 in a list); its text moves with the block.
        shift = parent[1] - parent[0]
    return "\n".join(out)


def on_values(text, change):
    """Applies change(key part, value) -> value to each one-line 'key: ENC[...]' and '- ENC[...]'."""
    lines = text.split("\n")
    kinds = classify(lines)
    for at, (line, kind) in enumerate(zip(lines, kinds)):
        match = re.match(r"^(.*?(?::|-) )(ENC\[AES256_GCM,\S*\])( #.*)?$", line) if kind == "code" else None
        if match:
            lines[at] = match.group(1) + change(match.group(2), column(line) + 9) + (match.group(3) or "")
    return "\n".join(lines)


def requote(rng, value, deep):
    style = rng.choice(["single", "double", "escapes", "wrapped", "folded", "literal", "plain", "next line", "tag"])
    if style == "single":
        return f"'{value}'"
    if style == "double":
        return f'"{value}"'
    if style == "escapes":
        return scalars.double_quoted(rng, value)
    if style == "wrapped":
        width = rng.randint(10, 60)
        return '"' + ("\\\n" + " " * deep).join(value[at:at + width] for at in range(0, len(value), width)) + '"'
    if style == "folded":
        return rng.choice([">-", ">", ">+"]) + "\n" + " " * deep + value
    if style == "literal":
        return rng.choice(["|-", "|", "|+"]) + "\n" + " " * deep + value
    if style == "next line":
        return "\n" + " " * deep + value
    return f"!!str {value}" if style == "tag" else value


def add_comments(rng, text):
    lines = text.split("\n")
    kinds = classify(lines)
    out = []
    for at, (line, kind) in enumerate(zip(lines, kinds)):
        inside = kind == "text" or (kind == "blank" and at + 1 < len(kinds) and kinds[at + 1] == "text")
        if not inside and rng.random() < 0.12:
            for _ in range(rng.choice([1, 1, 2])):
                out.append(" " * max(0, column(line) + rng.choice([0, 0, 0, 0, -4, -2, 2, 4, 3])) + "# " + strings.words(rng))
            if rng.random() < 0.25:
                out.append("")
        if kind == "code" and rng.random() < 0.1 and not line.endswith('"') and "\t" not in line:
            line += rng.choice([" ", "  ", "\t"]) + "# " + strings.words(rng)
        out.append(line)
    return "\n".join(out)


def add_blanks(rng, text):
    lines = text.split("\n")
    kinds = classify(lines)
    out = []
    for line, kind in zip(lines, kinds):
        if kind != "text" and rng.random() < 0.15:
            out.extend([""] * rng.randint(1, 2))
        out.append(line)
    return "\n".join(out)


def move_sops(rng, text):
    """The sops block to the top, or between two other entries of the top level."""
    lines = text.split("\n")
    start = next((at for at, line in enumerate(lines) if line.startswith("sops:")), None)
    if start is None:
        return text
    end = start + 1
    while end < len(lines) and (lines[end].startswith(" ") or (not lines[end] and end + 1 < len(lines) and lines[end + 1].startswith(" "))):
        end += 1
    block, rest = lines[start:end], lines[:start] + lines[end:]
    kinds = classify(rest)
    document_end = next((at for at, kind in enumerate(kinds) if kind == "mark" and at), start)
    tops = [at for at, (line, kind) in enumerate(zip(rest, kinds)) if kind == "code" and not line.startswith(" ") and not line.startswith(":") and at <= min(start, document_end)]
    place = 0 if not tops or rng.random() < 0.6 else rng.choice(tops)
    if rest and place == 0 and rest[0].startswith(("---", "%", "{")):
        return text
    return "\n".join(rest[:place] + block + rest[place:])


def trailing_blanks(rng, text):
    lines = text.split("\n")
    kinds = classify(lines)
    return "\n".join(line + (rng.choice([" ", "  ", "\t"]) if kind == "code" and rng.random() < 0.3 and not BLOCK.match(line) else "") for line, kind in zip(lines, kinds))


def through_pyyaml(rng, text, flow):
    """Read and written again by another program: comments gone, other quotes, widths, indents; flow collections where asked for."""
    def touch(node):
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                touch(key)
                touch(value)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                touch(value)
        if not isinstance(node, yaml.ScalarNode):
            node.flow_style = flow and rng.random() < 0.6
        elif rng.random() < 0.4 and node.tag == "tag:yaml.org,2002:str":
            node.style = rng.choice(["'", '"', "|", ">", None])

    nodes = [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader)]
    for node in nodes:
        if node is not None:
            touch(node)
    out = io.StringIO()
    yaml.serialize_all(nodes, out, Dumper=yaml.SafeDumper, width=rng.choice([20, 40, 80, 200, 10000]), indent=rng.randint(2, 9),
                       allow_unicode=rng.random() < 0.5, explicit_start=rng.random() < 0.3, line_break=rng.choice(["\n", "\n", "\r\n"]))
    return out.getvalue()


def anchors(rng, text):
    """An anchor on an encrypted value, and in one of two files an alias to it in a new entry at the end of the data."""
    values = []

    def mark(value, _):
        if rng.random() < 0.3 and len(values) < 3:
            values.append(f"e{len(values)}")
            return f"&{values[-1]} {value}"
        return value

    text = on_values(text, mark)
    if values and rng.random() < 0.5 and text.startswith("sops:") is False:
        text = re.sub(r"^sops:", f"aliased: *{values[0]}\nsops:", text, count=1, flags=re.M) if rng.random() < 0.5 else text
    return text


def quote_keys(rng, text):
    lines = text.split("\n")
    for at, (line, kind) in enumerate(zip(lines, classify(lines))):
        match = re.match(r"^( *(?:- )*)([A-Za-z_][A-Za-z0-9_]*):(.*)$", line) if kind == "code" else None
        if match and rng.random() < 0.4:
            key = rng.choice([f"'{match.group(2)}'", f'"{match.group(2)}"', scalars.double_quoted(rng, match.group(2)), f'!!str {match.group(2)}'])
            lines[at] = f"{match.group(1)}{key}{rng.choice(['', ' '])}:{match.group(3)}"
    return "\n".join(lines)


def comment_ciphertexts(rng, text):
    """Encrypted comments that someone has put a blank into, or text behind: they are comments of their own now."""
    return re.sub(r"#(ENC\[[^\n]*)", lambda m: rng.choice([f"# {m.group(1)}", f"#{m.group(1)} x", f"#{m.group(1)} "]) if rng.random() < 0.6 else m.group(0), text)


YAML_STEPS = {
    "other indent": lambda rng, text: reindent(rng, text, rng.randint(2, 8), False),
    "lists in line with their key": lambda rng, text: reindent(rng, text, rng.choice([2, 4]), True),
    "other quotes": lambda rng, text: on_values(text, lambda value, deep: requote(rng, value, deep)),
    "comments added": add_comments,
    "blank lines added": add_blanks,
    "sops moved up": move_sops,
    "blanks at line ends": trailing_blanks,
    "written by PyYAML": lambda rng, text: through_pyyaml(rng, text, False),
    "flow style": lambda rng, text: through_pyyaml(rng, text, True),
    "anchors added": anchors,
    "keys quoted": quote_keys,
    "encrypted comment touched": comment_ciphertexts,
    "--- added": lambda rng, text: rng.choice(["---\n", "--- # c\n", "%YAML 1.1\n---\n", "\n\n---\n"]) + text + rng.choice(["", "...\n", "---\n", "---\n# c\n"]),
    "CRLF": lambda rng, text: text.replace("\n", "\r\n"),
    "BOM": lambda rng, text: "\ufeff" + text,
}


def yaml_again(draw, data, chance):
    """Applies steps, in a fixed order, and notes them. A step that cannot read the text is left out."""
    text = data.decode("utf-8")
    for name, step in YAML_STEPS.items():
        if draw.want(f"after: {name}", chance):
            try:
                text = step(draw.rng, text)
            except yaml.YAMLError:
                draw.features.discard(f"after: {name}")
    data = text.encode("utf-8", "surrogatepass")
    if draw.want("after: UTF-16", chance / 20):
        data = draw.rng.choice([b"\xff\xfe" + text.encode("utf-16-le", "surrogatepass"), b"\xfe\xff" + text.encode("utf-16-be", "surrogatepass")])
    return data


def json_again(draw, data, chance):
    text = data.decode("utf-8")
    rng = draw.rng
    if draw.want("after: JSON indented anew", chance):
        text = write_pairs(rng, read_pairs(text), rng.choice([None, "", "  ", "    "]), "")
    if draw.want("after: JSON escapes", chance):
        text = re.sub(r"ENC\[", lambda m: rng.choice(["\\u0045NC[", "ENC\\u005b", "ENC["]), text).replace("/", rng.choice(["\\/", "/"]))
    if draw.want("after: JSON sops first", chance):
        pairs = read_pairs(text)
        pairs.items.sort(key=lambda pair: pair[0] != "sops")
        text = write_pairs(rng, pairs, rng.choice([None, "\t"]), "")
    if draw.want("after: JSON CRLF", chance):
        text = text.replace("\n", "\r\n")
    return text.encode("utf-8", "surrogatepass")


class Pairs:
    """A JSON object whose members keep their order and may come twice."""

    def __init__(self, items):
        self.items = items


class Number(str):
    """A number as it was written."""


def read_pairs(text):
    return json.loads(text, object_pairs_hook=Pairs, parse_int=Number, parse_float=Number, strict=False)


def write_pairs(rng, value, step, now):
    deeper = now + step if step is not None else ""
    gap, back = ("\n" + deeper, "\n" + now) if step is not None else ("", "")
    if isinstance(value, Pairs):
        if not value.items:
            return "{}"
        return "{" + gap + ("," + gap).join(json.dumps(k, ensure_ascii=False) + ": " + write_pairs(rng, v, step, deeper) for k, v in value.items) + back + "}"
    if isinstance(value, list):
        return "[" + gap + ("," + gap).join(write_pairs(rng, v, step, deeper) for v in value) + back + "]" if value else "[]"
    return str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


def dotenv_again(draw, data, chance):
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    rng = draw.rng
    if draw.want("after: dotenv metadata moved", chance):
        meta = [line for line in lines if line.startswith("sops_")]
        rng.shuffle(meta)
        rest = [line for line in lines if not line.startswith("sops_")]
        place = rng.choice([0, len(rest)])
        lines = rest[:place] + meta + rest[place:]
    if draw.want("after: dotenv lines added", chance):
        lines.insert(rng.randint(0, len(lines)), rng.choice(["", "# new", "#", "# ENC[x]"]))
    if draw.want("after: dotenv text behind values", chance):
        lines = [line + rng.choice(["", " ", "x"]) if "=ENC[" in line and not line.startswith("sops_") else line for line in lines]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def ini_again(draw, data, chance):
    text = data.decode("utf-8", "surrogateescape")
    rng = draw.rng
    if draw.want("after: INI blanks", chance):
        text = re.sub(r"^(\S+) += ", lambda m: rng.choice([f"{m.group(1)}=", f"  {m.group(1)}  =   ", f"{m.group(1)} = "]), text, flags=re.M)
    if draw.want("after: INI quotes", chance):
        text = re.sub(r"= (ENC\[\S*)$", lambda m: rng.choice([f'= "{m.group(1)}"', f"= '{m.group(1)}'", f"= `{m.group(1)}`", f'= """{m.group(1)}"""', m.group(0)]), text, flags=re.M)
    if draw.want("after: INI comments added", chance):
        lines = text.split("\n")
        for _ in range(rng.randint(1, 3)):
            lines.insert(rng.randint(0, len(lines)), plaintexts.ini_comment(rng))
        text = "\n".join(lines)
    if draw.want("after: INI sops first", chance):
        match = re.search(r"^\[sops\]\n(?:.+\n?)*", text, re.M)
        if match:
            text = match.group(0) + "\n" + text[:match.start()] + text[match.end():]
    if draw.want("after: INI CRLF", chance / 2):
        text = text.replace("\n", "\r\n")
    return text.encode("utf-8", "surrogateescape")


AGAIN = {"yaml": yaml_again, "json": json_again, "dotenv": dotenv_again, "ini": ini_again, "binary": json_again}
