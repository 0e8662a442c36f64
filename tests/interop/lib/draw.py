# SPDX-License-Identifier: Apache-2.0
"""Random choice that is steered: a feature which came up too seldom so far is asked for, and what came up is written down.

A feature is a name. A generator asks want('comment: foot', 0.1) and does what it says where the answer is yes; the name is then among
the case's features. The plan makes the answer yes for a few names in each case, those that were counted least.
"""
import collections
import random


class Draw:
    """The random source of one case."""

    def __init__(self, seed, focus=()):
        self.rng = random.Random(seed)
        self.focus = frozenset(focus)
        self.features = set()

    def want(self, feature, chance):
        """Whether to do it now. A focused feature is done the first time it is asked for, later by its chance."""
        hit = (feature in self.focus and feature not in self.features) or self.rng.random() < chance
        if hit:
            self.features.add(feature)
        return hit

    def note(self, feature):
        self.features.add(feature)

    def pick(self, prefix, weights):
        """One of the names in weights (name -> weight); where a focused feature is 'prefix: name', that one, the first time."""
        focused = sorted(name for name in weights if f"{prefix}: {name}" in self.focus and f"{prefix}: {name}" not in self.features)
        name = focused[0] if focused else self.rng.choices(list(weights), list(weights.values()))[0]
        self.features.add(f"{prefix}: {name}")
        return name

    def chance(self, probability):
        return self.rng.random() < probability


class Plan:
    """Counts features over a run and says what the next case should go for.

    features: name -> set of the kinds of case (formats) in which it can come up. groups: prefixes of which a case takes one name only.
    """

    def __init__(self, seed, features, groups=(), focus=3):
        self.rng = random.Random(f"{seed}:plan")
        self.features = features
        self.groups = groups
        self.size = focus
        self.count = collections.Counter()

    def add(self, features):
        self.count.update(features)

    def group(self, feature):
        prefix = feature.split(": ")[0]
        return prefix if prefix in self.groups else feature

    def next(self, kinds):
        """(kind, focus): kinds is name -> weight, used where no feature asks for a kind. What is handed out counts at once, so that a
        batch of cases does not go for the same name all at a time."""
        order = sorted(self.features, key=lambda name: (self.count[name], self.rng.random()))
        if self.rng.random() < 0.15:
            kind = self.rng.choices(list(kinds), list(kinds.values()))[0]
        else:
            able = sorted(set(kinds) & self.features[order[0]])
            kind = self.rng.choices(able, [kinds[name] for name in able])[0]
        focus = []
        for name in order:
            if len(focus) == self.size:
                break
            if kind in self.features[name] and self.group(name) not in [self.group(f) for f in focus]:
                focus.append(name)
        return kind, focus
