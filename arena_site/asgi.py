"""The ASGI application: HTTP to Django, sockets to the consumers."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arena_site.settings.embedded")
http = get_asgi_application()

# The consumers import models, so they come after Django is set up.
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from arena_site.routing import websocket_urlpatterns  # noqa: E402
from worlds.realtime.origin import ExactOrigin  # noqa: E402

# The origin is checked first: a foreign page's handshake must not even read a session.
websocket = ExactOrigin(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
application = ProtocolTypeRouter({"http": http, "websocket": websocket})
