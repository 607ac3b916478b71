"""The tables of `tables/`, run on the kernels and on the naive book alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from economy_engine.book.columns import MarketState
from economy_engine.book.order_book import Order
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce
from tests.engine.oracles.venues import KernelVenue, NaiveVenue

SIDES = {"buy": Side.BID, "sell": Side.ASK}


def sections() -> dict[str, list[str]]:
    """Read the table files: title -> rows."""
    found: dict[str, list[str]] = {}
    folder = Path(__file__).parent / "tables"
    lines = [(folder / name).read_text() for name in ("orders.txt", "auctions.txt")]
    for line in "\n".join(lines).splitlines():
        if line.startswith("["):
            rows = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            rows.append(line)
    return found


TABLES = sections()


class Reader:
    """Performs rows of a table on one venue and says what came of each."""

    def __init__(self, venue: KernelVenue | NaiveVenue) -> None:
        self.venue = venue
        self.number = 0

    def perform(self, row: str) -> str:
        name, *words = row.split()
        self.number += 1
        return getattr(self, f"do_{name}")(words)

    def do_place(self, words: list[str]) -> str:
        row, side, lots, _, price, *terms = words
        order = Order(0, SIDES[side], int(price), int(lots))
        for term in terms:
            word = term.upper()
            if term.startswith("until="):
                order = order._replace(expires_tick=int(term[6:]))
            elif word in OrderType.__members__:
                order = order._replace(type=OrderType[word])
            elif word in TimeInForce.__members__:
                order = order._replace(tif=TimeInForce[word])
            else:
                order = order._replace(self_trade=SelfTrade[word])
        result = self.venue.place(int(row), self.number, order)
        reason, status, filled, value, fee, left, closed_for, _ = result
        if reason != "ok":
            return reason
        said = f"{status} {filled}/{left}"
        said += f" value {value}" if value else ""
        said += f" fee {fee}" if fee else ""
        return said + (f" for {closed_for}" if closed_for != "ok" else "")

    def do_agent(self, words: list[str]) -> str:
        row, side, lots, _, price, life, *post = words
        rests = self.venue.place_agent(int(row), self.number, 0, int(SIDES[side]), int(price),
                                       int(lots), int(life[5:]), bool(post))  # fmt: skip
        return "rests" if rests else "gone"

    def do_cancel(self, words: list[str]) -> str:
        return str(self.venue.cancel(int(words[0])))

    def do_reduce(self, words: list[str]) -> str:
        return str(self.venue.reduce(int(words[0]), int(words[1])))

    def do_advance(self, _words: list[str]) -> str:
        self.venue.advance()
        return "ok"

    def do_band(self, words: list[str]) -> str:
        self.venue.set_band(0, int(words[0]), int(words[1]))
        return "ok"

    def do_state(self, words: list[str]) -> str:
        self.venue.set_state(0, int(words[0]))
        return "ok"

    def do_call(self, _words: list[str]) -> str:
        return self.do_state([str(int(MarketState.AUCTION))])

    def do_indication(self, words: list[str]) -> str:
        price, lots, imbalance = self.venue.indication(0, int(words[0]))
        return f"{price} x {lots} imbalance {imbalance}" if lots else "nothing"

    def do_uncross(self, words: list[str]) -> str:
        price, lots = self.venue.uncross(0, int(words[0]))
        return f"{price} x {lots}" if lots else "nothing"

    def do_increment(self, words: list[str]) -> str:
        self.venue.set_price_increment(0, int(words[0]))
        return "ok"

    def queue(self, side: Side) -> str:
        return " ".join(f"{p}:{lots}/{row}" for p, row, lots, _ in self.venue.queue(0, int(side)))

    def do_bids(self, _words: list[str]) -> str:
        return self.queue(Side.BID)

    def do_asks(self, _words: list[str]) -> str:
        return self.queue(Side.ASK)

    def do_cash(self, words: list[str]) -> str:
        return "{}+{}".format(*self.venue.balance(int(words[0]), -1))

    def do_lots(self, words: list[str]) -> str:
        return "{}+{}".format(*self.venue.balance(int(words[0]), 0))


@pytest.mark.parametrize("make", [KernelVenue, NaiveVenue])
@pytest.mark.parametrize("title", TABLES)
def test_table(title: str, make: type[KernelVenue] | type[NaiveVenue]) -> None:
    reader = Reader(make())
    for row in TABLES[title]:
        asked, _, expected = row.partition("->")
        assert reader.perform(asked.strip()) == expected.strip(), row
        reader.venue.check()
