# SPDX-License-Identifier: Apache-2.0
"""The examples of the sidecar are run, and their manifests hold what SECURITY promises of them. Real kustomize applies them in tests/interop/sidecar.py."""
import pathlib
import shutil
import subprocess

import pytest
import yaml

from conftest import ROOT, program_path

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
