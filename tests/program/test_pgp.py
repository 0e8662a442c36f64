# SPDX-License-Identifier: Apache-2.0
"""PGP by keys that need no passphrase, as Flux's decryption Secret has them: documents of the real sops, keys of gpg (tests/data/pgp)."""
import base64
import shutil

import pytest
import yaml

from conftest import DATA

PGP = DATA / "pgp"
PLAIN = (PGP / "plain.yaml").read_bytes()
# Nothing of GnuPG is to be found, no home to make files in: what is opened is opened without.
BARE = {"PATH": "/nonexistent", "HOME": "/nonexistent", "TMPDIR": "/nonexistent", "GNUPGHOME": "/nonexistent"}
CONFIG = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "decrypt", "namespace": "flux-system"},
          "spec": {"decryption": {"provider": "sops", "secretRef": {"name": "sops-keys"}}}}


def encoded(path):
    return base64.b64encode(path.read_bytes())


def listing(*names):
    items = [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {"app.yaml": encoded(PGP / f"{name}.enc.yaml").decode()}} for name in names]
    return yaml.safe_dump({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items, "functionConfig": CONFIG}, width=10**6).encode()


@pytest.fixture
def decrypt(run, tmp_path):
    """decrypt(keys, documents): the function, with a key Secret that has those keys."""
    def call(keys, stdin, **env):
        folder = tmp_path / "keys"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for key in keys:
            shutil.copy(PGP / key, folder / (key if key.endswith(".asc") else f"{key}.asc"))
        return run("--keys-flat", folder, stdin=stdin, env={**BARE, **env})
    return call


@pytest.mark.parametrize("keys", [["ecc.asc", "rsa.asc"], ["both.asc"], ["both-in-one.asc"], ["stub.asc", "rsa.asc", "public.asc"], ["ecc.gpg", "rsa.asc"]])
def test_the_keys_of_a_secret_open_documents(decrypt, keys):
    done = decrypt(keys, listing("sops-ecc", "sops-rsa", "sops-both"))
    assert done.status == 0, done.message
    for item in yaml.safe_load(done.stdout)["items"]:
        assert base64.b64decode(item["data"]["app.yaml"]) == PLAIN


def test_a_message_for_somebody_else_names_him(decrypt):
    done = decrypt(["ecc.asc"], listing("sops-ecc", "sops-rsa"))
    assert (done.status, done.stdout) == (1, b""), done.message
    assert "no PGP secret key for " in done.message
    assert "canary" not in done.message


@pytest.mark.parametrize("key", ["datakey.bin", "gpg-ecc.msg", "plain.yaml"])
def test_a_malformed_key_is_an_error(decrypt, key):
    done = decrypt([key], listing("sops-ecc"))
    assert (done.status, done.stdout) == (1, b""), done.message
    assert f"failed to import '{key}.asc' data from sops decryption Secret 'flux-system/sops-keys': PGP keys of " in done.message


def test_the_policy_holds_for_the_key_itself(decrypt, tmp_path):
    """The document's `fp` is its own word: one that is allowed does not lend another key its permission."""
    ours, other = (yaml.safe_load((PGP / f"sops-{name}.enc.yaml").read_text())["sops"]["pgp"][0]["fp"] for name in ("ecc", "rsa"))
    policy = tmp_path / "policy.yaml"

    def allow(fp):
        policy.write_text(f"apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {{keys: {{pgp: ['{fp}']}}}}\n")
        policy.chmod(0o600)
        return {"KRM_SOPS_POLICY": str(policy)}

    for fp in (ours, ours.lower()):
        assert decrypt(["both.asc"], listing("sops-ecc"), **allow(fp)).status == 0
    done = decrypt(["both.asc"], listing("sops-ecc"), **allow(other))
    assert (done.status, done.stdout) == (77, b""), done.message
    lie = (PGP / "sops-ecc.enc.yaml").read_bytes().replace(ours.encode(), other.encode())
    done = decrypt(["both.asc"], listing("sops-ecc").replace(encoded(PGP / "sops-ecc.enc.yaml"), base64.b64encode(lie)), **allow(other))
    assert (done.status, done.stdout) == (1, b""), done.message
    assert "PGP key" in done.message and "is left out: not allowed by the operator's policy" in done.message


@pytest.mark.skipif(not shutil.which("gpg"), reason="no gpg")
@pytest.mark.parametrize("names", [["sops-bzip2"], ["sops-3des"], ["sops-bzip2", "sops-3des"]])
def test_gnupg_is_asked_for_what_only_it_reads(decrypt, place, names):
    done = decrypt(["ecc.asc"], listing("sops-ecc", *names), **place.env())
    assert done.status == 0, done.message
    assert [base64.b64decode(item["data"]["app.yaml"]) for item in yaml.safe_load(done.stdout)["items"]] == [PLAIN] * (1 + len(names))
    done = decrypt(["ecc.asc"], listing(*names))
    assert (done.status, done.stdout) != (0, b""), done.message


@pytest.mark.skipif(not shutil.which("gpg"), reason="no gpg")
def test_a_key_that_needs_gnupg_takes_the_others_along(decrypt, place):
    done = decrypt(["ecc.asc", "nist.asc"], listing("sops-ecc", "sops-nist", "sops-bzip2"), **place.env())
    assert done.status == 0, done.message
    assert {base64.b64decode(item["data"]["app.yaml"]) for item in yaml.safe_load(done.stdout)["items"]} == {PLAIN}
