"""Compile every kernel before anybody waits for it.

A fresh clone compiles once; later processes read the machine code from numba's cache directory.
"""

from __future__ import annotations

from economy_engine import apply as applying
from economy_engine import commands, genesis, params, snapshot
from economy_engine.book.kernels import sweep_expired_participants
from economy_engine.order_terms import OrderType, Side, TimeInForce

AGENTS = 500
PARTICIPANT = 1


def warm() -> None:
    """Run each kernel once on the smallest world: a day's end, every order, a snapshot."""
    state = genesis.create(
        params.preset(
            "lab", AGENTS, 7, ladder_levels=32_768, ai_orders_max=65_536, spare_rows=64,
            participant_orders_max=1_024,
        )
    )  # fmt: skip
    seq = 0

    def act(*given: commands.Command, ref_seq: int = 0) -> None:
        nonlocal seq
        entries: list[applying.Entry] = []
        for command in given:
            seq += 1
            tick = int(state.clock[0])
            payload = commands.encode(command, commands.Header(participant=PARTICIPANT))
            entries.append(applying.CommandEntry(seq, tick, ref_seq, payload))
        applying.apply(state, entries)

    ticks = state.params.preset.clock.ticks_per_day + 2
    applying.apply(state, [applying.TickEntry() for _ in range(ticks)])
    act(commands.RegisterParticipant(guest=True))
    bid = commands.PlaceOrder(
        0, Side.BID, OrderType.LIMIT, TimeInForce.GTC, 1,
        int(state.book.market[0]["price_increment"] * (state.book.market[0]["band_low"] + 1)),
    )  # fmt: skip
    act(bid)
    act(commands.ReduceOrder(bytes(16), 1), commands.CancelOrder(bytes(16)), ref_seq=seq)
    act(commands.PlaceOrder(0, Side.BID, OrderType.MARKET, TimeInForce.IOC, 1, 0))
    act(commands.CancelAll(-1))
    sweep_expired_participants(state.book, state.ledger, state.outbox, 0)
    state.digest()
    state.check()
    snapshot.load(snapshot.dump(state)).digest()
