"""The site itself: connects the apps once all of them are loaded."""

from django.apps import AppConfig


class ArenaSiteConfig(AppConfig):
    name = "arena_site"

    def ready(self) -> None:
        from arena_site import wiring

        wiring.connect()
