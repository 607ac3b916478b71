"""What players do in the markets and with sites: requests become commands, admitted and submitted.

Nothing here decides an order. A service checks who asks, converts client units, encodes the
command and hands it to the inbox; funds, bands, halts and the state of an order are the engine's.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from economy_engine import commands
from economy_engine.goods import ENRG, GOODS
from economy_engine.units import ENERGY_MILLI, carrier_price, credits_text, share_up
from markets import selectors as market_selectors
from markets.shapes import CASH
from worlds import inbox, rule_orders, selectors
from worlds.api.errors import Problem
from worlds.models import Participant

DIGEST_BYTES = 16


class Prepared(NamedTuple):
    """A command ready for the inbox, whichever way it is submitted."""

    command_id: uuid.UUID
    kind: int
    body: bytes
    key: str | None
    digest: bytes


def request_digest(kind: int, participant_id: int, fields: Mapping[str, Any]) -> bytes:
    """blake2b-16 of a request as validated: kind, account and client fields in client units.

    The command's id, its origin and ticks are left out, so that the same request sent again is
    the same, whenever it comes and through whichever door.
    """
    normal = [kind, participant_id, sorted((name, str(value)) for name, value in fields.items())]
    return hashlib.blake2b(msgspec.json.encode(normal), digest_size=DIGEST_BYTES).digest()


def _prepare(
    participant: Participant,
    command: Any,
    fields: Mapping[str, Any],
    *,
    key: str | None,
) -> Prepared:
    if participant.status == Participant.Status.RETIRED:
        raise Problem("not_participating")
    kind = int(command.kind)
    header = commands.Header(participant=participant.pk, actor=participant.player_id or 0)
    return Prepared(
        command_id=uuid.uuid4(),
        kind=kind,
        body=commands.encode(command, header),
        key=key,
        digest=request_digest(kind, participant.pk, fields),
    )


def prepare_order(
    participant: Participant,
    data: Mapping[str, Any],
    *,
    key: str | None = None,
) -> Prepared:
    """Make a `PlaceOrder` out of a parsed `PlaceOrderMessage`.

    `key` is the idempotency key; without one it is the client's order id, if there is any.
    A duration becomes a tick here, counted from the newest committed one.
    """
    expires_tick = 0
    if "expires_in_ticks" in data:
        head = selectors.world_head(participant.world_id)
        if head is None:
            raise Problem("world_not_ready")
        expires_tick = head.tick + data["expires_in_ticks"]
    command = commands.PlaceOrder(
        market=data["market"],
        side=data["side"],
        order_type=data["type"],
        time_in_force=data["tif"],
        quantity=data["quantity"],
        price=data.get("price", 0),
        expires_tick=expires_tick,
        self_trade=data["self_trade"],
    )
    chosen = key or data.get("client_order_id")
    return _prepare(participant, command, data, key=chosen)


def prepare_cancel(
    participant: Participant,
    data: Mapping[str, Any],
    *,
    key: str | None = None,
) -> Prepared:
    """Make a `CancelOrder` out of a parsed `CancelOrderMessage`."""
    command = commands.CancelOrder(target=data["order"].bytes)
    return _prepare(participant, command, data, key=key)


def prepare_cancel_all(
    participant: Participant,
    data: Mapping[str, Any],
    *,
    key: str | None = None,
) -> Prepared:
    """Make a `CancelAll` out of a parsed `CancelAllMessage`; no market means all of them."""
    command = commands.CancelAll(market=data.get("market", -1))
    return _prepare(participant, command, data, key=key)


def shipment_send(
    *, participant: Participant, data: Mapping[str, Any], key: str | None = None
) -> inbox.Receipt:
    """Submit a parsed `ShipGoodsMessage`. Raises as `order_place`."""
    command = commands.ShipGoods(
        market=data["market"], region=data["region"], quantity=data["quantity"]
    )
    return _submit(participant, _prepare(participant, command, data, key=key))


def shipment_preview(*, participant: Participant, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a parsed `ShipGoodsMessage` would cost at the prices of now.

    The engine charges by the prices of the moment in which the command acts. Raises `Problem` for
    what it would refuse whatever the participant has.
    """
    market, quantity = data["market"], data["quantity"]
    good = GOODS[market % len(GOODS)]
    route, free, mid, energy_mid = market_selectors.shipment_facts_for_player(
        participant, market, data["region"]
    )
    if route is None:
        raise Problem("unknown_route")
    if good.freight < 0:
        raise Problem("not_shippable")
    if not route["is_open"]:
        raise Problem("route_closed")
    energy_market = market - market % len(GOODS) + ENRG
    energy, value = quantity * good.freight, quantity * mid
    spare = free.get(energy_market, 0) - (quantity if market == energy_market else 0)
    own = max(0, min(spare, energy // ENERGY_MILLI))
    margin, tariff_name = route["carrier_margin_bps"], f"tariff_{good.kind.name.lower()}_bps"
    carrier = int(carrier_price(energy - own * ENERGY_MILLI, energy_mid, margin))
    toll = int(share_up(value, route["toll_bps"]))
    tariff = int(share_up(value, route[tariff_name]))
    head = selectors.world_head(participant.world_id)
    charged = carrier + toll + tariff
    return {
        "energy": f"{energy / ENERGY_MILLI:.3f}",
        "energy_lots": own,
        "carrier": credits_text(carrier),
        "toll": credits_text(toll),
        "tariff": credits_text(tariff),
        "charged": credits_text(charged),
        "arrives_tick": (head.tick if head else 0) + route["delay_ticks"],
        "covered": free.get(market, 0) >= quantity and free.get(CASH, 0) >= charged,
    }


def _submit(participant: Participant, prepared: Prepared) -> inbox.Receipt:
    return inbox.submit(
        world_id=participant.world_id,
        participant_id=participant.pk,
        **prepared._asdict(),
    )


def order_place(
    *, participant: Participant, data: Mapping[str, Any], key: str | None = None
) -> inbox.Receipt:
    """Submit an order. The receipt says `accepted`, or what an earlier identical request became.

    Raises `IdempotencyConflict` (the key was used with another request) and `InboxFull`.
    """
    return _submit(participant, prepare_order(participant, data, key=key))


def order_cancel(
    *, participant: Participant, data: Mapping[str, Any], key: str | None = None
) -> inbox.Receipt:
    """Submit the cancellation of one order. Raises as `order_place`.

    An order that the participant never sent is refused at the door: inbox and journal know all
    of them, and a foreign one is not found.
    """
    by_rule = rule_orders.order_seq(data["order"]) is not None
    known = by_rule or selectors.command_status(participant.world_id, participant.pk, data["order"])
    if not known:
        raise Problem("order_not_found")
    return _submit(participant, prepare_cancel(participant, data, key=key))


def orders_cancel_all(
    *, participant: Participant, data: Mapping[str, Any], key: str | None = None
) -> inbox.Receipt:
    """Submit the cancellation of all open orders. Raises as `order_place`."""
    prepared = prepare_cancel_all(participant, data, key=key)
    return _submit(participant, prepared)


def work_start(*, participant: Participant, key: str | None = None) -> inbox.Receipt:
    """Submit the begin of a work contract. Raises as `order_place`."""
    return _submit(participant, _prepare(participant, commands.StartWork(), {}, key=key))


def work_stop(*, participant: Participant, key: str | None = None) -> inbox.Receipt:
    """Submit the end of a work contract. Raises as `order_place`."""
    return _submit(participant, _prepare(participant, commands.StopWork(), {}, key=key))


def needs_set(
    *, participant: Participant, data: Mapping[str, Any], key: str | None = None
) -> inbox.Receipt:
    """Submit a parsed `SetNeedsMessage`. Raises as `order_place`."""
    command = commands.SetNeeds(on=data["on"], region=data.get("region", 0))
    return _submit(participant, _prepare(participant, command, data, key=key))


def prospect_buy(
    *, participant: Participant, data: Mapping[str, Any], key: str | None = None
) -> inbox.Receipt:
    """Submit a parsed `BuyProspectMessage`. Raises as `order_place`."""
    command = commands.BuyProspect(market=data["market"], tickets=data["tickets"])
    return _submit(participant, _prepare(participant, command, data, key=key))


def site_buy(
    *, participant: Participant, data: Mapping[str, Any], key: str | None = None
) -> inbox.Receipt:
    """Submit a parsed `BuySiteMessage`. Raises as `order_place`."""
    command = commands.BuySite(market=data["market"])
    return _submit(participant, _prepare(participant, command, data, key=key))


def site_set(
    *,
    participant: Participant,
    site: uuid.UUID,
    data: Mapping[str, Any],
    key: str | None = None,
) -> inbox.Receipt:
    """Submit a parsed `SetSiteMessage` for a site. Raises as `order_place`."""
    command = commands.SetSite(
        target=site.bytes,
        output=data["output"],
        wage=data["wage"],
        workers=data["workers"],
        pricing=data["pricing"],
        price=data.get("price", 0),
        markup_ppm=data.get("markup_ppm", 0),
        keep=data["keep"],
        buy_inputs=data["buy_inputs"],
    )
    return _submit(participant, _prepare(participant, command, {**data, "site": site}, key=key))


def site_offer(
    *, participant: Participant, site: uuid.UUID, data: Mapping[str, Any], key: str | None = None
) -> inbox.Receipt:
    """Submit a parsed `DealMessage` as the offer of a site. Raises as `order_place`."""
    command = commands.OfferSite(target=site.bytes, price=data["price"])
    return _submit(participant, _prepare(participant, command, {**data, "site": site}, key=key))


def offer_take(
    *, participant: Participant, site: uuid.UUID, data: Mapping[str, Any], key: str | None = None
) -> inbox.Receipt:
    """Submit a parsed `DealMessage` as the purchase of an offered site. Raises as `order_place`."""
    command = commands.TakeSite(target=site.bytes, price=data["price"])
    return _submit(participant, _prepare(participant, command, {**data, "site": site}, key=key))


def licence_offer(
    *, participant: Participant, good: int, level: int, fee: int, key: str | None = None
) -> inbox.Receipt:
    """Submit the fee (minor units, 0 = none) of a patent's use. Raises as `order_place`."""
    command = commands.OfferLicence(good=good, level=level, fee=fee)
    fields = {"good": good, "level": level, "fee": fee}
    return _submit(participant, _prepare(participant, command, fields, key=key))


def licence_take(
    *, participant: Participant, site: uuid.UUID, data: Mapping[str, Any], key: str | None = None
) -> inbox.Receipt:
    """Submit a parsed `DealMessage` as the use of a patent on a site. Raises as `order_place`."""
    command = commands.TakeLicence(target=site.bytes, price=data["price"])
    return _submit(participant, _prepare(participant, command, {**data, "site": site}, key=key))


def auction_bid(
    *, participant: Participant, number: int, data: Mapping[str, Any], key: str | None = None
) -> inbox.Receipt:
    """Submit a parsed `DealMessage` as a bid in an auction. Raises as `order_place`."""
    command = commands.BidSite(lot=number, price=data["price"])
    return _submit(participant, _prepare(participant, command, {**data, "lot": number}, key=key))


_SITE_ACTS = {
    "sell": commands.SellSite,
    "upgrade": commands.UpgradeSite,
    "research": commands.ResearchSite,
    "end_offer": commands.EndOffer,
}


def site_act(
    *, participant: Participant, site: uuid.UUID, act: str, key: str | None = None
) -> inbox.Receipt:
    """Submit an act of `_SITE_ACTS` on a site. Raises as `order_place`."""
    command = _SITE_ACTS[act](target=site.bytes)
    return _submit(participant, _prepare(participant, command, {"site": site}, key=key))
