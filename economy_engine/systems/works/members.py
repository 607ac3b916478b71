"""A participant's day: public work, the household, storage; and the end of a newcomer's protection.

Public work is paid by the treasury, the mean wage less tax, and less in proportion when the
treasury has less than its share of money: no contract makes money. The household eats one basket
from the account's stock; fed, it raises the productivity of the sites until the next day's end.
What lies beyond the storage room of a region costs a fee per lot.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from economy_engine import works
from economy_engine.goods import CONSUMED, GOODS_COUNT
from economy_engine.ledger.columns import CASH, AccountFlag
from economy_engine.params import STEPS_PER_DAY
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.columns import Institution, Macro
from economy_engine.systems.venue import pay, use
from economy_engine.works import SiteState, WorksEvent

_PROTECTION = int(AccountFlag.PROTECTED | AccountFlag.NEWCOMER)


def member_of(state: WorldState, row: int) -> Any:
    """Return the MEMBER_DTYPE record of a participant's ledger row."""
    return state.arrays["members"][row - state.first_participant]


def may_be_debited(state: WorldState, row: int) -> bool:
    """Return whether an account may pay and use what it has: False while it is frozen."""
    return not int(state.ledger.flags[row]) & int(AccountFlag.DEBITS_FROZEN)


def day_of(state: WorldState) -> int:
    """Return the number of the running game day."""
    return int(state.clock[Clock.STEP]) // STEPS_PER_DAY


def storage_room(state: WorldState, row: int, region: int) -> int:
    """Return the lots that an account may keep in a region without a fee."""
    p = state.params.works
    sites = state.arrays["sites"][: state.clock[Clock.SITES]]
    own = sites[(sites["owner"] == row) & (sites["state"] != SiteState.FREE)]
    jobs = 0
    for site in own[own["market"] // GOODS_COUNT == region]:
        jobs += works.TIER_WORKERS[int(site["tier"]) - 1]
    return p.storage_lots + p.storage_site_lots * jobs


def stored(state: WorldState, row: int, region: int) -> int:
    """Return the lots, free and held, that an account has in a region."""
    part = slice(region * GOODS_COUNT, (region + 1) * GOODS_COUNT)
    ledger = state.ledger
    return int(ledger.stock[row, part].sum()) + int(ledger.stock_held[row, part].sum())


def end_protection(state: WorldState, row: int, generation: int, tick: int) -> None:
    """End a newcomer's protection, if the row is still the same participant's."""
    if int(state.ledger.generation[row]) != generation:
        return
    if not int(state.ledger.flags[row]) & int(AccountFlag.PROTECTED):
        return
    state.ledger.flags[row] &= np.uint16(0xFFFF ^ _PROTECTION)
    member_of(state, row)["protected_until"] = 0
    state.emission.works.note(row, tick, WorksEvent.PROTECTION_ENDED)
    state.emission.works.members.add(row)


def close_members(state: WorldState, tick: int, day_number: int) -> None:
    """Close the day of every participant: wage, meal, storage, in the order of the rows."""
    count = int(state.clock[Clock.ROWS]) - state.first_participant
    if count <= 0:
        return
    kinds = state.ledger.kind[state.first_participant : state.first_participant + count]
    members = state.arrays["members"][:count]
    busy = (members["work_until"] > 0) | (members["needs"] > 0)
    for place in np.flatnonzero(busy).tolist():
        row = state.first_participant + place
        _work(state, members[place], row, tick, day_number)
        _eat(state, members[place], row, tick)
        state.emission.works.members.add(row)
    lots = state.ledger.stock[state.first_participant : state.first_participant + count]
    held = state.ledger.stock_held[state.first_participant : state.first_participant + count]
    for region in range(state.params.regions):
        part = slice(region * GOODS_COUNT, (region + 1) * GOODS_COUNT)
        total = lots[:, part].sum(axis=1, dtype=np.int64) + held[:, part].sum(axis=1)
        over = (total > state.params.works.storage_lots) & (kinds != 0)
        for place in np.flatnonzero(over).tolist():
            row = state.first_participant + place
            _charge_storage(state, row, region, int(total[place]), tick)


def _work(state: WorldState, member: Any, row: int, tick: int, day_number: int) -> None:
    if not member["work_until"]:
        return
    works_report, macro = state.emission.works, state.macro
    treasury = state.institution(Institution.TREASURY)
    floor = state.params.monetary.treasury_share * float(macro[Macro.MONEY])
    net, _ = works.work_wage_minor(
        state.params.works, float(macro[Macro.MEAN_WAGE]), float(state.ledger.cash[treasury]),
        max(1.0, floor),
    )  # fmt: skip
    paid = int(pay(state.ledger, treasury, row, net))
    member["worked_days"] += 1
    member["earned"] += paid
    works_report.touched.append((row, CASH))
    works_report.note(row, tick, WorksEvent.WAGE, amount=paid)
    if day_number + 1 >= int(member["work_until"]):
        member["work_until"] = 0
        works_report.note(row, tick, WorksEvent.WORK_STOPPED)


def _eat(state: WorldState, member: Any, row: int, tick: int) -> None:
    """Take one basket out of the stock; nothing at all when it is not complete."""
    if not member["needs"]:
        return
    first = (int(member["needs"]) - 1) * GOODS_COUNT
    report, ledger = state.emission.works, state.ledger
    need = {good: works.whole(float(state.goods.basket[good])) for good in CONSUMED}
    fed = may_be_debited(state, row) and all(
        int(ledger.stock[row, first + good]) >= lots for good, lots in need.items()
    )
    member["fed"] = int(fed)
    if fed:
        for good, lots in need.items():
            use(ledger, row, first + good, lots)
            state.day.consumed[first + good] += lots
            report.touched.append((row, first + good))
    kind = WorksEvent.NEEDS_MET if fed else WorksEvent.NEEDS_MISSED
    report.note(row, tick, kind, market=first)


def _charge_storage(state: WorldState, row: int, region: int, lots: int, tick: int) -> None:
    p = state.params.works
    over = lots - storage_room(state, row, region)
    if over <= 0 or not may_be_debited(state, row):
        return
    fee = works.whole(over * p.storage_fee * float(state.macro[Macro.CPI]))
    paid = int(pay(state.ledger, row, state.institution(Institution.TREASURY), fee))
    report = state.emission.works
    report.touched.append((row, CASH))
    report.note(row, tick, WorksEvent.STORAGE_FEE, region * GOODS_COUNT, 0, over, -paid)
