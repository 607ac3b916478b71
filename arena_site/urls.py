"""Addresses of the whole site."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from arena_site import health
from markets import views as market_pages
from worlds.api.entry import play

urlpatterns = [
    path("", market_pages.landing, name="landing"),
    path("m/<str:code>", market_pages.market, name="market"),
    path("economy", market_pages.economy, name="economy"),
    path("works", market_pages.works, name="works"),
    path("play/", play, name="play"),
    path("credits", TemplateView.as_view(template_name="credits.html"), name="credits"),
    path("accounts/", include("players.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/", include("worlds.api.urls")),
    path("api/", include("markets.api.urls")),
    path("api/schema", SpectacularAPIView.as_view(), name="api_schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="api_schema"), name="api_docs"),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]

handler400 = "worlds.api.handlers.bad_request"
handler403 = "worlds.api.handlers.permission_denied"
handler404 = "worlds.api.handlers.not_found"
handler429 = "worlds.api.handlers.too_many_requests"
handler500 = "worlds.api.handlers.server_error"
