"""One machine, services embedded, bound to loopback: what `manage.py play` runs."""

from arena_site.settings.base import *  # noqa: F403
