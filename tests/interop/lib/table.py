# SPDX-License-Identifier: Apache-2.0
"""The table of features: how often each came up, how often the real program accepted it, what the comparison said."""
import collections


class Table:
    """rows: the names that must come up at least `least` times; further names are counted and printed too where they are rows."""

    def __init__(self, rows, least):
        self.rows, self.least = list(rows), least
        self.seen = collections.Counter()
        self.accepted = collections.Counter()
        self.known = collections.Counter()
        self.different = collections.Counter()

    def add(self, features, accepted, verdict):
        self.seen.update(features)
        if accepted:
            self.accepted.update(features)
        if verdict != "same":
            (self.known if verdict == "known" else self.different).update(features)

    def seldom(self):
        return [name for name in self.rows if self.seen[name] < self.least]

    def verdict(self, compared, different, cases):
        """The last lines of a script, and its exit status. Short runs are not asked to show every feature."""
        seldom = self.seldom() if cases >= 1000 else []
        if seldom:
            print("too seldom: " + ", ".join(seldom))
        failed = different + len(seldom)
        print(f"{compared - different} passed, {failed} failed")
        return 1 if failed else 0

    def print(self):
        width = max(len(name) for name in self.rows)
        print(f"{'feature':{width}}  {'seen':>6} {'opens':>6} {'known':>6} {'differ':>6}")
        for name in sorted(self.rows):
            print(f"{name:{width}}  {self.seen[name]:6} {self.accepted[name]:6} {self.known[name]:6} {self.different[name]:6}")
        print(f"{len(self.rows)} features, the least {min(self.seen[name] for name in self.rows)} times")
