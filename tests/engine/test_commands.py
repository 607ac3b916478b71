"""Commands and their bytes: exactly one text for each, a clean error for everything else."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy_engine import commands, limits, works
from economy_engine.commands import BadCommandError, Header
from economy_engine.errors import RejectReason
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce

int64 = st.integers(-(2**63), 2**63 - 1)
count = st.integers(0, 2**63 - 1)
lots = st.integers(1, limits.QUANTITY_LOTS_MAX)
uuids = st.binary(min_size=16, max_size=16)
market = st.integers(0, limits.MARKETS_MAX - 1)
market_or_all = st.integers(-1, limits.MARKETS_MAX - 1)
ppm = st.integers(-(10**9), 10**9)
deal_price = st.integers(1, limits.PRICE_MINOR_MAX)
uint64 = st.integers(0, 2**64 - 1)

any_command = st.one_of(
    st.builds(
        commands.PlaceOrder, market, st.sampled_from(Side), st.sampled_from(OrderType),
        st.sampled_from(TimeInForce), lots, st.integers(0, limits.PRICE_MINOR_MAX), count,
        st.sampled_from(SelfTrade),
    ),
    st.builds(commands.CancelOrder, uuids),
    st.builds(commands.ReduceOrder, uuids, lots),
    st.builds(commands.CancelAll, market_or_all),
    st.builds(commands.RegisterParticipant, st.booleans()),
    st.just(commands.RetireParticipant()),
    st.builds(commands.ShipGoods, market, st.integers(0, limits.REGIONS_MAX - 1),
              st.integers(1, limits.SHIPMENT_LOTS_MAX)),
    st.builds(commands.Halt, st.integers(0, 2**16 - 1)),
    st.just(commands.Resume()),
    st.builds(commands.Upgrade, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), uint64,
              uint64),
    st.builds(commands.SetPolicyRate, ppm, st.integers(0, 36_000)),
    st.builds(commands.InjectShock, st.sampled_from(commands.ShockKind), market_or_all, ppm),
    st.just(commands.StartWork()),
    st.just(commands.StopWork()),
    st.builds(commands.SetNeeds, st.booleans(), st.integers(0, limits.REGIONS_MAX - 1)),
    st.builds(commands.BuySite, market),
    st.builds(commands.SellSite, uuids),
    st.builds(
        commands.SetSite, uuids, st.integers(0, limits.QUANTITY_LOTS_MAX),
        st.integers(0, limits.PRICE_MINOR_MAX), st.integers(0, works.WORKERS_MAX),
        st.sampled_from(works.Pricing), st.integers(0, limits.PRICE_MINOR_MAX),
        st.integers(-works.MARKUP_PPM_MAX, works.MARKUP_PPM_MAX),
        st.integers(0, limits.QUANTITY_LOTS_MAX), st.booleans(),
    ),
    st.builds(commands.UpgradeSite, uuids),
    st.builds(commands.ResearchSite, uuids),
    st.builds(commands.BuyProspect, market, st.integers(1, works.TICKETS_MAX)),
    st.builds(commands.OfferSite, uuids, deal_price),
    st.builds(commands.EndOffer, uuids),
    st.builds(commands.TakeSite, uuids, deal_price),
    st.builds(commands.OfferLicence, st.integers(0, limits.GOODS_PER_REGION - 1),
              st.integers(1, works.LEVELS_MAX), st.integers(0, limits.PRICE_MINOR_MAX)),
    st.builds(commands.TakeLicence, uuids, deal_price),
    st.builds(commands.BidSite, st.integers(1, limits.MONEY_MINOR_MAX), deal_price),
)  # fmt: skip
any_header = st.builds(
    Header, participant=count, actor=count, origin=st.sampled_from(commands.Origin),
    flags=st.integers(0, 255), expires_tick=count, authority=int64,
)  # fmt: skip
ORDER = commands.PlaceOrder(1, Side.BID, OrderType.LIMIT, TimeInForce.GTC, 5, 6_001)
BYTES = commands.encode(ORDER, Header(participant=7, actor=8))


@given(any_command, any_header)
def test_round_trip(command: Any, header: Header) -> None:
    data = commands.encode(command, header)
    assert len(data) <= limits.PAYLOAD_BYTES_MAX
    read_header, read = commands.decode(data)
    assert read == command
    assert type(read) is type(command)
    assert (read_header.kind, read_header.version) == (command.kind, command.version)
    for name in ("participant", "actor", "origin", "flags", "expires_tick", "authority"):
        assert getattr(read_header, name) == getattr(header, name)
    assert commands.encode(read, read_header) == data


wild = st.one_of(st.binary(max_size=120), st.binary(max_size=60).map(lambda tail: BYTES[:9] + tail))


@given(wild)
def test_any_bytes_give_a_command_or_a_clean_error(data: bytes) -> None:
    try:
        header, command = commands.decode(data)
    except BadCommandError as error:
        assert 2000 <= error.reason < 4000
    else:
        assert commands.encode(command, header) == data


@given(st.integers(0, len(BYTES) - 1), st.integers(1, 255))
def test_a_changed_byte_is_another_command_or_an_error(place: int, flip: int) -> None:
    data = bytearray(BYTES)
    data[place] ^= flip
    try:
        header, command = commands.decode(bytes(data))
    except BadCommandError:
        return
    assert commands.encode(command, header) == bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", RejectReason.BAD_LENGTH),
        (BYTES[:39], RejectReason.BAD_LENGTH),
        (BYTES[:-1], RejectReason.BAD_LENGTH),
        (BYTES + b"\0", RejectReason.BAD_LENGTH),
        (b"\xff\xff" + BYTES[2:], RejectReason.UNKNOWN_KIND),
        (BYTES[:2] + b"\x02" + BYTES[3:], RejectReason.UNKNOWN_VERSION),
        (BYTES[:6] + b"\x01" + BYTES[7:], RejectReason.UNKNOWN_FIELD),
        (BYTES[:4] + b"\x09" + BYTES[5:], RejectReason.BAD_ENUM),
    ],
)
def test_refused_bytes(data: bytes, reason: RejectReason) -> None:
    with pytest.raises(BadCommandError) as caught:
        commands.decode(data)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"market": -1}, RejectReason.UNKNOWN_SYMBOL),
        ({"market": limits.MARKETS_MAX}, RejectReason.UNKNOWN_SYMBOL),
        ({"side": 2}, RejectReason.BAD_ENUM),
        ({"order_type": 3}, RejectReason.BAD_ENUM),
        ({"time_in_force": 4}, RejectReason.BAD_ENUM),
        ({"self_trade": 4}, RejectReason.BAD_ENUM),
        ({"quantity": 0}, RejectReason.LOT_SIZE),
        ({"quantity": limits.QUANTITY_LOTS_MAX + 1}, RejectReason.LOT_SIZE),
        ({"price": -1}, RejectReason.PRICE_FILTER),
        ({"price": 2**40}, RejectReason.PRICE_FILTER),
        ({"expires_tick": -1}, RejectReason.OUT_OF_RANGE),
        ({"quantity": 1.5}, RejectReason.LOT_SIZE),
    ],
)
def test_fields_out_of_range_are_not_encoded(changes: dict, reason: RejectReason) -> None:
    values = {each.name: getattr(ORDER, each.name) for each in fields(ORDER)} | changes
    with pytest.raises(BadCommandError) as caught:
        commands.encode(commands.PlaceOrder(**values), Header())
    assert caught.value.reason == reason


def test_header_of_another_kind_is_refused() -> None:
    with pytest.raises(BadCommandError):
        commands.encode(ORDER, Header(kind=commands.CommandKind.HALT))
    with pytest.raises(BadCommandError):
        commands.encode(ORDER, Header(participant=-1))
    with pytest.raises(BadCommandError):
        commands.encode("PlaceOrder", Header())  # type: ignore[arg-type]
    with pytest.raises(BadCommandError):
        commands.encode(commands.CancelOrder(b"short"), Header())


def test_golden_bytes() -> None:
    assert BYTES.hex() == (
        "6400010000000000" "0800000000000000" "0700000000000000" "0000000000000000"
        "0000000000000000" "0100000000" "0500000000000000" "7117000000000000"
        "0000000000000000" "00"
    )  # fmt: skip
