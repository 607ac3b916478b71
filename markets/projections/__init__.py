"""Engine events to read-model rows: set-based, idempotent by commit, rebuildable.

Each handler runs inside the projector's transaction and may see a block again: rows are written
only where the block is newer than what the row already holds.
"""

from markets.projections.accounts import audit_balances, on_account_events, reset_accounts
from markets.projections.attribution import on_attributions, reset_attributions
from markets.projections.board import on_market_events, reset_markets
from markets.projections.history import on_world_events, reset_history
from markets.projections.works import on_works_events, reset_works

__all__ = [
    "AUDITS",
    "PROJECTIONS",
    "audit_balances",
    "on_account_events",
    "on_attributions",
    "on_market_events",
    "on_works_events",
    "on_world_events",
    "reset_accounts",
    "reset_attributions",
    "reset_history",
    "reset_markets",
    "reset_works",
]

# Name of the projection, as reads wait for it: (handler of a batch, reset of a world).
PROJECTIONS = {
    "accounts": (on_account_events, reset_accounts),
    "markets": (on_market_events, reset_markets),
    "history": (on_world_events, reset_history),
    "attributions": (on_attributions, reset_attributions),
    "works": (on_works_events, reset_works),
}
# What compares a projection's rows with the engine's own figures.
AUDITS = {"accounts": audit_balances}
