"""Scripted events: what an administrator or a scenario does to a world.

Every shock acts through the model's own quantities (reserves, news, moods, money), so that its
consequences are the model's.
"""

import numpy as np

from economy_engine.commands import ShockKind
from economy_engine.goods import GOODS_COUNT, GoodKind
from economy_engine.jit import kernel
from economy_engine.ledger.columns import CASH, ISSUER
from economy_engine.ledger.kernels import transfer
from economy_engine.params import STEPS_PER_DAY, cents
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems import logistics
from economy_engine.systems.columns import Macro
from economy_engine.systems.psychology import shock_agents

INSTABILITY_DAYS = 30
_SIZE_MAX = 1e6
# Plain integers would be compiled as literals, each with kernels of its own.
_CASH, _ISSUER = np.int64(CASH), np.int64(ISSUER)


def day_of(state: WorldState) -> int:
    """Return the running game day, 0 at genesis."""
    return int(state.clock[Clock.STEP]) // STEPS_PER_DAY


@kernel
def give_cash(ledger, first, end, amount):
    """Issue `amount` (int64, minor units) to each of the rows first..end-1."""
    for row in range(first, end):
        transfer(ledger, _ISSUER, np.int64(row), _CASH, amount)


# Where a shock must name a market: the kinds of goods that it makes sense for.
_RESOURCES = (GoodKind.FINITE, GoodKind.RENEWABLE)
_TARGETS: dict[int, tuple[GoodKind, ...]] = {
    ShockKind.NEWS: tuple(GoodKind),
    ShockKind.RESERVE: _RESOURCES,
    ShockKind.DISCOVERY: (GoodKind.FINITE,),
    ShockKind.RENEWAL: (GoodKind.RENEWABLE,),
    ShockKind.DROUGHT: (GoodKind.RENEWABLE,),
}
_SIGNED = {ShockKind.NEWS, ShockKind.PANIC, ShockKind.EUPHORIA, ShockKind.ISSUE}


def inject(state: WorldState, kind: int, market: int, size: float) -> bool:
    """Apply a shock; False (and no effect) when kind, market or size make no sense."""
    if kind not in set(ShockKind) or not np.isfinite(size) or abs(size) > _SIZE_MAX:
        return False
    if kind not in _SIGNED and size <= 0.0:
        return False
    if not -1 <= market < state.params.markets:
        return False
    if kind in _TARGETS:
        if market < 0:
            return False
        if state.goods.kind[market % GOODS_COUNT] not in _TARGETS[ShockKind(kind)]:
            return False
        _shock_market(state, kind, market, size)
    elif kind in (ShockKind.PANIC, ShockKind.EUPHORIA):
        panic = kind == ShockKind.PANIC
        fear, greed = (size, 0.0) if panic else (0.0, size)
        shock_agents(state.agent, fear, greed, -size if panic else size)
    elif kind == ShockKind.ISSUE:
        state.macro[Macro.EXTRA_ISSUE] = float(np.clip(size, -0.1, 0.1))
    elif kind == ShockKind.CASH:
        amount = np.int64(size * cents(100))
        give_cash(state.ledger, state.rows.households, state.rows.firms, amount)
    elif kind == ShockKind.CLIMATE:
        for region in _regions_hit(state, market):
            state.resource.renewal[region * GOODS_COUNT : (region + 1) * GOODS_COUNT] *= size
    else:
        for region in _regions_hit(state, market):
            _begin_instability(state, region, size)
    return True


def _regions_hit(state: WorldState, market: int) -> range:
    """The region of a market; all of them for -1."""
    if market < 0:
        return range(state.params.regions)
    return range(market // GOODS_COUNT, market // GOODS_COUNT + 1)


def _shock_market(state: WorldState, kind: int, market: int, size: float) -> None:
    resource = state.resource
    if kind == ShockKind.NEWS:
        state.news.pending[market] += float(np.clip(size, -1.0, 1.0))
    elif kind == ShockKind.DISCOVERY:
        resource.reserve[market] += size * resource.base[market]
    if kind in (ShockKind.RESERVE, ShockKind.DROUGHT):
        resource.reserve[market] *= size
    if kind in (ShockKind.RENEWAL, ShockKind.DROUGHT):
        resource.renewal[market] *= size


def pin_rate(state: WorldState, rate: float, days: int) -> None:
    """Set the policy rate (per year) and keep it for `days` game days; 0 days ends a term."""
    if not days:
        state.macro[Macro.HELD_UNTIL_DAY] = -1.0
        return
    state.macro[Macro.PINNED_RATE] = rate
    state.macro[Macro.POLICY_RATE] = rate
    state.macro[Macro.HELD_UNTIL_DAY] = float(day_of(state) + days)


def _extractors(state: WorldState, region: int) -> np.ndarray:
    kinds = state.goods.kind[state.firm.market % GOODS_COUNT]
    return (kinds == GoodKind.FINITE) & (state.firm.market // GOODS_COUNT == region)


def _begin_instability(state: WorldState, region: int, size: float) -> None:
    end_instability(state, region)
    hit = _extractors(state, region)
    firm = state.firm
    firm.capacity[hit] *= size
    firm.target[hit] = np.minimum(firm.target[hit], firm.capacity[hit])
    firm.sales[hit] = np.minimum(firm.sales[hit], firm.capacity[hit])
    state.freight.unrest_size[region] = size
    state.freight.unrest_until[region] = day_of(state) + INSTABILITY_DAYS
    logistics.set_open(state, region)


def end_instability(state: WorldState, region: int) -> None:
    """Give a region's extractors their capacity and its routes back, if an instability runs."""
    if state.freight.unrest_until[region] < 0:
        return
    state.firm.capacity[_extractors(state, region)] /= state.freight.unrest_size[region]
    state.freight.unrest_size[region] = 1.0
    state.freight.unrest_until[region] = -1
    logistics.set_open(state, region)
