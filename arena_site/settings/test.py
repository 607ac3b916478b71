"""The test suite: quick hashing, plain static files."""

from arena_site.settings.base import *  # noqa: F403
from arena_site.settings.base import STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
AXES_ENABLED = False
