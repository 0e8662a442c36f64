# SPDX-License-Identifier: Apache-2.0
"""A small GitOps repository, made at random and encrypted by the real sops: manifests, generator files in five formats, envs, a
HelmRelease that names a generated Secret, a component, an encrypted patch. And the same repository as Flux makes it before its build:
each encrypted file replaced by what `sops decrypt` prints.
"""
import base64
import json
import shutil

from lib import plaintexts, seal, strings, yamltext
from lib.draw import Draw

DECRYPT = """\
apiVersion: krm-sops.dev/v1alpha1
kind: Decrypt
metadata:
  name: decrypt
  annotations:
    config.kubernetes.io/function: |
      exec: {path: PROGRAM}
spec:
SPEC
"""
NAME_REFERENCE = """\
nameReference:
- kind: Secret
  version: v1
  fieldSpecs:
  - {kind: HelmRelease, path: spec/valuesFrom/name}
"""
# Key in the Secret -> the format of its file; the format of the two is the same, as in Flux.
FILES = {"values.yaml": "yaml", "extra.yml": "yaml", "config.json": "json", ".dockerconfigjson": "json", "app.env": "dotenv", "db.ini": "ini", "token": "binary", "tls.key": "binary"}


def text_value(draw):
    """A string that a manifest can hold and kustomize prints the same however it is quoted."""
    rng = draw.rng
    kind = rng.choice(["plain", "plain", "indicators", "like a bool", "like an int", "like a time", "like null", "non-ASCII", "several lines", "blanks at the edge", "long line", "above U+FFFF"])
    return strings.KINDS[kind](rng)


class Repository:
    """Writes the tree below `folder`; `sealed` lists its encrypted files."""

    def __init__(self, world, folder, seed):
        self.world, self.folder = world, folder
        self.draw = Draw(seed)
        self.rng = self.draw.rng
        self.sealed = []
        self.secret_names = []
        (folder / ".git").mkdir(parents=True)
        self.options = {"namePrefix": self.rng.random() < 0.6, "namespace": self.rng.random() < 0.5, "labels": self.rng.random() < 0.4}

    # -- files

    def write(self, path, text):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def seal(self, path, data, pattern=None):
        """An encrypted file. The suffix of its name tells sops its format."""
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        rule = {"age": self.rng.choice(self.world.recipients)}
        if pattern:
            rule["encrypted_regex"] = pattern
        if pattern and self.rng.random() < 0.3:
            rule["mac_only_encrypted"] = True
        if self.rng.random() < 0.2:
            rule.pop("age")
            rule.update(key_groups=[{"age": [r]} for r in self.world.recipients[:3]], shamir_threshold=2)
        done = seal.encrypt(self.world.sops, self.world.env, self.world.folder("seal"), path.name, data, rule)
        if done.status != 0:
            return False
        path.write_bytes(done.stdout)
        self.sealed.append(path)
        return True

    def seal_until(self, path, make, pattern=None):
        for _ in range(50):
            if self.seal(path, make(), pattern):
                return
        raise SystemExit(f"sops takes none of the plaintexts for {path}")

    # -- what is in them

    def secret(self, name):
        """The value k0 is never empty: sops encrypts no empty one, so there would be nothing for an attack to change."""
        data = {"k0": ""}
        while not data["k0"]:
            data = {f"k{n}": text_value(self.draw) for n in range(self.rng.randint(1, 4))}
        item = {"kind": "Secret", "apiVersion": "v1", "type": "Opaque", "metadata": {"name": name}, "stringData": data}
        if self.rng.random() < 0.4:
            item["data"] = {"bin": base64.b64encode(self.rng.randbytes(self.rng.randint(0, 120))).decode()}
        return self.manifest(item)

    def manifest(self, item):
        """JSON is YAML; the layout is sops's after encryption anyway. Comments go with the build."""
        return (("# a comment\n" if self.rng.random() < 0.3 else "") + json.dumps(item, ensure_ascii=False)).encode()

    def document(self, kind):
        if kind == "yaml":
            return yamltext.YamlText(self.draw, size=4, max_depth=3).stream().encode("utf-8", "surrogatepass")
        if kind == "json":
            return plaintexts.JsonText(self.draw).document()
        if kind == "dotenv":
            return plaintexts.dotenv(self.draw)
        return plaintexts.ini(self.draw) if kind == "ini" else self.rng.randbytes(self.rng.randint(0, 300))

    def envs(self):
        """Lines that `envs:` takes: a name, unique, and a value without breaks."""
        names = self.rng.sample("ALPHA BETA DELTA token user_name X1 Z".split(), self.rng.randint(1, 6))
        lines = ["# comment"] if self.rng.random() < 0.4 else []
        lines += [f"{name}={self.rng.choice([strings.words(self.rng), strings.token(self.rng), strings.token(self.rng, 120), '', 'a=b#c', 'é'])}" for name in names]
        return ("\n".join(lines) + "\n").encode()

    def generator(self, folder, name, keys):
        """A secretGenerator entry over encrypted files."""
        files = []
        for number, key in enumerate(keys):
            path = f"{name}-{number}.{'enc.' if self.rng.random() < 0.5 else ''}{seal.SUFFIX[FILES[key]]}"
            self.seal_until(f"{folder}/{path}", lambda key=key: self.document(FILES[key]))
            files.append(f"{key}={path}")
        self.secret_names.append(name)
        return {"name": name, "files": files}

    def build(self):
        rng = self.rng
        self.seal("apps/base/db-secret.yaml", self.secret("db"), "^(data|stringData)$")
        self.write("apps/base/kustomization.yaml", json.dumps({"resources": ["db-secret.yaml", "config.yaml"]}))
        self.write("apps/base/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain, annotations: {a: 'yes'}}\ndata: {text: \"1e3\", b: |\n  x\n  }\n".replace("|\n  x\n  ", "'x'"))
        generators = [self.generator("apps/prod", "files", rng.sample(sorted(FILES), rng.randint(1, 5)))]
        self.seal_until("apps/prod/app.enc.env", self.envs)
        generators.append({"name": "envs", "envs": ["app.enc.env"]})
        self.seal("apps/prod/own-secret.yaml", self.secret("own"), "^(data|stringData)$")
        self.seal("apps/prod/widget.yaml", self.manifest({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"},
                                                          "spec": {"count": 5, "ratio": 0.5, "on": True, "none": None, "text": text_value(self.draw), "list": ["a", {"b": "c"}, 1.5e3]}}), "^spec$")
        self.write("apps/prod/plain-secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: patched}\ntype: Opaque\nstringData: {host: db, port: '5432'}\n")
        self.seal("apps/prod/patch.yaml", self.manifest({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "patched"}, "stringData": {"password": text_value(self.draw)}}),
                  "^(data|stringData)$")
        self.write("apps/prod/release.yaml", json.dumps({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "app"},
                                                        "spec": {"valuesFrom": [{"kind": "Secret", "name": "files", "valuesKey": "values.yaml"}]}}))
        self.write("apps/prod/deployment.yaml", json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {"spec": {"containers": [
            {"name": "c", "image": "i", "envFrom": [{"secretRef": {"name": "envs"}}, {"secretRef": {"name": "db"}}]}]}}}}))
        self.write("apps/prod/names.yaml", NAME_REFERENCE)
        component = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "secretGenerator": [self.generator("apps/part", "part", [rng.choice(sorted(FILES))])]}
        self.write("apps/part/kustomization.yaml", json.dumps(component))
        kustomization = {"resources": ["../base", "own-secret.yaml", "widget.yaml", "plain-secret.yaml", "release.yaml", "deployment.yaml"], "components": ["../part"],
                         "secretGenerator": generators, "patches": [{"path": "patch.yaml"}], "configurations": ["names.yaml"]}
        if self.options["namePrefix"]:
            kustomization["namePrefix"] = "prod-"
        if self.options["namespace"]:
            kustomization["namespace"] = "shop"
        if self.options["labels"]:
            kustomization["labels"] = [{"pairs": {"team": "x", "v": "1"}, "includeSelectors": False}]
        self.kustomization = kustomization

    def finish(self, **more):
        """Writes the top kustomization, with what is added to it."""
        self.write("apps/prod/kustomization.yaml", json.dumps({**self.kustomization, **more}))

    def add_function(self, name, program, spec="  mode: transform"):
        self.write(f"apps/prod/{name}", DECRYPT.replace("PROGRAM", str(program)).replace("SPEC", spec))

    def reencrypt(self):
        """Every file anew: other data keys, other ivs."""
        for path in self.sealed:
            opened = self.world.run_sops(["decrypt", path])
            pattern = next((line.split(": ")[1] for line in path.read_text(errors="replace").splitlines() if line.strip().startswith("encrypted_regex:")), None)
            rule = {"age": self.world.recipients[0], **({"encrypted_regex": pattern} if pattern else {})}
            again = seal.encrypt(self.world.sops, self.world.env, self.world.folder("seal"), path.name, opened.stdout, rule)
            if opened.status != 0 or again.status != 0:
                raise SystemExit(f"sops does not take what it printed for {path}")
            path.write_bytes(again.stdout)

    def decrypted_copy(self, target):
        """The tree as Flux builds it."""
        shutil.copytree(self.folder, target)
        for path in self.sealed:
            opened = self.world.run_sops(["decrypt", path])
            if opened.status != 0:
                return False
            (target / path.relative_to(self.folder)).write_bytes(opened.stdout)
        return True
