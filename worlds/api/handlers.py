"""What Django itself refuses: the one error shape under `/api/`, a page elsewhere."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string

from worlds.api.errors import PROBLEM_MEDIA_TYPE, Problem, problem_body, problem_of, request_id_of


def problem_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """A problem document for programs, a page for people."""
    request_id = request_id_of(request)
    if request.path.startswith("/api/"):
        body = problem_body(problem, request_id=request_id)
        response: HttpResponse = JsonResponse(
            body, status=problem.status, content_type=PROBLEM_MEDIA_TYPE
        )
    else:
        response = HttpResponse(_page(problem, request_id), status=problem.status)
    if problem.retry_after is not None:
        response["Retry-After"] = str(problem.retry_after)
    return response


def _page(problem: Problem, request_id: str | None) -> str:
    # No context processors here: they read the session, and a failure of theirs must not
    # hide the failure that is being told.
    context = {"problem": problem, "title": problem.row.title, "request_id": request_id}
    for name in (f"{problem.status}.html", "error.html"):
        try:
            return render_to_string(name, context)
        except TemplateDoesNotExist:
            continue
    return f"<!doctype html><title>{problem.status}</title><h1>{problem.row.title}</h1>"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 400, and 413 for a body over the limit."""
    return problem_response(request, problem_of(exception))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 403."""
    return problem_response(request, Problem("forbidden"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404."""
    return problem_response(request, Problem("not_found"))


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """allauth's 429."""
    return problem_response(request, Problem("rate_limited"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500; the exception is in the log under the same request id."""
    return problem_response(request, Problem("internal_error"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its anti-forgery token."""
    return problem_response(request, Problem("csrf_failed"))
