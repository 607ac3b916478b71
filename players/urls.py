"""Account addresses that come before allauth's."""

from django.urls import path

from players import views

urlpatterns = [
    path("signup/", views.SignupView.as_view(), name="account_signup"),
    path("claim/", views.claim, name="account_claim"),
]
