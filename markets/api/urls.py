"""Addresses of the markets' REST door, under `/api/`."""

from django.urls import path

from markets.api import deals_views, views, works_views

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
    path("work", works_views.WorkView.as_view(), name="api_work"),
    path("needs", works_views.NeedsView.as_view(), name="api_needs"),
    path("prospects", works_views.ProspectView.as_view(), name="api_prospects"),
    path("works", works_views.NoteListView.as_view(), name="api_works"),
    path("sites", works_views.SiteListView.as_view(), name="api_sites"),
    path("sites/<uuid:site_id>", works_views.SiteDetailView.as_view(), name="api_site"),
    path(
        "sites/<uuid:site_id>/upgrade",
        works_views.SiteUpgradeView.as_view(),
        name="api_site_upgrade",
    ),
    path(
        "sites/<uuid:site_id>/research",
        works_views.SiteResearchView.as_view(),
        name="api_site_research",
    ),
    path("sites/<uuid:site_id>/offer", deals_views.SiteOfferView.as_view(), name="api_site_offer"),
    path(
        "sites/<uuid:site_id>/licence",
        deals_views.SiteLicenceView.as_view(),
        name="api_site_licence",
    ),
    path("patents", deals_views.PatentListView.as_view(), name="api_patents"),
    path(
        "patents/<str:good>/<int:level>",
        deals_views.PatentDetailView.as_view(),
        name="api_patent",
    ),
    path("auctions", deals_views.AuctionListView.as_view(), name="api_auctions"),
    path("auctions/<int:number>", deals_views.AuctionDetailView.as_view(), name="api_auction"),
    path("offers", deals_views.OfferListView.as_view(), name="api_offers"),
    path("offers/<uuid:site_id>", deals_views.OfferDetailView.as_view(), name="api_offer"),
]
