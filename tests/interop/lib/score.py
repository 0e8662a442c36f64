# SPDX-License-Identifier: Apache-2.0
"""How many checks of a script passed; what failed is told at once."""


class Score:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, good, why=""):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print(f"FAILED {name}: {why}", flush=True)
