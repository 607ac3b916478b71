"""Account pages beside allauth's: sign-up under our limiter, and the claim of a guest account."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.views import SignupView as AllauthSignupView
from allauth.core.ratelimit import respond_429
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from players import services
from players.forms import ClaimForm
from players.limits import client_ip, named, take


def too_many(request: HttpRequest, retry_after_s: float) -> HttpResponse:
    """The page that asks to wait, with the seconds in `Retry-After`."""
    response = respond_429(request)
    response["Retry-After"] = str(max(1, round(retry_after_s)))
    return response


class SignupView(AllauthSignupView):
    """allauth's sign-up, bounded per address by a limiter that holds under concurrency."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take a token before any work on the form."""
        decision = take(named("signup"), client_ip(request))
        if not decision.admitted:
            return too_many(request, decision.retry_after_s)
        return super().post(request, *args, **kwargs)


@sensitive_post_parameters("password1", "password2")
@login_required
@require_http_methods(["GET", "POST"])
def claim(request: HttpRequest) -> HttpResponse:
    """A guest gives the account a name and a password, and stays logged in."""
    player: Any = request.user
    if not player.is_guest:
        return redirect("account_change_password")
    form = ClaimForm(request.POST or None)
    if request.method == "POST":
        decision = take(named("signup"), client_ip(request))
        if not decision.admitted:
            return too_many(request, decision.retry_after_s)
        if form.is_valid() and _claimed(request, player, form):
            return redirect("/")
    status = 400 if form.errors else 200
    return render(request, "account/claim.html", {"form": form}, status=status)


def _claimed(request: HttpRequest, guest: Any, form: ClaimForm) -> bool:
    data = form.cleaned_data
    try:
        player = services.account_claim(
            player=guest,
            username=data["username"],
            email=data["email"],
            password=data["password1"],
        )
    except ValidationError as error:
        if hasattr(error, "error_dict"):
            form.add_error(None, error)
        else:
            form.add_error("password1", error)
        return False
    # The session key was rotated at log-in; the new password must not end this session.
    update_session_auth_hash(request, player)
    if player.email:
        address, _ = EmailAddress.objects.get_or_create(
            user=player, email=player.email.lower(), defaults={"primary": True}
        )
        address.send_confirmation(request)
    return True
