# SPDX-License-Identifier: Apache-2.0
"""Random YAML as people write it: every style, comments in every place, anchors, several documents."""
from lib import scalars, strings

KEYS = ("a b c name data stringData spec metadata user password token host port key enabled list items config db nested value "
        "foo_unencrypted bar_unencrypted pass_secret key_secret enc_a enc_b plain_a plain_b").split()
ODD_KEYS = {
    "like another type": ["y", "n", "yes", "on", "true", "null", "~", "1", "0x1", "1.5", "2020-01-01", "1:2", ".inf", "1e3"],
    "special": ["a b", "x: y", "#k", " k", "k ", "a:b", "-", "- a", "?", "&a", "*a", "'q'", '"q"', "[a]", "{a}", "a#b", "a #b", "%k", "@k", "`k", "!k", "|", ">", ",",
                "k\tt", "a\\b", "<", "ENC[x]"],
    "non-ASCII": ["é", "schlüssel", "日本", "ключ", "k\U0001f511", "\u00a0k", "a\u2028b", "e\u0301", "\ufeffk", "k\u200b"],
    "several lines": ["mk\nk2", "a\n", "\n", "a\n\nb", "k\rx"],
}
COMMENTS = ["# note", "# two words", "#nospace", "#", "##  double", "#   wide   ", "# ENC[x]", "# key: value", "# - item", "#! bang", "# é 日本", "# tab\there",
            "# sops:enc", "# sops:plain", "# \U0001f511", "#\ttab", "# trailing  ", "# |", "# 'quote", "# --- #", "#%"]


class YamlText:
    """Writes one stream. max_depth bounds nesting; `size` is how many entries a map has at most."""

    def __init__(self, draw, size=5, max_depth=4, traps=False):
        self.draw, self.rng = draw, draw.rng
        self.size, self.max_depth, self.traps = size, max_depth, traps
        self.step = self.rng.choice([1, 2, 2, 2, 2, 3, 4, 4, 6, 8])
        self.lines = []
        self.anchors = []
        self.anchor_count = 0
        self.scalars_only = False

    # -- comments

    def comment(self):
        if self.draw.want("comment: non-ASCII", 0.03):
            return "# " + strings.bmp(self.rng).replace("\u00a0", " ")
        return self.rng.choice(COMMENTS) if self.rng.random() < 0.4 else "# " + strings.words(self.rng)

    def comment_lines(self, column):
        for _ in range(self.rng.choice([1, 1, 1, 2, 3])):
            self.lines.append(" " * column + self.comment())
            if self.draw.want("comment: groups apart", 0.12):
                self.lines.append("")
                self.lines.append(" " * column + self.comment())

    def maybe_comment_lines(self, feature, chance, column):
        if not self.draw.want(feature, chance):
            return
        if self.rng.random() < 0.15:
            self.lines.append("")
        if self.draw.want("comment: odd indentation", 0.06):
            column = max(0, column + self.rng.randint(-4, 5))
        self.comment_lines(column)
        if self.rng.random() < 0.2:
            self.lines.append("")

    def inline(self, feature, chance):
        return self.rng.choice([" ", "  ", "\t"] if self.rng.random() < 0.1 else [" "]) + self.comment() if self.draw.want(feature, chance) else ""

    # -- keys

    def key(self, taken):
        while True:
            kind = "plain"
            if self.rng.random() < 0.12 or any(f.startswith("key: ") for f in self.draw.focus - self.draw.features):
                kind = self.draw.pick("key", {**{name: 2 for name in ODD_KEYS}, "longer than 128": 1, "empty": 0.5, "random": 2})
            if kind == "plain":
                key = self.rng.choice(KEYS) if self.rng.random() < 0.85 else strings.token(self.rng, 8).replace("=", "")
            elif kind == "longer than 128":
                key = strings.token(self.rng, self.rng.choice([127, 128, 129, 130, 200, 900]))
            elif kind == "empty":
                key = ""
            elif kind == "random":
                key = strings.KINDS[self.rng.choice(list(strings.KINDS))](self.rng)[:100]
            else:
                key = self.rng.choice(ODD_KEYS[kind])
            if key not in taken and key not in ("sops", "<<"):
                taken.add(key)
                return key

    def key_text(self, key, flow=False):
        """The key in a style that fits on one line."""
        if scalars.can_be_plain(key, flow) and not scalars_resolve(key) and len(key) < 1000 and self.rng.random() < 0.9:
            return key
        if "\n" not in key and self.rng.random() < 0.3 and not set(key) - set(map(chr, range(0x20, 0x7f))):
            return "'" + key.replace("'", "''") + "'"
        return scalars.double_quoted(self.rng, key)

    # -- nodes

    def anchor(self, kind):
        """'&a1 ' now and then; the name can be used once the node is written."""
        missing = self.draw.focus - self.draw.features
        if not self.draw.want("anchor", 0.5 if "alias" in missing or ("merge key" in missing and kind == "map") else 0.04):
            return "", None
        self.anchor_count += 1
        name = f"a{self.anchor_count}"
        return f"&{name} ", (name, kind)

    def done(self, anchor):
        if anchor:
            self.anchors.append(anchor)

    def scalar(self, indent, first_column, flow=False):
        """(first line, further lines, whether it is a block scalar)."""
        roll = self.rng.random()
        under_null = not flow and "comment: under null" in self.draw.focus - self.draw.features
        if self.draw.want("type: null", 0.4 if under_null else 0.06):
            text = "" if under_null else self.rng.choice(scalars.NULLS)
            return (text or "null" if flow else text), [], False
        if self.draw.want("type: binary", 0.02):
            return scalars.binary(self.rng), [], False
        focused = any(f.startswith("type: ") for f in self.draw.focus - self.draw.features)
        if roll < 0.25 or focused and roll < 0.6:
            text = scalars.typed(self.draw)
            return (text if not flow or "{" not in text else "1"), [], False
        first, rest = scalars.render(self.draw, strings.draw_string(self.draw, self.traps), indent, first_column, flow)
        return first, rest, first[:1] in "|>" and bool(first)

    def node(self, lead, indent, depth, where):
        """Writes lead ('  key:' or '  -') and a value behind it. indent: the column of the block that the lead stands in."""
        roll = self.rng.random()
        deeper = depth < self.max_depth
        if self.scalars_only:
            self.scalar_node(lead, indent, where)
        elif self.anchors and self.draw.want("alias", 0.06):
            self.lines.append(f"{lead} *{self.rng.choice(self.anchors)[0]}" + self.inline(f"comment: {where} inline", 0.05))
        elif self.draw.want("empty container", 0.04):
            self.empty(lead, where, indent)
        elif self.draw.want("flow style", 0.06):
            text = self.flow(depth, indent + 2)
            self.lines.extend((lead + " " + text + self.inline("comment: in flow", 0.1)).split("\n"))
        elif deeper and roll < 0.16 + (0.1 if depth == 0 else 0) + (0.3 if "merge key" in self.draw.focus - self.draw.features else 0):
            self.nested_map(lead, indent, depth, where)
        elif deeper and roll < 0.32:
            self.nested_list(lead, indent, depth, where)
        else:
            self.scalar_node(lead, indent, where)

    def scalar_node(self, lead, indent, where):
        mark, anchor = self.anchor("scalar")
        first, rest, block = self.scalar(indent, indent + max(1, self.step))
        if first.startswith("!") and mark:
            mark, anchor = "", None
        text = f"{lead} {mark}{first}".rstrip(" ") if not first else f"{lead} {mark}{first}"
        if block:
            self.lines.append(text + self.inline("comment: block scalar header", 0.08))
            self.lines.extend(rest)
        else:
            last = self.inline(f"comment: {where} inline", 0.08)
            if rest:
                self.lines.append(text)
                self.lines.extend(rest[:-1])
                self.lines.append(rest[-1] + last)
            else:
                self.lines.append(text + last)
        if not first and self.draw.want("comment: under null", 0.2):
            self.comment_lines(indent + self.rng.choice([self.step, 0, 1]))
        self.done(anchor)

    def empty(self, lead, where, indent):
        kind = self.draw.pick("empty", {"map": 1, "list": 1})
        opened, closed = ("{", "}") if kind == "map" else ("[", "]")
        if self.draw.want(f"comment: inside empty {kind}", 0.1):
            self.lines.append(f"{lead} {opened} {self.comment()}")
            self.lines.append(" " * (indent + 1) + closed)
        else:
            self.lines.append(f"{lead} {opened}{closed}" + self.inline(f"comment: behind empty {kind}", 0.15))

    def nested_map(self, lead, indent, depth, where):
        mark, anchor = self.anchor("map")
        if where == "list" and not anchor and self.rng.random() < 0.75:
            gap = self.rng.choice([1, 1, 1, 2, 3])
            self.mapping(len(lead) + gap, depth + 1, first=lead + " " * gap)
        else:
            self.lines.append(f"{lead} {mark}".rstrip() + self.inline("comment: behind key" if where == "map" else "comment: behind dash", 0.08))
            self.mapping(indent + self.child_step(), depth + 1)
        self.done(anchor)

    def nested_list(self, lead, indent, depth, where):
        mark, anchor = self.anchor("list")
        if where == "list" and not anchor and self.draw.want("list in list", 0.7):
            self.sequence(len(lead) + 1, depth + 1, first=lead + " ")
        else:
            self.lines.append(f"{lead} {mark}".rstrip() + self.inline("comment: behind key" if where == "map" else "comment: behind dash", 0.08))
            compact = where == "map" and self.rng.random() < 0.4
            self.sequence(indent if compact else indent + self.child_step(), depth + 1)
        self.done(anchor)

    def child_step(self):
        return self.rng.randint(1, 8) if self.rng.random() < 0.05 else self.step

    def mapping(self, indent, depth, first=None):
        taken = set()
        count = self.rng.randint(1, self.size)
        for at in range(count):
            if first is None:
                self.maybe_comment_lines("comment: map head", 0.07, indent)
                if self.rng.random() < 0.04:
                    self.lines.append("")
            lead = first if first is not None else " " * indent
            first = None
            self.entry(lead, indent, depth, taken)
            if at < count - 1 and self.draw.want("comment: foot, then a blank line", 0.03):
                self.comment_lines(indent)
                self.lines.append("")
        self.maybe_comment_lines("comment: map foot", 0.07, indent)

    def entry(self, lead, indent, depth, taken):
        maps = [name for name, kind in self.anchors if kind == "map"]
        if maps and "<<" not in taken and self.draw.want("merge key", 0.1):
            taken.add("<<")
            target = f"*{self.rng.choice(maps)}" if self.rng.random() < 0.7 else "[" + ", ".join("*" + m for m in self.rng.choices(maps, k=2)) + "]"
            self.lines.append(f"{lead}<<: {target}")
            return
        key = self.key(taken)
        if self.draw.want("complex key", 0.02):
            self.lines.append(f"{lead}? " + self.key_text(key) + self.inline("comment: complex key", 0.2))
            self.node(" " * indent + ":", indent, depth, "map")
            return
        text = self.key_text(key)
        if len(text) > 1000:
            text = "long"
        gap = "\t" if self.draw.want("TAB behind colon", 0.01) else ""
        self.node(f"{lead}{text}:{gap}", indent, depth, "map")

    def sequence(self, indent, depth, first=None):
        for _ in range(self.rng.randint(1, self.size)):
            if first is None:
                self.maybe_comment_lines("comment: list head", 0.07, indent)
            lead = (first if first is not None else " " * indent) + "-"
            first = None
            self.node(lead, indent, depth, "list")
        self.maybe_comment_lines("comment: list foot", 0.06, indent)

    def flow(self, depth, column):
        """A flow collection as text; its line breaks are followed by enough blanks."""
        is_map = self.rng.random() < 0.5
        items = []
        taken = set()
        for _ in range(self.rng.randint(0, 4)):
            roll = self.rng.random()
            if roll < 0.2 and depth < self.max_depth:
                value = self.flow(depth + 1, column + 2)
            else:
                value = self.scalar(0, column, flow=True)[0]
            if is_map:
                value = self.key_text(self.key(taken), flow=True) + ": " + value
            items.append(value)
        text = ""
        for at, item in enumerate(items):
            last = at == len(items) - 1
            text += item + ("" if last and self.rng.random() < 0.8 else ",")
            if self.draw.want("comment: in flow", 0.06):
                text += " " + self.comment() + "\n" + " " * column
            elif not last or self.rng.random() < 0.1:
                text += self.rng.choice([" ", " ", " ", "\n" + " " * column])
        return ("{%s}" if is_map else "[%s]") % text

    # -- documents

    def shaped(self, shape):
        """A document that another format can print: 'flat' (dotenv), 'two levels' (INI), 'data' (binary)."""
        self.scalars_only = True
        self.max_depth = 0
        if self.draw.chance(0.2):
            self.comment_lines(0)
        if shape == "flat":
            self.mapping(0, 0)
        elif shape == "data":
            first, rest = scalars.render(self.draw, strings.draw_string(self.draw), 0, 2)
            self.lines.extend([f"data: {first}", *rest])
        else:
            taken = set()
            for _ in range(self.rng.randint(1, 3)):
                self.lines.append(self.key_text(self.key(taken)) + ":")
                self.mapping(2, 1)
        if self.draw.chance(0.2):
            self.lines.append("---")
            self.mapping(0, 0)
        return "\n".join(self.lines) + "\n"

    def document(self):
        self.anchors = []
        roll = self.rng.random()
        if self.draw.want("comment: document head", 0.12):
            self.comment_lines(0)
            self.lines.append("")
        if self.draw.want("empty document", 0.02):
            self.lines.append(self.rng.choice(["{}", "{} # c", "null", "~", "{ # c\n}"]))
        elif roll < 0.03:
            self.lines.extend(("{%s}" % ", ".join(f"{k}: {self.flow(1, 2)}" for k in ("f", "g"))).split("\n"))
        else:
            self.mapping(self.rng.choice([0] * 9 + [2]), 0)
        if self.draw.want("comment: document foot", 0.1):
            if self.rng.random() < 0.6:
                self.lines.append("")
            self.comment_lines(0)

    def stream(self):
        if self.draw.want("%YAML directive", 0.01):
            self.lines.append("%YAML 1.1")
            self.lines.append("---")
        elif self.draw.want("--- at the start", 0.1):
            self.lines.append("---" + self.inline("comment: behind ---", 0.2))
        self.document()
        if self.draw.want("several documents", 0.12):
            for _ in range(self.rng.randint(1, 3)):
                if self.rng.random() < 0.1:
                    self.lines.append("...")
                self.lines.append("---" + self.inline("comment: behind ---", 0.2))
                if self.rng.random() < 0.9:
                    self.document()
        if self.draw.want("... at the end", 0.03):
            self.lines.append("...")
        return "\n".join(self.lines) + ("" if self.draw.want("no line feed at the end", 0.05) else "\n")


def scalars_resolve(key):
    """Whether a plain key would be read as something else than a string; too careful rather than too bold."""
    return not key[:1].isalpha() or key.lower() in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")


def deep(draw):
    """One path, dozens of levels down, maps and lists in turn."""
    rng = draw.rng
    lines, column, count = [], 0, rng.randint(20, 60)
    dash = False
    for at in range(count):
        lead = " " * column if not dash else lines.pop() + " "
        if rng.random() < 0.6:
            lines.append(f"{lead}k{at}:")
            column, dash = column + 2, False
        else:
            lines.append(f"{lead}-")
            column, dash = column + 2, True
    lines.append(" " * (column + 2) + "end" if not dash else lines.pop() + " end")
    if lines[0].lstrip().startswith("-"):
        lines = ["top:"] + ["  " + line for line in lines]
    return "\n".join(lines) + "\n"


def big(draw):
    """Some thousand values."""
    rng = draw.rng
    lines = []
    for section in range(rng.randint(20, 60)):
        lines.append(f"section{section}:")
        if rng.random() < 0.3:
            lines.append("  # " + strings.words(rng))
        for entry in range(rng.randint(5, 60)):
            lines.append(f"  key{entry}: " + rng.choice([str(rng.getrandbits(30)), strings.words(rng), "true", scalars.double_quoted(rng, strings.draw_string(draw))]))
    return "\n".join(lines) + "\n"
