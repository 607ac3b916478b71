"""How many agents of each kind a world has, and the balanced economy that they live in.

Shares of N: firms 5 %, traders 8 %, noise 2 %, makers 0.1 % (at least three per market), the rest
households; with several regions arbitrageurs take .5 % from the traders. Small worlds keep at least
three firms per sector. The balanced output of a day solves `output = demand + inputs' * output` for
one basket per household, in each region for itself; it is computed by repeated substitution in
plain arithmetic, so that it has the same bits on every machine.
"""

from typing import NamedTuple

from economy_engine.goods import CO2, FOOD, GOODS, GOODS_COUNT, INDEX
from economy_engine.params import PATIENT_EVERY, STEPS_PER_DAY, WorldParams
from economy_engine.systems.columns import Rows

FIRMS_PER_SECTOR_MIN = 3
MAKERS_PER_MARKET_MIN = 3
FIRMS_MIN = 4 * GOODS_COUNT
ARBITRAGEURS_PER_REGION_MIN = 2
_ROUNDS = 64


class Counts(NamedTuple):
    """Numbers of agents, shape symbols of the schema, and the balanced output."""

    rows: Rows
    sizes: dict[str, int]  # H, HP (patient), F, T, Z (noise), K, X (arbitrageurs)
    output: tuple[float, ...]  # lots per day and market
    firms: tuple[int, ...]  # firms per market


def balanced_output(households: int) -> tuple[float, ...]:
    """Return lots per day of each good that feed one basket to every household."""
    demand = [good.basket * households for good in GOODS]
    output = list(demand)
    for _ in range(_ROUNDS):
        needed = list(demand)
        for index, good in enumerate(GOODS):
            for code, lots in good.inputs.items():
                needed[INDEX[code]] += lots * output[index]
        output = needed
    return tuple(output)


def _firms_per_sector(output: tuple[float, ...], firms: int) -> tuple[int, ...]:
    labour = [lots * good.labour for lots, good in zip(output, GOODS, strict=True)]
    total = 0.0
    for worker_days in labour:
        total += worker_days
    counts = [max(FIRMS_PER_SECTOR_MIN, int(days / total * firms)) for days in labour]
    counts[CO2] = FIRMS_PER_SECTOR_MIN
    counts[FOOD] += firms - sum(counts)
    if counts[FOOD] < FIRMS_PER_SECTOR_MIN:
        raise ValueError(f"{firms} firms are too few for {GOODS_COUNT} sectors")
    return tuple(counts)


def patient_places(households: int) -> int:
    """Return how many places the resting bids of patient households take (multiple of a day)."""
    return -(-households // (STEPS_PER_DAY * PATIENT_EVERY)) * STEPS_PER_DAY


def block(region: int, regions: int, count: int) -> tuple[int, int]:
    """Return the half-open range of a region's members among `count` agents of one kind."""
    return region * count // regions, (region + 1) * count // regions


def population(params: WorldParams) -> Counts:
    """Return the numbers of a world; they are a function of `agents` and `regions` alone.

    Households, firms and noise traders of a region are contiguous, so a region is found by
    division and regions are equal to within one agent of a kind.
    """
    agents, markets, regions = params.agents, params.markets, params.regions
    makers = max(MAKERS_PER_MARKET_MIN * markets, agents // 1000 // markets * markets)
    firms = max(FIRMS_MIN * regions, agents * 5 // 100)
    arbitrageurs = 0
    if regions > 1:
        wanted = int(agents * params.trade.arbitrageur_share)
        arbitrageurs = max(ARBITRAGEURS_PER_REGION_MIN * regions, wanted)
    traders = agents * 8 // 100 - arbitrageurs
    noise = agents * 2 // 100
    households = agents - makers - firms - traders - noise - arbitrageurs
    output: list[float] = []
    sectors: list[int] = []
    for region in range(regions):
        first, end = block(region, regions, households)
        home = balanced_output(end - first)
        output.extend(home)
        first, end = block(region, regions, firms)
        sectors.extend(_firms_per_sector(home, end - first))
    first_trader = households + firms
    first_noise = first_trader + traders
    first_maker = first_noise + noise
    rows = Rows(0, households, first_trader, first_noise, first_maker, first_maker + makers, agents)
    sizes = {
        "H": households,
        "HP": patient_places(households),
        "F": firms,
        "T": traders,
        "Z": noise,
        "K": makers,
        "X": arbitrageurs,
    }
    return Counts(rows, sizes, tuple(output), tuple(sectors))
