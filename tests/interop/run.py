#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make check-interop`: everything here that holds us to the real programs, in one run of at most 20 minutes on two cores.

Looks for the pinned programs (PATH, build/peers, GOBIN, /opt/peers/bin) and installs what is missing with `go install` where go >= 1.25 is
at hand. What cannot run is skipped and named, with the reason; where CI is set and go is there a skip counts as a failure, but for programs that nobody can install. The last line is
'N passed, N failed', with ', N skipped' where something was.
"""
import argparse
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import differs
from lib import peers

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77  # the exit status of a script that says it cannot run here
TIMEOUT = 1500  # seconds for one script
LAST_LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")


@dataclasses.dataclass
class Step:
    """A script with its arguments; {program} and {tools} stand for ours, {seed} for what its random cases are made of. needs: peers by
    name, 'go', or any other program on PATH."""
    script: str
    args: tuple = ()
    needs: tuple = ()


SEED = ("--seed", "{seed}")
STEPS = [
    Step("documents.py", ("--count", "2000", "--program", "{program}", *SEED), ("sops", "age-keygen")),
    Step("mutants.py", ("--count", "2000", "--program", "{program}", *SEED), ("sops", "age", "age-keygen")),
    Step("resourcelists.py", ("--count", "1000", "--program", "{program}", *SEED), ("sops", "age-keygen")),
    Step("kustomize.py", ("--rounds", "4", "--program", "{program}", *SEED), ("sops", "kustomize", "age-keygen")),
    Step("generators.py", ("--count", "200", "--program", "{program}", *SEED), ("sops", "kustomize", "age-keygen")),
    Step("ksops.py", ("--program", "{program}"), ("sops", "kustomize", "age-keygen")),
    Step("aws.py", ("--program", "{program}"), ("sops",)),
    Step("vault.py", ("--program", "{program}"), ("sops", "openssl", "BAO")),
    Step("recipients.py", ("--count", "500", "--program", "{program}", *SEED), ("sops", "age-keygen")),
    Step("clouds.py", ("--count", "300", "--program", "{program}", *SEED), ("sops", "openssl")),
    Step("sidecar.py", ("--program", "{program}"), ("sops", "kustomize", "age-keygen", "gpg")),
    Step("yaml_reader.py", ("--cases", "20000", "--tool", "{tools}/yaml_read", *SEED), ("go",)),
    Step("yaml_writer.py", ("--cases", "20000", "--tool", "{tools}/yaml_write", *SEED), ("go",)),
    Step("lines.py", ("--count", "5000", "--tool", "{tools}/lines", *SEED), ("go",)),
    Step("regex.py", ("--count", "10000", "--tool", "{tools}/regex", *SEED), ("go",)),
    Step("regex.py", ("--sets", "--tool", "{tools}/regex", *SEED), ("go",)),
    Step("flux_peer.py", ("--count", "5000", "--tool", "{tools}/flux", *SEED), ("go",)),
    Step("flux_build.py", ("--rounds", "6", "--kills", "100", "--program", "{program}", *SEED), ("sops", "kustomize", "age-keygen")),
    Step("age_vectors.py", ("--tools", "{tools}"), ("VECTORS",)),
    Step("pgp.py", ("--tools", "{tools}", *SEED), ("go", "gpg")),
    Step("gpg.py", ("--count", "300", "--program", "{program}", *SEED), ("sops", "gpg")),
    Step("age_peer.py", ("--count", "1000", "--tools", "{tools}", *SEED), ("go", "age", "age-keygen", "ssh-keygen", "openssl")),
]
NOT_TO_BE_HAD = {"vault.py"}  # no registry has the server: a run without it is a whole one
NO_STEPS = {"run.py", "differs.py", "make_yaml_vectors.py", "make_sigv4_vectors.py"}


class Tally:
    def __init__(self):
        self.passed = self.failed = 0
        self.skipped = []
        self.broken = []
        self.told = []

    def add(self, name, passed, failed):
        self.passed += passed
        self.failed += failed
        if failed:
            self.broken.append(name)

    def check(self, name, reason):
        """A check of one sentence: reason says what is wrong, empty where nothing is."""
        print(f"{'FAILED' if reason else 'ok':7}{name}" + (f": {reason}" if reason else ""), flush=True)
        self.add(name, int(not reason), int(bool(reason)))


class Tools:
    """What is there, and what could be made to be there. Each is looked for once."""

    def __init__(self):
        self.go = peers.can_install()
        self.known = {}

    def missing(self, name):
        """Why a need is not met; '' where it is."""
        if name not in self.known:
            self.known[name] = self.look(name)
        return self.known[name]

    def look(self, name):
        if name == "BAO":
            return "" if shutil.which("bao") or shutil.which("vault") else "neither bao nor vault on PATH"
        if name == "VECTORS":
            return "" if os.environ.get("VECTORS") or self.go else "neither VECTORS nor go to fetch them"
        if name == "go":
            return self.modules() if self.go else "no go of at least " + ".".join(map(str, peers.GO_MIN))
        if name not in peers.PINNED:
            return "" if shutil.which(name) else f"no {name} on PATH"
        path, version = peers.find(name), peers.PINNED[name][0]
        if path:
            print(f"{name} {version}: {path}")
            return ""
        if not self.go:
            return f"no {name} {version}, and no go to install it"
        print(f"{name} {version}: go install", flush=True)
        path, why = peers.install(name)
        return "" if path else f"go install of {name} {version} failed: {why}"

    def modules(self):
        """The peers that are built from sops's own packages need its sources in the module cache, with all that it needs."""
        cache = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=False).stdout.strip()
        if (pathlib.Path(cache) / "github.com/getsops/sops" / ("v3@v" + peers.PINNED["sops"][0])).is_dir():
            return ""
        print("sops: go install, for its modules", flush=True)
        return peers.install("sops")[1]


def run_step(step, tally, args, env):
    name = step.script + (" " + step.args[0] if step.args[0] == "--sets" else "")
    words = [word.format(program=args.program, tools=args.tools, seed=args.seed) for word in step.args if args.seed != "random" or word not in SEED]
    print(f"\n== {step.script} {' '.join(words)}", flush=True)
    start = time.monotonic()
    last, told = "", []
    process = subprocess.Popen([sys.executable, str(HERE / step.script), *words], cwd=peers.ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        sys.stdout.write(line)
        last = line.strip() or last
        told = (told + [line])[-5000:]
        if time.monotonic() - start > TIMEOUT:
            process.kill()
            print(f"no end within {TIMEOUT} s")
    status = process.wait()
    print(f"-- {name}: exit status {status}, {time.monotonic() - start:.0f} s", flush=True)
    if status == SKIPPED:
        tally.skipped.append(f"{name}: {last}")
        return
    match = LAST_LINE.match(last)
    passed, failed = (int(match.group(1)), int(match.group(2))) if match else (int(status == 0), int(status != 0))
    tally.add(name, passed, max(failed, int(status != 0)))
    if failed or status != 0:
        tally.told.append("".join([f"{name}:\n", *why_failed(told)]))


def why_failed(lines):
    """Of what a script printed that which says what failed: told again at the end, as a log may be kept from its end only."""
    marked = [at for at, line in enumerate(lines) if re.search("seed|FAILED|DIFFERENT|too seldom|Traceback", line)]
    wanted = sorted({near for at in marked for near in range(at, min(at + 8, len(lines)))} | set(range(max(0, len(lines) - 5), len(lines))))
    return ["    " + lines[at] for at in wanted[:100]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="build/krm-sops")
    parser.add_argument("--only", default="", help="scripts whose name holds this")
    parser.add_argument("--seed", default="1", help="a number, or 'random': each script draws its own, and new keys with it")
    args = parser.parse_args()
    args.program = peers.need_ours(args.program)
    args.tools = args.program.parent / "tools"
    tally, tools = Tally(), Tools()
    stale = differs.stale()
    tally.check("every deviation that the tests know is in docs/differs.md", ", ".join(stale))
    scripts = {path.name for path in HERE.glob("*.py")}
    left_out = scripts - NO_STEPS - {step.script for step in STEPS}
    tally.check("every script here is run", ", ".join(sorted(left_out)))
    env = {**os.environ, "PATH": os.pathsep.join([os.environ.get("PATH", ""), str(peers.BUILT), "/opt/peers/bin"])}
    for step in STEPS:
        if args.only not in step.script:
            continue
        if step.script not in scripts:
            tally.check(step.script, "is not there")
            continue
        reasons = list(filter(None, (tools.missing(need) for need in step.needs)))
        if reasons:
            print(f"SKIPPED {step.script}: {reasons[0]}", flush=True)
            tally.skipped.append(f"{step.script}: {reasons[0]}")
            continue
        run_step(step, tally, args, env)
    print()
    for reason in tally.skipped:
        print(f"skipped {reason}")
    needless = [reason for reason in tally.skipped if reason.partition(":")[0] not in NOT_TO_BE_HAD]
    if needless and os.environ.get("CI") and tools.go:
        tally.check("nothing is skipped in CI where go is there", f"{len(needless)} were")
    if tally.broken:
        print("".join(tally.told), end="")
        print("failed: " + ", ".join(tally.broken))
    print(f"{tally.passed} passed, {tally.failed} failed" + (f", {len(tally.skipped)} skipped" if tally.skipped else ""))
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
