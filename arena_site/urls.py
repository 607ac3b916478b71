"""Addresses of the whole site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("players.urls")),
    path("accounts/", include("allauth.urls")),
]

handler400 = "worlds.api.handlers.bad_request"
handler403 = "worlds.api.handlers.permission_denied"
handler404 = "worlds.api.handlers.not_found"
handler500 = "worlds.api.handlers.server_error"
