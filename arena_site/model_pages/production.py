"""Pictures about goods: what they cost, who uses them, what is left of them in the ground."""

from __future__ import annotations

from typing import Any

import numpy as np

from arena_site.model_pages.canvas import (
    DAY_LABEL,
    GREY,
    PERCENT,
    daily,
    goods_of_first_region,
    in_credits,
    market,
    opened,
    page,
    weekly,
)
from arena_site.model_pages.living import Story
from arena_site.validation.plots import COLOURS
from arena_site.validation.recording import Floats
from economy_engine.events import Indicator
from economy_engine.goods import CONSUMED, GOODS, GOODS_COUNT, GoodKind, goods_table
from economy_engine.param_groups import MINOR_PER_CENT
from economy_engine.params import WorldParams
from economy_engine.systems.behavior.households import expenditure_demand
from economy_engine.systems.behavior.supply import TIERS
from economy_engine.systems.columns import Macro
from economy_engine.systems.scarcity import price_multiplier
from economy_engine.works import licence_minor, may_be_made, outlook

EXTRACTED = "OIL.N"
STORES = ("OIL.N", "FOOD.N", "ENRG.N", "TOOL.N")
REAL_PRICES = np.linspace(0.6, 1.8, 61)  # of the demand curves, in base prices times the CPI
RESERVE_SHARES = np.linspace(0.0, 1.0, 51)


def firms(story: Story) -> Any:
    """A price beside the marginal cost of its producers, and their stores."""
    drawn, (prices, stores) = page(story, "Firms")
    m = market(story, EXTRACTED)
    cost = in_credits(story.watch.figure(Indicator.MARGINAL_COST)[:, m])
    price = in_credits(story.record.daily_market(Indicator.VWAP)[:, m])
    markup = WorldParams(story.plan.agents, story.plan.seed).firm.markup
    days = np.arange(1, len(opened(story, cost)) + 1)
    shown = opened(story, cost)
    look = {"color": COLOURS[4], "alpha": 0.15, "label": "cost of the four quarters"}
    prices.fill_between(days, TIERS[0] * shown, TIERS[-1] * shown, **look)
    daily(story, prices, price, color=COLOURS[0], label=f"price of {EXTRACTED}, mean of the day")
    daily(story, prices, cost, color=COLOURS[1], label="marginal cost, scarcity rent included")
    label = f"cost with {PERCENT * markup:g} % markup"
    daily(story, prices, (1.0 + markup) * cost, color=COLOURS[1], ls=":", label=label)
    prices.set(title="Price and marginal cost", ylabel="credits per lot")
    low, high = prices.get_ylim()
    prices.set_ylim(low, high + 0.35 * (high - low))
    prices.legend(loc="upper left")
    for number, code in enumerate(STORES):
        m = market(story, code)
        cover = story.watch.firm_stock[:, m] / np.maximum(story.watch.firm_sales[:, m], 1e-9)
        daily(story, stores, cover, color=COLOURS[number], label=code)
    aim = WorldParams(story.plan.agents, story.plan.seed).firm.stock_days
    stores.axhline(aim, color=GREY, ls=":", label=f"wanted, {aim:g}")
    stores.set(title="Own goods in producers' stores", ylabel="days of sales", ylim=(0, None))
    stores.legend(ncol=2)
    return drawn


def households(story: Story) -> Any:
    """Demand curves of the expenditure system with what was eaten, and use over time."""
    drawn, (demand, use) = page(story, "Households of the first region")
    goods, record = goods_table(MINOR_PER_CENT), story.record
    eaten = opened(story, story.watch.consumed) / story.watch.households
    level = opened(story, record.daily(Macro.CPI))
    vwap = opened(story, record.daily_market(Indicator.VWAP))
    real = vwap[:, :GOODS_COUNT] / goods.price / level[:, None]
    spent = sum(float((eaten[:, k] * real[:, k] * goods.price[k]).mean()) for k in CONSUMED)
    price = {k: float(real[:, k].mean()) * goods.price[k] for k in CONSUMED}
    needs = sum(goods.subsistence[k] * price[k] for k in CONSUMED)
    for number, k in enumerate(CONSUMED):
        subsistence, share = float(goods.subsistence[k]), float(goods.budget_share[k])
        curve = []
        for ratio in REAL_PRICES:
            own = float(ratio * goods.price[k])
            left = float(spent - needs + subsistence * (price[k] - own))
            curve.append(expenditure_demand(subsistence, share, own, left, 1.0))
        look = {"color": COLOURS[number]}
        demand.plot(curve, REAL_PRICES, lw=1.2, label=GOODS[k].name, **look)
        demand.plot(weekly(eaten[:, k]), weekly(real[:, k]), ".", ms=3, alpha=0.6, **look)
        daily(story, use, story.watch.consumed[:, k] / story.watch.households, lw=0.9, **look)
        use.axhline(subsistence, ls=":", lw=0.9, **look)
    demand.set(title="Demand (lines) and use in a week (dots)")
    demand.set(xlabel="lots per household and day", ylabel="price, base price times CPI = 1")
    demand.legend()
    use.set(title="Use (dotted: subsistence)", ylabel="lots per household and day")
    use.set_ylim(0, None)
    return drawn


def scarcity(story: Story) -> Any:
    """Reserves over time, and the price multiplier as a function of them with the run's points."""
    drawn, (ground, multiplier) = page(story, "Scarcity")
    reserves = story.record.daily_market(Indicator.RESERVES)
    told = opened(story, story.watch.figure(Indicator.PRICE_MULTIPLIER))
    number = 0
    for k, good in enumerate(GOODS):
        if good.kind not in (GoodKind.FINITE, GoodKind.RENEWABLE):
            continue
        colour = COLOURS[number]
        number += 1
        for region, style in enumerate(("-", "--")):
            m = region * GOODS_COUNT + k
            label = good.name if region == 0 else None
            daily(story, ground, PERCENT * reserves[:, m], color=colour, ls=style, label=label)
            multiplier.plot(opened(story, reserves)[:, m], told[:, m], ".", ms=4, color=colour)
        line = [
            price_multiplier(float(1.0 - share), good.max_multiplier, good.importance)
            for share in RESERVE_SHARES
        ]
        multiplier.plot(RESERVE_SHARES, line, color=colour, lw=0.9, alpha=0.7, label=good.name)
    ground.set(title="Reserves (dashed: second region)", ylabel="% of the base")
    low, high = ground.get_ylim()
    ground.set_ylim(low, high + 0.25 * (high - low))
    ground.legend(ncol=3, loc="upper left")
    multiplier.set(title="Formula (lines) and days of the run (dots)", ylabel="price multiplier")
    multiplier.set_xlabel("reserve, share of the base")
    multiplier.legend()
    return drawn


def player_economy(story: Story) -> Any:
    """What a site of the first tier earns by good, at the prices of each day."""
    drawn, (spread, over_time) = page(story, "A player's site of the first tier, in the north")
    amounts = WorldParams(story.plan.agents, story.plan.seed).works
    record, codes = story.record, goods_of_first_region(story)
    made = [m for m in range(GOODS_COUNT) if may_be_made(m)]
    profits = {m: in_credits(_profits(story, m)) for m in made}
    made.sort(key=lambda m: float(np.median(profits[m])))
    for row, m in enumerate(made):
        low, median, high = np.quantile(profits[m], [0.1, 0.5, 0.9])
        spread.plot([low, high], [row, row], color=GREY, lw=1.6)
        spread.plot([median], [row], "o", ms=5, color=COLOURS[0])
    spread.set_yticks(range(len(made)), [GOODS[m].name for m in made])
    spread.axvline(0, color="#222", lw=0.8)
    spread.set(title="Profit: median day, 10th to 90th percentile", xlabel="credits per game day")
    level = opened(story, record.daily(Macro.CPI))
    licence = np.array([licence_minor(amounts, 1, float(each)) for each in level])
    for number, m in enumerate(made[:-4:-1]):
        payback = in_credits(licence) / np.maximum(weekly(profits[m]), 1e-9)
        days = np.arange(1, len(payback) + 1)
        over_time.plot(days, payback, color=COLOURS[number], label=codes[m])
    over_time.set(title="Days that earn the licence back")
    over_time.set(ylabel="game days", xlabel=DAY_LABEL)
    over_time.set_ylim(0, min(60.0, 1.1 * over_time.get_ylim()[1]))
    over_time.legend()
    return drawn


def _profits(story: Story, m: int) -> Floats:
    """Return the profit of each drawn day by the preview's own rule, minor units."""
    record = story.record
    prices = opened(story, record.daily_market(Indicator.EQUILIBRIUM_PRICE))
    reserves = np.nan_to_num(opened(story, record.daily_market(Indicator.RESERVES)), nan=1.0)
    wages = opened(story, record.daily(Macro.MEAN_WAGE))
    level = opened(story, record.daily(Macro.CPI))
    amounts = WorldParams(story.plan.agents, story.plan.seed).works
    days = [
        outlook(
            amounts, m, 1, wage=float(wages[d]), prices=[float(p) for p in prices[d]],
            reserve_share=float(reserves[d, m]), level=float(level[d]),
        ).profit
        for d in range(len(prices))
    ]  # fmt: skip
    return np.array(days)


def scenarios(story: Story) -> Any:
    """One event beside its undisturbed twin."""
    drawn, (prices, jobs) = page(story, "Scenario oil_shock: 60 % of the oil reserve is lost")
    plan, record, struck = story.plan, story.record, story.struck
    per_day = record.ticks_per_day // record.bar_ticks
    oil = [market(story, f"OIL.{letter}") for letter in "NS"]
    mean = in_credits(record.mid[:, oil].mean(axis=1))
    days = (np.arange(1, len(mean) + 1)) / per_day - plan.strike_day
    before = min(20, plan.strike_day)
    shown = (days > -before) & (days <= plan.branch_days)
    prices.plot(days[shown], mean[shown], color=GREY, label="undisturbed twin")
    after = np.arange(1, len(struck.mid) + 1) / per_day
    hit = in_credits(struck.mid[:, oil].mean(axis=1))
    prices.plot(after, hit, color=COLOURS[1], label="after the event")
    prices.set(title="Price of oil, mean of the regions", ylabel="credits")
    whole = np.arange(1, record.days + 1) - plan.strike_day
    shown = (whole > -before) & (whole <= plan.branch_days)
    unemployed = PERCENT * record.daily(Macro.UNEMPLOYMENT)
    jobs.plot(whole[shown], unemployed[shown], color=GREY, label="undisturbed twin")
    hit = PERCENT * struck.daily(Macro.UNEMPLOYMENT)
    jobs.plot(np.arange(1, struck.days + 1), hit, color=COLOURS[1], label="after the event")
    jobs.set(title="Unemployment", ylabel="% of households", ylim=(0, None))
    for panel in (prices, jobs):
        panel.axvline(0, color=GREY, lw=0.8, ls=":")
        panel.set_xlabel("game days after the event")
        panel.legend()
    return drawn
