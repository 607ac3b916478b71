"""The way in: play now, sign up, log in, claim; and the pages themselves."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from django.db import connection
from django.test import Client

from economy_engine import commands
from players.models import User
from tests.markets.factories import make_block, make_participant, make_world, project, rows
from worlds.models import Participant

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def limits(settings):
    """Buckets that no other test drains."""
    settings.PLAYER_LIMITS = {"signup": (1_000_000, 1.0), "guest": (1_000_000, 1.0)}


@pytest.fixture
def world():
    world = make_world(tick=60, commit=3)
    ticks = [{"tick": 59, "market": m, "close": 110, "volume": 0} for m in range(10)]
    project(world, make_block(3, market_ticks=rows("market_ticks", *ticks)))
    return world


def _island(response):
    found = re.search(
        r'<script id="island" type="application/json">(.*?)</script>', response.content.decode()
    )
    return json.loads(found[1])


def test_play_now_makes_a_guest_a_participant_and_one_command(client, world):
    response = client.post("/play/")
    assert (response.status_code, response["Location"]) == (302, "/m/FOOD")
    guest = User.objects.get(is_guest=True)
    participant = Participant.objects.get(player=guest)
    assert participant.status == Participant.Status.PENDING
    with connection.cursor() as cursor:
        cursor.execute("SELECT participant_id, body FROM inbox")
        ((participant_id, body),) = cursor.fetchall()
    header, command = commands.decode(bytes(body))
    assert participant_id == header.participant == participant.pk
    assert command == commands.RegisterParticipant(guest=True)
    assert client.get("/m/FOOD").status_code == 200


def test_playing_again_changes_nothing(client, world):
    for _ in range(3):
        assert client.post("/play/").status_code == 302
    assert User.objects.count() == Participant.objects.count() == 1


def test_playing_rotates_the_session(client, world):
    client.get("/")
    session = client.session
    session["mark"] = 1
    session.save()
    before = session.session_key
    client.post("/play/")
    assert client.session.session_key != before


def test_play_now_needs_a_post_with_the_token(world):
    strict = Client(enforce_csrf_checks=True)
    assert strict.get("/play/").status_code == 405
    assert strict.post("/play/").status_code == 403
    token = re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', strict.get("/").content.decode()
    )[1]
    assert strict.post("/play/", {"csrfmiddlewaretoken": token}).status_code == 302
    assert User.objects.count() == 1


def _address():
    """An address that no other test has used."""
    return f"2001:db8::{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}"


def test_guests_of_one_address_are_bounded(world, settings):
    settings.PLAYER_LIMITS = {"guest": (2, 3_600.0), "signup": (2, 3_600.0)}
    address = _address()
    answers = [Client(REMOTE_ADDR=address).post("/play/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert int(answers[2]["Retry-After"]) > 0
    assert User.objects.count() == 2
    assert Client(REMOTE_ADDR=_address()).post("/play/").status_code == 302


def test_before_the_world_is_born_play_says_so(client):
    response = client.post("/play/", follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert "being made" in response.content.decode()
    assert User.objects.count() == 0


def test_sign_up_logs_in_and_participation_is_one_post_away(client, world):
    form = {"username": "mira", "password1": PASSWORD, "password2": PASSWORD, "email": ""}
    assert client.get("/accounts/signup/").status_code == 200
    response = client.post("/accounts/signup/", form)
    assert response.status_code == 302
    player = User.objects.get(username="mira")
    assert not player.is_guest
    assert client.get("/api/portfolio").json()["code"] == "not_participating"
    joined = client.post("/api/participants", {}, content_type="application/json")
    assert (joined.status_code, joined.json()["participant"]["name"]) == (201, "mira")


@pytest.mark.parametrize("name", ["Guest-AAAA", "admin", "mi ra", "ab", "mïra"])
def test_misleading_names_cannot_sign_up(client, world, name):
    form = {"username": name, "password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/accounts/signup/", form).status_code == 200
    assert not User.objects.exists()


def test_sign_ups_of_one_address_are_bounded(world, settings):
    settings.PLAYER_LIMITS = {"guest": (2, 3_600.0), "signup": (1, 3_600.0)}
    one = Client(REMOTE_ADDR=_address())
    assert one.post("/accounts/signup/", {}).status_code == 200
    assert one.post("/accounts/signup/", {}).status_code == 429


def test_log_in_and_out(client, world):
    User.objects.create_user("mira", password=PASSWORD)
    assert client.get("/accounts/login/").status_code == 200
    wrong = client.post("/accounts/login/", {"login": "mira", "password": "wrong"})
    assert wrong.status_code == 200
    right = client.post("/accounts/login/", {"login": "mira", "password": PASSWORD})
    assert right.status_code == 302
    assert client.get("/api/participants").json()["code"] == "not_participating"
    client.post("/accounts/logout/")
    assert client.get("/api/participants").status_code == 401


def test_a_guest_claims_the_account_and_stays_logged_in(client, world):
    client.post("/play/")
    participant = Participant.objects.get()
    assert client.get("/accounts/claim/").status_code == 200
    form = {
        "username": "mira", "email": "mira@example.org",
        "password1": PASSWORD, "password2": PASSWORD,
    }  # fmt: skip
    assert client.post("/accounts/claim/", form).status_code == 302
    assert client.get("/api/participants").json()["participant"]["id"] == str(participant.uuid)
    again = Client()
    assert (
        again.post("/accounts/login/", {"login": "mira", "password": PASSWORD}).status_code == 302
    )


@pytest.mark.parametrize(
    "change", [{"password2": "other"}, {"password1": "x", "password2": "x"}, {"username": "admin"}]
)
def test_a_bad_claim_changes_nothing(client, world, change):
    client.post("/play/")
    before = User.objects.get().username
    form = {"username": "mira", "password1": PASSWORD, "password2": PASSWORD} | change
    assert client.post("/accounts/claim/", form).status_code == 400
    assert User.objects.get().username == before


def test_only_guests_claim(client, world):
    assert client.get("/accounts/claim/").status_code == 302
    client.force_login(User.objects.create_user("mira", password=PASSWORD))
    assert client.get("/accounts/claim/").status_code == 302


@pytest.mark.parametrize("path", ["/", "/m/FOOD", "/m/OIL", "/credits"])
def test_pages_stand_with_and_without_a_world(client, path):
    assert client.get(path).status_code == 200
    world = make_world()
    assert client.get(path).status_code == 200
    ticks = rows("market_ticks", {"tick": 1, "market": 0, "close": 6_001})
    project(world, make_block(1, market_ticks=ticks))
    assert client.get(path).status_code == 200


def test_an_unknown_market_has_no_page(client, world):
    response = client.get("/m/GOLD")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def test_the_market_page_carries_its_first_figures(client, world):
    island = _island(client.get("/m/OIL"))
    assert island["market"]["code"] == "OIL"
    assert island["world"]["commit"] == 3
    assert island["player"] is None
    player = make_participant(world, "mira").player
    client.force_login(player)
    balance = {"participant": player.participants.get().pk, "asset": -1, "available": 5_000}
    project(world, make_block(4, balances=rows("balances", balance)))
    island = _island(client.get("/m/OIL"))
    assert island["player"]["participant"]["name"] == "mira"
    assert island["balances"] == [{"asset": "CASH", "available": "5.000", "held": "0.000"}]
    assert island["account_offset"] == 4


def test_a_page_never_carries_somebody_elses_account(client, world):
    owner = make_participant(world, "owner")
    stranger = make_participant(world, "stranger")
    balance = {"participant": owner.pk, "asset": -1, "available": 123_456_789}
    project(world, make_block(4, balances=rows("balances", balance)))
    client.force_login(stranger.player)
    assert "123456.789" not in client.get("/m/OIL").content.decode()


def test_staff_sessions_last_a_working_day(client, world):
    staff = User.objects.create_user("staff", password=PASSWORD, is_staff=True)
    client.force_login(staff)
    assert client.session.get_expiry_age() == 8 * 3_600


def test_guessing_a_password_locks_the_name_for_that_address(world, settings):
    settings.AXES_ENABLED = True
    User.objects.create_user("mira", password=PASSWORD)
    address = _address()
    guesser = Client(REMOTE_ADDR=address)
    answers = [
        guesser.post("/accounts/login/", {"login": "mira", "password": f"wrong-{n}"})
        for n in range(8)
    ]
    assert answers[0].status_code == 200
    right = guesser.post("/accounts/login/", {"login": "mira", "password": PASSWORD})
    assert "_auth_user_id" not in guesser.session
    assert right.status_code != 302
    other = Client(REMOTE_ADDR=_address())
    form = {"login": "mira", "password": PASSWORD}
    assert other.post("/accounts/login/", form).status_code == 302


@pytest.mark.parametrize(
    "path", ["/accounts/password/reset/", "/accounts/login/", "/accounts/signup/"]
)
def test_account_pages_stand(client, world, path):
    assert client.get(path).status_code == 200
