# SPDX-License-Identifier: Apache-2.0
"""What the tests of Google, Azure and Huawei share: documents, runs, what a run may not show."""
import base64
import pathlib
import subprocess
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from fakes import documents, faults  # noqa: E402

# Each with the exit status of the function: 75 where another try may help, 1 where not; and whether it is asked more than once.
FAULTS = {
    "403": (faults.status(403, {"error": {"status": "PERMISSION_DENIED", "code": "Forbidden", "message": "canary-message"}}), 1),
    "404": (faults.status(404, {"error": "canary message"}), 1),
    "429": (faults.status(429, "canary-message", Retry_After="0"), 75),
    "500": (faults.status(500, "canary-message"), 75),
    "503": (faults.status(503, b"<html>canary-message</html>"), 75),
    "reset": (faults.reset, 75),
    "close": (faults.close, 75),
    "cut": (faults.cut, 75),
    "slow": (faults.slow, 75),
    "garbage": (faults.garbage, 1),
    "no JSON": (faults.no_json, 1),
    "huge": (faults.huge, 1),
    "redirect": (faults.redirect("https://127.0.0.1:1/canary-message"), 1),
}


def text(name, *entries):
    """A document whose only keys are these."""
    return documents.values(**{name: list(entries)})


def secret(document, name="values"):
    """A Secret that holds the document."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {"values.json": base64.b64encode(document).decode()}}


def resource_list(*texts, config=None, more=()):
    """A ResourceList with a Secret for each document, and `more` items."""
    items = [secret(document, f"values-{number}") for number, document in enumerate(texts)]
    out = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [*items, *more]}
    if config:
        out["functionConfig"] = config
    return yaml.safe_dump(out).encode()


def decrypt(place, document, env, *argv):
    place.write("values.json", document)
    return place.run("decrypt", *argv, "values.json", env=env)


def assert_open(result):
    assert not result.crashed and result.status == 0, result.message
    assert documents.PLAIN in result.stdout


def assert_closed(result, *words, status=128):
    """Nothing on stdout, and no secret of any kind in the message: whatever is one in these tests has "canary" in it."""
    assert not result.crashed and result.status == status and result.stdout == b"", (result.status, result.message)
    for word in words:
        assert word in result.message, result.message
    assert "canary" not in result.message, result.message
    assert documents.DATA_KEY.hex() not in result.message
    return result


def run_function(place, stdin, env, *argv):
    return place.run(*argv, stdin=stdin, env=env)


def flux_config():
    return {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "decrypt", "namespace": "flux-system"},
            "spec": {"decryption": {"provider": "sops", "secretRef": {"name": "sops-keys"}}}}


def key_folder(place, **values):
    """NAME=text: data keys of the decryption Secret, "_" for "-"; the folder for --keys."""
    for name, value in values.items():
        place.write(f"keys/flux-system/sops-keys/sops.{name.replace('_', '-')}", value)
    return str(place.cwd / "keys")


def openssl(*argv, cwd):
    subprocess.run(["openssl", *map(str, argv)], cwd=cwd, check=True, capture_output=True)
