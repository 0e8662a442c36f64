# SPDX-License-Identifier: Apache-2.0
"""The documents are part of the product: what they say about the program is held to it here."""
import pathlib
import re
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VERBS = ["build", "diff", "decrypt", "filter", "check", "audit", "install", "doctor", "serve"]
SCREEN_LINES, SCREEN_COLUMNS = 24, 80


def help_of(program, *words):
    done = subprocess.run([program, *words, "--help"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20)
    assert done.returncode == 0 and done.stderr == ""
    return done.stdout


def options(text):
    lines = [line for line in text.split("\n") if re.match(r"  +-", line)]
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(lines))) - {"--help", "--version"}


def man_source():
    return (ROOT / "man/krm-sops.1").read_text()


def man_options():
    return {"--" + name for name in re.findall(r"Fl Fl ([a-z][a-z-]+)", man_source())}


@pytest.mark.parametrize("words", [[], *[[verb] for verb in VERBS]], ids=["program", *VERBS])
def test_help_fits_a_screen_and_has_an_example(program, words):
    text = help_of(program, *words)
    lines = text.rstrip("\n").split("\n")
    assert len(lines) <= SCREEN_LINES
    assert max(map(len, lines)) <= SCREEN_COLUMNS
    assert re.search(r"example", text, re.I)


def test_help_lists_every_verb(program):
    text = help_of(program)
    for verb in VERBS:
        assert re.search(rf"^\s+{verb}\b", text, re.M), verb


def test_man_page_has_every_option_of_help_and_no_other(program):
    offered = set().union(*(options(help_of(program, *words)) for words in [[], *[[verb] for verb in VERBS]]))
    assert man_options() - offered == set()
    assert offered - man_options() == set()


def test_man_page_is_well_formed():
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "error", str(ROOT / "man/krm-sops.1")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_version_names_the_libraries(program):
    text = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20).stdout
    assert text.startswith("krm-sops " + (ROOT / "VERSION").read_text().strip())
    for library in ("libsodium", "OpenSSL", "PCRE2"):
        assert re.search(rf"{library} [0-9]+\.[0-9]+", text), library


def test_building_the_program_asks_for_no_libyaml(tmp_path):
    asked = tmp_path / "asked"
    stub = tmp_path / "pkg-config"
    stub.write_text(f'#!/bin/sh\necho "$@" >>{asked}\n')
    stub.chmod(0o755)
    make = lambda target: subprocess.run(["make", "-n", f"BUILD={tmp_path}/build", target], cwd=ROOT, check=True, capture_output=True, timeout=60,
                                         env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    make("all")
    assert "libsodium" in asked.read_text() and "yaml" not in asked.read_text()
    make("tools")
    assert "yaml-0.1" in asked.read_text()


def test_links_lead_somewhere():
    """Files, and headings in them."""
    names = [path.relative_to(ROOT) for pattern in ("*.md", "docs/*.md", "examples/*/*.md") for path in ROOT.glob(pattern)]
    assert len(names) > 10
    for name in names:
        for target, _, heading in (link.partition("#") for link in re.findall(r"\]\(([^)]+)\)", (ROOT / name).read_text())):
            if target.startswith("http"):
                continue
            path = ROOT / name.parent / target if target else ROOT / name
            assert path.exists(), f"{name}: {target}"
            headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M) if heading else []
            assert not heading or heading in {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}, f"{name}: {target}#{heading}"


def test_paths_named_in_the_documents_exist():
    for name in ("README.md", "CONTRIBUTING.md"):
        for path in re.findall(r"`((?:lib|krm-fn|tests|docs|examples|man)/[\w./-]+)`", (ROOT / name).read_text()):
            assert (ROOT / path).exists(), f"{name}: {path}"


def test_readme_exit_statuses_are_the_program_s():
    text = (ROOT / "README.md").read_text()
    source = (ROOT / "lib/base/err.c").read_text()
    for status in re.findall(r"^\| (\d+) \|", text, re.M):
        assert re.search(rf"return {status};", source), status


def code_blocks(name, language):
    return [text for kind, text in re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / name).read_text(), re.M | re.S) if kind == language]


def test_the_configs_of_the_readme_are_taken(place):
    """The one at the top by itself, and the one with a secretRef, each as the functionConfig of a list with a Secret to open."""
    text = (ROOT / "README.md").read_text()
    top = re.search(r"^\$ cat apps/prod/decrypt.yaml\n(.*?)^\n", text, re.M | re.S).group(1)
    with_ref = [block for block in code_blocks("README.md", "yaml") if "kind: Decrypt" in block]
    assert with_ref
    item = yaml.safe_load((ROOT / "tests/data/attacks/secret.yaml").read_text())
    keys = ROOT / "tests/data/attacks/age.agekey"
    secret = place.path / "keys/flux-system/sops-keys"
    secret.mkdir(parents=True)
    (secret / "age.agekey").write_bytes(keys.read_bytes())
    ambient, named = {"SOPS_AGE_KEY_FILE": str(keys)}, {"KRM_SOPS_KEYS": str(place.path / "keys"), "KRM_SOPS_NAMESPACE": "flux-system"}
    for config, env in [(top, ambient), *((block, named) for block in with_ref)]:
        listing = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [item], "functionConfig": yaml.safe_load(config)}
        result = place.run(stdin=yaml.safe_dump(listing).encode(), env=env)
        assert result.status == 0 and b"ENC[" not in result.stdout, result.message
        assert place.run(stdin=yaml.safe_dump(listing).encode(), env=named if env is ambient else ambient).status == 1


def test_the_messages_of_the_readme_are_the_program_s():
    sources = "".join(path.read_text() for folder in ("lib", "krm-fn") for path in (ROOT / folder).rglob("*.c"))
    lines = [line for block in code_blocks("README.md", "") for line in block.splitlines() if line.startswith("krm-sops: ")]
    assert len(lines) == 3
    for line in lines:
        last = re.split(r"(?:Data\.token|yaml|'|hint): ", line)[-1]
        assert last != line and re.split(r": a| age1|:$", last)[0] in sources, line


def differs_rows():
    rows = []
    for line in (ROOT / "docs/differs.md").read_text().split("\n"):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 5 and not set(cells[0]) <= set("- ") and cells[0] != "where":
            rows.append(cells)
    return rows


def test_every_difference_has_a_test_of_its_name():
    tests = "\n".join(path.read_text() for folder in ("unit", "program", "interop") for path in (ROOT / "tests" / folder).rglob("*")
                      if path.suffix in {".c", ".py"})
    rows = differs_rows()
    assert rows
    for row in rows:
        names = re.findall(r"`(\w+)`", row[4])
        assert names, row
        for name in names:
            assert re.search(rf"\b(?:test_)?{name}\b", tests), f"no test is called {name}"


def test_every_difference_is_marked_in_the_code():
    marked = [path for folder in ("lib", "krm-fn") for path in (ROOT / folder).rglob("*.[ch]") if "Differs:" in path.read_text()]
    assert marked
    assert len(differs_rows()) >= len(marked)
