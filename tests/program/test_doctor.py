# SPDX-License-Identifier: Apache-2.0
"""`doctor`: each gap in a place that has just that one, and a place that has none. kustomize is a stand-in that knows its two flags; the real
one is asked in tests/interop/ksops.py. The example for Argo CD is held to what doctor and kustomize want.
"""
import json
import os
import shutil
import subprocess

import pytest
import yaml

from conftest import DATA, ROOT, program_path, without_file_rights

ARGOCD = ROOT / "examples/argocd"
# What kustomize does with functions: it runs them where both flags are given, skips them in silence with the first alone.
KUSTOMIZE = r"""#!/bin/sh
[ "$1" = version ] && { echo v5.8.1; exit 0; }
[ "$1" = build ] || exit 3
[ -n "$BREAKS" ] && { echo "first"; echo "Error: $BREAKS" >&2; exit 1; }
plugins= exec=
for arg; do
    case $arg in
    --enable-alpha-plugins) plugins=1;; --enable-exec) exec=1;; build|.|--load-restrictor=*) ;;
    *) echo "Error: unknown flag: $arg" >&2; exit 1;;
    esac
done
[ -n "$SILENT" ] || cat plain.yaml
[ -n "$plugins" ] && [ -n "$exec" ] && [ -f generator.yaml ] || exit 0
name=$(sed -n 's/.*exec: {path: "\(.*\)"}.*/\1/p' generator.yaml)
echo ---
{ printf 'kind: ResourceList\nitems:\n'; sed '1s/^/- /;2,$s/^/  /' generator.yaml; } | "$name"
"""


@pytest.fixture
def doctor(place):
    """doctor(argv...): with everything there, but for what env and argv change."""
    tools = place.path / "tools"
    tools.mkdir()
    (tools / "krm-sops").symlink_to(program_path())
    (tools / "kustomize").write_text(KUSTOMIZE)
    (tools / "kustomize").chmod(0o755)
    shutil.copy(DATA / "ksops/repo/secret-a.enc.yaml", place.cwd)
    shutil.copy(DATA / "age.agekey", place.path)

    def run(*argv, env=None, sample="secret-a.enc.yaml", stdin=b"", **more):
        usual = {"PATH": f"{tools}:/usr/bin:/bin", "SOPS_AGE_KEY_FILE": str(place.path / "age.agekey")}
        usual = {name: value for name, value in {**usual, **(env or {})}.items() if value is not None}
        end = argv.index("--") if "--" in argv else len(argv)
        result = place.run("doctor", *argv[:end], *([sample] if sample else []), *argv[end:], env=usual, stdin=stdin, **more)
        assert os.listdir(place.tmp) == [], "something is left in the temporary folder"
        return result

    run.tools = tools
    return run


def lines(result):
    return [line.split(":", 1)[0].split() for line in result.stdout.decode().splitlines() if not line.startswith(" ")]


def is_gap(result, check, *words):
    """The last line, and the only one of its kind; hint and all."""
    assert result.status == 1 and result.stderr == b"", result.message
    found = lines(result)
    assert found[-1] == ["gap", check] and all(state != "gap" for state, _ in found[:-1]), result.stdout
    for word in words:
        assert word in result.stdout.decode(), result.stdout


def test_a_place_that_has_everything(doctor):
    result = doctor("--accept-exec")
    assert result.status == 0 and result.stderr == b"", result.message
    assert lines(result) == [["ok", name] for name in ("program", "home", "tmp", "kustomize", "flags", "key", "sample")] + [["note", "exec"]]
    assert b"version v5.8.1" in result.stdout and b"1 age identity" in result.stdout and b"beside SOPS_AGE_KEY_FILE" in result.stdout


def test_json_says_the_same(doctor):
    for argv, ok in ((["--accept-exec"], True), ([], False)):
        result = doctor("--output=json", *argv)
        out = json.loads(result.stdout)
        assert out["ok"] is ok and result.status == (0 if ok else 1)
        assert [entry["check"] for entry in out["checks"]] == ["program", "home", "tmp", "kustomize", "flags", "key", "sample", "exec"]
        assert [entry["state"] for entry in out["checks"]] == ["ok"] * 7 + ["note" if ok else "gap"]
        assert all(set(entry) == {"check", "state", "text", "hint"} for entry in out["checks"])


def test_gap_no_program_of_that_name(doctor):
    is_gap(doctor("--name=ksops"), "program", "no 'ksops' on PATH", "krm-sops install DIR")
    (doctor.tools / "ksops").symlink_to(program_path())
    assert doctor("--name=ksops", "--accept-exec").status == 0


def test_gap_another_program_of_that_name(doctor):
    (doctor.tools / "ksops").write_text("#!/bin/sh\n")
    (doctor.tools / "ksops").chmod(0o755)
    is_gap(doctor("--name=ksops"), "program", "is another program than this one")
    # As long as ours, but for one byte.
    data = bytearray(open(program_path(), "rb").read())
    data[-1] ^= 1
    (doctor.tools / "ksops").write_bytes(data)
    is_gap(doctor("--name=ksops"), "program", "is another program than this one")
    # A copy is fine.
    shutil.copy(program_path(), doctor.tools / "ksops")
    assert doctor("--name=ksops", "--accept-exec").status == 0


def test_gap_no_place_for_temporary_files(doctor, place):
    is_gap(doctor(env={"TMPDIR": str(place.path / "nowhere")}), "tmp", "can not be written to", "emptyDir")
    (place.path / "closed").mkdir(mode=0o500)
    is_gap(doctor(env={"TMPDIR": str(place.path / "closed")}, preexec_fn=without_file_rights), "tmp", "Permission denied")
    is_gap(doctor(env={"TMPDIR": "/" + "x" * 5000}), "tmp", "too long")


def test_gap_no_kustomize(doctor):
    (doctor.tools / "kustomize").rename(doctor.tools / "kustomise")
    is_gap(doctor(), "kustomize", "no 'kustomize' on PATH", "--with-kustomize")
    assert doctor("--accept-exec", "--kustomize", doctor.tools / "kustomise").status == 0
    is_gap(doctor("--kustomize=/nowhere/kustomize"), "kustomize", "no '/nowhere/kustomize'")


@pytest.mark.parametrize("script, words", [("#!/bin/sh\nexit 1\n", "exit status 1"), ("#!/nowhere\n", "kustomize"), ("#!/bin/sh\n", "tells no version"),
                                           ("#!/bin/sh\necho 'it has no legs' >&2; kill -9 $$\n", "it says: it has no legs")])
def test_gap_a_kustomize_that_does_not_run(doctor, script, words):
    (doctor.tools / "kustomize").write_text(script)
    is_gap(doctor(), "kustomize", words)


@pytest.mark.parametrize("flags", [["--enable-alpha-plugins"], ["--enable-exec"]])
def test_gap_flags_that_do_not_run_functions(doctor, flags):
    is_gap(doctor("--accept-exec", "--", *flags), "flags", "skips the function in silence", "both --enable-alpha-plugins and --enable-exec")
    assert doctor("--accept-exec", "--", "--enable-exec", "--enable-alpha-plugins", "--load-restrictor=x").status == 0


def test_gap_a_build_that_fails(doctor):
    is_gap(doctor("--accept-exec", "--", "--enable-helmet"), "flags", "exit status 1", "unknown flag: --enable-helmet")
    is_gap(doctor(env={"BREAKS": "no room"}), "flags", "it says: Error: no room")
    is_gap(doctor(env={"SILENT": "1"}), "flags", "does not print what it is given")


def test_gap_the_key_can_not_be_read(doctor, place):
    is_gap(doctor(env={"SOPS_AGE_KEY_FILE": "/nowhere/key"}), "key", "the key '/nowhere/key' can not be read", "is the Secret mounted")
    (place.path / "age.agekey").chmod(0)
    is_gap(doctor(preexec_fn=without_file_rights), "key", "Permission denied")
    for flag in ("--keys", "--keys-flat", "--key-secret"):
        is_gap(doctor(f"{flag}=/nowhere", env={"SOPS_AGE_KEY_FILE": None}), "key", "'/nowhere' can not be read")


def test_gap_no_key_at_all(doctor, place):
    """GnuPG and the like may have one: where no file says so, only the sample can tell."""
    result = doctor(env={"SOPS_AGE_KEY_FILE": None, "HOME": ""})
    is_gap(result, "sample", "SOPS_AGE_KEY_CMD", "age1")
    assert lines(result)[-2] == ["note", "key"]
    place.write("../mount/other.txt", "x")
    is_gap(doctor("--keys-flat", place.path / "mount", env={"SOPS_AGE_KEY_FILE": None, "HOME": ""}), "sample", "age1")
    assert ["note", "key"] in lines(doctor("--accept-exec", sample=None, env={"SOPS_AGE_KEY_FILE": None, "HOME": ""}))


def test_gap_a_key_that_is_none(doctor, place):
    place.write("../mount/x.agekey", "nonsense\n")
    is_gap(doctor("--keys-flat", place.path / "mount"), "key", "x.agekey")


def test_gap_the_sample_does_not_open(doctor, place):
    shutil.copy(DATA / "other.agekey", place.path / "age.agekey")
    is_gap(doctor(), "sample", "no key opens it", "age1")
    shutil.copy(DATA / "age.agekey", place.path / "age.agekey")
    is_gap(doctor(sample="nothing.yaml"), "sample", "nothing.yaml")
    place.write("plain.yaml", "a: b\n")
    is_gap(doctor(sample="plain.yaml"), "sample", "sops metadata not found")
    place.write("secret-a.enc.yaml", (DATA / "ksops/repo/secret-a.enc.yaml").read_text().replace("name: a", "name: b"))
    is_gap(doctor(), "sample", "MAC")


def test_the_sample_may_come_by_stdin(doctor, place):
    assert doctor("--accept-exec", sample="-", stdin=(place.cwd / "secret-a.enc.yaml").read_bytes()).status == 0


def test_without_a_sample_it_says_so(doctor):
    result = doctor("--accept-exec", sample=None)
    assert result.status == 0 and ["note", "sample"] in lines(result)


def test_gap_keys_beside_code_of_the_repository(doctor, place):
    is_gap(doctor(), "exec", "whoever writes to Git runs code beside SOPS_AGE_KEY_FILE", "--accept-exec", "krm-sops build")
    key = (DATA / "age.agekey").read_text()
    env = {"SOPS_AGE_KEY_FILE": None, "SOPS_AGE_KEY": next(line for line in key.splitlines() if line.startswith("AGE")), "VAULT_TOKEN": "x"}
    result = doctor(env=env)
    is_gap(result, "exec", "SOPS_AGE_KEY, VAULT_TOKEN")
    assert b"AGE-SECRET" not in result.stdout
    place.write("../mount/x.agekey", key)
    is_gap(doctor("--keys-flat", place.path / "mount", env={"SOPS_AGE_KEY_FILE": None}), "exec", "beside the keys of the command line")
    home = place.home / ".config/sops/age"
    home.mkdir(parents=True)
    (home / "keys.txt").write_text(key)
    is_gap(doctor(env={"SOPS_AGE_KEY_FILE": None}), "exec", "beside the keys of this user")
    # Where kustomize runs no functions there is none.
    result = doctor("--")
    assert result.status == 0 and lines(result)[-1] == ["ok", "exec"]


def test_a_home_that_is_missing_is_no_gap(doctor):
    for home in ("", "/nowhere"):
        result = doctor("--accept-exec", env={"HOME": home})
        assert result.status == 0 and ["note", "home"] in lines(result)


def test_keys_of_a_secret_ref(doctor, place):
    place.write("decrypt.yaml", "apiVersion: krm-sops.dev/v1alpha1\nkind: Decrypt\nmetadata: {name: d, namespace: flux-system}\nspec: {decryption: {secretRef: {name: sops-keys}}}\n")
    place.write("../keys/flux-system/sops-keys/x.agekey", (DATA / "age.agekey").read_text())
    keys = ["--keys", place.path / "keys", "--config=decrypt.yaml"]
    env = {"SOPS_AGE_KEY_FILE": None}
    assert doctor("--accept-exec", *keys, "--namespace=flux-system", env=env).status == 0
    is_gap(doctor("--accept-exec", *keys, env=env), "key", "flux-system")
    (place.path / "keys/flux-system/sops-keys/x.agekey").rename(place.path / "keys/flux-system/sops-keys/other.txt")
    is_gap(doctor("--accept-exec", *keys, "--namespace=flux-system", env=env), "sample", "no key opens it")
    shutil.rmtree(place.path / "keys/flux-system/sops-keys")
    is_gap(doctor("--accept-exec", *keys, "--namespace=flux-system", env=env), "key", "sops-keys")


@pytest.mark.parametrize("argv", [["a", "b"], ["--nothing"], ["--output=xml"], ["--name"], ["--config=nowhere.yaml"]])
def test_a_wrong_command_line(place, argv):
    result = place.run("doctor", *argv)
    assert result.status in (1, 2) and result.stdout == b"" and result.stderr.startswith(b"krm-sops: ")


@pytest.mark.skipif(os.geteuid() != 0, reason="another user needs root")
def test_as_the_user_of_argo_cd(doctor, place):
    """Uid 999: no passwd entry, no home, a root file system that it can not write to."""
    for folder in (place.path, *place.path.parents):
        if folder.stat().st_mode & 0o5 != 0o5 and folder != place.path.root and os.access(folder, os.W_OK) and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o5)
    shutil.copy(program_path("KRM_SOPS_PLAIN"), place.path / "krm-sops-copy")
    (doctor.tools / "krm-sops").unlink()
    shutil.copy(program_path("KRM_SOPS_PLAIN"), doctor.tools / "krm-sops")
    place.tmp.chmod(0o777)
    env = {"HOME": "/home/argocd", "PATH": f"{doctor.tools}:/usr/bin:/bin", "SOPS_AGE_KEY_FILE": str(place.path / "age.agekey"), "TMPDIR": str(place.tmp)}
    done = subprocess.run([place.path / "krm-sops-copy", "doctor", "--accept-exec", "secret-a.enc.yaml"], env=env, cwd=place.cwd, capture_output=True, user=999, group=999, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert os.listdir(place.tmp) == []


# ---------------------------------------------------------------------------------------------- examples/argocd

@pytest.mark.parametrize("name, command", [("plugin.yaml", ["krm-sops", "build", "."]),
                                           ("plugin-functions.yaml", ["kustomize", "build", "--enable-alpha-plugins", "--enable-exec", "."])])
def test_the_plugin_is_what_argo_cd_reads(name, command):
    plugin = yaml.safe_load((ARGOCD / name).read_text())
    assert (plugin["apiVersion"], plugin["kind"]) == ("argoproj.io/v1alpha1", "ConfigManagementPlugin")
    assert set(plugin["spec"]) == {"version", "discover", "generate"} and plugin["spec"]["discover"] == {"fileName": "kustomization.y*ml"}
    assert plugin["spec"]["generate"]["command"] == command


def test_the_patch_mounts_what_it_names():
    spec = yaml.safe_load((ARGOCD / "repo-server-patch.yaml").read_text())["spec"]["template"]["spec"]
    there = {volume["name"] for volume in spec["volumes"]} | {"var-files", "plugins"}
    for container in spec["initContainers"] + spec["containers"]:
        assert {mount["name"] for mount in container["volumeMounts"]} <= there
        tight = container["securityContext"]
        assert tight["runAsUser"] == 999 and tight["runAsNonRoot"] and tight["readOnlyRootFilesystem"] and not tight["allowPrivilegeEscalation"]
    sidecar = spec["containers"][0]
    mounts = {mount["name"]: mount["mountPath"] for mount in sidecar["volumeMounts"]}
    env = {entry["name"]: entry["value"] for entry in sidecar["env"]}
    assert sidecar["command"] == ["/var/run/argocd/argocd-cmp-server"] and mounts["var-files"] == "/var/run/argocd"
    assert env["PATH"].startswith(mounts["custom-tools"] + ":") and env["KRM_SOPS_KEYS_FLAT"] == mounts["sops-keys"] and mounts["krm-sops-tmp"] == "/tmp"
    assert spec["initContainers"][0]["command"] == ["krm-sops", "install", "--with-kustomize", mounts["custom-tools"]]
