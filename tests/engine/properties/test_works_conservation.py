"""Whatever participants ask of their economies, money and goods are conserved to the unit.

Random commands by random participants, with ticks between them; afterwards snapshot and copy have
the same future, and a replay of the same entries has the same digest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from economy_engine import (
    CommandEntry,
    TickEntry,
    WorldState,
    commands,
    create,
    directory,
    preset,
    snapshot,
    works,
)
from economy_engine.apply import Entry, apply
from economy_engine.events import pack
from economy_engine.order_terms import OrderType, SelfTrade, Side, TimeInForce
from economy_engine.schema import Clock

PLAYERS = (3, 5, 8)
MONTH_TICKS = 30 * 60
SIZES: dict[str, Any] = {
    "participant_orders_max": 512,
    "spare_rows": 4,
    "participants_max": 8,
    "sites_max": 8,
    "ladder_levels": 2_048,
    "ai_orders_max": 16_384,
    "social_hour_ticks": 100,
    "calendar_max": 64,
}
markets = st.integers(0, 10)
target = st.just(bytes(16))
site_rules = st.builds(
    commands.SetSite,
    target=target,
    output=st.sampled_from([0, 7, 80, 5_000]),
    wage=st.sampled_from([0, 60_000, 110_000, 900_000]),
    workers=st.integers(0, 8),
    pricing=st.sampled_from(works.Pricing),
    price=st.sampled_from([0, 1, 9_000, 2_000_000_000]),
    markup_ppm=st.sampled_from([-works.MARKUP_PPM_MAX, -300_000, 0, 250_000]),
    keep=st.sampled_from([0, 10, 10_000]),
    buy_inputs=st.booleans(),
)
asked = st.one_of(
    st.builds(commands.BuySite, markets),
    st.builds(commands.BuySite, st.sampled_from([0, 3, 7])),
    site_rules,
    site_rules,
    st.builds(commands.SellSite, target),
    st.builds(commands.UpgradeSite, target),
    st.builds(commands.ResearchSite, target),
    st.builds(commands.BuyProspect, markets, st.integers(1, works.TICKETS_MAX)),
    st.builds(commands.OfferSite, target, st.sampled_from([1, 800_000, 1_500_000, 3_000_000])),
    st.builds(commands.EndOffer, target),
    st.builds(commands.TakeSite, target, st.sampled_from([900_000, 5_000_000])),
    st.builds(commands.TakeSite, target, st.just(5_000_000)),
    st.builds(
        commands.OfferLicence, st.just(7), st.integers(1, 3), st.sampled_from([0, 9, 40_000])
    ),
    st.builds(commands.TakeLicence, target, st.sampled_from([9, 2_000_000])),
    st.builds(
        commands.BidSite, st.integers(1, 4), st.sampled_from([750_000, 800_000, 1_200_000])
    ),
    st.builds(commands.BidSite, st.integers(1, 2), st.sampled_from([900_000, 2_000_000])),
    st.just(commands.StartWork()),
    st.just(commands.StopWork()),
    st.builds(commands.SetNeeds, st.booleans(), st.integers(0, 2)),
    st.builds(commands.RegisterParticipant, st.booleans()),
    st.just(commands.RetireParticipant()),
    st.builds(
        commands.PlaceOrder, st.sampled_from([6, 7, 9]), st.sampled_from(Side),
        st.just(OrderType.MARKET), st.just(TimeInForce.IOC), st.integers(1, 40), st.just(0),
        st.just(0), st.sampled_from(SelfTrade),
    ),
)  # fmt: skip
steps = st.lists(
    st.tuples(st.sampled_from(PLAYERS), asked, st.integers(0, 9), st.sampled_from([0, 1, 13, 60])),
    min_size=4,
    max_size=25,
)


@pytest.fixture(scope="module")
def living() -> WorldState:
    """A small world with three participants and a site of each."""
    state = create(preset("lab", 500, 5, **SIZES))
    entries: list[Entry] = []
    seq = 0
    for player in PLAYERS:
        for command in (commands.RegisterParticipant(guest=False), commands.BuySite(7)):
            seq += 1
            payload = commands.encode(command, commands.Header(participant=player))
            entries.append(CommandEntry(seq, 0, 0, payload))
    outcome = apply(state, entries)
    assert all(result.executed for result in outcome.results)
    for row in range(state.first_participant, state.first_participant + len(PLAYERS)):
        state.ledger.stock[row, 6] += 30  # to research with
        state.ledger.goods_in[6] += 30
    return state


def entries_of(plan: list[tuple[int, Any, int, int]], state: WorldState) -> list[Entry]:
    """The plan as entries; sites are named by the deeds there may be."""
    seq, tick = int(state.clock[Clock.SEQ]), int(state.clock[Clock.TICK])
    entries: list[Entry] = []
    for player, command, which, ticks in plan:
        seq += 1
        payload = commands.encode(command, commands.Header(participant=player))
        deed = 2 * (which % 3) + 2 if which < 7 else seq - 1
        entries.append(CommandEntry(seq, tick, deed, payload))
        entries += [TickEntry()] * ticks
        tick += ticks
    return entries


def patents_agree(state: WorldState) -> bool:
    """Whether each patent is a participant's, or an empty record."""
    table = state.arrays["patents"]
    held = table["until"] > 0
    owners = directory.participants_of(state, table["owner"][held].astype(np.int64))
    return bool((owners > 0).all() and not table[~held].tobytes().strip(b"\0"))


def sites_agree(state: WorldState) -> bool:
    """Whether owners, counts of sites and payers of wages say the same."""
    sites = state.arrays["sites"][: state.clock[Clock.SITES]]
    owned = sites[sites["state"] != works.SiteState.FREE]["owner"] - state.first_participant
    counts = np.bincount(owned, minlength=len(state.arrays["members"]))
    first = state.counts.sizes["F"]
    payers = state.staff.payer[first : first + len(sites)]
    living = sites["state"] != works.SiteState.FREE
    return bool(
        (counts == state.arrays["members"]["sites"]).all()
        and (payers[living] == sites["owner"][living]).all()
        and (sites["offer"][~living] == 0).all()
        and patents_agree(state)
    )


@settings(max_examples=12, deadline=None)
@given(steps)
def test_nothing_appears_or_vanishes(living: WorldState, plan: list) -> None:
    state = living.copy()
    entries = entries_of(plan, state)
    for entry in entries:
        pack(apply(state, [entry]).block)
        state.check()
        assert sites_agree(state)
    again = living.copy()
    apply(again, entries)
    assert again.digest() == state.digest()


def test_a_played_month_is_conserved_and_restored(living: WorldState) -> None:
    state = living.copy()
    made = 0
    for day in range(30):
        block = apply(state, [TickEntry()] * (MONTH_TICKS // 30)).block
        made += int(block.sites["made"].sum()) if len(block.sites) else 0
        state.check()
        if day == 14:
            restored = snapshot.load(snapshot.dump(state))
            assert restored.digest() == state.digest()
    assert made > 1_000
    apply(restored, [TickEntry()] * (MONTH_TICKS // 2))
    assert restored.digest() == state.digest()
    assert int(state.clock[Clock.SITES]) == 3


def test_a_site_needs_room_for_the_rows_of_later_participants(living: WorldState) -> None:
    """The arena grows under the sites of those who were there before."""
    state = living.copy()
    seq = int(state.clock[Clock.SEQ])
    for player in range(20, 25):
        seq += 1
        register = commands.RegisterParticipant(guest=False)
        payload = commands.encode(register, commands.Header(participant=player))
        tick = int(state.clock[Clock.TICK])
        assert apply(state, [CommandEntry(seq, tick, 0, payload)]).results[0].executed
        apply(state, [TickEntry()] * 10)
        state.check()
    assert [int(site["owner"]) for site in state.arrays["sites"][:3]] == [
        state.first_participant + n for n in range(3)
    ]
