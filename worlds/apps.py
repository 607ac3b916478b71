"""Application `worlds`."""

from django.apps import AppConfig


class WorldsConfig(AppConfig):
    name = "worlds"
    default_auto_field = "django.db.models.BigAutoField"
