# SPDX-License-Identifier: Apache-2.0
"""`krm-sops build`: what it takes beside kustomize. Our share is that of a build with a stub that prints what the real kustomize printed on the same tree, without what
the stub takes: the difference of two runs of several seconds would be noise. KSOPS's share is its build minus `kustomize build` on the same tree in the clear; where it
is not on PATH, one `sops decrypt` for each file stands for it.
"""
import pathlib
import shutil
import subprocess

PLAIN = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  labels: {{app: web-{n}}}
  name: web-{n}
  namespace: shop
spec:
  replicas: 3
  selector:
    matchLabels: {{app: web-{n}}}
  template:
    metadata:
      labels: {{app: web-{n}}}
    spec:
      containers:
      - name: web
        image: registry.example.com/shop/web:1.{n}
        ports:
        - containerPort: 8080
"""
GENERATOR = """\
apiVersion: viaduct.ai/v1
kind: ksops
metadata:
  name: secrets
  annotations:
    config.kubernetes.io/function: |
      exec: {path: ksops}
files:
"""
FOLDER = 100  # manifests of one folder


class Trees:
    """One repository three times: encrypted, in the clear, and for KSOPS. Each manifest is a file, FOLDER of them in a kustomization."""

    def __init__(self, b, name, plain, encrypted):
        self.sealed, self.open, self.ksops = (b.folder / name / kind for kind in ("sealed", "open", "ksops"))
        for tree in (self.sealed, self.open, self.ksops):
            (tree / ".git").mkdir(parents=True)  # the top of a repository
            for at in range(0, plain, FOLDER):
                put(tree / f"apps-{at}", {f"web-{n}.yaml": PLAIN.format(n=n) for n in range(at, min(at + FOLDER, plain))})
        texts = {f"secret-{n}.yaml": b.forged("manifest", n).decode() for n in range(encrypted)}
        put(self.sealed / "secrets", texts)
        self.secrets = sorted(str(path) for path in (self.sealed / "secrets").glob("secret-*.yaml"))
        put(self.open / "secrets", {name: opened(b, self.sealed / "secrets" / name) for name in texts})
        put(self.ksops / "secrets", texts, [])
        (self.ksops / "secrets/kustomization.yaml").write_text("generators: [ksops.yaml]\n")
        (self.ksops / "secrets/ksops.yaml").write_text(GENERATOR + "".join(f"- {name}\n" for name in texts))
        for tree in (self.sealed, self.open, self.ksops):
            folders = sorted(path.name for path in tree.iterdir() if path.name != ".git")
            (tree / "kustomization.yaml").write_text("".join(["resources:\n"] + [f"- {name}\n" for name in folders]))


def put(folder, texts, listed=None):
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "kustomization.yaml").write_text("resources:\n" + "".join(f"- {name}\n" for name in (texts if listed is None else listed)))


def opened(b, path):
    return subprocess.run([b.program, "decrypt", str(path)], env=b.env, check=True, capture_output=True, text=True).stdout


def find_ksops():
    """The real one: `make install` puts a link of that name to us on PATH."""
    path = shutil.which("ksops")
    return path if path and pathlib.Path(path).resolve().name == "ksops" else None


def stub(b, text):
    """A program that stands for kustomize. The text is in it: in the tree it would be read as a source of its own objects."""
    path = b.folder / "stub"
    path.write_text('#!/bin/sh\nexec /usr/bin/tail -n +3 "$0"\n' + text)
    path.chmod(0o755)
    return str(path)


def own_passes(b, show):
    trees = Trees(b, "passes", 9990, 10)
    texts = [path.read_text() for path in sorted(trees.sealed.glob("*/*.yaml")) if path.name != "kustomization.yaml"]
    got = b.run(11, [[b.program, "build", "--kustomize", stub(b, "---\n".join(texts)), str(trees.sealed)]])[0]
    b.row("`build`: our own passes over 10,000 manifests, 10 of them encrypted, a stub in kustomize's place", show(got), "at most 500 ms", got[0] <= 500)


def share(b, kustomize, tree):
    """(ms of ours, the same for a row)."""
    built = subprocess.run([kustomize, "build", str(tree)], env=b.env, check=True, capture_output=True, text=True).stdout
    printer = stub(b, built)
    whole, alone = b.run(15, [[b.program, "build", "--kustomize", printer, str(tree)], [printer, "build"]])
    return whole[0] - alone[0]


def beside_kustomize(b, kustomize):
    trees = Trees(b, "beside", 1990, 10)
    whole, plain = b.run(3, [[b.program, "build", "--kustomize", kustomize, str(trees.sealed)], [kustomize, "build", str(trees.open)]])
    ours = share(b, kustomize, trees.sealed)
    b.row("`build` of 2,000 manifests, 10 of them encrypted", f"{whole[0]:.0f} ms; kustomize on the plaintext {plain[0]:.0f} ms; our share {ours:.0f} ms",
          "a share of at most 150 ms", ours <= 150)


def beside_others(b, kustomize):
    trees, ksops = Trees(b, "others", 0, 100), find_ksops()
    commands = [[b.program, "build", "--kustomize", kustomize, str(trees.sealed)], [kustomize, "build", str(trees.open)]]
    if ksops:
        commands.append([kustomize, "build", "--enable-alpha-plugins", "--enable-exec", str(trees.ksops)])
    elif b.sops:
        commands.append(["sh", "-c", 'for file; do "$0" decrypt "$file" || exit 1; done', b.sops, *trees.secrets])
    got, ours = b.run(11, commands), share(b, kustomize, trees.sealed)
    text = f"{got[0][0]:.0f} ms; kustomize on the plaintext {got[1][0]:.0f} ms; our share {ours:.0f} ms"
    ratio = 0
    if len(got) > 2:
        theirs = got[2][0] - (got[1][0] if ksops else 0)
        ratio = theirs / ours
        text += f"; {'the share of KSOPS' if ksops else 'one `sops decrypt` a file'} {theirs:.0f} ms: {ratio:.0f} times"
    b.row("`build` of 100 encrypted Secrets, each with its own data key", text, "a share at least 6 times smaller", ratio >= 6 or len(got) < 3)


def run(b, show):
    own_passes(b, show)
    if not b.kustomize:
        print("no kustomize here: `build` is measured with a stub only")
        return
    beside_kustomize(b, b.kustomize)
    beside_others(b, b.kustomize)
