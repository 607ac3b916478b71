"""Who may read and write what, address by address."""

from __future__ import annotations

import pytest

from tests.markets.factories import order_id
from tests.markets.support import (
    ANON,
    GOOD,
    OWNER,
    STRANGER,
    VISITOR,
    client_as,
    journal_order,
    owner_of,
)

pytestmark = pytest.mark.django_db


OWN = order_id(1)
DEAL = {"price": "9.000"}
SHIPMENT = {"market": "OIL", "region": "S", "quantity": 3}

# method, path, body: status for the anonymous, a player without participant, a stranger, the owner
MATRIX = [
    ("get", "/api/markets", None, 200, 200, 200, 200),
    ("get", "/api/markets/OIL", None, 200, 200, 200, 200),
    ("get", "/api/markets/OIL/attribution", None, 200, 200, 200, 200),
    ("get", "/api/indicators", None, 200, 200, 200, 200),
    ("get", "/api/history", None, 200, 200, 200, 200),
    ("get", "/api/history/cpi", None, 200, 200, 200, 200),
    ("get", "/api/error-codes", None, 200, 200, 200, 200),
    ("get", "/api/schema", None, 200, 200, 200, 200),
    ("get", "/api/docs", None, 200, 200, 200, 200),
    ("get", "/api/portfolio", None, 401, 403, 200, 200),
    ("get", "/api/orders", None, 401, 403, 200, 200),
    ("post", "/api/orders", GOOD, 401, 403, 202, 202),
    ("delete", "/api/orders", None, 401, 403, 202, 202),
    ("get", "/api/shipments", None, 401, 403, 200, 200),
    ("get", "/api/routes", None, 200, 200, 200, 200),
    ("post", "/api/shipments/preview", SHIPMENT, 401, 403, 404, 404),
    ("post", "/api/shipments", SHIPMENT, 401, 403, 202, 202),
    ("get", f"/api/orders/{OWN}", None, 401, 403, 404, 200),
    ("delete", f"/api/orders/{OWN}", None, 401, 403, 404, 202),
    ("get", f"/api/commands/{OWN}", None, 401, 403, 404, 200),
    ("get", "/api/work", None, 401, 403, 200, 200),
    ("post", "/api/work", None, 401, 403, 202, 202),
    ("delete", "/api/work", None, 401, 403, 202, 202),
    ("post", "/api/needs", {"on": True}, 401, 403, 202, 202),
    ("post", "/api/prospects", {"market": "OIL", "tickets": 1}, 401, 403, 202, 202),
    ("get", "/api/works", None, 401, 403, 200, 200),
    ("get", "/api/sites", None, 401, 403, 200, 200),
    ("post", "/api/sites", {"market": "FOOD"}, 401, 403, 202, 202),
    ("get", f"/api/sites/{OWN}", None, 401, 403, 404, 404),
    ("delete", f"/api/sites/{OWN}", None, 401, 403, 202, 202),
    ("post", f"/api/sites/{OWN}/upgrade", None, 401, 403, 202, 202),
    ("post", f"/api/sites/{OWN}/research", None, 401, 403, 202, 202),
    ("post", f"/api/sites/{OWN}/offer", DEAL, 401, 403, 202, 202),
    ("delete", f"/api/sites/{OWN}/offer", None, 401, 403, 202, 202),
    ("post", f"/api/sites/{OWN}/licence", DEAL, 401, 403, 202, 202),
    ("get", "/api/offers", None, 401, 403, 200, 200),
    ("post", f"/api/offers/{OWN}", DEAL, 401, 403, 202, 202),
    ("get", "/api/patents", None, 401, 403, 200, 200),
    ("post", "/api/patents/FOOD/1", {"fee": "9.000"}, 401, 403, 202, 202),
    ("delete", "/api/patents/FOOD/1", None, 401, 403, 202, 202),
    ("get", "/api/auctions", None, 401, 403, 200, 200),
    ("post", "/api/auctions/1", DEAL, 401, 403, 202, 202),
    ("get", "/api/participants", None, 401, 403, 200, 200),
    ("post", "/api/participants", {}, 401, 201, 200, 200),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [(row[0], row[1], row[2], row[3:]) for row in MATRIX],
    ids=[f"{row[0]} {row[1]}" for row in MATRIX],
)
def test_who_may_what(market_world, method, path, body, expected):
    journal_order(market_world, owner_of(market_world), 1)
    for caller, status in zip((ANON, VISITOR, STRANGER, OWNER), expected, strict=True):
        response = getattr(client_as(caller), method)(path, body, format="json")
        assert response.status_code == status, (caller, response.content)
        if status >= 400:
            assert response["Content-Type"] == "application/problem+json"
            assert response.json()["request_id"] == response["X-Request-Id"]


def test_every_address_of_the_api_is_in_the_matrix():
    from arena_site.urls import urlpatterns

    paths = set()
    for pattern in urlpatterns:
        inner = getattr(pattern, "url_patterns", None)
        if inner is None:
            paths.add(str(pattern.pattern))
        elif str(pattern.pattern) == "api/":
            paths |= {f"api/{each.pattern}" for each in inner}
    known = {path for path in paths if path.startswith("api/")}
    covered = {
        row[1]
        .lstrip("/")
        .replace(str(OWN), "<uuid:order_id>")
        .replace("OIL", "<str:code>")
        .replace("/cpi", "/<str:indicator>")
        .replace("patents/FOOD/1", "patents/<str:good>/<int:level>")
        .replace("auctions/1", "auctions/<int:number>")
        for row in MATRIX
    }
    covered = {
        path.replace("commands/<uuid:order_id>", "commands/<uuid:command_id>")
        .replace("sites/<uuid:order_id>", "sites/<uuid:site_id>")
        .replace("offers/<uuid:order_id>", "offers/<uuid:site_id>")
        for path in covered
    }
    assert known == covered
