"""Which faults strike when: a seed chooses the kinds of its run and the moments."""

from __future__ import annotations

import random
from collections import Counter

# Guards that can be switched off, to see that the checks notice.
CONTROLS = {
    "fence": "commits that do not ask whose the world is",
    "keys": "an inbox that knows no idempotency keys",
    "announce": "outcomes told before their commit",
}
# Kind -> chance at each opportunity while faults are on, in a run that has chosen the kind.
KINDS: dict[str, float] = {
    "commit refused": 0.02,
    "cut before commit": 0.02,
    "cut after commit": 0.02,
    "statement cut": 0.003,
    "deadlock": 0.03,
    "database restart": 0.01,
    "database clock jump": 0.01,
    "wake lost": 0.2,
    "wake doubled": 0.1,
    "wake late": 0.2,
    "announcement lost": 0.05,
    "announcement doubled": 0.1,
    "announcement late": 0.1,
    "pulse lost": 0.1,
    "pulse doubled": 0.2,
    "pulse late": 0.1,
    "traffic restart": 0.01,
    "old session not ended": 0.5,
    "writer killed": 0.01,
    "writer killed at a fault point": 0.004,
    "writer paused": 0.003,
    "writer stopped": 0.01,
    "writer clock jump": 0.01,
    "gateway killed": 0.01,
    "projector killed": 0.02,
    "snapshot damaged": 0.25,
    "snapshot not stored": 0.15,
    "repeat with the key": 1.0,
    "another request with the key": 1.0,
    "poison": 0.02,
}
# Counted where they happen, as consequences of the others.
CONSEQUENCES = (
    "lease taken over",
    "commit fenced",
    "head announced again",
    "damaged snapshot refused",
    "zombie woke up",
)


class Plan:
    """The faults of one run. `counts`: what struck, by kind."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed * 2 + 1)
        self.chosen = {kind for kind in KINDS if self._random.random() < 0.6}
        self.counts: Counter[str] = Counter()
        self.active = True

    def strikes(self, kind: str) -> bool:
        """Whether a fault of the kind happens at this opportunity."""
        chance = KINDS[kind]
        drawn = self._random.random()
        if not self.active or kind not in self.chosen or drawn >= chance:
            return False
        self.counts[kind] += 1
        return True

    def between(self, low: float, high: float) -> float:
        """A duration."""
        return self._random.uniform(low, high)

    def number(self, below: int) -> int:
        """A whole number."""
        return self._random.randrange(below)

    def note(self, kind: str) -> None:
        """Count a consequence."""
        assert kind in CONSEQUENCES
        self.counts[kind] += 1
