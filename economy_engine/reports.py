"""From what the kernels reported to the rows of a block: orders, fills, balances.

Fills and closures carry the cumulative state of the order, so a commit has one row per order: of
all records with its seq the one with the most filled and then the least left; a record that ended
the order wins over one that did not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from economy_engine import directory, events
from economy_engine.book.columns import ClosureReason, OutboxCount
from economy_engine.deals import LOT_EVENT_DTYPE, PATENT_EVENT_DTYPE
from economy_engine.errors import RejectReason
from economy_engine.ledger.columns import CASH
from economy_engine.order_terms import OrderEvent, OrderStatus
from economy_engine.schema import Clock
from economy_engine.state import WorldState
from economy_engine.systems.works.members import day_of, member_of
from economy_engine.systems.works.sites import job_of
from economy_engine.works import (
    LEVELS_MAX,
    MEMBER_EVENT_DTYPE,
    SITE_EVENT_DTYPE,
    WORKS_EVENT_DTYPE,
)

_OPEN_CLOSURES = (
    ClosureReason.SELF_TRADE_REDUCED,
    ClosureReason.REBASED,
    ClosureReason.REDUCED,
)
# What a closure says of the order: its event, and the reason shown to its owner.
_CLOSURES: dict[int, tuple[OrderEvent, int]] = {
    ClosureReason.EXPIRED: (OrderEvent.EXPIRED, 0),
    ClosureReason.CANCELED: (OrderEvent.CANCELED, 0),
    ClosureReason.SELF_TRADE: (OrderEvent.EXPIRED, RejectReason.SELF_TRADE),
    ClosureReason.SELF_TRADE_REDUCED: (OrderEvent.REDUCED, RejectReason.SELF_TRADE),
    ClosureReason.HALTED: (OrderEvent.CANCELED, RejectReason.WORLD_HALTED),
    ClosureReason.REBASED: (OrderEvent.REDUCED, 0),
    ClosureReason.RETIRED: (OrderEvent.CANCELED, 0),
    ClosureReason.REDUCED: (OrderEvent.REDUCED, 0),
}


class Reports:
    """Collects what the entries of one commit reported; `drain` before the outbox is cleared."""

    def __init__(self) -> None:
        self._orders: list[np.ndarray] = []
        self._fills: list[np.ndarray] = []
        self._touched: list[np.ndarray] = []
        self._shipments: list[np.ndarray] = []
        self._notes: list[np.ndarray] = []
        self._sites: dict[int, np.ndarray] = {}  # by deed
        self._members: dict[int, np.ndarray] = {}  # by participant
        self._dismissed: list[np.ndarray] = []
        self._patents: dict[int, np.ndarray] = {}  # by place
        self._lots: dict[int, np.ndarray] = {}  # by number

    def placed(self, order: dict[str, Any]) -> None:
        """Add the state that an order's own command left it in."""
        row = np.zeros(1, events.ORDER_EVENT_DTYPE)
        for name, value in order.items():
            row[name] = value
        self._orders.append(row)

    def touch(self, pairs: list[tuple[int, int]]) -> None:
        """Add (ledger row, asset) pairs whose balances a handler changed."""
        if pairs:
            self._touched.append(np.array(pairs, np.int64))

    def dismissed(self, state: WorldState, participant: int) -> None:
        """Add that a participant, who leaves its row, has nothing any more."""
        rows = np.zeros(state.params.markets + 1, events.BALANCE_DTYPE)
        rows["participant"], rows["asset"] = participant, np.arange(CASH, state.params.markets)
        self._dismissed.append(rows)

    def shipped(self, row: np.ndarray | None) -> None:
        """Add the report of a shipment that a command sent."""
        if row is not None:
            self._shipments.append(row)

    def drain(self, state: WorldState) -> None:
        """Take what the outbox and the participants' economies hold, and clear them."""
        self._drain_works(state)
        counts = state.outbox.counts
        fills = state.outbox.fills[: counts[OutboxCount.FILLS]]
        closures = state.outbox.closures[: counts[OutboxCount.CLOSURES]]
        if len(fills):
            maker = fills[fills["maker_seq"] > 0]
            self._orders.append(_from_fills(state, maker))
            self._fills.append(_fill_rows(state, fills))
        if len(closures):
            self._orders.append(_from_closures(state, closures))
        if len(fills) or len(closures):
            self._touched.extend(_touched(state, fills, closures))
        counts[:] = 0
        arrived = state.emission.take_arrivals()
        if len(arrived):
            self._shipments.append(_arrival_rows(state, arrived))
            self._touched.append(np.stack([arrived["row"], arrived["target"]], axis=1))

    def _drain_works(self, state: WorldState) -> None:
        """Orders by rule, notes, and the sites and members that changed, as they are now."""
        found = state.emission.works
        tick = int(state.clock[Clock.TICK])
        for order in found.orders:
            row = np.array([order.pop("row")])
            self.placed(order | {"participant": int(directory.participants_of(state, row)[0])})
        self.touch(found.touched)
        if found.notes:
            self._notes.append(_note_rows(state, found.notes))
        for place in sorted(found.sites):
            site = state.arrays["sites"][place]
            workers = int(state.staff.workers[job_of(state, place)])
            self._sites[int(site["deed"])] = _site_row(state, site, workers, tick)
        for site in found.closed:
            self._sites[int(site["deed"])] = _site_row(state, site, 0, tick)
        for row in sorted(found.members):
            member = _member_row(state, row, tick)
            self._members[int(member["participant"][0])] = member
        for place in sorted(found.patents):
            self._patents[place] = _patent_row(state, place, tick)
        for number, (lot, standing) in found.lots.items():
            self._lots[number] = _lot_row(state, lot, standing, tick)
        found.clear()

    def works(self) -> np.ndarray:
        """Return one WORKS_EVENT row per thing that happened, in order."""
        return _joined(self._notes, WORKS_EVENT_DTYPE)

    def sites(self) -> np.ndarray:
        """Return one SITE_EVENT row per site that changed, in its last state."""
        return _joined(list(self._sites.values()), SITE_EVENT_DTYPE)

    def members(self) -> np.ndarray:
        """Return one MEMBER_EVENT row per participant whose contract or household changed."""
        return _joined(list(self._members.values()), MEMBER_EVENT_DTYPE)

    def patents(self) -> np.ndarray:
        """Return one PATENT_EVENT row per patent that changed, in its last state."""
        return _joined(list(self._patents.values()), PATENT_EVENT_DTYPE)

    def lots(self) -> np.ndarray:
        """Return one LOT_EVENT row per auction that changed, in its last state."""
        return _joined(list(self._lots.values()), LOT_EVENT_DTYPE)

    def orders(self) -> np.ndarray:
        """Return one ORDER_EVENT row per order, by seq."""
        return _newest(_joined(self._orders, events.ORDER_EVENT_DTYPE))

    def fills(self) -> np.ndarray:
        """Return one FILL_EVENT row per participant's side of a trade, in order."""
        return _joined(self._fills, events.FILL_EVENT_DTYPE)

    def shipments(self) -> np.ndarray:
        """Return one SHIPMENT_EVENT row per departure and arrival, in order."""
        return _joined(self._shipments, events.SHIPMENT_EVENT_DTYPE)

    def balances(self, state: WorldState) -> np.ndarray:
        """Return the balances, as they are now, of every participant's asset that moved."""
        rows = list(self._dismissed)
        if self._touched:
            rows.append(_balance_rows(state, np.unique(np.concatenate(self._touched), axis=0)))
        return _joined(rows, events.BALANCE_DTYPE)


def _joined(parts: list[np.ndarray], dtype: np.dtype) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


def _newest(rows: np.ndarray) -> np.ndarray:
    """Of the records of each order the last state that it reached."""
    if not len(rows):
        return rows
    open_status = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)
    ended = ~np.isin(rows["status"], open_status)
    order = np.lexsort((np.arange(len(rows)), -rows["left"], rows["filled"], ended, rows["seq"]))
    rows = rows[order]
    last = np.ones(len(rows), bool)
    last[:-1] = rows["seq"][1:] != rows["seq"][:-1]
    return rows[last]


def _from_fills(state: WorldState, fills: np.ndarray) -> np.ndarray:
    """The maker's side of fills as states of orders."""
    rows = np.zeros(len(fills), events.ORDER_EVENT_DTYPE)
    rows["seq"] = fills["maker_seq"]
    rows["participant"] = directory.participants_of(state, fills["maker_row"])
    rows["side"] = 1 - fills["taker_side"]
    for name in ("tick", "market"):
        rows[name] = fills[name]
    for name in ("type", "tif", "filled", "left", "value", "fee"):
        rows[name] = fills[f"maker_{name}"]
    rows["price"] = fills["maker_limit"]
    rows["quantity"] = fills["maker_original"]
    rows["expires_tick"] = fills["maker_expires"]
    rows["event"] = OrderEvent.TRADE
    rows["status"] = np.where(
        fills["maker_left"] == 0, OrderStatus.FILLED, OrderStatus.PARTIALLY_FILLED
    )
    return rows


def _from_closures(state: WorldState, closures: np.ndarray) -> np.ndarray:
    """What ended or shrank orders other than by a fill."""
    rows = np.zeros(len(closures), events.ORDER_EVENT_DTYPE)
    rows["participant"] = directory.participants_of(state, closures["row"])
    for name in ("seq", "tick", "market", "side", "type", "tif", "price", "filled", "value", "fee"):
        rows[name] = closures[name]
    rows["quantity"] = closures["original"]
    rows["expires_tick"] = closures["expires"]
    stays = np.isin(closures["reason"], _OPEN_CLOSURES)
    rows["left"] = np.where(stays, closures["left"], 0)
    for reason, (event, shown) in _CLOSURES.items():
        which = closures["reason"] == reason
        rows["event"][which] = event
        rows["reason"][which] = shown
        ended = OrderStatus.CANCELED if event == OrderEvent.CANCELED else OrderStatus.EXPIRED
        rows["status"][which] = ended
    alive = np.where(closures["filled"] > 0, OrderStatus.PARTIALLY_FILLED, OrderStatus.NEW)
    rows["status"][stays] = alive[stays]
    return rows


def _fill_rows(state: WorldState, fills: np.ndarray) -> np.ndarray:
    """One row per participant's side of a trade, in the order of the trades."""
    sides = []
    for role in ("maker", "taker"):
        own = fills[f"{role}_seq"] > 0
        some = fills[own]
        rows = np.zeros(len(some), events.FILL_EVENT_DTYPE)
        rows["seq"] = some[f"{role}_seq"]
        rows["participant"] = directory.participants_of(state, some[f"{role}_row"])
        rows["side"] = some["taker_side"] if role == "taker" else 1 - some["taker_side"]
        for name in ("tick", "market", "trade", "price", "quantity"):
            rows[name] = some[name]
        rows["value"] = some["price"] * some["quantity"]
        rows["fee"] = np.where(rows["side"] == 1, some["fee"], 0)
        rows["fee_waived"] = np.where(rows["side"] == 1, some["fee_waived"], 0)
        rows["is_maker"] = role == "maker"
        sides.append((np.flatnonzero(own), rows))
    places = np.concatenate([place for place, _ in sides])
    rows = np.concatenate([part for _, part in sides])
    return rows[np.argsort(places, kind="stable")]


def _arrival_rows(state: WorldState, arrived: np.ndarray) -> np.ndarray:
    rows = np.zeros(len(arrived), events.SHIPMENT_EVENT_DTYPE)
    for name in ("number", "source", "target", "lots"):
        rows[name] = arrived[name]
    rows["participant"] = directory.participants_of(state, arrived["row"])
    rows["tick"] = state.clock[Clock.TICK]
    rows["arrives_tick"] = arrived["arrives"]
    rows["event"] = events.ShipmentEvent.ARRIVED
    return rows


def _touched(state: WorldState, fills: np.ndarray, closures: np.ndarray) -> list[np.ndarray]:
    """(row, asset) pairs of participants that fills and closures moved: cash and the good."""
    pairs = []
    for records, name in ((fills, "maker_row"), (fills, "taker_row"), (closures, "row")):
        own = records[records[name] >= state.first_participant]
        rows = own[name].astype(np.int64)
        pairs.append(np.stack([rows, np.full(len(own), CASH, np.int64)], axis=1))
        pairs.append(np.stack([rows, own["market"].astype(np.int64)], axis=1))
    return pairs


def _balance_rows(state: WorldState, pairs: np.ndarray) -> np.ndarray:
    out = np.zeros(len(pairs), events.BALANCE_DTYPE)
    rows, assets = pairs[:, 0], pairs[:, 1]
    ledger = state.ledger
    cash = assets == CASH
    goods = np.maximum(assets, 0)
    out["participant"] = directory.participants_of(state, rows)
    out["asset"] = assets
    out["available"] = np.where(cash, ledger.cash[rows], ledger.stock[rows, goods])
    out["held"] = np.where(cash, ledger.cash_held[rows], ledger.stock_held[rows, goods])
    return out[out["participant"] > 0]


def totals(state: WorldState) -> np.ndarray:
    """Return what all participants have together: one TOTAL row for cash and for each market."""
    rows = state.arrays["participants.rows"][: directory.participants_count(state)]
    ledger = state.ledger
    out = np.zeros(state.params.markets + 1, events.TOTAL_DTYPE)
    out["asset"] = np.arange(CASH, state.params.markets)
    out["available"][0], out["held"][0] = ledger.cash[rows].sum(), ledger.cash_held[rows].sum()
    out["available"][1:] = ledger.stock[rows].sum(axis=0, dtype=np.int64)
    out["held"][1:] = ledger.stock_held[rows].sum(axis=0, dtype=np.int64)
    return out


def _note_rows(state: WorldState, notes: list[tuple[int, ...]]) -> np.ndarray:
    rows = np.array(notes, np.int64)
    out = np.zeros(len(rows), WORKS_EVENT_DTYPE)
    out["participant"] = directory.participants_of(state, rows[:, 0])
    for column, name in enumerate(("tick", "kind", "market", "deed", "quantity", "amount"), 1):
        out[name] = rows[:, column]
    return out


_SITE_FIELDS = tuple(
    name
    for name in SITE_EVENT_DTYPE.names or ()
    if name not in ("participant", "tick", "workers", "reference")
)


def _site_row(state: WorldState, site: Any, workers: int, tick: int) -> np.ndarray:
    out = np.zeros(1, SITE_EVENT_DTYPE)
    owner = np.array([int(site["owner"])])
    out["participant"] = directory.participants_of(state, owner)
    out["tick"], out["workers"] = tick, workers
    out["reference"] = state.price.reference[int(site["market"])]
    for name in _SITE_FIELDS:
        out[name] = site[name]
    return out


def _member_row(state: WorldState, row: int, tick: int) -> np.ndarray:
    out = np.zeros(1, MEMBER_EVENT_DTYPE)
    member = member_of(state, row)
    out["participant"] = directory.participants_of(state, np.array([row]))
    out["tick"], out["day"] = tick, day_of(state)
    for name in ("work_until", "worked_days", "earned", "protected_until", "needs", "fed", "sites"):
        out[name] = member[name]
    return out


def _patent_row(state: WorldState, place: int, tick: int) -> np.ndarray:
    out = np.zeros(1, PATENT_EVENT_DTYPE)
    patent = state.arrays["patents"][place]
    out["good"], out["level"], out["tick"] = place // LEVELS_MAX, place % LEVELS_MAX + 1, tick
    if not patent["until"]:
        return out
    out["participant"] = directory.participants_of(state, np.array([int(patent["owner"])]))
    for name in ("until", "fee", "licences", "earned"):
        out[name] = patent[name]
    return out


_LOT_FIELDS = tuple(
    name for name in LOT_EVENT_DTYPE.names or () if name not in ("tick", "participant", "state")
)


def _lot_row(state: WorldState, lot: Any, standing: int, tick: int) -> np.ndarray:
    out = np.zeros(1, LOT_EVENT_DTYPE)
    out["tick"], out["state"] = tick, standing
    if lot["best"]:
        out["participant"] = directory.participants_of(state, np.array([int(lot["bidder"])]))
    for name in _LOT_FIELDS:
        out[name] = lot[name]
    return out
