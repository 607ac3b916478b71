"""Players in the admin: Django's own user pages, with what makes a guest."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from players.models import User


@admin.register(User)
class PlayerAdmin(UserAdmin):
    """Log-ins; nothing here moves value."""

    list_display = ("username", "email", "is_guest", "is_staff", "is_active", "last_seen_at")
    list_filter = ("is_guest", "is_staff", "is_superuser", "is_active")
    ordering = ("-date_joined",)
    readonly_fields = ("public_id", "last_seen_at", "last_login", "date_joined")
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        ("Arena", {"fields": ("public_id", "is_guest", "last_seen_at")}),
    )
