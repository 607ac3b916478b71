"""Interventions: named events that an operator lets strike a world, as commands of the engine.

One table serves the admin, the command `intervene` and the scenarios that measure what each does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from economy_engine.commands import InjectShock, SetPolicyRate, ShockKind
from economy_engine.goods import GOODS_COUNT, INDEX

PPM = 1_000_000
FOR_GOOD_DAYS = 36_000
Step = InjectShock | SetPolicyRate


@dataclass(frozen=True)
class Shock:
    """A scripted shock; `code`: the good whose markets it strikes, None = the whole world."""

    kind: ShockKind
    size: float
    code: str | None = None

    def commands(self, regions: int) -> list[Step]:
        """Return the commands, one per region where a market is named."""
        size = round(self.size * PPM)
        if self.code is None:
            return [InjectShock(int(self.kind), -1, size)]
        markets = [INDEX[self.code] + region * GOODS_COUNT for region in range(regions)]
        return [InjectShock(int(self.kind), market, size) for market in markets]


@dataclass(frozen=True)
class PinnedRate:
    """The policy rate set by command, a share per year, for some game days."""

    rate: float
    days: int = FOR_GOOD_DAYS

    def commands(self, regions: int) -> list[Step]:
        """Return the one command of a central bank, whatever the number of regions."""
        return [SetPolicyRate(round(self.rate * PPM), self.days)]


@dataclass(frozen=True)
class Intervention:
    """A named event."""

    name: str
    text: str
    event: Shock | PinnedRate

    def changed(
        self, size: float | None = None, code: str | None = None, days: int | None = None
    ) -> Intervention:
        """Return it with another size, good or term; raises ValueError for what it does not have.

        A size is that of the shock's kind (`economy_engine.commands.ShockKind`), or the rate.
        """
        event = self.event
        if isinstance(event, PinnedRate):
            if code is not None:
                raise ValueError(f"{self.name} is about no good")
            rate = event.rate if size is None else size
            return replace(self, event=PinnedRate(rate, event.days if days is None else days))
        if days is not None:
            raise ValueError(f"{self.name} has no term")
        if code is not None and event.code is None:
            raise ValueError(f"{self.name} strikes the whole world, not one good")
        if code is not None and code not in INDEX:
            raise ValueError(f"{code} is no good: {', '.join(INDEX)}")
        shock = replace(event, code=code or event.code)
        return replace(self, event=shock if size is None else replace(shock, size=size))


_K = ShockKind
INTERVENTIONS: tuple[Intervention, ...] = (
    Intervention(
        "oil_shock", "60 % of the oil in the ground is lost", Shock(_K.RESERVE, 0.4, "OIL")
    ),
    Intervention("discovery", "oil is found, a fifth of the base", Shock(_K.DISCOVERY, 0.2, "OIL")),
    Intervention(
        "drought", "half of the water is gone and renews at half the pace",
        Shock(_K.DROUGHT, 0.5, "WATR"),
    ),
    Intervention(
        "helicopter", "500 credits of new money for every household", Shock(_K.CASH, 500.0)
    ),
    Intervention("spiral", "the central bank issues 1 % of all money a day", Shock(_K.ISSUE, 0.01)),
    Intervention("panic", "fear rises and sentiment falls by .6", Shock(_K.PANIC, 0.6)),
    Intervention("euphoria", "greed and sentiment rise by .6", Shock(_K.EUPHORIA, 0.6)),
    Intervention("rate_high", "the policy rate is pinned at 20 %", PinnedRate(0.20)),
    Intervention("rate_zero", "the policy rate is pinned at 0 %", PinnedRate(0.0)),
    Intervention("rate_free", "the central bank decides again", PinnedRate(0.0, 0)),
    Intervention(
        "news_crash", "bad news: the worth of oil falls by 30 %", Shock(_K.NEWS, -0.3, "OIL")
    ),
    Intervention(
        "climate", "what renews, renews at half the pace, and so do quotas", Shock(_K.CLIMATE, 0.5)
    ),
    Intervention("renewal", "water renews at half the pace", Shock(_K.RENEWAL, 0.5, "WATR")),
    Intervention(
        "instability", "extraction at 70 % of its capacity for 30 days", Shock(_K.INSTABILITY, 0.7)
    ),
)  # fmt: skip
BY_NAME = {each.name: each for each in INTERVENTIONS}
assert len(BY_NAME) == len(INTERVENTIONS)
