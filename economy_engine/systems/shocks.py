"""Scripted events: what an administrator or a scenario does to a world.

Every shock acts through the model's own quantities (reserves, news, moods, money), so that its
consequences are the model's.
"""

import numpy as np

from economy_engine.commands import ShockKind
from economy_engine.goods import GOODS_COUNT, GoodKind
from economy_engine.ledger.columns import CASH, ISSUER
from economy_engine.ledger.kernels import transfer
from economy_engine.params import STEPS_PER_DAY
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import Macro
from economy_engine.systems.psychology import shock_agents

INSTABILITY_DAYS = 30


def day_of(state: WorldState) -> int:
    """Return the running game day, 0 at genesis."""
    return int(state.clock[Clock.STEP]) // STEPS_PER_DAY


def inject(state: WorldState, kind: int, market: int, size: float) -> bool:
    """Apply a shock; False (and no effect) when kind, market or size make no sense."""
    on_market = kind in (ShockKind.RESERVE, ShockKind.NEWS)
    if kind not in set(ShockKind) or not np.isfinite(size) or abs(size) > 1e9:
        return False
    if on_market and not 0 <= market < state.params.markets:
        return False
    if kind == ShockKind.NEWS:
        state.news.pending[market] += float(np.clip(size, -1.0, 1.0))
    elif kind == ShockKind.PANIC:
        shock_agents(state.agent, size, 0.0, -size)
    elif kind == ShockKind.EUPHORIA:
        shock_agents(state.agent, 0.0, size, size)
    elif kind == ShockKind.ISSUE:
        state.macro[Macro.EXTRA_ISSUE] = float(np.clip(size, -0.1, 0.1))
    elif size <= 0.0:
        return False
    elif kind == ShockKind.RESERVE:
        state.resource.reserve[market] *= size
    elif kind == ShockKind.CASH:
        for row in range(state.rows.households, state.rows.firms):
            transfer(state.ledger, ISSUER, row, CASH, int(size))
    elif kind == ShockKind.CLIMATE:
        state.resource.renewal[:] *= size
    else:
        _begin_instability(state, size)
    return True


def pin_rate(state: WorldState, rate: float, days: int) -> None:
    """Set the policy rate (per year) and keep it for `days` game days; 0 days ends a term."""
    if not days:
        state.macro[Macro.HELD_UNTIL_DAY] = -1.0
        return
    state.macro[Macro.PINNED_RATE] = rate
    state.macro[Macro.POLICY_RATE] = rate
    state.macro[Macro.HELD_UNTIL_DAY] = float(day_of(state) + days)


def _extractors(state: WorldState) -> np.ndarray:
    kinds = state.goods.kind[state.firm.market % GOODS_COUNT]
    return kinds == GoodKind.FINITE


def _begin_instability(state: WorldState, size: float) -> None:
    end_instability(state)
    hit = _extractors(state)
    firm = state.firm
    firm.capacity[hit] *= size
    firm.target[hit] = np.minimum(firm.target[hit], firm.capacity[hit])
    firm.sales[hit] = np.minimum(firm.sales[hit], firm.capacity[hit])
    state.macro[Macro.INSTABILITY_SIZE] = size
    state.macro[Macro.INSTABILITY_UNTIL_DAY] = float(day_of(state) + INSTABILITY_DAYS)


def end_instability(state: WorldState) -> None:
    """Give extractors their capacity back, if an instability runs."""
    if state.macro[Macro.INSTABILITY_UNTIL_DAY] < 0.0:
        return
    state.firm.capacity[_extractors(state)] /= state.macro[Macro.INSTABILITY_SIZE]
    state.macro[Macro.INSTABILITY_SIZE] = 1.0
    state.macro[Macro.INSTABILITY_UNTIL_DAY] = -1.0
