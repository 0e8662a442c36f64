#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stands for kustomize where no kustomize is: the part of a build that the tests of `krm-sops build` are about. Resources, components, secretGenerator without
hashes, patches by name (`$patch: delete` too); sorted keys, as kustomize prints.

A kustomization with `metadata: {annotations: {stub: WORD}}` makes it do more: `env` says its environment, its arguments and what it can read on stderr, `sleep` waits
for its end, `fail` fails and quotes what it has read.
"""
import base64
import os
import pathlib
import sys
import time

import yaml

LOADER, DUMPER = getattr(yaml, "CSafeLoader", yaml.SafeLoader), getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # some builds are of mebibytes
NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def load(folder):
    for name in NAMES:
        if (folder / name).is_file():
            return yaml.load((folder / name).read_text(), LOADER) or {}
    sys.exit(f"Error: unable to find one of {NAMES} in directory '{folder}'")


def merge(into, patch):
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        elif key != "sops":
            into[key] = value
        else:
            into[key] = value


def generate(folder, generator):
    data = {}
    for entry in generator.get("files", []):
        key, _, path = entry.partition("=")
        data[os.path.basename(key)] = (folder / (path or key)).read_bytes()
    for path in generator.get("envs", []):
        for line in (folder / path).read_text().splitlines():
            if line and not line.startswith("#"):
                key, _, value = line.partition("=")
                data[key] = value.encode()
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": generator["name"]}, "type": "Opaque",
            "data": {key: base64.b64encode(value).decode() for key, value in data.items()}}


def misbehave(word, folder):
    if word == "env":
        readable = []
        for path in ("/etc/hostname", "/proc/self/environ", os.path.expanduser("~"), str(folder)):
            try:
                open(path).close() if os.path.isfile(path) else os.listdir(path)
                readable.append(path)
            except OSError:
                pass
        print(sorted(os.environ), sys.argv[1:-1], readable, file=sys.stderr)
    if word == "sleep":
        time.sleep(60)
    if word == "fail":
        sys.exit("Error: can not use " + " ".join(path.read_text() for path in sorted(folder.glob("*.enc*"))))


def build(folder, out):
    kustomization = load(folder)
    misbehave(kustomization.get("metadata", {}).get("annotations", {}).get("stub"), folder)
    own = []
    for name in kustomization.get("resources", []) + kustomization.get("components", []):
        path = folder / name
        if path.is_dir():
            build(path, own)
        else:
            own += [document for document in yaml.load_all(path.read_text(), LOADER) if document]
    own += [generate(folder, generator) for generator in kustomization.get("secretGenerator", [])]
    for patch in kustomization.get("patches", []):
        content = yaml.load((folder / patch["path"]).read_text(), LOADER)
        named = [item for item in own if (item["kind"], item["metadata"]["name"]) == (content["kind"], content["metadata"]["name"])]
        for item in named:
            if content.get("$patch") == "delete":
                own.remove(item)
            else:
                merge(item, content)
    out += own


def main():
    out = []
    build(pathlib.Path(sys.argv[-1]), out)
    print("---\n".join(yaml.dump(item, Dumper=DUMPER, sort_keys=True, allow_unicode=True, width=10**6) for item in out), end="")


if __name__ == "__main__":
    main()
