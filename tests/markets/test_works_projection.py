"""Sites, contracts and notes become rows: the newest state of each, and again after a reset."""

from __future__ import annotations

import pytest

from economy_engine.deals import LotOrigin, LotState
from economy_engine.works import Pricing, SiteState, WorksEvent
from markets import works_selectors
from markets.models import MemberView, SiteView, WorksNote
from markets.projections import PROJECTIONS
from tests.markets.factories import (
    make_block,
    make_participant,
    make_world,
    order_id,
    project,
    rows,
)

pytestmark = pytest.mark.django_db
SITE = {
    "deed": 5, "tick": 9, "market": 7, "state": SiteState.OPEN, "tier": 1, "workers": 2,
    "wanted": 4, "wage": 100_000, "pricing": Pricing.FOLLOW, "condition": 0.5, "target": 80,
    "paid": 1_500_000, "cost": 7_500.0, "rent": 500.0, "reference": 10_000.0, "unsold": 0.25,
}  # fmt: skip


@pytest.fixture
def world(db):
    return make_world(tick=100, commit=9)


def test_a_site_is_its_newest_state(world):
    owner, other = make_participant(world, "owner"), make_participant(world, "stranger")
    first = make_block(1, sites=rows("sites", SITE | {"participant": owner.pk}))
    second = make_block(
        2,
        sites=rows("sites", SITE | {"participant": owner.pk, "made": 77, "tick": 20}),
        works=rows(
            "works",
            {"participant": owner.pk, "kind": WorksEvent.PRODUCED, "market": 7, "deed": 5,
             "quantity": 77, "tick": 20},
            {"participant": owner.pk, "kind": WorksEvent.WAGE, "market": -1, "amount": 80_000},
        ),
    )  # fmt: skip
    project(world, first, second)
    project(world, first)
    (site,) = works_selectors.sites_for_player(owner)
    assert (site["id"], site["made"], site["marginal_cost"]) == (str(order_id(5)), 77, "7.000")
    assert (site["margin"], site["scarcity_rent"], site["unsold"]) == ("0.3000", "0.500", "0.2500")
    assert site["resale"] == "375.000"
    assert works_selectors.sites_for_player(other) == []
    assert works_selectors.site_for_player(other, order_id(5)) is None
    wage, produced = works_selectors.notes_for_player(owner, 10)
    assert (wage["kind"], wage["amount"], wage["market"]) == ("wage", "80.000", None)
    assert (produced["site"], produced["quantity"]) == (str(order_id(5)), 77)
    assert works_selectors.notes_for_player(other, 10) == []


def test_a_site_that_was_given_back_is_gone(world):
    owner = make_participant(world, "owner")
    last = SITE | {"participant": owner.pk, "state": SiteState.FREE}
    project(world, make_block(1, sites=rows("sites", SITE | {"participant": owner.pk})))
    project(world, make_block(2, sites=rows("sites", last)))
    assert works_selectors.sites_for_player(owner) == []
    assert works_selectors.site_for_player(owner, order_id(5)) is None
    assert SiteView.objects.count() == 1


def test_offers_are_seen_by_all_and_cheapest_first(world):
    owner, other = make_participant(world, "owner"), make_participant(world, "stranger")
    own = SITE | {"participant": owner.pk}
    offered = rows(
        "sites", own | {"offer": 1_400_000}, own | {"deed": 6, "offer": 900_000, "market": 0},
        own | {"deed": 8},
    )  # fmt: skip
    project(world, make_block(1, sites=offered))
    (cheap, dear) = works_selectors.offers(other)
    assert (cheap["market"], cheap["price"], cheap["own"]) == ("OIL", "900.000", False)
    assert (dear["id"], dear["price"]) == (str(order_id(5)), "1400.000")
    assert not {"wage", "cost", "paid"} & set(dear)
    assert [offer["own"] for offer in works_selectors.offers(owner, 7)] == [True]
    assert works_selectors.offered_row(other, order_id(8)) is None
    taken = own | {"participant": other.pk, "offer": 0, "paid": 1_400_000}
    project(world, make_block(2, sites=rows("sites", taken)))
    assert works_selectors.site_for_player(owner, order_id(5)) is None
    assert works_selectors.site_for_player(other, order_id(5))["paid"] == "1400.000"
    assert len(works_selectors.offers(other)) == 1


def test_patents_and_the_licences_that_they_open(world):
    owner, other = make_participant(world, "owner"), make_participant(world, "stranger")
    patent = {"good": 7, "level": 1, "participant": owner.pk, "until": 900, "tick": 9}
    site = SITE | {"participant": other.pk, "tier": 2}
    project(
        world, make_block(1, patents=rows("patents", patent), sites=rows("sites", site))
    )  # fmt: skip
    (told,) = works_selectors.patents(owner)
    assert (told["good"], told["level"], told["own"], told["fee"]) == ("FOOD", 1, True, None)
    assert told["until_tick"] == 900
    assert works_selectors.sites_for_player(other)[0]["licence_price"] is None
    open_now = patent | {"fee": 20_000, "licences": 1, "earned": 18_000, "tick": 10}
    project(world, make_block(2, patents=rows("patents", patent, open_now)))
    (told,) = works_selectors.patents(owner)
    assert (told["fee"], told["licences"], told["earned"]) == ("20.000", 1, "18.000")
    (seen,) = works_selectors.patents(other)
    assert (seen["own"], "earned" in seen) == (False, False)
    assert works_selectors.sites_for_player(other)[0]["licence_price"] == "40.000"
    assert works_selectors.own_patent(owner, 7, 1)["fee"] == 20_000
    assert works_selectors.own_patent(other, 7, 1) is None
    ended = {"good": 7, "level": 1}
    project(world, make_block(3, patents=rows("patents", ended)))
    assert works_selectors.patents(owner) == []
    assert works_selectors.sites_for_player(other)[0]["licence_price"] is None


def test_auctions_run_until_they_are_sold(world):
    owner, other = make_participant(world, "owner"), make_participant(world, "stranger")
    lot = {"number": 3, "market": 7, "tier": 1, "origin": LotOrigin.FAILED_FIRM, "ends": 950,
           "state": LotState.OPEN, "reserve": 750_000, "condition": 0.7}  # fmt: skip
    later = lot | {"number": 4, "ends": 990}
    project(world, make_block(1, lots=rows("lots", later, lot)))
    first, second = works_selectors.auctions(owner)
    assert (first["number"], second["number"]) == (3, 4)
    assert (first["origin"], first["best"], first["next_bid"]) == ("failed_firm", None, "750.000")
    bid = lot | {"participant": owner.pk, "best": 800_000, "bids": 1}
    project(world, make_block(2, lots=rows("lots", bid)))
    told, _ = works_selectors.auctions(owner)
    assert (told["own"], told["best"], told["next_bid"]) == (True, "800.000", "840.000")
    assert not works_selectors.auctions(other)[0]["own"]
    project(world, make_block(3, lots=rows("lots", bid | {"state": LotState.SOLD})))
    assert [row["number"] for row in works_selectors.auctions(other)] == [4]
    assert works_selectors.auction_row(other, 3) is None


def test_a_contract_runs_down(world):
    owner = make_participant(world, "owner")
    member = {"participant": owner.pk, "day": 10, "work_until": 30, "earned": 160_000, "needs": 1}
    project(world, make_block(1, members=rows("members", member)))
    told = works_selectors.member_for_player(owner)
    assert (told["working"], told["days_left"], told["earned"]) == (True, 20, "160.000")
    assert told["needs"] == {"on": True, "region": 0, "fed": False}
    assert not works_selectors.is_protected(owner)
    project(world, make_block(2, members=rows("members", member | {"work_until": 0, "fed": 1})))
    assert not works_selectors.member_for_player(owner)["working"]
    assert works_selectors.is_fed(owner)


def test_a_reset_drops_the_worlds_own_rows(world):
    owner = make_participant(world, "owner")
    block = make_block(
        1,
        sites=rows("sites", SITE | {"participant": owner.pk}),
        members=rows("members", {"participant": owner.pk}),
        works=rows("works", {"participant": owner.pk, "kind": 1}),
    )
    project(world, block)
    _, reset = PROJECTIONS["works"]
    reset(world.pk + 1)
    assert [model.objects.count() for model in (SiteView, MemberView, WorksNote)] == [1, 1, 1]
    reset(world.pk)
    assert [model.objects.count() for model in (SiteView, MemberView, WorksNote)] == [0, 0, 0]
    project(world, block)
    assert SiteView.objects.count() == 1
