"""REST framework, OpenAPI, accounts, limits of the doors, and logging."""

import os

from arena_site.logging import logging_config

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["worlds.api.parsing.StrictJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["worlds.api.throttles.ApiThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "worlds.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Living Economy Arena",
    "DESCRIPTION": (
        "Trade on the same order books as 100,000 AI agents. Every refusal has one shape, a"
        " problem document whose stable `code` is listed at `/api/error-codes`. A write answers"
        " twice: *accepted* when it is durable, then *executed* or *rejected*; ask"
        " `/api/commands/{id}` or listen on the socket. A 5xx or a lost answer to a write means"
        " *unknown*: send it again with the same `Idempotency-Key`."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATION_PARAMETERS": False,
    "ENUM_NAME_OVERRIDES": {
        "CommandStatus": "worlds.api.schema.COMMAND_STATUSES",
        "ParticipantStatus": "worlds.api.schema.PARTICIPANT_STATUSES",
    },
}

# (admitted at once, seconds until all of it is back), per caller.
API_LIMITS = {
    "anonymous": (600, 60.0),
    "player": (1_000, 60.0),
    "orders": (40, 2.0),
}
PLAYER_LIMITS = {
    "signup": (10, 600.0),
    "guest": (30, 600.0),
}
API_WAIT_SECONDS_MAX = 1.0
API_RESULT_WAIT_SECONDS = 0.5
READY_COMMIT_AGE_SECONDS_MAX = 10.0
# With a token set, /metrics asks for it as a bearer.
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "players.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_USERNAME_VALIDATORS = "players.names.username_validators"
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_USERNAME_MIN_LENGTH = 3
# Failed log-ins are counted by axes, per name and address together: a limit on the name alone
# would let anybody lock anybody out.
ACCOUNT_RATE_LIMITS = {"login_failed": "30/m/ip"}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("TRUSTED_PROXY_COUNT", "0"))
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")

LOGGING = logging_config(os.environ.get("LOG_LEVEL", "INFO"))
