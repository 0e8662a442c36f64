# SPDX-License-Identifier: Apache-2.0
"""Random plaintext in JSON, dotenv, INI and binary. YAML is in yamltext.py."""
import json

from lib import strings, yamltext

JSON_NUMBERS = ("0 -0 1 -1 12 1.0 1e3 1E+3 1e21 1e20 1e-7 1e-6 0.1 -0.0 1.5e300 9223372036854775807 -9223372036854775808 9223372036854775808 "
                "0.000001 123456789.125 5.684341886080802e-14 1e400 4.9e-324 12345678901234567890 100000000000000000000 2.5").split()
JSON_KEYS = yamltext.KEYS + ["", "<k>", "é", "日本", "k\U0001f511", "a b", "a.b", "a:b", "0", "k" * 140, "\u2028", "k\n2", "\t", "ENC[x]"]


class JsonText:
    """One JSON object. flat, two_level: shapes that dotenv and INI can print."""

    def __init__(self, draw, shape="deep"):
        self.draw, self.rng, self.shape = draw, draw.rng, shape

    def string(self, value):
        """Characters raw or escaped, at random."""
        out = []
        lazy = self.rng.random() < 0.6
        for char in value:
            code = ord(char)
            if lazy or self.rng.random() < 0.7:
                out.append(json.dumps(char, ensure_ascii=False)[1:-1])
            elif code < 0x10000:
                out.append(f"\\u{code:04{self.rng.choice('xX')}}")
            else:
                out.append(json.dumps(char)[1:-1])
        if self.draw.want("JSON: lone surrogate", 0.01):
            out.insert(self.rng.randint(0, len(out)), self.rng.choice(["\\ud800", "\\udc00", "\\ud800x", "\\udfff\\ud800"]))
        if self.draw.want("JSON: escaped slash", 0.02):
            out.append("\\/")
        return '"' + "".join(out) + '"'

    def scalar(self):
        kind = self.draw.pick("JSON", {"string": 6, "number": 3, "bool": 1, "null": 1})
        if kind == "string":
            return self.string(strings.draw_string(self.draw))
        if kind == "number":
            return self.rng.choice(JSON_NUMBERS) if self.rng.random() < 0.6 else repr(self.rng.choice([self.rng.getrandbits(40), self.rng.random() * 10 ** self.rng.randint(-12, 25)]))
        return self.rng.choice(["true", "false"]) if kind == "bool" else "null"

    def gap(self):
        return self.rng.choice(self.gaps)

    def value(self, depth):
        roll = self.rng.random()
        if depth < {"flat": 0, "two levels": 1, "deep": 4}[self.shape] and (roll < 0.35 or self.shape == "two levels"):
            return self.object(depth + 1)
        if self.shape == "deep" and depth < 4 and roll < 0.5:
            if self.draw.want("JSON: empty container", 0.1):
                return self.rng.choice(["{}", "[]", "{ }", "[\n]"])
            return "[" + self.gap() + ("," + self.gap()).join(self.value(depth + 1) for _ in range(self.rng.randint(1, 4))) + self.gap() + "]"
        return self.scalar()

    def object(self, depth):
        members = []
        keys = []
        for _ in range(self.rng.randint(1, 6)):
            key = self.rng.choice(keys) if keys and self.draw.want("JSON: duplicate key", 0.02) else self.rng.choice(JSON_KEYS)
            if key in keys and not self.rng.random() < 0.1 and "JSON: duplicate key" not in self.draw.features:
                continue
            keys.append(key)
            members.append(self.string(key) + self.gap() + ":" + self.gap() + self.value(depth))
        return "{" + self.gap() + ("," + self.gap()).join(members) + self.gap() + "}"

    def document(self):
        self.gaps = self.rng.choice([[""], [" "], ["", " ", "\n", "\t", "\r\n"], ["\n  "]])
        if self.rng.random() < 0.02:
            text = "{}"
        else:
            text = self.object(0)
        if self.draw.want("JSON: text behind the object", 0.02):
            text += self.rng.choice([" trailing", "\n{}", "]", "\0"])
        data = text.encode("utf-8", "surrogatepass")
        if self.draw.want("JSON: invalid UTF-8", 0.02):
            data = data.replace(b'"', b'"\xff', self.rng.choice([2, 4])) if self.rng.random() < 0.5 else data.replace(b"a", b"a\xc3", 1)
        return data + self.rng.choice([b"", b"\n"])


DOTENV_KEYS = "A B TOKEN PASSWORD DB_HOST x lower key_secret foo_unencrypted enc_a plain_a NAME data".split()


def dotenv(draw, plain=False):
    """Lines as they are met in such files, also those that sops only passes through. plain: keys and values of one simple word."""
    rng = draw.rng
    lines = []
    for _ in range(rng.randint(1, 9)):
        key = rng.choice(DOTENV_KEYS)
        value = strings.words(rng)
        if not plain:
            odd = draw.pick("dotenv", {"plain": 6, "quotes": 1, "escaped line feed": 1, "blanks around": 1, "export": 1, "hash in value": 1, "empty key or value": 1,
                                       "comment": 2, "empty line": 1, "duplicate key": 1, "equals in value": 1, "non-ASCII": 1, "invalid UTF-8": 0.5, "CR": 0.5,
                                       "metadata look-alike": 0.5})
            line = {"plain": f"{key}={value}", "quotes": rng.choice([f'{key}="{value}"', f"{key}='{value}'", f'{key}="a', f"{key}=''"]),
                    "escaped line feed": rng.choice([f"{key}=a\\nb", f"{key}=a\\\\nb", f"{key}=\\n", f"{key}=a\\n\\n", f"{key}=\\"]),
                    "blanks around": rng.choice([f" {key} = {value} ", f"{key}={value}  ", f"\t{key}=\t{value}", f" # {value}=x"]),
                    "export": f"export {key}={value}", "hash in value": rng.choice([f"{key}={value} # c", f"{key}=a#b", f"{key}=#x"]),
                    "empty key or value": rng.choice([f"{key}=", "=x", "=", f"{key}= "]),
                    "comment": rng.choice([f"# {value}", "#", f"#{value}", f"## {value} ", "# a\\nb", "# é", "# k=v"]), "empty line": "",
                    "duplicate key": f"{key}=1\n{key}=2", "equals in value": f"{key}=a=b==", "non-ASCII": f"{key}=é日本\U0001f511", "invalid UTF-8": f"{key}=a\udcffb",
                    "CR": f"{key}={value}\r", "metadata look-alike": rng.choice(["sops=1", "Sops_x=1", f"asops_mac={value}", "SOPS_x=2"])}[odd]
        else:
            line = f"{key}={value}"
        lines.append(line)
    text = "\n".join(lines)
    return text.encode("utf-8", "surrogateescape") + rng.choice([b"", b"\n", b"\n"])


INI_KEYS = "a b name password token host port key_secret foo_unencrypted enc_a plain_a longer_key_name data".split()


def ini(draw):
    rng = draw.rng
    lines = []
    sections = []
    if draw.want("INI: keys above the first section", 0.15):
        lines.extend(ini_keys(draw, rng.randint(1, 3)))
    for _ in range(rng.randint(1, 4)):
        if sections and draw.want("INI: section twice", 0.05):
            name = rng.choice(sections)
        else:
            name = rng.choice(["s", "database", "web server", "data", "x.y", "é", "s_unencrypted", "enc_s", "DEFAULT", "default", "a]b", "\"q\"", "default"][: 10 if rng.random() < 0.9 else 13])
        sections.append(name)
        if draw.want("INI: section comment", 0.2):
            lines.extend(ini_comment(rng) for _ in range(rng.randint(1, 2)))
        tail = f" {rng.choice('#;')} {strings.words(rng)}" if draw.want("INI: comment behind section", 0.05) else ""
        lines.append(f"[{name}]{tail}")
        if not draw.want("INI: empty section", 0.08):
            lines.extend(ini_keys(draw, rng.randint(1, 6)))
        if rng.random() < 0.6:
            lines.append("")
    if draw.want("INI: comment at the end", 0.1):
        lines.append(ini_comment(rng))
    return "\n".join(lines).encode("utf-8", "surrogateescape") + rng.choice([b"", b"\n", b"\n"])


def ini_comment(rng):
    return rng.choice(["; ", "# ", ";", "#", ";; ", "#  ", "  ; ", "; # "]) + rng.choice([strings.words(rng), strings.words(rng), "", "é", "[x]", "a = b"])


def ini_keys(draw, count):
    rng = draw.rng
    lines = []
    for _ in range(count):
        key, value = rng.choice(INI_KEYS), strings.words(rng)
        if draw.want("INI: key comment", 0.15):
            lines.extend(ini_comment(rng) for _ in range(rng.choice([1, 1, 2])))
        odd = draw.pick("INI", {"plain": 6, "colon": 1, "quoted value": 2, "inline comment": 1.5, "backquotes": 1, "three quotes": 1, "continued line": 1, "quoted key": 1,
                                "empty value": 1, "number": 1, "bool": 0.7, "duplicate key": 0.5, "key -": 0.3, "quotes inside": 1, "non-ASCII": 0.7, "blanks": 1})
        lines.append({
            "plain": f"{key}{rng.choice([' = ', '=', ' =', '= '])}{value}", "colon": f"{key}: {value}",
            "quoted value": rng.choice([f'{key} = "{value}"', f"{key} = '{value}'", f'{key} = " {value} "', f"{key} = '\"{value}\"'", f'{key} = "{value}" x', f'{key} = "a#b"']),
            "inline comment": rng.choice([f"{key} = {value} # {strings.words(rng)}", f"{key} = {value} ; c", f"{key} = {value}#c", f"{key} = {value};", f"{key} = #c"]),
            "backquotes": rng.choice([f"{key} = `{value} # x`", f"{key} = `a\nb`", f"{key} = a`b", f"{key} = ``", f"{key} = `a`b`"]),
            "three quotes": rng.choice([f'{key} = """{value}"""', f'{key} = """m\nl"""', f'{key} = """\n{value}\n\n; x\n"""', f'{key} = """a"b"""', f'{key} = """"""']),
            "continued line": rng.choice([f"{key} = {value} \\\n  more", f"{key} = a\\\n\\\n b", f"{key} = x \\\n\n", f"{key} = \"a \\\n b\""]),
            "quoted key": rng.choice([f'"b c" = {value}', f"`{key}` = {value}", f'`e=f` = {value}', f'"""t{key}""" = {value}', f"`a:b` = {value}", f'"a`b" = {value}']),
            "empty value": rng.choice([f"{key} =", f"{key}=", f'{key} = ""', f"{key}: "]),
            "number": f"{key} = {rng.choice(['1', '0x1', '1.5', '-3', '007', '1e5'])}", "bool": f"{key} = {rng.choice(['true', 'yes', 'off', 'null', '<nil>'])}",
            "duplicate key": f"{key} = 1\n{key} = 2", "key -": "- = x", "quotes inside": rng.choice([f"{key} = x\"y", f"{key} = it's", f"{key} = \"a\" and \"b\"", f"{key} = 'x"]),
            "non-ASCII": f"{key} = é 日本 \U0001f511", "blanks": f"   {key}   =    {value}   "}[odd])
    return lines


def binary(draw):
    rng = draw.rng
    kind = draw.pick("binary", {"random bytes": 3, "text": 2, "empty": 0.5, "one byte": 0.5, "NUL": 1, "invalid UTF-8": 1, "large": 0.5, "a document": 1})
    if kind == "random bytes":
        return rng.randbytes(rng.randint(1, 400))
    if kind == "large":
        return rng.randbytes(rng.randint(20000, 120000))
    return {"text": strings.multi_line(rng).encode(), "empty": b"", "one byte": bytes([rng.randrange(256)]), "NUL": b"\0" * rng.randint(1, 20) + b"x",
            "invalid UTF-8": b"\xff\xfe\xc3" + rng.randbytes(9), "a document": rng.choice([b'{"data": "x"}', b"a: 1\n", b"[s]\na=1\n", b"A=1\n", b"sops:\n  mac: x\n"])}[kind]
