"""Addresses of the markets' REST door, under `/api/`."""

from django.urls import path

from markets.api import views

urlpatterns = [
    path("markets", views.MarketListView.as_view(), name="api_markets"),
    path("markets/<str:code>", views.MarketDetailView.as_view(), name="api_market"),
    path(
        "markets/<str:code>/attribution",
        views.MarketAttributionView.as_view(),
        name="api_market_attribution",
    ),
    path("history", views.HistoryListView.as_view(), name="api_history_list"),
    path("history/<str:indicator>", views.HistoryDetailView.as_view(), name="api_history"),
    path("indicators", views.IndicatorListView.as_view(), name="api_indicators"),
    path("portfolio", views.PortfolioView.as_view(), name="api_portfolio"),
    path("shipments", views.ShipmentListView.as_view(), name="api_shipments"),
    path("shipments/preview", views.ShipmentPreviewView.as_view(), name="api_shipment_preview"),
    path("routes", views.RouteListView.as_view(), name="api_routes"),
    path("orders", views.OrderListView.as_view(), name="api_orders"),
    path("orders/<uuid:order_id>", views.OrderDetailView.as_view(), name="api_order"),
]
