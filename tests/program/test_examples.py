# SPDX-License-Identifier: Apache-2.0
"""The examples of the sidecar and of CI are run, and their manifests hold what SECURITY promises of them. Real kustomize applies them in tests/interop/sidecar.py."""
import pathlib
import shutil
import subprocess

import pytest
import yaml

from conftest import DATA, ROOT, assert_none_is_left, ours_in_memory, program_path
from test_build import STUB

EXAMPLES = ROOT / "examples"


def pod(path):
    return yaml.safe_load((EXAMPLES / path).read_text())["spec"]["template"]["spec"]


def container(spec, name):
    return next(one for one in spec["containers"] if one["name"] == name)


def mounts(one):
    return {mount["mountPath"]: mount for mount in one.get("volumeMounts", [])}


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
def test_the_sidecar_example_runs(place):
    done = subprocess.run(["sh", str(EXAMPLES / "sidecar/run.sh")], env=place.env(KRM_SOPS=program_path()), cwd=place.cwd, capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sidecar: all as it should be" in done.stdout and "the same bytes as with the keys at hand: 3 Secrets" in done.stdout


@pytest.mark.parametrize("path, name", [("sidecar/repo-server-patch.yaml", "krm-sops-keys"), ("flux-sidecar/sidecar.yaml", "krm-sops")])
def test_containers_are_tight_and_probed(path, name):
    spec = pod(path)
    one = container(spec, name)
    context = one["securityContext"]
    assert context["runAsNonRoot"] and context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
    assert context["capabilities"] == {"drop": ["ALL"]} and context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {"requests", "limits"} <= one["resources"].keys()
    listens = [arg.removeprefix("--listen=") for arg in one["args"] if "unix:///" in arg]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        command = one[probe]["exec"]["command"]
        assert command[0] == "krm-sops" and command[-1:] == listens
    socket = pathlib.Path(listens[0].removeprefix("unix://"))
    mount = mounts(one)[str(socket.parent.parent)]
    volume = next(volume for volume in spec["volumes"] if volume["name"] == mount["name"])
    assert volume["emptyDir"]["medium"] == "Memory"
    assert {mount["name"] for other in spec["containers"] for mount in other.get("volumeMounts", []) if "name" in mount} <= {volume["name"] for volume in spec["volumes"]}


def test_keys_are_mounted_into_the_sidecar_alone():
    spec = pod("sidecar/repo-server-patch.yaml")
    with_keys = [one["name"] for one in spec["containers"] for mount in one["volumeMounts"] if mount.get("name") == "sops-keys"]
    assert with_keys == ["krm-sops-keys"]
    builder = container(spec, "krm-sops")
    assert mounts(builder)["/sops-keys"]["$patch"] == "delete" and mounts(builder)["/run/krm-sops"]["readOnly"] is True
    argocd = container(pod("argocd/repo-server-patch.yaml"), "krm-sops")
    assert mounts(argocd)["/sops-keys"]["name"] == "sops-keys"  # what is deleted


def test_the_role_is_the_sidecars_alone():
    spec = pod("flux-sidecar/sidecar.yaml")
    env = {one["name"]: {entry["name"]: entry for entry in one["env"]} for one in spec["containers"]}
    assert "AWS_ROLE_ARN" in env["krm-sops"] and "AWS_ROLE_ARN" not in env["manager"]
    door = next(arg.partition("=")[2] for arg in container(spec, "krm-sops")["args"] if arg.startswith("--aws-kms="))
    assert env["manager"]["AWS_ENDPOINT_URL_KMS"]["value"] == f"http://{door}"
    token = pathlib.Path(env["krm-sops"]["AWS_WEB_IDENTITY_TOKEN_FILE"]["value"])
    assert str(token.parent) in mounts(container(spec, "krm-sops")) and "volumeMounts" not in container(spec, "manager")


def test_the_policy_of_the_example_is_one(place):
    path = place.write("policy.yaml", (EXAMPLES / "flux-sidecar/policy.yaml").read_bytes())
    path.chmod(0o644)
    result = place.run("filter", stdin=b"kind: ConfigMap\n", env={"KRM_SOPS_POLICY": str(path)})
    assert result.status == 0, result.message


# ------------------------------------------------------------------------------------------------- pull requests

STUBS = {
    "git": 'case "$1" in worktree) cp -r . ../base;; esac\n',
    "curl": 'for word; do case "$word" in body@*) cp "${word#body@}" ../posted;; esac; done\n',
}


@pytest.fixture
def requested(place):
    """A repository whose head changes a secret and a setting; the commands that the jobs find on PATH, keys in the environment."""
    shutil.copytree(DATA / "flux/repo", place.cwd / "head")
    shutil.copytree(DATA / "flux/repo", place.cwd / "base")
    shutil.copy(DATA / "flux/repo/apps/component/smtp.enc.env", place.cwd / "head/apps/web/web.enc.env")
    settings = place.cwd / "head/apps/db/settings.yaml"
    settings.write_text(settings.read_text().replace("visible", "seen"))
    tools = place.path / "tools"
    tools.mkdir()
    (tools / "krm-sops").symlink_to(program_path())
    shutil.copy(STUB, tools / "kustomize")
    for name, text in STUBS.items():
        (tools / name).write_text("#!/bin/sh\n" + text)
    for path in tools.iterdir():
        if not path.is_symlink():
            path.chmod(0o755)
    key = next(line for line in (DATA / "age.agekey").read_text().splitlines() if line.startswith("AGE-SECRET-KEY-"))
    place.job = lambda script, cwd, **env: subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=cwd, capture_output=True, text=True, timeout=60, check=False,
                                                          env=place.env(PATH=f"{tools}:/usr/bin:/bin", SOPS_AGE_KEY=key, **env))
    return place


def posted(done, path):
    assert done.returncode == 0, done.stderr
    text = path.read_text()
    assert text.startswith("What Flux will change:\n```\n") and text.rstrip().endswith("```")
    assert "data.plain: visible -> seen" in text and "data.PASS: ******** (added)" in text
    for secret in ("mail", "prod", "AGE-SECRET"):
        assert secret not in text.replace("clusters/prod", "")


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_the_job_of_github_posts_the_differences(requested):
    steps = yaml.safe_load((EXAMPLES / "ci/github-diff.yml").read_text())["jobs"]["diff"]["steps"]
    compare = next(step for step in steps if step.get("name") == "compare")
    before = ours_in_memory("keys.")
    posted(requested.job(compare["run"], requested.cwd), requested.cwd / "comment.md")
    assert_none_is_left("keys.", before)
    # A build that fails posts nothing.
    (requested.cwd / "head/apps/db/settings.yaml").unlink()
    assert requested.job(compare["run"], requested.cwd).returncode != 0


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_the_job_of_gitlab_posts_the_differences(requested):
    shutil.rmtree(requested.cwd / "base")
    job = yaml.safe_load((EXAMPLES / "ci/gitlab-diff.yml").read_text())["what-flux-will-apply"]
    env = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_API_V4_URL": "https://gitlab.example/api/v4", "CI_PROJECT_ID": "1", "CI_MERGE_REQUEST_IID": "2", "COMMENT_TOKEN": "t"}
    script = "\n".join(job["script"])
    # The stub of git makes the target's checkout out of this one: its settings go back to what they were.
    script = script.replace("krm-sops diff", "cp -r ../before/. ../base/; krm-sops diff")
    shutil.copytree(DATA / "flux/repo", requested.cwd / "before")
    posted(requested.job(script, requested.cwd / "head", **env), requested.cwd / "posted")


def test_the_role_of_the_cluster_example_reads_what_it_names():
    """No list, no watch, no star: exactly the objects named."""
    role = next(one for one in yaml.safe_load_all((EXAMPLES / "cluster/rbac.yaml").read_text()) if one["kind"] == "Role")
    for rule in role["rules"]:
        assert rule["resourceNames"] and rule["verbs"] == (["create"] if rule["resources"] == ["serviceaccounts/token"] else ["get"]), rule
        assert "*" not in str(rule) and rule["apiGroups"] == [""]
    assert {name for rule in role["rules"] for name in rule["resources"]} <= {"secrets", "serviceaccounts", "serviceaccounts/token", "configmaps"}
