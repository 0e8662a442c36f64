# SPDX-License-Identifier: Apache-2.0
"""The real programs: where they are found and how they come where they are not.

Looked for in this order: the command line, PATH, build/peers, GOBIN, /opt/peers/bin. A program of another version than the pinned
one is not taken: the tests stand on what this very version does.
"""
import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILT = ROOT / "build" / "peers"

# name: (version, Go package to install, arguments that print the version)
PINNED = {
    "sops": ("3.13.3", "github.com/getsops/sops/v3/cmd/sops@v3.13.3", ["--version", "--disable-version-check"]),
    "kustomize": ("5.8.1", "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1", ["version"]),
    "age": ("1.3.1", "filippo.io/age/cmd/age@v1.3.1", ["--version"]),
    "age-keygen": ("1.3.1", "filippo.io/age/cmd/age-keygen@v1.3.1", ["--version"]),
}
GO_MIN = (1, 25)


def version_of(path, name):
    """The version that a program says it has: '' where it says none (built by go install without stamps, or does not run)."""
    try:
        done = subprocess.run([str(path), *PINNED[name][2]], capture_output=True, text=True, timeout=30, check=False)
        match = re.search(r"v?(\d+\.\d+\.\d+)", done.stdout)
        if match:
            return match.group(1)
        # go install leaves the module's version in the build info only.
        done = subprocess.run(["go", "version", "-m", str(path)], capture_output=True, text=True, timeout=30, check=False)
        match = re.search(r"^\s*mod\s+\S+\s+v(\d+\.\d+\.\d+)", done.stdout, re.M)
        return match.group(1) if match else ""
    except (OSError, subprocess.TimeoutExpired):
        return ""


def places():
    yield from (pathlib.Path(p) for p in os.environ.get("PATH", "").split(os.pathsep) if p)
    yield BUILT
    if os.environ.get("GOBIN"):
        yield pathlib.Path(os.environ["GOBIN"])
    yield pathlib.Path("/opt/peers/bin")


def find(name):
    """The path of the pinned version of a program, or None."""
    for place in places():
        path = place / name
        if os.access(path, os.X_OK) and path.is_file() and version_of(path, name) == PINNED[name][0]:
            return path
    return None


def go_version():
    """Go's version as a pair of numbers, or None where there is no go."""
    if not shutil.which("go"):
        return None
    done = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False)
    match = re.match(r"go(\d+)\.(\d+)", done.stdout)
    return (int(match.group(1)), int(match.group(2))) if match else None


def can_install():
    version = go_version()
    return version is not None and version >= GO_MIN


def install(name):
    """Builds the pinned version into build/peers. Returns its path, or None with the tool's own words on what went wrong."""
    BUILT.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "GOBIN": str(BUILT), "GOFLAGS": "-trimpath"}
    done = subprocess.run(["go", "install", PINNED[name][1]], env=env, capture_output=True, text=True, check=False)
    path = BUILT / name
    if done.returncode != 0 or not path.is_file():
        return None, done.stderr.strip()[-2000:]
    return path, ""


def need(name, given=None):
    """For a script: the path of a program, or the script ends with what is missing."""
    if given:
        path = pathlib.Path(given).resolve()
        if not os.access(path, os.X_OK):
            raise SystemExit(f"no program '{path}'")
        return path
    path = find(name)
    if path is None:
        raise SystemExit(f"{name} {PINNED[name][0]} is not on PATH, in build/peers, GOBIN or /opt/peers/bin")
    return path


def need_ours(path):
    """Our own program, by its path."""
    path = pathlib.Path(path)
    for candidate in (path, ROOT / path):
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return candidate.resolve()
    raise SystemExit(f"no program '{path}': run make first")
