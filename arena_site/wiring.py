"""Every connection between apps, on one page. Each line of `connect` is a sentence."""

from __future__ import annotations


def connect() -> None:
    """Called once, when all apps are loaded."""
    from markets.projections import PROJECTIONS
    from markets.selectors import order_result_for_player
    from worlds import projector
    from worlds.api.commands import register_describer
    from worlds.projections import on_participants

    projector.register("participants", on_participants)
    for name, (handler, reset) in PROJECTIONS.items():
        projector.register(name, handler, reset)
    register_describer(order_result_for_player)
