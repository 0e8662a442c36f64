#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes cases.json: documents, good and hostile, with the verdict of the real sops 3.13.3 on each (exit status and bytes).

Needs sops 3.13.3, age 1.3.1 and age-keygen in /opt/peers/bin, and the Python package cryptography. Run it from anywhere:
python3 tests/data/make.py. The tests need none of these, they read what is committed.

A case with `differs` is one where krm-sops is meant to do something else (docs/differs.md); `status` and `stdout` are then ours, `sops` is theirs.
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import forge
from forge import DATA_KEY, WHEN, dotenv_doc, ini_doc, json_doc, mac, parts, seal, shares, token, yaml_doc

HERE = pathlib.Path(__file__).resolve().parent
LONG_AGO = "2000-01-01T00:00:00Z"


def identity(name):
    """A key pair that is made once and then committed."""
    path = HERE / name
    if not path.exists():
        path.write_bytes(subprocess.run([forge.BIN / "age-keygen"], check=True, capture_output=True).stdout)
    text = path.read_text()
    return text.split("# public key: ")[1].split()[0]


class Cases:
    def __init__(self):
        self.keys = forge.Keys(identity("age.agekey"), identity("other.agekey"))
        self.all, self.wrong = [], []

    def add(self, name, text, suffix="yaml", args=(), differs=None, status=None, stdout=None):
        assert name not in {case["name"] for case in self.all}, name
        data = text.encode() if isinstance(text, str) else text
        theirs = self.ask_sops(data, suffix, args)
        case = {"name": name, "suffix": suffix, "args": list(args)}
        case |= {"text": data.decode()} if is_text(data) else {"base64": base64.b64encode(data).decode()}
        if differs:
            case |= {"differs": differs, "status": status, "stdout": encode(stdout.encode() if isinstance(stdout, str) else stdout), "sops": theirs}
            if theirs["status"] == status and theirs["stdout"] == case["stdout"]:
                self.wrong.append(f"{name}: marked as differing, sops does the same")
        else:
            if theirs["status"] != status:
                self.wrong.append(f"{name}: status {status} expected, sops has {theirs}")
            case |= theirs
        self.all.append(case)

    def ask_sops(self, data, suffix, args):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / f"case.{suffix}"
            path.write_bytes(data)
            env = {"PATH": os.environ["PATH"], "HOME": folder, "SOPS_AGE_KEY_FILE": str(HERE / "age.agekey")}
            done = subprocess.run([forge.BIN / "sops", "decrypt", *args, path.name], cwd=folder, env=env, capture_output=True, timeout=20)
        if done.returncode:
            assert not done.stdout or b"Up until version 3.3.0" in done.stdout
        return {"status": done.returncode, "stdout": encode(done.stdout) if done.returncode == 0 else None}


def is_text(data):
    try:
        return "\x00" not in data.decode()
    except UnicodeDecodeError:
        return False


def encode(data):
    if data is None:
        return None
    return data.decode() if is_text(data) else {"base64": base64.b64encode(data).decode()}


def one_value(cases, name, value, mac_of=("hush",), **how):
    """The base document `a: ENC[...]` with another text in the place of the value."""
    meta = {key: how.pop(key) for key in list(how) if key not in ("differs", "status", "stdout", "args")}
    cases.add(name, yaml_doc(f"a: {json.dumps(value)}\n", cases.keys.meta(mac_of, **meta)), **how)


def whole_documents(cases):
    meta = cases.keys.meta
    a = f"a: {seal('hush', ['a'])}\n"
    good = yaml_doc(a, meta(["hush"]))
    cases.add("good_yaml", good, status=0)
    cases.add("good_json", json_doc({"a": seal("hush", ["a"])}, meta(["hush"])), "json", status=0)
    cases.add("good_dotenv", dotenv_doc([f"a={seal('hush', ['a'])}"], meta(["hush"])), "env", status=0)
    cases.add("good_ini", ini_doc(f"[s]\na = {seal('hush', ['s', 'a'])}\n", meta(["hush"])), "ini", status=0)
    cases.add("good_binary", json_doc({"data": seal(b"\xff\x00hush", ["data"])}, meta([b"\xff\x00hush"])), "bin", status=0)
    cases.add("r01_empty_file", "", status=1)
    cases.add("r02_tab_indentation", "a:\n\tb: 1\n" + good, status=1)
    cases.add("r03_no_sops_yaml", a, status=1)
    cases.add("r03_no_sops_json", json.dumps({"a": 1}), "json", status=1)
    cases.add("r03_no_sops_dotenv", "a=1\n", "env", status=1)
    cases.add("r03_no_sops_ini", "[s]\na=1\n", "ini", status=1)
    for name, value in (("text", "x"), ("null", ""), ("list", "[]")):
        cases.add(f"r04_sops_is_{name}", f"{a}sops: {value}\n", status=1)
    cases.add("r05_sops_is_empty", a + "sops: {}\n", status=1)
    text = json_doc({"a": seal("hush", ["a"])}, meta(["hush"]))
    cases.add("r06_sops_twice_json", text.rstrip()[:-1] + ', "sops": {}}', "json", status=1)
    cases.add("r06_sops_twice_yaml", good + "sops: {}\n", status=1)
    text = ini_doc(f"[s]\na = {seal('hush', ['s', 'a'])}\n", meta(["hush"]))
    cases.add("r06_sops_twice_ini", text + "[sops]\nmac = x\n", "ini", status=1)
    cases.add("r07_empty_ini_section", f"[s]\na = {seal('hush', ['s', 'a'])}\n[sops]\n", "ini", status=1)
    cases.add("r09_sops_in_second_document", a + "---\n" + yaml_doc("b: 1\n", meta([])), status=1)
    cases.add("sops_in_later_document_is_dropped", good + "---\nb_unencrypted: 1\nsops: whatever\n", args=["--ignore-mac"], status=0)
    cases.add("later_document_without_sops", yaml_doc(a, meta(["hush", "hush2"])) + f"---\nb: {seal('hush2', ['b'])}\n", status=0)
    cases.add("no_leaves", yaml_doc("a: {}\nb: []\nc:\n", meta([])), status=0)
    cases.add("sops_first", "sops: " + json.dumps(meta(["hush"])) + "\n" + a, status=0)
    cases.add("comments_in_metadata", a + "sops:\n    # note\n    " + "\n    ".join(
        f"{name}: {json.dumps(value)}" for name, value in meta(["hush"]).items()) + "\n", status=0)
    cases.add("r56_duplicate_key", yaml_doc(a + a, meta(["hush", "hush"])), status=1)
    twice = good + f"---\nb: {seal('x', ['b'])}\nb: {seal('x', ['b'])}\n"
    cases.add("r57_duplicate_key_later", twice, args=["--ignore-mac"], differs="differs_yaml_later_documents", status=1)
    both = '{"a": "%s", "a": "%s", "sops": %s}' % (seal("hush", ["a"]), seal("hush2", ["a"]), json.dumps(meta(["hush", "hush2"])))
    cases.add("r57_duplicate_key_json", both, "json", status=0)
    cases.add("r58_list_at_root_later", good + "---\n- 1\n", status=1)
    cases.add("r58_syntax_error_later", good + "---\n{\n", status=1)
    cases.add("r59_int_that_is_none", yaml_doc(a + "b_unencrypted: !!int x\n", meta(["hush", ""])), status=1)
    cases.add("r59_int_that_is_none_later", good + "---\nb_unencrypted: !!int x\n", differs="differs_yaml_later_documents", status=1)
    value = seal("hush", ["a"])
    cases.add("r60_alias_elsewhere", yaml_doc(f"a: &x {value}\nb: *x\n", meta(["hush", "hush"])), status=25)
    cases.add("alias_at_the_same_path", yaml_doc(f"a: [&x {value}, *x]\n", meta(["hush", "hush"])), status=0)
    bomb = "a0: &a0 [1, 2]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 9))
    cases.add("r61_alias_bomb", yaml_doc(bomb, meta([])), status=1)
    cases.add("r61_alias_of_itself", yaml_doc("b: &x [*x]\n", meta([])), status=1)
    cases.add("r62_nul", yaml_doc(a + "b: \"x\x00\"\n", meta(["hush"])), status=1)
    cases.add("r62_control_character", yaml_doc(a + "b: \"x\x07\"\n", meta(["hush"])), status=1)
    cases.add("r62_invalid_utf8", yaml_doc(a + "b: ", meta(["hush"])).encode() + b"\xff\n", status=1)
    text = json_doc({"a": seal("hush", ["a"])}, meta(["hush"]))
    cases.add("r63_json_truncated", text[:-3], "json", status=1)
    cases.add("r63_json_trailing_comma", text.rstrip()[:-1] + ",}", "json", status=1)
    cases.add("r63_json_control_character", text.replace('"a"', '"a\x01"'), "json", status=1)
    cases.add("r63_json_bom", "\ufeff" + text, "json", status=1)
    cases.add("r64_json_white_behind", text + " \n\t\n", "json", status=0)
    cases.add("r64_json_garbage_behind", text + "garbage", "json", status=0)
    text = dotenv_doc([f"a={seal('hush', ['a'])}"], meta(["hush"]))
    cases.add("r65_dotenv_without_equals", "oops\n" + text, "env", status=1)
    cases.add("r66_dotenv_crlf", text.replace("\n", "\r\n"), "env", status=1)
    cases.add("r68_dotenv_quoted", dotenv_doc([f"a=\"{seal('hush', ['a'])}\""], meta(["hush"])), "env", status=25)
    good_ini = ini_doc(f"[s]\na = {seal('hush', ['s', 'a'])}\n", meta(["hush"]))
    for name, line in (("no_delimiter", "oops"), ("empty_key", "= x"), ("empty_section", "[]"), ("unclosed", "[x")):
        cases.add(f"r70_ini_{name}", line + "\n" + good_ini, "ini", status=1)
    crash = ini_doc(f"[s]\n; {seal('one' + chr(10) + chr(10) + 'two', ['s'], 'comment')}\na = {seal('hush', ['s', 'a'])}\n", meta(["hush"]))
    cases.add("r71_ini_comment_with_empty_line", crash, "ini", differs="differs_ini_empty_comment_line", status=0, stdout="[s]\n; one\n; \n; two\na = hush\n")


def metadata(cases):
    meta, add = cases.keys.meta, cases.add
    a = f"a: {seal('hush', ['a'])}\n"
    doc = lambda **fields: yaml_doc(a, meta(["hush"], **fields))
    add("r08_no_keys", doc(age=...), status=1)
    add("r08_empty_lists", doc(age=[], kms=None, pgp=[]), status=1)
    for name, text in {
        "missing": ..., "date_only": "2024-05-06", "blank": "2024-05-06 07:08:09Z", "lower_z": "2024-05-06T07:08:09z", "feb_30": "2024-02-30T07:08:09Z",
        "hour_24": "2024-05-06T24:08:09Z", "second_60": "2024-05-06T07:08:60Z", "offset_25": "2024-05-06T07:08:09+25:00", "trailing_blank": WHEN + " ", "cr": WHEN + "\r",
        "number": 5, "lower_t": "2024-05-06t07:08:09Z", "year": "24-05-06T07:08:09Z",
    }.items():
        add(f"r10_lastmodified_{name}", doc(lastmodified=text), status=1)
    add("r11_lastmodified_unquoted", a + "sops: " + json.dumps(meta(["hush"])).replace(f'"{WHEN}"', WHEN) + "\n", status=1)
    add("r12_lastmodified_changed", doc(lastmodified=LONG_AGO), status=51)
    add("r13_lastmodified_one_digit_hour", doc(lastmodified="2024-05-06T7:08:09Z"), status=0)
    add("r13_lastmodified_comma", doc(lastmodified="2024-05-06T07:08:09,5Z"), status=0)
    add("r13_lastmodified_fraction", doc(lastmodified="2024-05-06T07:08:09.00000000001234567890Z"), status=0)
    add("lastmodified_zero_offset", doc(lastmodified="2024-05-06T07:08:09+00:00"), status=0)
    add("lastmodified_offset", doc(lastmodified="2024-05-06T07:08:09+02:00", mac=mac(["hush"], when="2024-05-06T07:08:09+02:00")), status=0)
    for name, text in {"missing": ..., "foo": "foo", "two_numbers": "3.13", "leading_zero": "03.1.1", "true": True, "empty": "", "pre_zero": "3.1.1-01", "empty_pre": "3.1.1-", "blank": "3.1.1 "}.items():
        add(f"r14_version_{name}", doc(version=text), status=1)
    for name, text in {"99": "99.0.0", "one": "1.foo", "v": "v3.2.1", "pre": "3.1.1-rc.1-x", "build": "3.1.1+007.x", "both": "3.1.1-0+b", "zero": "0.0.0"}.items():
        add(f"r15_version_{name}", doc(version=text), status=0)
    add("r16_two_rules", doc(encrypted_regex="^a$", unencrypted_suffix="_x"), status=1)
    add("empty_rules_count_as_absent", doc(encrypted_regex="", unencrypted_suffix=""), status=0)
    add("r17_bad_regex_encrypted", doc(encrypted_regex="("), differs="differs_refuses_bad_pattern", status=1)
    add("r17_bad_regex_unencrypted", doc(unencrypted_regex="("), differs="differs_refuses_bad_pattern", status=1)
    add("r18_threshold_text", doc(shamir_threshold="x"), status=1)
    add("r18_bool_text", doc(mac_only_encrypted="foo"), status=1)
    add("r18_list_is_number", doc(kms=5), status=1)
    add("r18_list_is_text", doc(pgp="x"), status=1)
    add("r18_entry_is_text", doc(pgp=["x"]), status=1)
    add("r18_rule_is_list", doc(encrypted_suffix=["x"]), status=1)
    add("threshold_text_number", doc(shamir_threshold="2"), status=0)
    add("threshold_bool", doc(shamir_threshold=True), status=0)
    add("threshold_octal", doc(shamir_threshold="010"), differs="differs_threshold_is_plain_decimal", status=1)
    add("threshold_fraction", doc(shamir_threshold=1.5), differs="differs_threshold_is_plain_decimal", status=1)
    for value in ("", "false", "0", "F", 0, None):
        add(f"mac_only_encrypted_{value!r}", doc(mac_only_encrypted=value), status=0)
    add("version_number", doc(version=1.5), status=0)
    old = {"fp": "0123456789ABCDEF", "enc": "x", "created_at": WHEN}
    add("other_types_are_passed_over", doc(
        pgp=[old], kms=[{"arn": "arn:aws:kms:eu-west-1:1:key/x", "enc": "eA==", "created_at": WHEN, "aws_profile": "", "context": {"a": "b", "c": None}}],
        gcp_kms=[{"resource_id": "x", "enc": "x", "created_at": WHEN}], azure_kv=[{"vault_url": "https://localhost", "name": "n", "version": "v", "enc": "x", "created_at": WHEN}],
        hc_vault=[{"vault_address": "https://localhost", "engine_path": "e", "key_name": "k", "enc": "vault:v1:x", "created_at": WHEN}],
        hckms=[{"key_id": "r:u", "enc": "x", "created_at": WHEN}]), status=0)
    context = {"arn": "arn:aws:kms:eu-west-1:1:key/x", "enc": "eA==", "created_at": WHEN, "aws_profile": "", "context": {"a": "b", "c": "d"}}
    add("kms_context_of_old_releases", doc(kms=[context], version="3.2.0"), differs="differs_no_notice_on_stdout", status=0, stdout="a: hush\n")
    add("r19_pgp_without_date", doc(pgp=[{"fp": "x", "enc": "x"}]), status=1)
    add("r19_kms_without_date", doc(kms=[{"arn": "x", "enc": "x"}]), status=1)
    add("r19_null_pgp_entry", doc(pgp=[None]), status=1)
    add("r19_hckms_without_region", doc(hckms=[{"key_id": "u", "enc": "x", "created_at": WHEN}]), status=1)
    add("r19_hckms_blank_region", doc(hckms=[{"key_id": " :u", "enc": "x", "created_at": WHEN}]), status=1)
    add("r20_key_not_text", a + "sops: " + json.dumps(meta(["hush"])).rstrip("}") + ", 5: x}\n", status=1)
    add("r20_key_not_text_deep", a + "sops: " + json.dumps(meta(["hush"])).rstrip("}") + ", x: [{5: x}]}\n", status=1)
    add("unknown_fields", doc(what={"ever": [1, 2]}, Mac="x"), status=0)
    fields = {name.upper(): value for name, value in meta(["hush"]).items()}
    add("names_in_other_case", yaml_doc(a, fields), status=0)
    add("one_map_for_a_list", doc(age=cases.keys.age()), status=0)
    add("empty_map_for_a_list", doc(pgp={}), status=0)
    add("null_entry", doc(age=[None, cases.keys.age()]), status=0)
    add("wrong_recipient_named", doc(age=[cases.keys.age(recipient="age1nobody")]), status=0)
    flat = [f"a={seal('hush', ['a'])}"]
    text = dotenv_doc(flat, meta(["hush"]))
    one = cases.keys.age()
    add("r67_dotenv_list_gap", dotenv_doc(flat, meta(["hush"])).replace("__list_0__", "__list_1__"), "env", status=1)
    add("r67_dotenv_twice", text + "sops_version=3.13.3\n", "env", status=1)
    add("r67_dotenv_leaf_and_prefix", text + "sops_age=x\n", "env", status=1)
    add("r67_dotenv_leaf_and_deeper", text + "sops_version__map_x=x\n", "env", status=1)
    add("r67_dotenv_map_and_list", text + "sops_age__map_x=x\n", "env", status=1)
    add("r69_dotenv_index_not_a_number", text.replace("__list_0__", "__list_x__"), "env", differs="differs_index_is_a_number", status=1)
    add("r69_dotenv_index_clash", text + "sops_age__list_x__map_enc=x\n", "env", status=1)
    add("dotenv_weak_values", dotenv_doc(flat, meta(["hush"], shamir_threshold=0, mac_only_encrypted=False)), "env", status=0)
    add("dotenv_bad_bool", dotenv_doc(flat, meta(["hush"], mac_only_encrypted="foo")), "env", status=1)
    add("dotenv_two_ages", dotenv_doc(flat, meta(["hush"], age=[cases.keys.age(other=True), one])), "env", status=0)
    add("dotenv_key_sops_is_data", dotenv_doc(flat + ["sops_unencrypted=x", "sops=" + seal("hush2", ["sops"])], meta(["hush", "hush2"])), "env", status=0)
    add("ini_key_groups", ini_doc(f"[s]\na = {seal('hush', ['s', 'a'])}\n", meta(["hush"], age=..., key_groups=[{"age": [one]}])), "ini", status=0)


def data_keys(cases):
    meta, add, age = cases.keys.meta, cases.add, cases.keys.age
    a = f"a: {seal('hush', ['a'])}\n"
    doc = lambda **fields: yaml_doc(a, meta(["hush"], **fields))
    ours = age()["enc"]
    add("r21_keys_of_others", doc(age=[age(other=True)]), status=128)
    for name, text in {"empty": "", "no_armor": "x", "text_behind_end": ours + "x\n", "cut": ours[:60]}.items():
        add(f"r22_age_{name}", doc(age=[{"recipient": "age1x", "enc": text}]), status=128)
        add(f"r22_age_{name}_then_good", doc(age=[{"recipient": "age1x", "enc": text}, age()]), status=0)
    add("age_crlf", doc(age=[{"recipient": "age1x", "enc": ours.replace("\n", "\r\n")}]), status=0)
    add("age_white_around", doc(age=[{"recipient": "age1x", "enc": "\n \n" + ours + "\n\n"}]), status=0)
    add("r23_first_opens_to_another_key", doc(age=[age(b"\x55" * 32), age()]), status=25)
    add("r24_data_key_31", doc(age=[age(DATA_KEY[:31])]), status=25)
    add("r24_data_key_0", doc(age=[age(b"")]), status=25)
    short = yaml_doc(f"a: {seal('hush', ['a'], key=DATA_KEY[:16])}\n", meta(["hush"], age=[age(DATA_KEY[:16])], mac=mac(["hush"], key=DATA_KEY[:16])))
    add("r25_data_key_16", short, differs="differs_data_key_is_32_bytes", status=25)
    group = lambda share, **how: {"age": [age(share, **how)], "hc_vault": None}
    s2of3 = shares(DATA_KEY, 2, 3)
    s3of3 = shares(DATA_KEY, 3, 3)
    groups = lambda *g, **fields: doc(age=..., key_groups=list(g), **fields)
    add("groups_all", groups(*map(group, s2of3), shamir_threshold=2), status=0)
    add("groups_enough", groups(group(s2of3[0]), group(s2of3[1], other=True), group(s2of3[2]), shamir_threshold=2), status=0)
    add("r26_groups_too_few", groups(group(s2of3[0]), group(s2of3[1], other=True), group(s2of3[2], other=True), shamir_threshold=2), status=128)
    add("r27_threshold_0", groups(*map(group, s2of3), shamir_threshold=0), status=0)
    add("r27_threshold_missing", groups(*map(group, s2of3)), status=0)
    add("r27_threshold_negative", groups(*map(group, s2of3), shamir_threshold=-1), differs="differs_refuses_negative_threshold", status=1)
    add("r28_one_share", groups(group(s2of3[0]), group(s2of3[1], other=True), shamir_threshold=1), status=128)
    add("r29_equal_numbers", groups(group(s2of3[0]), group(s2of3[0][:-2] + s2of3[0][-1:] * 2), shamir_threshold=2), status=128)
    add("r29_different_lengths", groups(group(s2of3[0]), group(s2of3[1][1:]), shamir_threshold=2), status=128)
    zero = shares(DATA_KEY, 2, 2, [0, 7])
    add("r30_number_0", groups(*map(group, zero), shamir_threshold=2), differs="differs_refuses_x_zero", status=128)
    add("wrong_threshold_is_another_key", groups(group(s3of3[0]), group(s3of3[1]), group(s3of3[2], other=True), shamir_threshold=2), status=25)
    add("r31_single_group", groups(group(DATA_KEY), shamir_threshold=5), status=0)
    add("single_list_ignores_threshold", doc(shamir_threshold=5), status=0)
    add("lists_win_over_groups", doc(key_groups=[group(b"\x55" * 32)]), status=0)
    add("groups_checked_only_in_use", doc(key_groups=[{"pgp": [{"fp": "x"}]}]), status=0)
    add("groups_checked_for_types_anyhow", doc(key_groups=[{"pgp": "x"}]), status=1)
    add("empty_group", groups({}, shamir_threshold=1), status=128)
    add("second_key_in_group", groups({"age": [age(s2of3[0], other=True), age(s2of3[0])]}, group(s2of3[2]), shamir_threshold=2), status=0)
    add("order_of_types", doc(), args=["--decryption-order", "kms,age"], status=0)
    add("order_names_unknown_type", doc(), args=["--decryption-order", "what,age,,pgp"], status=0)
    add("order_names_twice", doc(), args=["--decryption-order", "age,pgp,age"], status=112)


def values(cases):
    keys = cases.keys
    data, nonce, tag = parts("hush", ["a"])
    flip = lambda part: bytes([part[0] ^ 1]) + part[1:]
    one_value(cases, "r32_data_bit", token(flip(data), nonce, tag, "str"), status=25)
    one_value(cases, "r32_iv_bit", token(data, flip(nonce), tag, "str"), status=25)
    one_value(cases, "r32_tag_bit", token(data, nonce, flip(tag), "str"), status=25)
    one_value(cases, "r32_moved", seal("hush", ["b"]), status=25)
    cases.add("r32_list_index_in_aad", yaml_doc(f"a: [{seal('hush', ['a', '0'])}]\n", keys.meta(["hush"])), status=25)
    cases.add("list_elements_share_a_path", yaml_doc(f"a: [{seal('hush', ['a'])}, [{seal('hush2', ['a'])}], {{b: {seal('3', ['a', 'b'], 'int')}}}]\n", keys.meta(["hush", "hush2", "3"])), status=0)
    cases.add("list_elements_swapped", yaml_doc(f"a: [{seal('hush2', ['a'])}, {seal('hush', ['a'])}]\n", keys.meta(["hush", "hush2"])), status=51)
    cases.add("key_with_colon", yaml_doc(f"\"a:b\": {seal('hush', ['a', 'b'])}\n", keys.meta(["hush"])), status=0)
    cases.add("empty_key", yaml_doc(f"\"\": {{\"\": {seal('hush', ['', ''])}}}\n", keys.meta(["hush"])), status=0)
    good = token(data, nonce, tag, "str")
    one_value(cases, "text_that_sops_loses", seal("\tx\ny", ["a"]), ("\tx\ny",), differs="differs_refuses_lost_text", status=4)
    one_value(cases, "r33_leading_blank", " " + good, status=25)
    one_value(cases, "r33_lower_case", "enc" + good[3:], status=25)
    one_value(cases, "r34_trailing_text", good + "hush", differs="differs_refuses_text_behind_the_bracket", status=25)
    one_value(cases, "r34_trailing_blanks", good + " \t\r\n", status=0)
    cases.add("r34_block_scalar", yaml_doc(f"a: |\n    {good}\n", keys.meta(["hush"])), status=0)
    for name, kind in {"unknown": "what", "upper": "Str", "bracket": "str]"}.items():
        one_value(cases, f"r35_type_{name}", token(data, nonce, tag, kind), status=25)
    one_value(cases, "r35_type_missing", good.replace(",type:str", ""), status=25)
    one_value(cases, "r35_type_empty", good.replace(",type:str", ",type:"), status=25)
    b64 = base64.b64encode(data).decode()
    for name, text in {"blank": b64[:2] + " " + b64[2:], "url": "-_" + b64[2:], "unpadded": b64.rstrip("=")}.items():
        one_value(cases, f"r36_base64_{name}", token(text, nonce, tag, "str"), status=25)
    one_value(cases, "r37_base64_cr", token(b64[:2] + "\r" + b64[2:], nonce, tag, "str"), status=0)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = len(b64.rstrip("=")) - 1
    spare = b64[:at] + alphabet[alphabet.index(b64[at]) + 1] + b64[at + 1:]
    one_value(cases, "r37_base64_spare_bits", token(spare, nonce, tag, "str"), status=0)
    one_value(cases, "r38_line_feed", good.replace(",iv:", "\n,iv:"), status=25)
    empty = parts("", ["a"])
    one_value(cases, "r39_empty_ciphertext", token("", empty[1], empty[2], "str"), ("",), status=25)
    for size in (8, 12, 16, 31, 128):
        one_value(cases, f"r40_nonce_{size}", seal("hush", ["a"], nonce_len=size), status=0)
    one_value(cases, "r41_bytes_moved_to_tag", token(data[:-2], nonce, data[-2:] + tag, "str"), differs="differs_refuses_tags_that_are_not_16_bytes", status=25)
    one_value(cases, "r41_short_tag", token(data, nonce, tag[:12], "str"), status=25)
    one_value(cases, "r42_type_bytes", token(data, nonce, tag, "bytes"), differs="differs_type_bytes", status=25)
    for name, text in {"hex": "0x10", "underscore": "1_0", "blank": " 1", "large": "9223372036854775808", "float": "1.0", "empty_sign": "-"}.items():
        one_value(cases, f"r43_int_{name}", seal(text, ["a"], "int"), (text,), status=25)
    for text in ("0", "-7", "9223372036854775807", "-9223372036854775808"):
        one_value(cases, f"int_{text}", seal(text, ["a"], "int"), (text,), status=0)
    one_value(cases, "r44_float_range", seal("1e400", ["a"], "float"), ("1e400",), status=25)
    one_value(cases, "r44_bool_yes", seal("yes", ["a"], "bool"), ("True",), status=25)
    one_value(cases, "r44_time_blank", seal("2020-01-02 03:04:05Z", ["a"], "time"), ("2020-01-02T03:04:05Z",), status=25)
    for text, canonical in {"0.5": "0.5", ".5": "0.5", "5.": "5", "1e3": "1000", "0x1p4": "16", "inf": "+Inf", "-Infinity": "-Inf", "nan": "NaN", "1e-400": "0", "1e100": "1" + "0" * 100, "-0": "-0",
                            "2.5e-7": "0.00000025", "1234567.5": "1234567.5", "100000": "100000", "1e6": "1000000", "5.684341886080802e-14": "0.00000000000005684341886080802"}.items():
        one_value(cases, f"float_{text}", seal(text, ["a"], "float"), (canonical,), status=0)
    for text in ("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"):
        one_value(cases, f"bool_{text}", seal(text, ["a"], "bool"), ("True" if text in "1tTTRUEtrueTrue" else "False",), status=0)
    for text, canonical in {"2020-01-02T03:04:05Z": "2020-01-02T03:04:05Z", "2020-01-02T03:04:05.120Z": "2020-01-02T03:04:05.12Z", "2020-01-02T03:04:05+00:00": "2020-01-02T03:04:05Z",
                            "2020-01-02T03:04:05-03:30": "2020-01-02T03:04:05-03:30", "2020-01-02T03:04:05,5Z": "2020-01-02T03:04:05.5Z", "0000-01-01T00:00:00Z": "0000-01-01T00:00:00Z"}.items():
        one_value(cases, f"time_{text}", seal(text, ["a"], "time"), (canonical,), status=0)
    one_value(cases, "time_offset_24", seal("2020-01-02T03:04:05+24:00", ["a"], "time"), ("2020-01-02T03:04:05+24:00",), status=25)
    for text, kind in {"+5": "int", "007": "int", "2020-01-02T03:04:05,5Z": "time", "1e3": "float"}.items():
        one_value(cases, f"r45_raw_text_hashed_{text}", seal(text, ["a"], kind), (text,), status=51)
    for name, text in {"text": "hush", "int": "5", "bool": "true", "float": "1.5", "time": "2020-01-01T00:00:00Z"}.items():
        cases.add(f"r46_clear_{name}", yaml_doc(f"a: {text}\n", keys.meta([text])), status=25)
    for name, text in {"null": "", "empty": '""'}.items():
        cases.add(f"r47_{name}", yaml_doc(f"a: {text}\n", keys.meta(["hush"])), status=51)
        cases.add(f"r47_{name}_ignore_mac", yaml_doc(f"a: {text}\n", keys.meta(["hush"])), args=["--ignore-mac"], status=0)
    for name, text in {"missing": ..., "null": None, "empty": ""}.items():
        one_value(cases, f"r48_mac_{name}", good, mac=text, status=51)
        one_value(cases, f"r48_mac_{name}_ignored", good, mac=text, args=["--ignore-mac"], status=0)
    for name, text in {"garbage": "x", "clear": "0" * 128, "lower": mac(["hush"], lower=True), "comment": mac(["hush"], kind="comment"), "int": seal("5", [], "int", aad=WHEN), "other": mac(["other"])}.items():
        one_value(cases, f"r49_mac_{name}", good, mac=text, status=51)
        one_value(cases, f"r49_mac_{name}_ignored", good, mac=text, args=["--ignore-mac"], status=0)
    one_value(cases, "r50_mac_bytes", good, mac=mac(["hush"], kind="bytes"), differs="differs_type_bytes", status=51)
    one_value(cases, "r50_mac_bytes_ignored", good, mac=mac(["hush"], kind="bytes"), args=["--ignore-mac"], differs="differs_type_bytes", status=0, stdout="a: hush\n")
    one_value(cases, "only_encrypted", good, mac=mac(["hush"], True), mac_only_encrypted=True, status=0)
    one_value(cases, "only_encrypted_mac_without_flag", good, mac=mac(["hush"], True), status=51)
    cases.add("only_encrypted_leaves_out_clear", yaml_doc(f"a: {good}\nb_unencrypted: 1\n", keys.meta(["hush"], True)), status=0)
    cases.add("clear_values_are_in_the_mac", yaml_doc(f"a: {good}\nb_unencrypted: [1, 1.50, true, x, null, 2020-01-01, 1e3]\n",
                                                    keys.meta(["hush", "1", "1.5", "True", "x", "2020-01-01T00:00:00Z", "1000"])), status=0)
    cases.add("clear_value_changed", yaml_doc(f"a: {good}\nb_unencrypted: 2\n", keys.meta(["hush", "1"])), status=51)
    one_value(cases, "r54_map_value_comment", token(data, nonce, tag, "comment"), (), differs="differs_comment_in_place_of_a_value", status=25)
    for name, key in {"int": "5", "bool": "true", "null": "null", "time": "2020-01-01", "float": "1.5"}.items():
        cases.add(f"r55_key_{name}", yaml_doc(f"a: {good}\n{key}: x\n", keys.meta(["hush", "x"])), status=25)
    cases.add("r55_key_in_the_clear_part", yaml_doc(f"a: {good}\nb_unencrypted: {{5: x}}\n", keys.meta(["hush", "x"])), status=25)
    cases.add("uint64", yaml_doc(f"a: {good}\nb_unencrypted: 9223372036854775808\n", keys.meta(["hush", "9223372036854775808"])), status=25)
    cases.add("ciphertext_in_the_clear_part", yaml_doc(f"a: {good}\nb_unencrypted: {good}\n", keys.meta(["hush", good])), status=0)
    cases.add("merge_key", yaml_doc(f"a: {good}\nb:\n    <<: {{k: {seal('2', ['b', '<<', 'k'], 'int')}}}\n", keys.meta(["hush", "2"])), status=0)
    cases.add("crlf", yaml_doc(f"a: {good}\n", keys.meta(["hush"])).replace("\n", "\r\n"), status=0)
    for name, document in {"missing": {"x": seal("hush", ["x"])}, "number": {"data": seal("5", ["data"], "int")}}.items():
        text = json_doc(document, keys.meta(["hush" if name == "missing" else "5"]))
        cases.add(f"r72_binary_data_{name}", text, "bin", args=["--input-type", "binary", "--output-type", "binary"], status=4)
    cases.add("json_under_a_name_that_says_nothing", json_doc({"x": seal("hush", ["x"])}, keys.meta(["hush"])), "bin", differs="differs_guesses_where_the_name_says_nothing", status=0,
              stdout='{\n\t"x": "hush"\n}\n')
    cases.add("r73_nan_to_json", yaml_doc(f"a: {seal('nan', ['a'], 'float')}\n", keys.meta(["NaN"])), args=["--output-type", "json"], status=4)
    cases.add("r73_nested_to_dotenv", yaml_doc(f"a: {{b: {seal('hush', ['a', 'b'])}}}\n", keys.meta(["hush"])), args=["--output-type", "dotenv"], status=4)
    cases.add("r73_flat_to_ini", yaml_doc(f"a: {good}\n", keys.meta(["hush"])), args=["--output-type", "ini"], status=4)
    cases.add("two_documents_to_binary", yaml_doc(f"data: {seal('hush', ['data'])}\n", keys.meta(["hush", "1"])) + "---\nb_unencrypted: 1\n", args=["--output-type", "binary"], status=4)
    cases.add("unknown_type_falls_back", yaml_doc(f"a: {good}\n", keys.meta(["hush"])), args=["--input-type", "what", "--output-type", "ever"], status=0)


def comments(cases):
    keys = cases.keys
    a = f"a: {seal('hush', ['a'])}\n"
    note = lambda text, path, **how: seal(text, path, "comment", **how)
    add = lambda name, body, macs=("hush",), **how: cases.add(name, yaml_doc(body, keys.meta(macs, **how.pop("meta", {}))), **how)
    add("comment_at_root", f"# {note(' note', [])}\n".replace("# ", "#") + a, status=0)
    add("comment_in_map", f"m:\n    #{note(' note', ['m'])}\n    b: {seal('hush', ['m', 'b'])}\n", status=0)
    add("comment_inline", f"a: {seal('hush', ['a'])} #{note(' note', [])}\n", status=0)
    add("r51_comment_wrong_place", f"#{note(' note', ['x'])}\n" + a, status=0)
    add("r51_comment_clear", "# somebody's note\n" + a, status=0)
    add("r51_comment_damaged", f"#{note(' note', [])[:-1]}\n" + a, status=0)
    add("r52_comment_of_int", f"#{seal('5', [], 'int')}\n" + a, status=25)
    add("comment_of_str", f"#{seal(' note', [], 'str')}\n" + a, (" note", "hush"), status=0)
    add("comment_of_str_not_in_the_mac", f"#{seal(' note', [], 'str')}\n" + a, status=51)
    add("comment_text_behind", f"#{note(' note', [])} x\n#{note(' other', [])}]\n" + a, status=0)
    add("comment_empty", "#\n" + a, status=0)
    add("r53_comment_in_list", f"a:\n    - {note(' note', ['a'])}\n    - {seal('hush', ['a'])}\n", status=0)
    add("comment_in_list_clear", f"a:\n    # clear\n    - {seal('hush', ['a'])}\n", status=0)
    add("comment_in_list_as_comment", f"a:\n    #{note(' note', ['a'])}\n    - {seal('hush', ['a'])}\n", status=0)
    add("comment_in_list_of_str", f"a:\n    #{seal('x', ['a'])}\n    - {seal('hush', ['a'])}\n", ("x", "hush"), status=0)
    add("comment_in_list_of_int", f"a:\n    #{seal('7', ['a'], 'int')}\n    - {seal('hush', ['a'])}\n", ("7", "hush"), status=0)
    add("comment_in_list_empty", f"a:\n    #\n    - {seal('hush', ['a'])}\n", status=0)
    add("comments_to_json", f"# clear\nl:\n    - {note(' note', ['l'])}\n    - {seal('hush', ['l'])}\n", args=["--output-type", "json"], status=0)
    seal_b = seal("hush", ["b"])
    rule = {"unencrypted_comment_regex": "plain"}
    add("unencrypted_comment_head", f"# plain\na: 1\nb: {seal_b}\n", ("1", "hush"), meta=rule, status=0)
    add("unencrypted_comment_covers_map", f"# plain\na:\n    x: 1\n    y: [2, 3]\nb: {seal_b}\n", ("1", "2", "3", "hush"), meta=rule, status=0)
    add("unencrypted_comment_inline", f"a: 1 # plain\nb: {seal_b}\n", ("1", "hush"), meta=rule, status=0)
    add("unencrypted_comment_second", f"# plain\n# more\na: 1\nb: {seal_b}\n", ("1", "hush"), meta=rule, status=0)
    add("unencrypted_comment_spent", f"# plain\na: 1\nb: 2\n", ("1", "2"), meta=rule, status=25)
    rule = {"encrypted_comment_regex": "secret"}
    add("encrypted_comment_head", f"# secret\nb: {seal_b}\na: 1\n", ("hush", "1"), meta=rule, status=0)
    add("encrypted_comment_next_comment", f"# secret\n#{note(' more', [])}\nb: {seal_b}\na: 1\n", ("hush", "1"), meta=rule, status=0)
    add("encrypted_comment_inner", f"# secret\nm:\n    #{note(' in', ['m'])}\n    b: {seal('hush', ['m', 'b'])}\na: 1\n", ("hush", "1"), meta=rule, status=0)
    add("encrypted_comment_in_list", f"a:\n    # secret\n    - {seal('hush', ['a'])}\n    - 1\n", ("hush", "1"), meta=rule, status=0)
    add("encrypted_comment_clear_value", "# secret\na: 1\n", ("1",), meta=rule, status=25)


def rules(cases):
    keys = cases.keys
    add = lambda name, body, macs, **how: cases.add(f"rule_{name}", yaml_doc(body, keys.meta(macs, **how.pop("meta"))), **how)
    ab = seal("hush", ["a", "b"])
    add("unencrypted_suffix", f"a: {{b: {ab}, b_clear: 1, c_clear: {{d: [1.5, true]}}}}\nx_clear: y\n_clear: z\n", ("hush", "1", "1.5", "True", "y", "z"), meta={"unencrypted_suffix": "_clear"}, status=0)
    add("default_does_not_hold", f"a: {{b: {ab}}}\nx_unencrypted: {seal('2', ['x_unencrypted'], 'int')}\n", ("hush", "2"), meta={"unencrypted_suffix": "_clear"}, status=0)
    add("encrypted_suffix", f"a: {{b: {seal('hush', ['a', 'b'])}}}\nc: [1, {{d: 2}}]\n", ("hush", "1", "2"), meta={"encrypted_suffix": "a"}, status=0)
    add("encrypted_regex", f"data: {{b: {seal('hush', ['data', 'b'])}}}\nmetadata: {{name: x}}\n", ("hush", "x"), meta={"encrypted_regex": "^(data|stringData)$"}, status=0)
    add("encrypted_regex_unanchored", f"mydata1: {seal('hush', ['mydata1'])}\nb: {{c: 1}}\n", ("hush", "1"), meta={"encrypted_regex": "data"}, status=0)
    add("encrypted_regex_case", f"DATA: {seal('hush', ['DATA'])}\nb: 1\n", ("hush", "1"), meta={"encrypted_regex": "(?i)^data$"}, status=0)
    add("unencrypted_regex", f"data: {{b: {seal('hush', ['data', 'b'])}}}\nkind: x\nm: {{kind: {{deep: 1}}}}\n", ("hush", "x", "1"), meta={"unencrypted_regex": r"^kind\b"}, status=0)
    add("regex_looks_at_components", f"a: {{b: {ab}}}\n", ("hush",), meta={"unencrypted_regex": "a:b"}, status=0)
    add("text_is_a_number", f"a5: {seal('hush', ['a5'])}\nb: x\n", ("hush", "x"), meta={"encrypted_suffix": 5}, status=0)


def extracts(cases):
    keys = cases.keys
    document = yaml_doc("".join([
        f"s: {seal('hush', ['s'])}\n", f"n: {seal('5', ['n'], 'int')}\n", f"f: {seal('1.5', ['f'], 'float')}\n", f"b: {seal('true', ['b'], 'bool')}\n", f"t: {seal('2020-01-02T03:04:05Z', ['t'], 'time')}\n",
        "z:\n", f"l:\n    - {seal('one', ['l'])}\n    - {{x: {seal('two', ['l', 'x'])}}}\n    - [{seal('3', ['l'], 'int')}]\n", f"m: {{k: {{j: {seal('deep', ['m', 'k', 'j'])}}}}}\n",
        f"\"\": {seal('empty', [''])}\n",
    ]), keys.meta(["hush", "5", "1.5", "True", "2020-01-02T03:04:05Z", "one", "two", "3", "deep", "empty"])) + "---\nsecond_unencrypted:\n"
    for n, path in enumerate(['["s"]', "['s']", '["n"]', '["f"]', '["b"]', '["t"]', '["z"]', '["l"]', '["l"][0]', '["l"][1]', '["l"][1]["x"]', '["l"][2]', '["l"][2][0]', '["m"]', '["m"]["k"]', '["m"]["k"]["j"]', '[""]', "", "[", '[["s"]']):
        cases.add(f"extract_{n:02d}", document, args=["--extract", path], status=0)
    for n, path in enumerate(['["l"]', '["n"]', '["m"]', '["s"]', '["z"]', '["l"][1]', '["t"]', '["f"]']):
        cases.add(f"extract_json_{n:02d}", document, args=["--extract", path, "--output-type", "json"], status=0)
    for n, path in enumerate(['["n"]', '["t"]', '["z"]', '["b"]', '["s"]', '["f"]']):
        cases.add(f"extract_ini_{n:02d}", document, args=["--extract", path, "--output-type", "ini"], status=0)
    for kind in ("dotenv", "binary"):
        cases.add(f"extract_{kind}_text", document, args=["--extract", '["s"]', "--output-type", kind], status=0)
        cases.add(f"extract_{kind}_number", document, args=["--extract", '["n"]', "--output-type", kind], status=4)
    for n, path in enumerate(['["nothing"]', '["l"][9]', '["s"][0]', '["m"]["nothing"]']):
        cases.add(f"extract_absent_{n}", document, args=["--extract", path], status=1)
    for n, path in enumerate(['["s"', '["s"]x', "s", '[s]', '["s"] ["n"]', "[1.5]"]):
        cases.add(f"r75_extract_malformed_{n}", document, args=["--extract", path], status=91)
    for n, path in enumerate(['["l"][-1]', "[]", '["]', "[']"]):
        cases.add(f"r74_extract_crash_{n}", document, args=["--extract", path], differs="differs_extract_crashes", status=91)
    for n, path in enumerate(['["s"]["x"]', '["l"]["x"]', '["z"]["x"]', '["n"]["x"]']):
        cases.add(f"r74_extract_key_of_no_map_{n}", document, args=["--extract", path], differs="differs_extract_crashes", status=1)
    cases.add("r74_extract_index_of_map", document, args=["--extract", "[0]"], differs="differs_extract_index_of_map", status=1)
    listed = yaml_doc(f"l:\n    # clear\n    - {seal('hush', ['l'])}\n", keys.meta(["hush"]))
    cases.add("extract_behind_comment", listed, args=["--extract", '["l"][1]'], status=0)
    cases.add("extract_comment", listed, args=["--extract", '["l"][0]'], differs="differs_extract_of_a_comment", status=1)
    cases.add("extract_bad_mac", yaml_doc(f"s: {seal('hush', ['s'])}\n", keys.meta(["x"])), args=["--extract", '["s"]'], status=51)


def main():
    version = subprocess.run([forge.BIN / "sops", "--version", "--disable-version-check"], capture_output=True, check=True).stdout.decode()
    if "3.13.3" not in version:
        sys.exit(f"make.py: the verdicts must be those of sops 3.13.3, here is {version}")
    cases = Cases()
    for group in (whole_documents, metadata, data_keys, values, comments, rules, extracts):
        group(cases)
    if cases.wrong:
        sys.exit("\n".join(cases.wrong))
    (HERE / "cases.json").write_text(json.dumps({"sops": "3.13.3", "age": "1.3.1", "cases": cases.all}, indent=1) + "\n")
    print(f"{len(cases.all)} cases, {sum('differs' in case for case in cases.all)} of them differ on purpose")


main()
