# SPDX-License-Identifier: Apache-2.0
"""`krm-sops decrypt`: the verdicts and bytes of sops 3.13.3 on the documents of tests/data/cases.json, and the command around them."""
import base64
import json
import os
import pathlib
import re
import stat
import subprocess

import pytest
from conftest import without_file_rights

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "tests/data"
PROGRAM = os.environ.get("KRM_SOPS", str(ROOT / "build/krm-sops"))
CASES = json.loads((DATA / "cases.json").read_text())["cases"]
PAIRS = json.loads((DATA / "pairs.json").read_text())
# The rows of docs/differs.md that cases.json has documents for.
DIFFERS = {
    "differs_comment_in_place_of_a_value",
    "differs_data_key_is_32_bytes",
    "differs_extract_crashes",
    "differs_extract_index_of_map",
    "differs_extract_of_a_comment",
    "differs_guesses_where_the_name_says_nothing",
    "differs_index_is_a_number",
    "differs_ini_empty_comment_line",
    "differs_no_notice_on_stdout",
    "differs_refuses_bad_pattern",
    "differs_refuses_lost_text",
    "differs_refuses_negative_threshold",
    "differs_refuses_tags_that_are_not_16_bytes",
    "differs_refuses_text_behind_the_bracket",
    "differs_refuses_x_zero",
    "differs_threshold_is_plain_decimal",
    "differs_type_bytes",
    "differs_yaml_later_documents",
}
BY_NAME = {case["name"]: case for case in CASES}


def undo(value):
    if value is None:
        return b""
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode()


def document(name):
    case = BY_NAME[name]
    return case["text"].encode() if "text" in case else base64.b64decode(case["base64"])


def environment(home, **more):
    keep = {name: value for name, value in os.environ.items() if name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")}
    return {**keep, "HOME": str(home), "SOPS_AGE_KEY_FILE": str(DATA / "age.agekey"), **more}


@pytest.fixture
def run(tmp_path):
    """Runs the program in an empty folder."""

    def go(*args, stdin=b"", cwd=None, before=None, **more):
        done = subprocess.run([PROGRAM, *map(str, args)], input=stdin, capture_output=True, cwd=cwd or tmp_path, env=environment(tmp_path, **more),
                              preexec_fn=before, timeout=60)
        assert "AddressSanitizer" not in done.stderr.decode(errors="replace")
        return done

    return go


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_bytes(document("good_yaml"))
    return path


def secrets_of(data):
    """What no message may hold: plaintexts of the cases, ciphertext bodies, key text."""
    bodies = re.findall(rb"data:([A-Za-z0-9+/=]{8,})", data)
    return [b"hush", b"AGE-SECRET-KEY", *bodies]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case, run, tmp_path):
    data = document(case["name"])
    path = tmp_path / f"case.{case['suffix']}"
    path.write_bytes(data)
    done = run("decrypt", *case["args"], path.name)
    assert (done.returncode, done.stdout) == (case["status"], undo(case["stdout"])), done.stderr.decode(errors="replace")
    if case["status"]:
        assert done.stderr.startswith(b"krm-sops: ") and done.stderr.endswith(b"\n")
    for secret in secrets_of(data):
        assert secret not in done.stderr


@pytest.mark.parametrize("to", ["yaml", "json", "dotenv", "ini", "binary"])
@pytest.mark.parametrize("entry", PAIRS, ids=[f"{entry['name']} {entry['format']}" for entry in PAIRS])
def test_every_pair_of_types(entry, to, run):
    """Input and output type are chosen apart from each other; some pairs sops refuses, as it can not write the tree."""
    want = entry["as"][to]
    done = run("decrypt", "--input-type", entry["format"], "--output-type", to, "-", stdin=entry["text"].encode())
    assert (done.returncode, done.stdout) == (want["status"], base64.b64decode(want["stdout"])), done.stderr.decode(errors="replace")


def test_differing_cases_are_in_the_list():
    listed = (ROOT / "docs/differs.md").read_text()
    assert {case["differs"] for case in CASES if "differs" in case} == DIFFERS
    assert {name for name in DIFFERS if f"`{name}`" in listed} == DIFFERS


@pytest.mark.parametrize("args", [
    ["decrypt", "good.yaml"],
    ["decrypt", "--input-type", "yaml", "good.yaml"],
    ["decrypt", "good.yaml", "--input-type", "yaml", "--output-type=yaml"],
    ["decrypt", "--input-type=yaml", "--output-type=yaml", "good.yaml"],
    ["decrypt", "-input-type", "yaml", "good.yaml"],
    ["decrypt", "--", "good.yaml"],
    ["decrypt", "-d", "good.yaml"],
    ["-d", "good.yaml"],
    ["--decrypt", "good.yaml"],
    ["-d", "--output-type", "yaml", "good.yaml"],
    ["--output-type", "yaml", "-d", "good.yaml"],
    ["--output-type", "yaml", "--decrypt", "good.yaml", "--input-type=yaml"],
    ["--indent", "4", "decrypt", "good.yaml"],
    ["--verbose", "decrypt", "good.yaml"],
    ["decrypt", "--extract", "", "good.yaml"],
    ["decrypt", "--decryption-order", "", "good.yaml"],
])
def test_options_stand_anywhere(run, good, args):
    done = run(*args)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"a: hush\n", b"")


@pytest.mark.parametrize("args", [
    ["decrypt", "--no-such-option", "good.yaml"],
    ["decrypt", "--output-type"],
    ["decrypt", "--ignore-mac=yes", "good.yaml"],
    pytest.param(["decrypt", "good.yaml", "good.yaml"], id="differs_one_file_at_a_time"),
    ["decrypt", "--indent", "x", "good.yaml"],
    ["decrypt", "--indent", "-2", "good.yaml"],
    ["decrypt", "--in-place"],
    ["decrypt", "-i", "--output", "x", "good.yaml"],
    ["no-such-command"],
    ["--no-such-option"],
    ["help", "no-such-command"],
])
def test_wrong_command_lines_are_usage_errors(run, good, args):
    done = run(*args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"krm-sops: ")


def test_differs_dash_is_stdin(run):
    text = document("good_yaml")
    for args in (["decrypt"], ["decrypt", "-"]):
        done = run(*args, "--input-type", "yaml", "--output-type", "yaml", stdin=text)
        assert (done.returncode, done.stdout) == (0, b"a: hush\n")
        done = run(*args, "--filename-override", "x.yaml", stdin=text)
        assert (done.returncode, done.stdout) == (0, b"a: hush\n")
    done = run("decrypt", stdin=document("good_binary"))
    assert (done.returncode, done.stdout) == (0, b"\xff\x00hush")


@pytest.mark.parametrize("source, want", [("good_yaml", b"a: hush\n"), ("good_json", b'{\n\t"a": "hush"\n}\n'), ("good_dotenv", b"a=hush\n"), ("good_ini", b"[s]\na = hush\n"),
                                          ("good_binary", b"\xff\x00hush")])
def test_differs_guesses_what_stdin_is(run, source, want):
    for more in ([], ["-"], ["--input-type", "binary" if source == "good_binary" else source.removeprefix("good_")]):
        done = run("decrypt", *more, stdin=document(source))
        assert (done.returncode, done.stdout) == (0, want), done.stderr
    assert run("decrypt", "--input-type", "json", stdin=document("good_yaml")).returncode == 1


SOPS_DOES = "hint: krm-sops only decrypts (krm-sops decrypt, or -d); sops does the rest"


@pytest.mark.parametrize("args, hint", [
    (["-e", "good.yaml"], SOPS_DOES), (["encrypt", "good.yaml"], SOPS_DOES), (["edit", "good.yaml"], SOPS_DOES), (["updatekeys", "good.yaml"], SOPS_DOES),
    (["-i", "good.yaml"], SOPS_DOES), (["exec-env", "good.yaml", "sh"], SOPS_DOES), (["decrypt", "-e", "good.yaml"], SOPS_DOES),
    (["good.yaml"], "hint: to print a file decrypted: krm-sops decrypt FILE"),
    (["folder"], "hint: for a folder: krm-sops build DIR, krm-sops check DIR"),
    (["decrypt", "folder"], "hint: for a folder: krm-sops build DIR, krm-sops check DIR"),
    (["version"], "hint: krm-sops --version"), (["-v"], "hint: krm-sops --version"),
    (["no-such-command"], "hint: see krm-sops --help"), (["--no-such-option"], "hint: see krm-sops --help"),
    (["decrypt", "--exract", "x", "good.yaml"], "hint: see krm-sops decrypt --help"),
    (["decrypt", "--keys-flat", ".", "good.yaml"], "hint: keys are found as sops finds them: SOPS_AGE_KEY_FILE=FILE and the like"),
    (["decrypt", "good.yaml", "good.yaml"], "hint: each file is a document of its own"),
    (["decrypt", "-i"], "--in-place needs a FILE"), (["decrypt", "-i", "--output", "x", "good.yaml"], "--in-place and --output exclude each other"),
    (["decrypt"], "stdin is empty, and no FILE is named"),
    (["decrypt", "--extract", "a.b", "good.yaml"], """hint: a path is written '["db"]["users"][0]'"""),
    (["decrypt", "plain.yaml"], "hint: it is not encrypted with sops, or not of this format"),
    (["filter", "good.yaml"], "hint: it reads stdin: krm-sops filter < FILE; for one file: krm-sops decrypt FILE"),
    (["filter", "--what"], "hint: see krm-sops filter --help"),
    (["build"], "build: no folder given\nkrm-sops: hint: see krm-sops build --help"), (["diff", "--what", "."], "hint: see krm-sops diff --help"),
    (["build", "--cluster", "prod", "."], "hint: one folder; a context is named as --cluster=CONTEXT"),
    (["check"], "check: no PATH given\nkrm-sops: hint: see krm-sops check --help"), (["audit", "--what"], "hint: see krm-sops audit --help"),
    (["check", "--output", "xml", "."], "'--output' takes text or json, not 'xml'"), (["build", "--compat", "sops", "."], "'--compat' takes flux only, not 'sops'"),
    (["build", "--stage", "disk", "."], "'--stage' takes auto, namespace or memory, not 'disk'"),
    (["doctor", "--what"], "hint: see krm-sops doctor --help"), (["install", "--what"], "hint: see krm-sops install --help"),
])
def test_mistakes_are_told_what_to_do(run, good, tmp_path, args, hint):
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain.yaml").write_text("a: b\n")
    done = run(*args)
    assert done.returncode != 0 and done.stdout == b""
    assert hint in done.stderr.decode()


def test_a_type_that_there_is_not_is_told_and_passed_over(run, good):
    done = run("decrypt", "--output-type", "jsno", good)
    assert (done.returncode, done.stdout) == (0, b"a: hush\n") and b"warning: there is no type 'jsno' but yaml, json, " in done.stderr
    assert run("decrypt", "--output-type", "", good).stderr == b""


def test_the_keys_at_hand_are_named_where_none_fits(run, good):
    done = run("decrypt", good, SOPS_AGE_KEY_FILE=str(DATA / "other.agekey"))
    own = next(word for word in (DATA / "other.agekey").read_text().split() if word.startswith("age1"))
    assert done.returncode == 128 and f"hint: the age key at hand is for {own}: another environment's?" in done.stderr.decode()


@pytest.mark.parametrize("name, source, want", [
    ("x.yml.enc", "good_yaml", b"a: hush\n"),
    ("x.yaml.sops.bak", "good_yaml", b"a: hush\n"),
    ("x.json.enc", "good_json", b'{\n\t"a": "hush"\n}\n'),
    ("x.env.enc", "good_dotenv", b"a=hush\n"),
    ("x.ini.enc", "good_ini", b"[s]\na = hush\n"),
    ("x.enc", "good_yaml", b"a: hush\n"),
    ("secrets", "good_json", b'{\n\t"a": "hush"\n}\n'),
    ("secrets", "good_dotenv", b"a=hush\n"),
    ("secrets", "good_ini", b"[s]\na = hush\n"),
    ("x.json.enc", "good_binary", b"\xff\x00hush"),
    ("x.yaml.enc", "good_binary", b"\xff\x00hush"),
    ("x.bin", "good_binary", b"\xff\x00hush"),
    (".env", "good_dotenv", b"a=hush\n"),
])
def test_differs_guesses_where_the_name_says_nothing(run, tmp_path, name, source, want):
    (tmp_path / name).write_bytes(document(source))
    done = run("decrypt", name)
    assert (done.returncode, done.stdout) == (0, want), done.stderr


def test_given_type_wins_over_a_guess(run, tmp_path):
    (tmp_path / "x.yml.enc").write_bytes(document("good_yaml"))
    assert run("decrypt", "--input-type", "json", "x.yml.enc").returncode == 1
    assert run("decrypt", "--output-type", "json", "x.yml.enc").stdout == b'{\n\t"a": "hush"\n}\n'


def test_no_such_file(run):
    done = run("decrypt", "nothing.yaml")
    assert (done.returncode, done.stdout) == (100, b"")
    assert b"'nothing.yaml'" in done.stderr


def test_a_folder_can_not_be_read(run, tmp_path):
    (tmp_path / "folder.yaml").mkdir()
    assert run("decrypt", "folder.yaml").returncode == 2


def test_unreadable_file(run, good):
    good.chmod(0)
    assert run("decrypt", good, before=without_file_rights).returncode == 2


def test_no_key(run, good):
    done = run("decrypt", good, SOPS_AGE_KEY_FILE="")
    assert (done.returncode, done.stdout) == (128, b"")
    assert b"no key opens it:\nkrm-sops:   age 'age1" in done.stderr and b"SOPS_AGE_KEY_FILE is empty; found no age keys in" in done.stderr
    assert b"hint: SOPS_AGE_KEY_FILE=FILE names the file with your age key, as for sops\n" in done.stderr


def test_broken_key_source_is_told_beside(run, good):
    done = run("decrypt", good, SOPS_AGE_KEY_FILE="/no/such/file")
    assert done.returncode == 128 and b"/no/such/file" in done.stderr


def test_missing_services_are_named(run, tmp_path):
    text = document("other_types_are_passed_over").decode().replace("age1", "age2")
    path = tmp_path / "x.yaml"
    path.write_text(text)
    done = run("decrypt", path, SOPS_AGE_KEY_FILE=str(DATA / "other.agekey"))
    assert done.returncode == 128
    message = done.stderr.decode()
    assert "hc_vault 'https://localhost/v1/e/keys/k': " in message and "azure_kv 'https://localhost/keys/n/v': " in message


def test_differs_output_is_whole_and_private(run, good, tmp_path):
    target = tmp_path / "plain"
    target.write_text("before")
    target.chmod(0o644)
    done = run("decrypt", "--output", target, good)
    assert (done.returncode, done.stdout, target.read_bytes()) == (0, b"", b"a: hush\n")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.yaml", "plain"]


def test_output_goes_through_a_link(run, good, tmp_path):
    (tmp_path / "real").write_text("before")
    (tmp_path / "link").symlink_to("real")
    assert run("decrypt", "--output", "link", good).returncode == 0
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"a: hush\n"


def test_output_to_a_device(run, good):
    done = run("decrypt", "--output", "/dev/stdout", good)
    assert (done.returncode, done.stdout) == (0, b"a: hush\n")
    assert run("decrypt", "--output", "/dev/full", good).returncode == 3
    assert pathlib.Path("/dev/full").is_char_device()


@pytest.mark.parametrize("target", ["no/such/folder/x", "folder"])
def test_output_that_can_not_be_written(run, good, tmp_path, target):
    (tmp_path / "folder").mkdir()
    done = run("decrypt", "--output", target, good)
    assert (done.returncode, done.stdout) == (3, b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "good.yaml"]


def test_failure_leaves_the_output_alone(run, tmp_path):
    (tmp_path / "bad.yaml").write_bytes(document("r12_lastmodified_changed"))
    (tmp_path / "plain").write_text("before")
    assert run("decrypt", "--output", "plain", "bad.yaml").returncode == 51
    assert (tmp_path / "plain").read_text() == "before"


def test_in_place(run, good, tmp_path):
    done = run("decrypt", "-i", good)
    assert (done.returncode, done.stdout, good.read_bytes()) == (0, b"", b"a: hush\n")
    assert [path.name for path in tmp_path.iterdir()] == ["good.yaml"]


def test_stdout_full_or_closed(good, tmp_path):
    for redirection in (">/dev/full", ">&-"):
        done = subprocess.run(["/bin/sh", "-c", f'"$0" decrypt "$1" {redirection}', PROGRAM, str(good)], env=environment(tmp_path), capture_output=True)
        assert done.returncode != 0, redirection
        assert b"hush" not in done.stderr


def test_stderr_closed_never_lands_in_the_output(good, tmp_path):
    target = tmp_path / "plain"
    script = '"$0" decrypt --ignore-mac --output "$2" "$1" >&- 2>&- <&-'
    (tmp_path / "bad.yaml").write_bytes(document("r48_mac_missing"))
    done = subprocess.run(["/bin/sh", "-c", script, PROGRAM, str(tmp_path / "bad.yaml"), str(target)], env=environment(tmp_path))
    assert (done.returncode, target.read_bytes()) == (0, b"a: hush\n")


def test_reader_that_is_gone(good, tmp_path):
    done = subprocess.run(["/bin/bash", "-c", 'set -o pipefail; "$0" decrypt "$1" | :; exit ${PIPESTATUS[0]}', PROGRAM, str(good)], env=environment(tmp_path), capture_output=True)
    assert done.returncode in (0, 3)  # 0: the pipe took it before its reader went


def test_ignore_mac_warns(run, tmp_path):
    (tmp_path / "bad.yaml").write_bytes(document("r12_lastmodified_changed"))
    done = run("decrypt", "--ignore-mac", "bad.yaml")
    assert (done.returncode, done.stdout) == (0, b"a: hush\n")
    assert b"warning: the MAC" in done.stderr


def test_compat_prints_what_sops_prints(run, tmp_path):
    case = BY_NAME["text_that_sops_loses"]
    (tmp_path / "x.yaml").write_bytes(document("text_that_sops_loses"))
    done = run("decrypt", "--compat=sops", "x.yaml")
    assert (done.returncode, done.stdout) == (case["sops"]["status"], undo(case["sops"]["stdout"]))
    assert run("decrypt", "--compat=flux", "x.yaml").returncode == 2


def test_kept_comments_are_told(run, tmp_path):
    (tmp_path / "x.yaml").write_bytes(document("r51_comment_damaged"))
    done = run("decrypt", "x.yaml")
    assert done.returncode == 0 and b"warning: 1 comment could not be decrypted" in done.stderr


class TestSopsYaml:
    """stores.*.indent of the nearest .sops.yaml, as in sops: config/config.go"""

    @pytest.fixture
    def nested(self, tmp_path):
        (tmp_path / "a/b").mkdir(parents=True)
        (tmp_path / "a/b/x.yaml").write_bytes(document("comment_in_map"))
        return tmp_path / "a/b"

    def decrypt(self, run, nested, *args, **more):
        done = run("decrypt", *args, "x.yaml", cwd=nested, **more)
        return done.stdout.decode() if done.returncode == 0 else done.returncode

    def test_yaml(self, run, nested, tmp_path):
        assert self.decrypt(run, nested) == "m:\n    # note\n    b: hush\n"
        (tmp_path / ".sops.yaml").write_text("stores:\n  yaml:\n    indent: 2\n")
        assert self.decrypt(run, nested) == "m:\n  # note\n  b: hush\n"
        (tmp_path / "a/.sops.yaml").write_text("creation_rules: []\n")
        assert self.decrypt(run, nested) == "m:\n    # note\n    b: hush\n"
        assert self.decrypt(run, nested, SOPS_CONFIG=str(tmp_path / ".sops.yaml")) == "m:\n  # note\n  b: hush\n"
        assert self.decrypt(run, nested, "--config", tmp_path / ".sops.yaml") == "m:\n  # note\n  b: hush\n"
        assert self.decrypt(run, nested, "--indent", "3") == "m:\n   # note\n   b: hush\n"

    def test_json(self, run, nested, tmp_path):
        args = ("--output-type", "json")
        assert self.decrypt(run, nested, *args) == '{\n\t"m": {\n\t\t"b": "hush"\n\t}\n}\n'
        (tmp_path / ".sops.yaml").write_text("stores: {json: {indent: 2}}\n")
        assert self.decrypt(run, nested, *args) == '{\n  "m": {\n    "b": "hush"\n  }\n}\n'
        (tmp_path / ".sops.yaml").write_text("stores: {json: {indent: 0}}\n")
        assert self.decrypt(run, nested, *args) == '{\n"m": {\n"b": "hush"\n}\n}\n'
        (tmp_path / ".sops.yaml").write_text("stores: {json: {indent: -1}}\n")
        assert self.decrypt(run, nested, *args) == '{\n\t"m": {\n\t\t"b": "hush"\n\t}\n}\n'

    @pytest.mark.parametrize("text", ["stores: 5\n", "stores: {yaml: []}\n", "stores: {yaml: {indent: x}}\n", "stores: {yaml: {indent: -1}}\n", "{\n", "- a\n"])
    def test_bad_config_is_an_error(self, run, nested, tmp_path, text):
        (tmp_path / ".sops.yaml").write_text(text)
        assert self.decrypt(run, nested) == 1

    def test_missing_config_is_an_error(self, run, nested):
        assert self.decrypt(run, nested, "--config", "nothing") == 1


def test_help_fits_a_screen(run):
    for args in (["--help"], ["help"], ["help", "decrypt"], ["decrypt", "--help"], ["decrypt", "-h"]):
        done = run(*args)
        lines = done.stdout.decode().split("\n")
        assert done.returncode == 0 and not done.stderr
        assert len(lines) <= 25 and max(map(len, lines)) <= 90, (args, len(lines), max(map(len, lines)))
        assert "example:" in done.stdout.decode()


def test_help_to_a_full_disk_is_an_error():
    with open("/dev/full", "wb") as full:
        assert subprocess.run([PROGRAM, "--help"], stdout=full, stderr=subprocess.DEVNULL).returncode == 1


def test_version_names_the_libraries(run):
    text = run("--version").stdout.decode()
    for name in ("krm-sops", "OpenSSL", "libsodium", "PCRE2"):
        assert re.search(rf"^{name} v?\d", text, re.M), text
