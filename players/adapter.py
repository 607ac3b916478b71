"""How allauth behaves here."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from players.limits import client_ip


class AccountAdapter(DefaultAccountAdapter):
    """One idea of the client's address for allauth's limits and for ours."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address by the rule of `players.limits`."""
        return client_ip(request)
