"""The words of commands: their kinds, where they came in, and what shocks there are.

Kind numbers: 100 market, 200 agents and participants, 300 items and deals, 400 contracts, 500
groups, 600 contests, 700 quests and seasons, 800 operations, 900 integrity.
"""

from __future__ import annotations

from enum import IntEnum


class CommandKind(IntEnum):
    """Number of a command's kind."""

    PLACE_ORDER = 100
    CANCEL_ORDER = 101
    REDUCE_ORDER = 102
    CANCEL_ALL = 103
    REGISTER_PARTICIPANT = 200
    RETIRE_PARTICIPANT = 201
    SHIP_GOODS = 210
    START_WORK = 220
    STOP_WORK = 221
    SET_NEEDS = 222
    BUY_SITE = 420
    SELL_SITE = 421
    SET_SITE = 422
    UPGRADE_SITE = 423
    RESEARCH_SITE = 424
    BUY_PROSPECT = 425
    OFFER_SITE = 426
    END_OFFER = 427
    TAKE_SITE = 428
    OFFER_LICENCE = 429
    TAKE_LICENCE = 430
    BID_SITE = 431
    HALT = 800
    RESUME = 801
    UPGRADE = 802
    SET_POLICY_RATE = 803
    INJECT_SHOCK = 804


class Origin(IntEnum):
    """Where a command came in."""

    BROWSER = 0
    KEY = 1
    ADMIN = 2
    SYSTEM = 3


class ShockKind(IntEnum):
    """What an injected shock changes; the meaning of its size is given per kind."""

    RESERVE = 1  # reserve of a finite or renewable resource times size
    NEWS = 2  # headline of `size` log points on a market
    CASH = 3  # size credits to every household, newly issued: the helicopter
    PANIC = 4  # fear up, sentiment down by size
    EUPHORIA = 5  # greed and sentiment up by size
    ISSUE = 6  # extra issue of `size` of money per day, the inflation spiral; 0 ends it
    CLIMATE = 7  # renewal rates and quotas of the market's region (-1: of all) times size
    INSTABILITY = 8  # in the region (-1: in all) extractors times size, routes closed, 30 days
    DISCOVERY = 9  # reserve of a finite resource plus `size` of its base
    RENEWAL = 10  # renewal rate of a renewable resource times size
    DROUGHT = 11  # reserve and renewal rate of a renewable resource times size
