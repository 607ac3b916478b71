"""Addresses of the worlds' REST door, under `/api/`."""

from django.urls import path

from worlds.api import views

urlpatterns = [
    path("commands/<uuid:command_id>", views.CommandDetailView.as_view(), name="api_command"),
    path("participants", views.ParticipantDetailView.as_view(), name="api_participants"),
    path("error-codes", views.ErrorCodeListView.as_view(), name="api_error_codes"),
]
