"""Forms of the account pages that allauth does not have."""

from __future__ import annotations

from typing import Any

from django import forms

from players.names import USERNAME_CHARS_MAX, username_validators


class ClaimForm(forms.Form):
    """What a guest gives to keep the account: a name, a password, and an address if wanted."""

    username = forms.CharField(
        max_length=USERNAME_CHARS_MAX,
        validators=username_validators,
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
    )
    email = forms.EmailField(
        required=False,
        label="E-mail (optional)",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password1 = forms.CharField(
        label="Password",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label="Password again",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """The two passwords agree."""
        cleaned = super().clean() or {}
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", "The passwords differ.")
        return cleaned
