#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recipients and creation rules: for random files and random `.sops.yaml`, what `sops updatekeys` would change and what our audit calls drift
must be the same: the rule that is chosen, the keys that it names, group by group.

The metadata of the files is made up (updatekeys asks before it opens anything, and is told no).
"""
import argparse
import collections
import json
import random
import re
import sys

import yaml

from lib import peers, table
from lib.world import World

WHEN = "2026-01-02T03:04:05Z"
TYPES = ["age", "pgp", "kms", "gcp_kms", "hckms", "azure_kv", "hc_vault"]
PATHS = ["a.yaml", "b.json", "prod/a.yaml", "prod/deep/a.yaml", "dev/a.yaml", "secrets/x.env", "secrets/x.ini", "Prod/y.yml", "x/prod.yaml"]
PATTERNS = [None, "", r"\.yaml$", r"^prod/", r"secrets/.*\.(env|ini)$", "(?i)^PROD", r"^[^/]+/a\.yaml$", r"^a\.yaml$", "/", "^/", r"x\b", r"[[:alpha:]]+/y", "prod",
            "(", "(?=a)", r"\.ya?ml$", "^$"]
FEATURES = ["age as text", "age as list", "pgp as text", "pgp as list", "kms as text", "kms as list", "kms role", "kms profile", "gcp_kms as text", "gcp_kms as list",
            "hckms", "azure_keyvault as text", "azure_keyvault as list", "vault uri as text", "vault uri as list", "key groups", "several key groups",
            "merged group", "kms context", "duplicate key", "blanks around", "comma at the end", "alias", "merge key", "no creation rules", "empty config", "rule not reached", "later rule",
            "rule without path_regex", "pattern that is none", "two selectors", "wrong type", "no rule fits", "up to date", "added", "removed", "bad recipient",
            "groups in the file", "threshold", "dotenv", "ini", "json"]


class Names:
    """The keys that rules and files draw from."""

    def __init__(self, recipients):
        self.age = recipients
        self.pgp = [f"{i:X}ABCDEF0123456789ABCDEF0123456789ABCDEF{i:X}"[:40] for i in range(1, 5)]
        self.kms = [f"arn:aws:kms:eu-central-1:11112222333{i}:key/{i}" for i in range(4)]
        self.gcp_kms = [f"projects/p{i}/locations/global/keyRings/r/cryptoKeys/k" for i in range(3)]
        self.hckms = [f"eu-west-10{i}:0000-{i}" for i in range(3)]
        self.azure_kv = [("https://v%d.vault.azure.net" % i, "key", "v1") for i in range(3)]
        self.hc_vault = [("https://vault%d.example.com:8200" % i, engine, "dev") for i, engine in ((0, "transit"), (1, "team/transit"), (2, "sops"))]


class Case:
    def __init__(self, rng, names):
        self.rng, self.names, self.features = rng, names, set()

    def some(self, pool, most=3):
        return self.rng.sample(pool, self.rng.randint(0, min(most, len(pool))))

    def text_or_list(self, keys, name):
        """A field in either of its forms."""
        if not keys:
            return self.rng.choice([None, "", []])
        keys = list(keys)
        if self.rng.random() < 0.2:
            keys.append(keys[0])
            self.features.add("duplicate key")
        if self.rng.random() < 0.5:
            self.features.add(f"{name} as list")
            return keys
        self.features.add(f"{name} as text")
        joint = ","
        if self.rng.random() < 0.4:
            joint = self.rng.choice([", ", " ,", " , ", ",\n"])
            self.features.add("blanks around")
        end = ""
        if self.rng.random() < 0.2:
            end = self.rng.choice([",", ", "])
            self.features.add("comma at the end")
        return joint.join(keys) + end

    def flat(self):
        rule, rng, names = {}, self.rng, self.names
        chosen = set(rng.sample(TYPES, rng.randint(1, 3))) | ({"age"} if rng.random() < 0.5 else set())
        if "age" in chosen:
            rule["age"] = self.text_or_list(self.some(names.age), "age")
        if "pgp" in chosen:
            keys = self.some(names.pgp)
            if keys and rng.random() < 0.3:
                keys[0] = " ".join(re.findall("....", keys[0]))
            rule["pgp"] = self.text_or_list(keys, "pgp")
        if "kms" in chosen:
            keys = self.some(names.kms)
            if keys and rng.random() < 0.4:
                keys[0] += "+arn:aws:iam::111122223333:role/r"
                self.features.add("kms role")
            rule["kms"] = self.text_or_list(keys, "kms")
            if keys and rng.random() < 0.3:
                rule["aws_profile"] = "prod"
                self.features.add("kms profile")
        if "gcp_kms" in chosen:
            rule["gcp_kms"] = self.text_or_list(self.some(names.gcp_kms), "gcp_kms")
        if "hckms" in chosen:
            keys = self.some(names.hckms)
            rule["hckms"] = keys
            if keys:
                self.features.add("hckms")
        if "azure_kv" in chosen:
            rule["azure_keyvault"] = self.text_or_list(["%s/keys/%s/%s" % key for key in self.some(names.azure_kv)], "azure_keyvault")
        if "hc_vault" in chosen:
            rule["hc_vault_transit_uri"] = self.text_or_list(["%s/v1/%s/keys/%s" % key for key in self.some(names.hc_vault)], "vault uri")
        return {name: value for name, value in rule.items() if value is not None or rng.random() < 0.5}

    def group(self, depth=0):
        group, rng, names = {}, self.rng, self.names
        if rng.random() < 0.8:
            group["age"] = self.some(names.age)
        if rng.random() < 0.3:
            group["pgp"] = self.some(names.pgp)
        if rng.random() < 0.3:
            group["kms"] = [{"arn": arn} for arn in self.some(names.kms)]
            for key in group["kms"]:
                if rng.random() < 0.4:
                    key["role"] = "arn:aws:iam::111122223333:role/r"
                    self.features.add("kms role")
                if rng.random() < 0.4:
                    key["context"] = {name: name.upper() for name in rng.sample(["env", "app", "b"], rng.randint(1, 3))}
                    self.features.add("kms context")
                if rng.random() < 0.2:
                    key["aws_profile"] = "prod"
                    self.features.add("kms profile")
        if rng.random() < 0.2:
            group["gcp_kms"] = [{"resource_id": key} for key in self.some(names.gcp_kms)]
        if rng.random() < 0.2:
            group["hckms"] = [{"key_id": key} for key in self.some(names.hckms)]
        if rng.random() < 0.2:
            group["azure_keyvault"] = [dict(zip(("vaultUrl", "key", "version"), key)) for key in self.some(names.azure_kv)]
        if rng.random() < 0.2:
            group["hc_vault"] = ["%s/v1/%s/keys/%s" % key for key in self.some(names.hc_vault)]
        if depth < 2 and rng.random() < 0.25:
            group["merge"] = [self.group(depth + 1) for _ in range(rng.randint(1, 2))]
            self.features.add("merged group")
        return group

    def rule(self):
        rng = self.rng
        if rng.random() < 0.4:
            groups = [self.group() for _ in range(rng.choice([1, 1, 2, 2, 3]))]
            self.features.add("several key groups" if len(groups) > 1 else "key groups")
            rule = {"key_groups": groups}
            if rng.random() < 0.3:
                rule["shamir_threshold"] = 2
        else:
            rule = self.flat()
        pattern = rng.choice(PATTERNS)
        if pattern is not None:
            rule["path_regex"] = pattern
        if rng.random() < 0.3:
            rule["encrypted_regex"] = "^(data|stringData)$"
            if rng.random() < 0.1:
                rule["encrypted_suffix"] = "_x"
                self.features.add("two selectors")
        if rng.random() < 0.05:
            rule[rng.choice(["age", "pgp", "shamir_threshold", "key_groups", "mac_only_encrypted", "hckms", "path_regex"])] = rng.choice([{"a": 1}, [["x"]], [True]])
            self.features.add("wrong type")
        if rng.random() < 0.04:
            rule["age"] = rng.choice(["nobody", ["age", "x"], "AGE1QQ"])
            rule.pop("key_groups", None)
            self.features.add("bad recipient")
        if rng.random() < 0.2:
            rule["unknown_field"] = {"a": [1]}
        items = list(rule.items())
        rng.shuffle(items)
        return dict(items)

    def rule_of(self, meta):
        """A rule that names what the file has."""
        def group(lists):
            made = {}
            for entry in lists.get("age", []):
                made.setdefault("age", []).append(entry["recipient"])
            for entry in lists.get("pgp", []):
                made.setdefault("pgp", []).append(entry["fp"])
            for entry in lists.get("kms", []):
                made.setdefault("kms", []).append({name: entry[name] for name in ("arn", "role", "context", "aws_profile") if entry.get(name)})
            for entry in lists.get("gcp_kms", []):
                made.setdefault("gcp_kms", []).append({"resource_id": entry["resource_id"]})
            for entry in lists.get("hckms", []):
                made.setdefault("hckms", []).append({"key_id": entry["key_id"]})
            for entry in lists.get("azure_kv", []):
                made.setdefault("azure_keyvault", []).append({"vaultUrl": entry["vault_url"], "key": entry["name"], "version": entry["version"]})
            for entry in lists.get("hc_vault", []):
                made.setdefault("hc_vault", []).append(f"{entry['vault_address']}/v1/{entry['engine_path']}/keys/{entry['key_name']}")
            return made

        return {"key_groups": [group(lists) for lists in meta.get("key_groups", [meta])]}

    def config(self, meta):
        rng = self.rng
        if rng.random() < 0.03:
            self.features.add("empty config")
            return rng.choice(["", "---\n", "# nothing\n", "{}\n"])
        if rng.random() < 0.03:
            self.features.add("no creation rules")
            return rng.choice(["creation_rules: null\n", "stores: {yaml: {indent: 2}}\n", "destination_rules: []\n"])
        rules = [self.rule() for _ in range(rng.randint(1, 4))]
        if rng.random() < 0.3:
            rules.insert(rng.choice([0, 0, 1]), self.rule_of(meta))
        config = {"creation_rules": rules}
        if rng.random() < 0.25:
            # One list used twice: written as an anchor and an alias.
            shared = self.some(self.names.age) or self.names.age[:1]
            config = {"keys": shared, **config}
            for rule in rules:
                if isinstance(rule.get("age"), list):
                    rule["age"] = shared
                    self.features.add("alias")
        text = yaml.safe_dump(config, sort_keys=False, default_flow_style=rng.choice([None, False]), width=rng.choice([60, 10**6]))
        if rng.random() < 0.15:
            text = "defaults: &defaults\n  pgp: %s\n" % self.names.pgp[0] + text.replace("\ncreation_rules:\n- ", "\ncreation_rules:\n- <<: *defaults\n  ", 1)
            if "<<" in text:
                self.features.add("merge key")
        return text

    def metadata(self):
        """The key groups of a file, as sops writes them."""
        def entries(kind, keys):
            out = []
            for key in keys:
                entry = {"created_at": WHEN, "enc": "x"}
                if kind == "age":
                    entry = {"recipient": key, "enc": "x"}
                elif kind == "pgp":
                    entry["fp"] = key
                elif kind == "kms":
                    entry |= {"arn": key, "aws_profile": self.rng.choice(["", "", "prod"])}
                    if self.rng.random() < 0.3:
                        entry["role"] = "arn:aws:iam::111122223333:role/r"
                    if self.rng.random() < 0.3:
                        entry["context"] = {"env": "ENV", "app": "APP"}
                elif kind == "gcp_kms":
                    entry["resource_id"] = key
                elif kind == "hckms":
                    entry["key_id"] = key
                elif kind == "azure_kv":
                    entry |= dict(zip(("vault_url", "name", "version"), key))
                else:
                    entry |= dict(zip(("vault_address", "engine_path", "key_name"), key))
                out.append(entry)
            return out

        def group():
            kinds = set(self.rng.sample(TYPES, self.rng.randint(1, 3))) | {"age"}
            made = {kind: entries(kind, self.some(getattr(self.names, kind))) for kind in sorted(kinds)}
            return {kind: keys for kind, keys in made.items() if keys} or {"age": entries("age", self.names.age[:1])}

        base = {"lastmodified": WHEN, "mac": "ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]", "version": "3.13.3"}
        if self.rng.random() < 0.3:
            self.features.add("groups in the file")
            groups = [group() for _ in range(self.rng.randint(2, 3))]
            base |= {"key_groups": groups, "shamir_threshold": self.rng.randint(1, len(groups))}
            return base
        return base | group()

    def file(self, path, meta):
        if path.endswith((".env", ".ini")):
            # Nested lists of lists would do as well; a flat file has the same keys.
            self.features.add(path.rsplit(".", 1)[1].replace("env", "dotenv"))
            flat = dict(flatten(meta))
            if path.endswith(".env"):
                return "a=b\n" + "".join(f"sops_{name}={value}\n" for name, value in flat.items())
            return "[a]\nb = c\n\n[sops]\n" + "".join(f"{name} = {value}\n" for name, value in flat.items())
        doc = {"a": "b", "sops": meta}
        if path.endswith(".json"):
            self.features.add("json")
            return json.dumps(doc)
        return yaml.safe_dump(doc)


def flatten(value, path=""):
    if isinstance(value, dict):
        for name, below in value.items():
            yield from flatten(below, f"{path}__map_{name}" if path else name)
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from flatten(below, f"{path}__list_{index}")
    else:
        yield path, value


def of_sops(result):
    """What updatekeys says: a word, or the keys of each group by what would become of them."""
    log, out = result.stderr.decode(), result.stdout.decode()
    if "already up to date" in log:
        return "up to date", None
    if "following changes will be made" not in out:
        if "no matching creation rules" in log:
            return "no rule", None
        if "does not contain any creation rule" in log or "config file not found" in log:
            return "no rules at all", None
        return "error", None
    groups, current = collections.defaultdict(set), 0
    for line in out.splitlines():
        if match := re.match(r"Group (\d+)$", line):
            current = int(match[1])
        elif match := re.match(r"(\+\+\+|---) shamir_threshold|shamir_threshold:", line):
            continue
        elif match := re.match(r"(\+\+\+ |--- |    )(.*)$", line):
            groups[current].add((match[1].strip()[:1], match[2]))
    return "drift", {number: keys for number, keys in groups.items() if keys}


def of_ours(result):
    report = json.loads(result.stdout)
    if len(report) != 1:
        return "error", None
    entry = report[0]
    if entry["status"] == "no rule":
        return ("no rule" if "rule" not in entry else "error"), None
    if entry["status"] in ("error", "no .sops.yaml"):
        return entry["status"], None
    groups = collections.defaultdict(set)
    both = [key for key in entry["recipients"] if key not in entry["extra"]]
    for mark, keys in (("", both), ("+", entry["missing"]), ("-", entry["extra"])):
        for key in keys:
            groups[key["group"]].add((mark, key["key"]))
    if not entry["missing"] and not entry["extra"]:
        return "up to date", dict(groups)
    return "drift", dict(groups)


def same(theirs, ours):
    if theirs[0] == "up to date":
        return ours[0] == "up to date"
    if theirs[0] == "no rules at all":
        return ours[0] == "no rule"
    if theirs[0] != "drift":
        return theirs[0] == ours[0]
    # A threshold alone makes updatekeys list the groups too.
    if all(mark == "" for keys in theirs[1].values() for mark, _ in keys):
        return ours[0] == "up to date" and theirs[1] == ours[1]
    return ours[0] == "drift" and theirs[1] == ours[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/krm-sops")
    parser.add_argument("--sops")
    parser.add_argument("--age-keygen")
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--seed", default=None)
    args = parser.parse_args()
    args.seed = args.seed or str(random.SystemRandom().randrange(10**9))
    print(f"seed {args.seed}")
    sops, keygen, ours = peers.need("sops", args.sops), peers.need("age-keygen", args.age_keygen), peers.need_ours(args.program)
    rows, wrong = table.Table(FEATURES, 0.01 * args.count), 0
    with World(sops, ours, keygen) as world:
        names = Names(world.recipients)
        for index in range(args.count):
            case = Case(random.Random(f"{args.seed}:{index}"), names)
            path, folder = case.rng.choice(PATHS), world.folder(f"case-{index}")
            meta = case.metadata()
            config, text = case.config(meta), case.file(path, meta)
            (folder / ".sops.yaml").write_text(config)
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
            theirs = world.run_sops(["updatekeys", path], folder, stdin=b"n\n")
            mine = world.run_ours(["audit", "--output", "json", path], folder)
            verdict = of_sops(theirs), of_ours(mine)
            note(case, verdict[0], config)
            good = same(*verdict) and not mine.crashed
            rows.add(case.features, verdict[0][0] != "error", "same" if good else "different")
            if not good:
                wrong += 1
                print(f"case {index}: {path}\n{config}\n--- sops: {verdict[0]}\n--- ours: {verdict[1]}\n{theirs.stderr.decode()}\n{mine.stderr.decode()}\n" + "".join(line for line in mine.stdout.decode().splitlines(True) if "status" in line or "message" in line))
                if wrong == 5:
                    break
    rows.print()
    return rows.verdict(index + 1, wrong, args.count)


def note(case, theirs, config):
    word, groups = theirs
    marks = {mark for keys in (groups or {}).values() for mark, _ in keys}
    case.features |= {name for mark, name in (("+", "added"), ("-", "removed")) if mark in marks}
    if word == "up to date":
        case.features.add("up to date")
    if word == "no rule":
        case.features.add("no rule fits")
    if "path_regex: (" in config or "path_regex: '('" in config or "(?=" in config:
        case.features.add("pattern that is none")
    if "shamir_threshold: 2" in config:
        case.features.add("threshold")
    rules = config.count("\n- ") + config.count("creation_rules: [")
    if rules > 1:
        case.features |= {"later rule", "rule not reached"}
    if "path_regex" not in config:
        case.features.add("rule without path_regex")


if __name__ == "__main__":
    sys.exit(main())
