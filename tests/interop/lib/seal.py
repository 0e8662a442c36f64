# SPDX-License-Identifier: Apache-2.0
"""Encrypts with the real sops, under options drawn at random: rule, MAC scope, recipients, key groups, indent."""
import json

from lib import process

SUFFIX = {"yaml": "yaml", "json": "json", "dotenv": "env", "ini": "ini", "binary": "bin"}
REGEXES = ["^(data|stringData)$", "pass|token", "^enc_", "(?i)SECRET$", "^[a-k]", "a", ".", "^$", "_(un)?encrypted$", "^k(ey)?\\b", "[[:alpha:]]+_secret", "é|日", "\\d", "^zz$",
           "(?s).b", "x*", "^(?:a|b)$", "\\p{L}{4}", "n[^a]*$"]
SUFFIXES = ["_unencrypted", "_secret", "a", "b", "_", "data", "é", "_enc"]
COMMENT_REGEXES = ["sops:enc", "sops:plain", "^ ?two", "note", "o", "a", "^$", "ENC"]
RULES = ("unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex", "unencrypted_comment_regex", "encrypted_comment_regex")


def draw_options(draw, recipients, comments=True):
    """A creation rule for .sops.yaml, as a dict (it is written as JSON, which is YAML)."""
    rng = draw.rng
    rule = {}
    weights = {"none given": 5, **{name: 1.0 for name in RULES}}
    if not comments:
        weights = {name: weight for name, weight in weights.items() if "comment" not in name}
    kind = draw.pick("rule", weights)
    if kind != "none given":
        rule[kind] = rng.choice(SUFFIXES if kind.endswith("suffix") else COMMENT_REGEXES if "comment" in kind else REGEXES)
    if draw.want("mac_only_encrypted", 0.1):
        rule["mac_only_encrypted"] = True
    if draw.want("key groups (Shamir)", 0.08):
        count = rng.randint(2, len(recipients))
        rule["key_groups"] = [{"age": rng.sample(recipients, rng.choice([1, 1, 1, 2]))} for _ in range(count)]
        rule["shamir_threshold"] = rng.randint(2, count)
        if count > rule["shamir_threshold"]:
            draw.note("key groups: more than the threshold")
    elif draw.want("several recipients", 0.1):
        rule["age"] = ",".join(rng.sample(recipients, rng.randint(2, len(recipients))))
    else:
        rule["age"] = rng.choice(recipients)
    return rule


def add_stranger(draw, rule, stranger):
    """A recipient that we have no identity of, beside one that we have."""
    if "age" in rule and draw.want("recipient of others", 0.08):
        rule["age"] = ",".join([stranger, rule["age"]] if draw.chance(0.7) else [rule["age"], stranger])


def config_text(rule, stores=None):
    config = {"creation_rules": [rule]}
    if stores:
        config["stores"] = stores
    return json.dumps(config)


def encrypt(sops, env, folder, name, plaintext, rule, stores=None) -> process.Result:
    """Encrypts bytes, that are called `name` as far as sops looks at the name, in an own folder."""
    config = folder / "creation.yaml"
    config.write_text(config_text(rule, stores))
    source = folder / name
    source.write_bytes(plaintext)
    try:
        return process.run([sops, "--config", config, "encrypt", source], env, folder)
    finally:
        source.unlink()
