"""The one error shape: every refusal, whoever makes it."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions as drf
from rest_framework import serializers

from economy_engine.errors import RejectReason
from worlds.api import handlers
from worlds.api.catalogue import BY_NUMBER, CATALOGUE
from worlds.api.errors import FieldError, Problem, exception_handler, problem_body, problem_of
from worlds.errors import AdmissionRefused, IdempotencyConflict, InboxFull, InvariantBreach

MEMBERS = {
    "type", "title", "status", "code", "number", "detail", "errors", "request_id", "temporary",
    "retry_after", "world", "tick",
}  # fmt: skip


def test_every_reason_of_the_engine_is_in_the_catalogue():
    for reason in RejectReason:
        if reason is not RejectReason.OK:
            row = CATALOGUE[reason.code]
            assert (row.number, row.http_status) == (int(reason), reason.http_status)


def test_numbers_and_families_are_unambiguous():
    assert len(BY_NUMBER) == len(CATALOGUE)
    engine = {reason.code for reason in RejectReason}
    for row in CATALOGUE.values():
        assert (row.number // 1_000 in (2, 3)) == (row.code in engine)
        assert 400 <= row.http_status < 600
        assert row.title.endswith(".")


@pytest.mark.parametrize(
    ("exc", "code", "status"),
    [
        (Problem("stale_read"), "stale_read", 409),
        (drf.NotAuthenticated(), "unauthorized", 401),
        (drf.AuthenticationFailed(), "unauthorized", 401),
        (drf.PermissionDenied(), "forbidden", 403),
        (drf.NotFound(), "not_found", 404),
        (Http404(), "not_found", 404),
        (PermissionDenied(), "forbidden", 403),
        (drf.MethodNotAllowed("PUT"), "method_not_allowed", 405),
        (drf.NotAcceptable(), "not_acceptable", 406),
        (drf.UnsupportedMediaType("text/plain"), "unsupported_media_type", 415),
        (drf.ParseError(), "malformed_json", 400),
        (drf.Throttled(wait=3.2), "rate_limited", 429),
        (RequestDataTooBig(), "payload_too_large", 413),
        (SuspiciousOperation(), "bad_request", 400),
        (IdempotencyConflict("used"), "idempotency_conflict", 409),
        (InboxFull("full"), "engine_busy", 503),
        (AdmissionRefused("not_member", "no"), "not_member", 403),
        (InvariantBreach(["sum"]), "internal_error", 500),
        (OperationalError(), "unavailable", 503),
        (ZeroDivisionError("secret path"), "internal_error", 500),
    ],
)
def test_exceptions_become_problems(exc, code, status):
    response = exception_handler(exc, {})
    assert (response.data["code"], response.status_code) == (code, status)
    assert response.data["status"] == status
    assert set(response.data) == MEMBERS
    assert "secret" not in json.dumps(response.data)
    if response.data["retry_after"] is not None:
        assert response["Retry-After"] == str(response.data["retry_after"])


def test_an_unauthenticated_caller_is_told_how_to_log_in():
    assert "WWW-Authenticate" in exception_handler(drf.NotAuthenticated(), {})


def test_field_errors_of_several_kinds_are_one_invalid_request():
    exc = serializers.ValidationError(
        {"a": [drf.ErrorDetail("x", code="required")], "b": {"c": [drf.ErrorDetail("y", "null")]}}
    )
    problem = problem_of(exc)
    assert problem.code == "missing_field"
    assert [error.field for error in problem.errors] == ["a", "b.c"]
    mixed = Problem.of_fields([FieldError("a", "bad_enum", "x"), FieldError("b", "bad_type", "y")])
    assert (mixed.code, mixed.status) == ("invalid_request", 400)


def test_a_code_that_nobody_listed_is_a_bug():
    with pytest.raises(KeyError):
        Problem("no_such_code")


def test_at_most_20_field_errors_are_told():
    problem = Problem.of_fields([FieldError(str(n), "bad_type", "x") for n in range(50)])
    assert len(problem_body(problem)["errors"]) == 20


@pytest.mark.parametrize(
    ("view", "status"),
    [
        (lambda r: handlers.not_found(r, Http404()), 404),
        (lambda r: handlers.bad_request(r, SuspiciousOperation()), 400),
        (lambda r: handlers.bad_request(r, RequestDataTooBig()), 413),
        (lambda r: handlers.permission_denied(r, PermissionDenied()), 403),
        (lambda r: handlers.csrf_failure(r), 403),
        (lambda r: handlers.too_many_requests(r), 429),
        (handlers.server_error, 500),
    ],
)
def test_django_refuses_in_the_same_shape_under_api_and_with_a_page_elsewhere(view, status):
    request = RequestFactory().get("/api/x")
    request.request_id = "r-12345678"
    told = view(request)
    body = json.loads(told.content)
    assert told.status_code == body["status"] == status
    assert told["Content-Type"] == "application/problem+json"
    assert body["request_id"] == "r-12345678"
    page = view(RequestFactory().get("/x"))
    assert page.status_code == status
    assert page["Content-Type"].startswith("text/html")
