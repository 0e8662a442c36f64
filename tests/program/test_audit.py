# SPDX-License-Identifier: Apache-2.0
"""krm-sops audit: recipients, what .sops.yaml expects, the drift and its exit status. tests/interop/recipients.py holds rules and drift to the real
`sops updatekeys`; here stand the report and the command. (documents: tests/data/attacks, sops 3.13.3)
"""
import json
import pathlib

import pytest
import yaml

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "attacks"
OTHER = "age19flpvdxy9atgsukv890dtpl8ydrpg4k2u9srvqar7x4h6pd9d4jsct6dka"


def metadata(name="secret.yaml"):
    return yaml.safe_load((DATA / name).read_text())["sops"]


OURS = metadata()["age"][0]["recipient"]
WHEN = metadata()["lastmodified"]


@pytest.fixture
def repo(place):
    place.copy("attacks/secret.yaml")

    def rules(*creation):
        place.write(".sops.yaml", yaml.safe_dump({"creation_rules": list(creation)}))

    def audit(*argv):
        result = place.run("audit", *argv)
        assert not result.crashed and b"attack-" not in result.stdout + result.stderr
        return result

    place.rules, place.audit = rules, audit
    return place


def rule(**fields):
    return {"encrypted_regex": "^(data|stringData)$", **fields}


def test_no_drift_is_status_0(repo):
    repo.rules(rule(age=OURS))
    result = repo.audit(".")
    assert result.status == 0
    assert result.stdout.decode() == f"secret.yaml: ok, modified {WHEN}, creation rule 1 of {repo.cwd}/.sops.yaml\n      age {OURS}\n"
    assert "1 encrypted document, 0 with drift or errors" in result.message


def test_drift_is_status_1_and_says_both_ways(repo):
    repo.rules(rule(path_regex="^never$", age=OURS), rule(age=OTHER, pgp="ABCD"))
    result = repo.audit(".")
    assert result.status == 1
    assert result.stdout.decode() == (f"secret.yaml: drift, modified {WHEN}, creation rule 2 of {repo.cwd}/.sops.yaml\n"
                                      f"    - age {OURS}\n    + age {OTHER}\n    + pgp ABCD\n")


def test_another_selection_is_drift(repo):
    repo.rules({"age": OURS, "mac_only_encrypted": True})
    result = repo.audit("secret.yaml")
    assert result.status == 1
    assert "    ! encrypted_regex: '^(data|stringData)$', expected unencrypted_suffix: '_unencrypted'\n" in result.stdout.decode()
    assert "    ! mac_only_encrypted: false, expected true\n" in result.stdout.decode()


def test_groups_are_told_apart(repo):
    repo.rules(rule(key_groups=[{"age": [OURS]}, {"age": [OTHER]}], shamir_threshold=1))
    result = repo.audit(".")
    assert result.status == 1
    assert result.stdout.decode().splitlines()[1:] == ["      group 1", f"      age {OURS}", "      group 2", f"    + age {OTHER}"]


def test_a_file_that_no_rule_fits_is_no_drift(repo):
    repo.rules(rule(path_regex="^never$", age=OTHER))
    result = repo.audit(".")
    assert result.status == 0 and result.stdout.decode().startswith(f"secret.yaml: no rule, modified {WHEN}\n      age {OURS}\n")


def test_a_repository_without_config_shows_recipients(repo):
    result = repo.audit(".")
    assert result.status == 0 and result.stdout.decode() == f"secret.yaml: no .sops.yaml, modified {WHEN}\n      age {OURS}\n"


@pytest.mark.parametrize("config, message", [("creation_rules: [", "line 2"), ("creation_rules: [{age: bob}]", "'bob' is not an age recipient"),
                                             ("creation_rules: [{path_regex: '('}]", "'path_regex'")])
def test_a_broken_config_is_an_error_of_each_file(repo, config, message):
    repo.write(".sops.yaml", config)
    result = repo.audit(".")
    assert result.status == 1
    assert result.stdout.decode().startswith(f"secret.yaml: error, modified {WHEN}: '{repo.cwd}/.sops.yaml': ") and message in result.stdout.decode()


def test_broken_metadata_is_an_error(repo):
    text = (DATA / "secret.yaml").read_text()
    repo.write("secret.yaml", text.replace("lastmodified: ", "lastmodified: x"))
    repo.write("broken.yaml", text + "  x: [\n")
    result = repo.audit(".")
    lines = result.stdout.decode().splitlines()
    assert result.status == 1
    assert lines[0].startswith("broken.yaml: error: line ") and lines[1].startswith("secret.yaml: error: sops metadata: 'lastmodified' is not a time")


def test_files_of_every_format_and_name_are_seen(repo):
    (repo.cwd / "secret.yaml").unlink()
    repo.copy("attacks/app.env", "attacks/values.yaml", "attacks/widget.yaml")
    repo.write("deep/er/values.yml.enc", (DATA / "values.yaml").read_bytes())
    doc = yaml.safe_load((DATA / "values.yaml").read_text())
    repo.write("values.json", json.dumps(doc))
    repo.write("blob", json.dumps({"data": doc["auth"]["password"], "sops": doc["sops"]}))
    repo.write("plain.yaml", "a: b\n")
    repo.write("text.md", "sops ENC[AES256_GCM,data:x lastmodified\n")
    repo.write("all.yaml", (DATA / "values.yaml").read_text() + "---\n" + (DATA / "widget.yaml").read_text())
    report = json.loads(repo.audit("--output", "json", ".").stdout)
    assert [(entry["path"], entry.get("line")) for entry in report] == [
        ("all.yaml", 5), ("all.yaml", 31), ("app.env", None), ("blob", None), ("values.json", None), ("values.yaml", None), ("widget.yaml", None),
        ("deep/er/values.yml.enc", None)]
    assert all([key["key"] for key in entry["recipients"]] == [OURS] for entry in report)


def test_json_has_the_rule_and_the_drift(repo):
    repo.rules(rule(age=OTHER))
    result = repo.audit("--output", "json", ".")
    assert result.status == 1 and result.stderr == b""
    ours, other = ({"group": 1, "type": "age", "key": key} for key in (OURS, OTHER))
    assert json.loads(result.stdout) == [{"path": "secret.yaml", "status": "drift", "config": f"{repo.cwd}/.sops.yaml", "lastmodified": WHEN, "version": "3.13.3",
                                          "recipients": [ours], "rule": 1, "expected": [other], "missing": [other], "extra": [ours], "differs": []}]
    assert json.loads(repo.audit("--output=json", ".git").stdout) == []


def test_a_recipient_that_a_terminal_would_obey_does_no_harm(repo):
    doc = yaml.safe_load((DATA / "secret.yaml").read_text())
    doc["sops"]["age"][0]["recipient"] = "age1\x1b[31m\nsecret.yaml: ok"
    repo.write("secret.yaml", yaml.safe_dump(doc))
    assert repo.audit(".").stdout.decode().splitlines()[1] == "      age age1?[31m?secret.yaml: ok"


@pytest.mark.parametrize("argv", [[], ["--output", "xml", "."], ["--output"], ["--unknown", "."], ["nowhere"], ["--config", "nowhere", "."]])
def test_usage_is_status_2(repo, argv):
    result = repo.audit(*argv)
    assert result.status == 2 and result.stdout == b"" and result.stderr
