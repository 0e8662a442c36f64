# SPDX-License-Identifier: Apache-2.0
"""The OpenPGP library of sops as a process: tests/interop/pgp_peer/main.go, built with the version that sops's go.mod names."""
import json
import pathlib
import shutil
import subprocess

from . import peers

SOPS = "github.com/getsops/sops/v3"
SOURCE = pathlib.Path(__file__).resolve().parents[1] / "pgp_peer" / "main.go"


def run(*argv, cwd):
    done = subprocess.run([str(arg) for arg in argv], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"pgp_peer: {' '.join(map(str, argv))}: {done.stderr.strip()}")
    return done.stdout


class GoPeer:
    def __init__(self, folder):
        """Builds it in folder, which must be there."""
        folder = pathlib.Path(folder)
        found = run("go", "mod", "download", "-json", f"{SOPS}@v{peers.PINNED['sops'][0]}", cwd=folder)
        source = pathlib.Path(json.loads(found)["Dir"])
        (folder / "go.mod").write_text((source / "go.mod").read_text().replace(f"module {SOPS}", "module pgp_peer", 1))
        shutil.copyfile(source / "go.sum", folder / "go.sum")
        shutil.copyfile(SOURCE, folder / "main.go")
        run("go", "build", "-mod=mod", "-buildvcs=false", "-o", "pgp_peer", ".", cwd=folder)
        self.version = run("go", "list", "-m", "github.com/ProtonMail/go-crypto", cwd=folder).strip()
        self.process = subprocess.Popen([folder / "pgp_peer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def need(self, **request):
        """The same, where no error is expected."""
        answer = self.ask(**request)
        if "error" in answer:
            raise SystemExit(f"pgp_peer: {request.get('op')} {request.get('kind', '')}: {answer['error']}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()
