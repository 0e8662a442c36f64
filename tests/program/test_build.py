# SPDX-License-Identifier: Apache-2.0
"""`krm-sops build` with a stub in kustomize's place: what is decrypted where, what is refused, what is told, and that nothing is left behind. That the bytes are
Flux's with the real kustomize is tests/interop/flux_build.py's.
"""
import base64
import ctypes
import hashlib
import os
import pathlib
import shutil
import struct

import pytest
import yaml

from conftest import DATA, assert_none_is_left, ours_in_memory

STUB = pathlib.Path(__file__).with_name("kustomize_stub.py")
KEYS = {"SOPS_AGE_KEY_FILE": str(DATA / "age.agekey")}
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # some builds are of mebibytes
APPS = ("--name", "apps", "--namespace", "flux-system")
STAND_IN = "ENC[AES256_GCM,data:placeholder,iv:placeholder,tag:placeholder,type:str]"
STAGES = ("namespace", "memory")


@pytest.fixture
def repo(place):
    """tests/data/flux/repo as the working directory, and a folder with its key Secret beside it."""
    shutil.copytree(DATA / "flux" / "repo", place.cwd, dirs_exist_ok=True)
    secret = place.path / "keys" / "flux-system" / "sops-keys"
    secret.mkdir(parents=True)
    shutil.copy(DATA / "age.agekey", secret)
    return place


def build(place, *argv, env=None, keys=True, **more):
    extra = ("--keys", place.path / "keys") if keys else ()
    return place.run("build", "--kustomize", STUB, *extra, *argv, ".", env=env, **more)


def objects(result):
    assert result.status == 0, result.message
    return {(item["kind"], item["metadata"]["name"]): item for item in yaml.load_all(result.stdout, LOADER)}


def refused(result, *words, status=1):
    assert (result.status, result.stdout) == (status, b""), result.message
    for word in words:
        assert word in result.message
    return result


def plain(value):
    return base64.b64decode(value).decode()


def fingerprint(folder):
    """Names, contents and times of all files below a folder."""
    out = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        out.update(f"{path} {stat.st_mode} {stat.st_mtime_ns} {stat.st_size}".encode())
        if path.is_file() and not path.is_symlink():
            out.update(path.read_bytes())
    return out.hexdigest()


# ------------------------------------------------------------------------------------------------------- the main path

@pytest.mark.parametrize("stage", STAGES)
def test_decrypts_all_that_flux_decrypts(repo, stage):
    before, memory = fingerprint(repo.cwd), ours_in_memory("krm-sops-")
    result = build(repo, *APPS, "--stage", stage)
    if stage == "namespace" and "is not allowed here" in result.message:
        pytest.skip("no namespaces here")
    items = objects(result)
    assert items["Secret", "db"]["stringData"] == {"user": "orders", "password": "p@ss: word # not a comment", "motd": "two\nlines\n"}
    assert items["ConfigMap", "settings"]["data"] == {"plain": "visible", "token": "from-a-patch"}
    web = items["Secret", "web"]["data"]
    assert plain(web["values.yaml"]) == "# chart\npassword: s3cret\nnested:\n    list:\n        - a\n        - b\n"
    assert plain(web["key.bin"]) == "raw bytes\n"
    assert (plain(web["MODE"]), plain(web["TOKEN"])) == ("prod", '"quoted"')
    assert plain(items["Secret", "smtp"]["data"]["PASS"]) == "mail"
    assert plain(items["Secret", "inside"]["data"]["conf.json"]) == '{\n\t"a": 1,\n\t"secret": "in-side"\n}\n'
    assert b"sops" not in result.stdout and result.message == ""
    assert fingerprint(repo.cwd) == before
    assert_none_is_left("krm-sops-", memory)


def test_takes_the_object_from_a_file(repo):
    by_name = build(repo, *APPS)
    assert build(repo, "-k", "clusters/prod/apps.yaml", "--namespace", "flux-system").stdout == by_name.stdout != b""
    refused(build(repo, "-k", "apps/db/settings.yaml"), "no Kustomization of", status=2)
    refused(build(repo, "--name", "none"), "no Kustomization of", "'none'", status=2)


def test_says_where_two_objects_are(repo):
    shutil.copy(repo.cwd / "clusters/prod/apps.yaml", repo.cwd / "clusters/again.yaml")
    refused(build(repo, *APPS), "more than one Kustomization", "clusters/again.yaml", "clusters/prod/apps.yaml", status=2)


def test_renders_a_kustomization_without_flux(repo):
    result = repo.run("build", "--kustomize", STUB, "apps/prod", env=KEYS)
    assert objects(result) == objects(build(repo, *APPS))


def test_lists_what_has_no_kustomization(repo):
    (repo.cwd / "apps/db/kustomization.yaml").unlink()
    repo.write("apps/db/sub/kustomization.yaml", "resources: [c.yaml]\n")
    repo.write("apps/db/sub/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sub}\n")
    repo.write("apps/db/sub/other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: not-listed}\n")
    text = (repo.cwd / "clusters/prod/apps.yaml").read_text().replace("./apps/prod", "./apps/db")
    repo.write("clusters/prod/apps.yaml", text)
    items = objects(build(repo, *APPS))
    assert list(items) == [("Secret", "db"), ("ConfigMap", "settings"), ("ConfigMap", "sub")]


def test_leaves_out_what_the_source_leaves_out(repo):
    repo.write("clusters/prod/apps.yaml", (repo.cwd / "clusters/prod/apps.yaml").read_text().replace("./apps/prod", "."))
    for path in repo.cwd.rglob("kustomization.yaml"):
        path.unlink()
    shutil.rmtree(repo.cwd / "clusters")
    shutil.copytree(DATA / "flux/repo/clusters", repo.path / "clusters")
    repo.write(".sourceignore", "/apps/prod\n/apps/web/values*\n")
    text = (repo.path / "clusters/prod/apps.yaml").read_text().replace("./apps/prod", "./")
    (repo.path / "clusters/prod/apps.yaml").write_text(text)
    # docs/broken.yaml is left out by the GitRepository, which stands in the same file.
    items = objects(build(repo, "-k", repo.path / "clusters/prod/apps.yaml", "--namespace", "flux-system"))
    assert set(items) == {("Secret", "db"), ("ConfigMap", "settings"), ("Secret", "inside")}


# ------------------------------------------------------------------------------------------------------------- refusals

def test_needs_a_key(repo):
    result = refused(build(repo, *APPS, keys=False), "decryption Secret 'flux-system/sops-keys' not found")
    assert "s3cret" not in result.message
    shutil.copy(DATA / "other.agekey", repo.path / "keys/flux-system/sops-keys/age.agekey")
    refused(build(repo, *APPS), "error decrypting sources", "apps/web/values.enc.yaml", "no key opens it")


def test_where_keys_lie_is_told(repo):
    """What people try first: nothing, the folder above, the key file itself in either place, a folder with a `keys.txt`."""
    refused(build(repo, *APPS, keys=False), "decryption Secret 'flux-system/sops-keys' not found: nothing says where it lies", "hint: --keys-flat DIR (KRM_SOPS_KEYS_FLAT)",
            "SOPS_AGE_KEY_FILE")
    flat = lambda path: build(repo, *APPS, "--keys-flat", path, keys=False)
    refused(flat(repo.path / "keys"), "no age identity is configured", "keys' has no file that is named as keys are: *.agekey")
    (repo.path / "wrong").mkdir()
    (repo.path / "wrong/keys.txt").write_bytes((DATA / "age.agekey").read_bytes())
    refused(flat(repo.path / "wrong"), "wrong' has no file that is named as keys are: *.agekey")
    refused(flat(DATA / "age.agekey"), "Not a directory\nkrm-sops: hint: name the folder that the file is in")
    refused(build(repo, *APPS, "--key-secret", DATA / "age.agekey", keys=False), "hint: a Secret's manifest is wanted; a file of keys is used by --keys-flat FOLDER")
    assert objects(flat(repo.path / "keys/flux-system/sops-keys"))["Secret", "db"]


def test_a_repository_with_functions_is_told_of(repo):
    """The real kustomize's words where plugins are off, as they always are here."""
    program = repo.path / "kustomize"
    program.write_text("#!/bin/sh\necho \"Error: external plugins disabled; unable to load external plugin 'Decrypt'\" >&2; exit 1\n")
    program.chmod(0o755)
    result = repo.run("build", "--kustomize", program, "--keys", repo.path / "keys", *APPS, ".")
    refused(result, "kustomize failed: no function is run here, as under Flux", "use kustomize build --enable-alpha-plugins --enable-exec")


def test_case_34_the_global_age_secret(repo):
    path = repo.cwd / "clusters/prod/apps.yaml"
    with_ref = path.read_text()
    path.write_text(with_ref.replace("    secretRef: {name: sops-keys}\n", ""))
    refused(build(repo, *APPS), "no key opens it")
    global_age = ("--global-age", "flux-system/sops-keys")
    assert objects(build(repo, *APPS, *global_age))["Secret", "db"]
    # Its namespace is its own, whatever the Kustomization's; and it holds age keys only.
    (repo.path / "keys/flux-system").rename(repo.path / "keys/ops")
    (repo.path / "keys/ops/sops-keys/sops.asc").write_text("no key at all")
    assert objects(build(repo, *APPS, "--global-age", "ops/sops-keys"))["Secret", "db"]
    # With a secretRef it is not looked at.
    path.write_text(with_ref)
    (repo.path / "keys/flux-system/sops-keys").mkdir(parents=True)
    (repo.path / "keys/flux-system/sops-keys/other").write_text("x")
    refused(build(repo, *APPS, "--global-age", "ops/sops-keys"), "no key opens it")
    path.write_text(with_ref.replace("    secretRef: {name: sops-keys}\n", ""))
    refused(build(repo, *APPS, "--global-age", "ops"), "not NAMESPACE/NAME", status=2)


def test_case_21_a_secret_that_nobody_decrypts(repo):
    """No spec.decryption: Flux stops at a Secret with `sops`."""
    result = refused(build(repo, "--name", "plain", "--namespace", "flux-system"), "Secret db", "is left", "spec.decryption")
    refused(build(repo, "--name", "plain", "--namespace", "flux-system", "--compat", "flux"), "Secret db")
    assert "ENC[" not in result.message


def test_case_24_what_flux_does_not_see(repo):
    compact = '{"a":"ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]","sops":{"mac":"ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"}}'
    repo.write("apps/web/inside.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: inside}\ndata:\n"
               f"  a.json: {base64.b64encode(compact.encode()).decode()}\n  b: '%%%'\n")
    refused(build(repo, *APPS), "Secret inside", "data.a.json", "ciphertext is left")
    result = build(repo, *APPS, "--compat", "flux")
    assert plain(objects(result)["Secret", "inside"]["data"]["a.json"]) == compact
    assert "warning: Secret inside" in result.message


@pytest.mark.parametrize("field", ["data", "stringData"])
def test_lines_of_a_dotenv_in_a_manifest_are_what_flux_does_not_see(repo, field):
    """It decrypts the files of `envs:`, which are decrypted here by then; lines that somebody has put into an object stay as they are."""
    lines = (line.partition("=") for line in (repo.cwd / "apps/web/web.enc.env").read_text().splitlines() if not line.startswith("#"))
    values = {key: base64.b64encode(value.encode()).decode() if field == "data" else value for key, _, value in lines}
    repo.write("apps/web/inside.yaml", yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "inside"}, field: values}))
    refused(build(repo, *APPS), f"Secret inside: {field}.", "is left")
    result = build(repo, *APPS, "--compat", "flux")
    assert objects(result)["Secret", "inside"][field] == values
    assert "warning: Secret inside" in result.message


def test_objects_in_a_list_are_what_flux_does_not_see(repo):
    """kustomize takes lists apart, but for one that a patch has made."""
    secret = yaml.safe_load((repo.cwd / "apps/db/secret.yaml").read_text())
    secret["metadata"]["name"] = "inside"
    repo.write("apps/web/inside.yaml", yaml.safe_dump({"apiVersion": "v1", "kind": "SecretList", "metadata": {"name": "all"}, "items": [secret]}))
    refused(build(repo, *APPS), "SecretList all: items[0].", "Secret inside", "is left")
    refused(build(repo, *APPS, "--compat", "flux"), "Secret inside", "is left")  # as by Flux when it applies it


def test_case_25_prose_that_looks_like_ini(repo):
    repo.write("apps/web/inside.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: inside}\ndata:\n"
               f"  notes: {base64.b64encode(b'about the section [sops] of INI files').decode()}\n")
    refused(build(repo, *APPS), "Secret inside", "data.notes")


def test_case_26_a_wrong_mac_is_a_warning(repo):
    for name in ("apps/web/values.enc.yaml", "apps/db/secret.yaml"):
        text = (repo.cwd / name).read_text()
        old = "nested" if "values" in name else "motd"
        lines = text.splitlines(keepends=True)
        if "values" in name:
            lines = [line for line in lines if not line.strip().startswith("password")]
        else:
            lines = [line for line in lines if not line.strip().startswith("user")]
        assert old in text
        (repo.cwd / name).write_text("".join(lines))
    result = build(repo, *APPS)
    assert "user" not in objects(result)["Secret", "db"]["stringData"]
    assert "warning: 'apps/web/values.enc.yaml': the MAC is missing or wrong" in result.message
    assert "warning: Secret db: its source" in result.message
    refused(build(repo, *APPS, "--mac", "verify"), "apps/web/values.enc.yaml")
    result = build(repo, *APPS, "--mac", "ignore", env={"KRM_SOPS_POLICY": str(policy(repo, "ignore"))})
    assert result.status == 0 and "MAC" not in result.message


def policy(repo, mac):
    path = repo.path / "policy.yaml"
    path.write_text(f"apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {{mac: {mac}}}\n")
    path.chmod(0o600)
    return path


def without_user(text):
    return "".join(line for line in text.splitlines(keepends=True) if not line.strip().startswith("user"))


def test_finds_the_source_of_a_mac_in_a_large_file(repo):
    secret = repo.cwd / "apps/db/secret.yaml"
    secret.write_text(secret.read_text() + "# " + "x" * 300000 + "\n")
    result = build(repo, *APPS, "--mac", "verify")
    assert result.status == 0 and "MAC" not in result.message
    secret.write_text(without_user(secret.read_text()))
    assert "warning: Secret db: its source" in build(repo, *APPS).message


def test_what_is_known_of_copied_files_holds_for_their_own_root(repo):
    """With a --root of its own, the search goes over paths that are others below the root that was copied."""
    manifest = repo.path / "apps.yaml"
    manifest.write_text((repo.cwd / "clusters/prod/apps.yaml").read_text())
    repo.write("apps/apps/db/secret.yaml", "plain: file\n")
    text = manifest.read_text().replace("./apps/prod", "./db")
    manifest.write_text(text)
    for stage in STAGES:
        result = repo.run("build", "--kustomize", STUB, "--keys", repo.path / "keys", "-k", manifest, "--namespace", "flux-system", "--root", repo.cwd,
                          "--mac", "verify", "--stage", stage, repo.cwd / "apps")
        if "is not allowed here" not in result.message:
            assert ("Secret", "db") in objects(result)


def opens(folder, run):
    """How often each file below folder is opened while run() runs."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch, paths, counts = libc.inotify_init1(os.O_NONBLOCK), {}, {}
    if watch < 0:
        pytest.skip("no inotify here")
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            paths[libc.inotify_add_watch(watch, os.fsencode(path), 0x20)] = str(path.relative_to(folder))
    run()
    try:
        while events := os.read(watch, 1 << 16):
            for at in range(0, len(events), 16):  # an event of a file itself has no name
                name = paths[struct.unpack_from("i", events, at)[0]]
                counts[name] = counts.get(name, 0) + 1
    except BlockingIOError:
        pass
    os.close(watch)
    return {name: counts.get(name, 0) for name in paths.values()}


@pytest.mark.parametrize("stage", STAGES)
def test_opens_each_file_of_the_tree_once(repo, stage):
    """Twice where it holds ciphertext: its own bytes are what the MAC is over."""
    shutil.rmtree(repo.cwd / "clusters")
    results = []
    counts = opens(repo.cwd, lambda: results.append(repo.run("build", "--kustomize", STUB, "--stage", stage, "apps/prod", env=KEYS)))
    if "is not allowed here" in results[0].message:
        pytest.skip("no namespaces here")
    assert ("Secret", "db") in objects(results[0])
    if not any(counts.values()):
        pytest.skip("this file system tells nothing of opens")
    sealed = {name for name in counts if "ENC[AES256_GCM,data:" in (repo.cwd / name).read_text()}
    assert {name for name in counts if counts[name] != 1} <= sealed
    assert counts["apps/db/secret.yaml"] == 2 and max(counts.values()) == 2


def test_the_policy_binds_the_mac(repo):
    refused(build(repo, *APPS, "--mac", "auto", env={"KRM_SOPS_POLICY": str(policy(repo, "verify"))}), "mac", status=77)


def test_case_28_the_first_reference_decides(repo):
    path = repo.cwd / "apps/web/kustomization.yaml"
    path.write_text(path.read_text().replace("[values.yaml=values.enc.yaml,", "[blob=values.enc.yaml, values.yaml=values.enc.yaml,"))
    result = refused(build(repo, *APPS), "'apps/web/values.enc.yaml' stays encrypted before the build: its first reference asks for binary")
    assert "data.blob" in result.message


def test_differs_fetches_nothing(repo):
    repo.write("apps/prod/kustomization.yaml", "resources: [../db, 'https://example.org/x.yaml']\n")
    refused(build(repo, *APPS), "'apps/prod/kustomization.yaml' names 'https://example.org/x.yaml'", "--allow-remote", status=77)


def test_cases_30_and_31_limits_and_cycles(repo):
    repo.write("apps/web/kustomization.yaml", "resources: [../prod]\nsecretGenerator: [{name: big, files: [big]}]\n")
    (repo.cwd / "apps/web/big").write_bytes(b"x" * 5242881)
    refused(build(repo, *APPS), "exceeding limit (5242880)")
    repo.write("apps/web/kustomization.yaml", "resources: []\n")
    repo.write("apps/web/Kustomization", "resources: []\n")
    refused(build(repo, *APPS), "found multiple kustomization files")


def test_links_fifos_and_what_leads_out(repo):
    (repo.path / "outside.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: outside}\n")
    os.symlink(repo.path / "outside.yaml", repo.cwd / "apps/db/settings2.yaml")
    os.symlink("settings.yaml", repo.cwd / "apps/db/in.yaml")
    os.mkfifo(repo.cwd / "apps/db/fifo")
    result = build(repo, *APPS)
    assert "2 symbolic links are left out, as Flux's source does" in result.message
    repo.write("apps/db/kustomization.yaml", "resources: [secret.yaml, in.yaml]\n")
    refused(build(repo, *APPS))


def test_differs_follows_links_without_flux(repo):
    (repo.path / "outside.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: outside}\n")
    os.symlink("settings.yaml", repo.cwd / "apps/db/in.yaml")
    os.symlink(repo.path / "outside.yaml", repo.cwd / "apps/db/settings2.yaml")
    repo.write("apps/db/kustomization.yaml", "resources: [secret.yaml, in.yaml]\n")
    result = repo.run("build", "--kustomize", STUB, "apps/prod", env=KEYS)
    assert ("ConfigMap", "settings") in objects(result)
    assert "1 symbolic link is left out" in result.message
    repo.write("apps/db/kustomization.yaml", "resources: [secret.yaml, settings2.yaml]\n")
    assert repo.run("build", "--kustomize", STUB, "apps/prod", env=KEYS).status == 1


def test_differs_leaves_plain_data(repo):
    text = "apiVersion: v1\ndata:\n  number: 12\nkind: Secret\nmetadata:\n  name: odd\n"
    repo.write("apps/db/settings.yaml", text)
    repo.write("apps/prod/kustomization.yaml", "resources: [../db]\n")
    assert text.encode() in build(repo, *APPS).stdout


# ------------------------------------------------------------------------------------------------------- the child

def test_the_child_sees_little(repo):
    path = repo.cwd / "apps/prod/kustomization.yaml"
    path.write_text(path.read_text() + "metadata: {annotations: {stub: env}}\n")
    result = build(repo, *APPS, env={"AWS_SECRET_ACCESS_KEY": "a", "VAULT_TOKEN": "b", "SOPS_AGE_KEY": "c", "OTHER": "d"})
    assert result.status == 0
    said = next(line for line in result.message.splitlines() if "kustomize says" in line)
    assert "['HOME'" in said and "LC_CTYPE" in said or "['HOME']" in said
    for name in ("AWS", "VAULT", "SOPS", "OTHER", "PATH"):
        assert name not in said.replace("LoadRestrictionsNone", "")
    if pathlib.Path("/sys/kernel/security/lsm").exists() and "landlock" in pathlib.Path("/sys/kernel/security/lsm").read_text():
        assert "/etc/hostname" not in said


def test_its_messages_hold_no_secret(repo):
    path = repo.cwd / "apps/web/kustomization.yaml"
    path.write_text(path.read_text() + "metadata: {annotations: {stub: fail}}\n")
    result = refused(build(repo, *APPS), "kustomize: Error: can not use", "<redacted>", "kustomize failed")
    for secret in ("s3cret", "raw", "bytes", "quoted"):
        assert secret not in result.message


def test_says_where_kustomize_is_missing(repo):
    empty = repo.path / "empty"
    empty.mkdir()
    result = repo.run("build", *APPS, "--keys", repo.path / "keys", ".", env={"PATH": str(empty)})
    refused(result, "neither kustomize nor kubectl is on PATH", "--kustomize FILE", status=2)
    refused(repo.run("build", "--kustomize", "apps/db/secret.yaml", *APPS, "."), "is no program", status=2)


def test_takes_kubectl_where_it_is_the_only_one(repo):
    tools = repo.path / "tools"
    tools.mkdir()
    shutil.copy(STUB, tools / "kubectl")
    path = repo.cwd / "apps/prod/kustomization.yaml"
    path.write_text(path.read_text() + "metadata: {annotations: {stub: env}}\n")
    result = repo.run("build", *APPS, "--keys", repo.path / "keys", ".", env={"PATH": str(tools)})
    assert result.status == 0 and "['kustomize', '--load-restrictor=LoadRestrictionsNone']" in result.message
    shutil.copy(STUB, tools / "kustomize")
    result = repo.run("build", *APPS, "--keys", repo.path / "keys", ".", env={"PATH": str(tools)})
    assert "['build', '--load-restrictor=LoadRestrictionsNone']" in result.message


# ------------------------------------------------------------------------------------------------------- substitution

def post_build(repo, text):
    path = repo.cwd / "clusters/prod/apps.yaml"
    path.write_text(path.read_text() + text)


def test_substitutes(repo):
    repo.write("apps/db/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '${A}', b: '${B:=b}', c: '$${C}'}\n")
    post_build(repo, "  postBuild:\n    substitute: {A: one}\n    substituteFrom: [{kind: Secret, name: vars}]\n")
    refused(build(repo, *APPS), "Secret 'vars' of 'substituteFrom' is not there", "--substitute-from")
    # The Secret of the variables may be an encrypted one itself.
    text = (repo.cwd / "apps/db/secret.yaml").read_text().replace("name: db", "name: vars")
    repo.write("vars.yaml", text)
    repo.write("apps/db/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '${A}', b: '${user}', c: '$${C}'}\n")
    data = objects(build(repo, *APPS, "--substitute-from", "vars.yaml"))["ConfigMap", "settings"]["data"]
    assert data == {"a": "one", "b": "orders", "c": "${C}", "token": "from-a-patch"}


def test_is_strict_about_variables(repo):
    repo.write("apps/db/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: 'x${NONE}'}\n")
    post_build(repo, "  postBuild: {substitute: {A: one}}\n")
    refused(build(repo, *APPS), "ConfigMap settings: post build failed: variable 'NONE' is not set")
    assert objects(build(repo, *APPS, "--lax"))["ConfigMap", "settings"]["data"]["a"] == "x"


def test_common_metadata(repo):
    post_build(repo, "  commonMetadata: {labels: {team: shop}}\n")
    assert all(item["metadata"]["labels"]["team"] == "shop" for item in objects(build(repo, *APPS)).values())


# ------------------------------------------------------------------------------------------------------- without keys

def test_stand_ins_need_no_key(repo):
    result = build(repo, *APPS, "--placeholder", keys=False)
    items = objects(result)
    real = objects(build(repo, *APPS))
    assert list(items) == list(real)
    for name, item in items.items():
        for part in ("data", "stringData"):
            assert set(item.get(part, {})) == set(real[name].get(part, {})), name
    assert "placeholder" in items["Secret", "db"]["stringData"]["password"]
    assert items["ConfigMap", "settings"]["data"]["plain"] == "visible"
    assert "placeholder" in plain(items["Secret", "web"]["data"]["values.yaml"])
    assert "nested:" in plain(items["Secret", "web"]["data"]["values.yaml"])
    assert plain(items["Secret", "web"]["data"]["values.yaml"]).startswith(f"#{STAND_IN}\n")
    assert "placeholder" in plain(items["Secret", "inside"]["data"]["conf.json"])
    for secret in (b"s3cret", b"p@ss", base64.b64encode(b"raw bytes")):
        assert secret not in result.stdout
    assert repo.run("check", "--build", "-", stdin=result.stdout).status == 1


def test_stand_ins_mark_the_names_that_depend_on_them(repo):
    path = repo.cwd / "apps/web/kustomization.yaml"
    path.write_text(path.read_text().replace("name: web", "name: web-ft74ch57dc"))
    repo.write("apps/db/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: web-ft74ch57dc, b: web-ft74ch57dc-x, c: db-ft74ch57dc}\n")
    items = objects(build(repo, *APPS, "--placeholder", keys=False))
    assert ("Secret", "web-placeholder") in items
    data = items["ConfigMap", "settings"]["data"]
    assert (data["a"], data["b"], data["c"]) == ("web-placeholder", "web-ft74ch57dc-x", "db-ft74ch57dc")


# ------------------------------------------------------------------------------------------------------- diff

def diff(place, *argv, **more):
    return place.run("diff", "--kustomize", STUB, "--keys", place.path / "keys", *APPS, *argv, ".", **more)


def test_diff_tells_what_changes_and_no_secret(repo):
    shutil.copytree(repo.cwd, repo.path / "main", symlinks=True)
    assert (lambda r: (r.status, r.stdout, r.message))(diff(repo, "--against", repo.path / "main", "--exit-code")) == (0, b"", "")
    old = build(repo, *APPS).stdout
    (repo.path / "old.yaml").write_bytes(old.replace(b"p@ss: word", b"older").replace(b"from-a-patch", b"from-another-patch").replace(
        base64.b64encode(b"mail"), base64.b64encode(b"mailer")).replace(b"kind: Secret\nmetadata:\n  name: inside", b"kind: Secret\nmetadata:\n  name: gone"))
    repo.write("apps/db/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {plain: seen, more: x, list: from-a-patch!}\n")
    result = diff(repo, "--against", repo.path / "old.yaml", "--exit-code")
    assert result.status == 3
    assert result.stdout.decode().splitlines() == [
        "~ Secret db", "    stringData.password: ******** -> ******** (changed)",
        "~ ConfigMap settings", "    data.plain: visible -> seen", "    data.token: ******** -> ******** (changed)", "    data.list: ******** (added)", "    data.more: x (added)",
        "+ Secret inside",
        "~ Secret smtp", "    data.PASS: ******** -> ******** (changed)",
        "- Secret gone"]


def test_diff_asks_the_cluster(repo):
    tools = repo.path / "tools"
    tools.mkdir()
    (tools / "kubectl").write_text("#!/bin/sh\necho \"$@ $TMPDIR\" >&2\nprintf '%s\\n' \"+token: from-a-patch\"\ncat >/dev/null\nexit ${STATUS:-1}\n")
    (tools / "kubectl").chmod(0o755)
    env = {"PATH": f"{tools}:/usr/bin:/bin", "SOPS_X": "1"}
    result = diff(repo, env=env)
    assert (result.status, result.stdout) == (0, b"+token: ********\n")
    assert result.message.startswith("diff -f - /") and str(repo.path) not in result.message
    assert diff(repo, "--exit-code", env=env).status == 3
    assert diff(repo, env={**env, "STATUS": "2"}).status == 1


# ------------------------------------------------------------------------------------------------------------ command line

def test_command_line(repo):
    for argv in (["--nothing"], ["-k"], ["--stage", "disk"], ["--compat", "sops"], ["--mac", "strong"], ["--source", "x", "y"]):
        result = repo.run("build", *argv, ".")
        assert result.status == 2 and result.stdout == b"", result.message
    refused(repo.run("build"), "no folder given", status=2)
    refused(repo.run("build", "nothing"), "nothing")
    assert repo.run("build", "--help").stdout.startswith(b"usage: krm-sops build")
