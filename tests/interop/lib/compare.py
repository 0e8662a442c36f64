# SPDX-License-Identifier: Apache-2.0
"""Judges two runs of the same command line: sops's and ours."""
import collections
import json
import shlex

import differs

SOPS_STATUSES = {0, 1, 2, 4, 25, 51, 91, 100, 128}  # those that `krm-sops decrypt` has in common with sops


def difference(theirs, ours):
    """None where ours does what sops does, else what is different. Where sops crashes we must fail, with any of its statuses."""
    if ours.crashed:
        return "ours crashed"
    if ours.status not in SOPS_STATUSES:
        return f"status {ours.status} is none of sops's"
    if ours.status != 0 and ours.stdout:
        return "ours failed and has printed"
    if theirs.crashed:
        return "sops crashed, ours succeeded" if ours.status == 0 else None
    if theirs.status != ours.status:
        return f"status {theirs.status} and {ours.status}"
    if theirs.stdout != ours.stdout:
        return "other bytes"
    return None


class Verdicts:
    """Collects what was compared. A difference that a row of docs/differs.md explains is counted under the row's name."""

    def __init__(self, folder):
        self.folder = folder
        self.compared = 0
        self.statuses = collections.Counter()
        self.known = collections.Counter()
        self.different = []
        if folder.exists():
            for old in sorted(folder.rglob("*"), reverse=True):
                old.rmdir() if old.is_dir() else old.unlink()

    def add(self, name, document, theirs, ours, note=""):
        """Returns 'same', 'known' or 'different'."""
        self.compared += 1
        self.statuses["crash" if theirs.crashed else theirs.status] += 1
        what = difference(theirs, ours)
        if what is None:
            return "same"
        row = differs.explain(document, theirs, ours)
        if row is not None:
            self.known[row] += 1
            return "known"
        self.different.append((name, what))
        self.save(name, document, theirs, ours, what, note)
        return "different"

    def save(self, name, document, theirs, ours, what, note):
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "input").write_bytes(document)
        for who, result in (("sops", theirs), ("ours", ours)):
            (folder / f"{who}.stdout").write_bytes(result.stdout)
            (folder / f"{who}.stderr").write_bytes(result.stderr)
        (folder / "case.txt").write_text(f"{what}\n\nsops: {theirs.status}  {shlex.join(theirs.argv)}\nours: {ours.status}  {shlex.join(ours.argv)}\n\n{note}\n")

    def print_summary(self):
        print(f"\n{self.compared} comparisons; sops's statuses: " + ", ".join(f"{k}: {v}" for k, v in sorted(self.statuses.items(), key=str)))
        for row, count in sorted(self.known.items()):
            print(f"known deviation, {count} times: {row}")
        for name, what in self.different[:20]:
            print(f"DIFFERENT {name}: {what}")
        print(f"{len(self.different)} differences" + (f", saved in {self.folder}" if self.different else ""))


def note(seed, features, rule=None):
    return f"seed {seed}\nrule {json.dumps(rule)}\nfeatures:\n" + "\n".join(f"  {name}" for name in sorted(features))
