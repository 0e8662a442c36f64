#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes repo/: a GitOps repository with everything that Flux decrypts, encrypted by the real sops (on PATH) for tests/data/age.agekey.

Run it from anywhere: python3 tests/data/flux/make.py. The tests need no sops, they read what is committed.
"""
import base64
import os
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REPO = HERE / "repo"
RECIPIENT = next(line.split()[-1] for line in (HERE.parent / "age.agekey").read_text().splitlines() if "public key" in line)


def write(path, text):
    path = REPO / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def sealed(text, suffix, *args):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"x.{suffix}"
        path.write_text(text)
        return subprocess.run(["sops", "encrypt", "--age", RECIPIENT, *args, str(path)], check=True, capture_output=True, cwd=folder,
                              env={"PATH": os.environ["PATH"], "HOME": folder}).stdout.decode()


def main():
    shutil.rmtree(REPO, ignore_errors=True)
    write("clusters/prod/apps.yaml", """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec:
  ignore: |
    /docs
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps/prod
  prune: true
  interval: 10m
  sourceRef: {kind: GitRepository, name: flux-system}
  decryption:
    provider: sops
    secretRef: {name: sops-keys}
""")
    write("clusters/prod/plain.yaml", """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: plain, namespace: flux-system}
spec:
  path: ./apps/db
""")
    write("docs/broken.yaml", "a: [\n")
    write("apps/prod/kustomization.yaml", """\
resources: [../db, ../web]
components: [../component]
patches: [{path: patch.enc.yaml}]
""")
    write("apps/prod/patch.enc.yaml", sealed("""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  token: from-a-patch
""", "yaml", "--encrypted-regex", "^(data)$"))
    write("apps/db/kustomization.yaml", "resources: [secret.yaml, settings.yaml]\n")
    write("apps/db/secret.yaml", sealed("""\
apiVersion: v1
kind: Secret
metadata:
  name: db
stringData:
  user: orders
  password: "p@ss: word # not a comment"
  motd: |
    two
    lines
""", "yaml", "--encrypted-regex", "^(data|stringData)$"))
    write("apps/db/settings.yaml", """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  plain: visible
""")
    write("apps/web/kustomization.yaml", """\
resources: [inside.yaml]
secretGenerator:
- name: web
  files: [values.yaml=values.enc.yaml, key.bin=key.enc]
  envs: [web.enc.env]
""")
    write("apps/web/values.enc.yaml", sealed("# chart\npassword: s3cret\nnested:\n  list: [a, b]\n", "yaml"))
    write("apps/web/key.enc", sealed("raw bytes\n", "bin"))
    write("apps/web/web.enc.env", sealed("MODE=prod\nTOKEN=\"quoted\"\n", "env"))
    inside = sealed('{"a": 1, "secret": "in-side"}', "json")
    write("apps/web/inside.yaml", f"""\
apiVersion: v1
kind: Secret
metadata:
  name: inside
data:
  conf.json: {base64.b64encode(inside.encode()).decode()}
  plain: {base64.b64encode(b"plain").decode()}
""")
    write("apps/component/kustomization.yaml", """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
secretGenerator: [{name: smtp, envs: [smtp.enc.env]}]
""")
    write("apps/component/smtp.enc.env", sealed("PASS=mail\n", "env"))


if __name__ == "__main__":
    main()
