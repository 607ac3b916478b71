"""Settings of a gateway process started by a test: that test's world, no static collection."""

import os

from arena_site.settings.test import *  # noqa: F403

WORLD_DEFAULT = os.environ["TEST_WORLD"]
SOCKETS_PER_USER_MAX = 1_000
