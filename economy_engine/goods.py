"""The ten goods of a region, as one table that the whole model reads.

Prices are in cents and pass through `params.cents()`. Quantities are lots. The table closes: with
the Leontief inverse, final demand of one basket per household and day employs 93.5 % of all
households, so a change of any coefficient must be solved again.
"""

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np


class GoodKind(IntEnum):
    """The seed's resource types, and goods that are made of others."""

    PRODUCED = 0
    FINITE = 1
    RENEWABLE = 2
    ARTIFICIAL = 3


class Good(NamedTuple):
    """One good; `inputs` maps codes to lots per lot of output."""

    code: str
    name: str
    kind: GoodKind
    price_cents: float  # base price P0
    start_factor: float  # start price / P0: scarcity rents at the start reserves
    labour: float  # worker-days per lot
    inputs: dict[str, float]
    max_multiplier: float  # the seed's Max Multiplier
    importance: float  # the seed's Strategic Importance
    basket: float = 0.0  # lots per household and day, also the CPI basket
    subsistence: float = 0.0  # gamma of the expenditure system
    budget_share: float = 0.0  # beta of the expenditure system
    freight: int = 0  # thousandths of a lot of energy that moving a lot takes; -1: cannot move

    @property
    def strategic(self) -> bool:
        """Whether wars, embargoes and reserves are about this good."""
        return self.importance >= 0.8


_F, _R, _A, _P = GoodKind.FINITE, GoodKind.RENEWABLE, GoodKind.ARTIFICIAL, GoodKind.PRODUCED
_FOOD = {"WATR": 0.3, "LAND": 0.3, "ENRG": 0.1}
_ENRG = {"OIL": 0.3, "CO2": 0.1}
_TOOL = {"LITH": 0.2, "RARE": 0.1, "ENRG": 0.2, "IP": 0.05}

GOODS: tuple[Good, ...] = (
    Good("OIL", "Oil", _F, 600, 1.3, 0.04, {"TOOL": 0.02}, 3.0, 0.9, freight=40),
    Good("LITH", "Lithium", _F, 1100, 1.1, 0.08, {"TOOL": 0.02}, 2.5, 0.8, freight=60),
    Good("RARE", "Rare earth", _F, 1600, 1.3, 0.12, {"TOOL": 0.02}, 4.0, 0.85, freight=60),
    Good("WATR", "Fresh water", _R, 200, 1.4, 0.015, {}, 2.0, 1.0, 2.0, 1.0, 0.03, 20),
    Good("LAND", "Arable land", _R, 270, 1.18, 0.02, {}, 1.5, 0.7, freight=-1),
    Good("CO2", "Carbon credit", _A, 400, 0.95, 0.0, {}, 2.0, 0.5),
    Good("IP", "Intellectual property", _A, 2500, 1.05, 0.2, {}, 1.5, 0.6),
    Good("FOOD", "Food", _P, 900, 1.0, 0.05, _FOOD, 0.0, 0.0, 6.0, 3.0, 0.36, 50),
    Good("ENRG", "Energy", _P, 680, 1.05, 0.03, _ENRG, 0.0, 0.0, 5.0, 2.0, 0.26, 50),
    Good("TOOL", "Tools", _P, 2100, 0.97, 0.1, _TOOL, 0.0, 0.0, 2.0, 0.3, 0.35, 100),
)
GOODS_COUNT = len(GOODS)
INDEX: dict[str, int] = {good.code: index for index, good in enumerate(GOODS)}
OIL, LITH, RARE, WATR, LAND, CO2, IP, FOOD, ENRG, TOOL = range(GOODS_COUNT)
CONSUMED = (WATR, FOOD, ENRG, TOOL)  # what households buy, in the order of the table
REGION_LETTERS = "NSEW"
REGION_NAMES = {"N": "North", "S": "South", "E": "East", "W": "West"}


@lru_cache(maxsize=len(REGION_LETTERS))
def market_codes(regions: int) -> tuple[str, ...]:
    """Return the codes of all markets in the order of their numbers.

    >>> market_codes(1)[0], market_codes(2)[0], market_codes(2)[10]
    ('OIL', 'OIL.N', 'OIL.S')
    """
    if regions == 1:
        return tuple(good.code for good in GOODS)
    letters = REGION_LETTERS[:regions]
    return tuple(f"{good.code}.{letter}" for letter in letters for good in GOODS)


@lru_cache(maxsize=len(REGION_LETTERS))
def market_numbers(regions: int) -> dict[str, int]:
    """Return the inverse of `market_codes`."""
    return {code: number for number, code in enumerate(market_codes(regions))}


class GoodsTable(NamedTuple):
    """The table as arrays for kernels, K goods; prices in minor units."""

    price: np.ndarray  # f8[K] base price P0
    labour: np.ndarray  # f8[K] worker-days per lot
    inputs: np.ndarray  # f8[K, K] lots of column good per lot of row good
    kind: np.ndarray  # i1[K] GoodKind
    max_multiplier: np.ndarray  # f8[K]
    importance: np.ndarray  # f8[K]
    basket: np.ndarray  # f8[K]
    subsistence: np.ndarray  # f8[K]
    budget_share: np.ndarray  # f8[K], sums to one
    freight: np.ndarray  # i8[K] thousandths of a lot of energy per lot moved, -1 = cannot move


def goods_table(minor_per_cent: int) -> GoodsTable:
    """Return `GOODS` as arrays, prices times `minor_per_cent`."""
    inputs = np.zeros((GOODS_COUNT, GOODS_COUNT))
    for row, good in enumerate(GOODS):
        for code, lots in good.inputs.items():
            inputs[row, INDEX[code]] = lots
    column = {
        name: np.array([getattr(good, name) for good in GOODS], dtype=np.float64)
        for name in GoodsTable._fields
        if name not in ("price", "inputs", "kind", "freight")
    }
    share_sum = 0.0
    for share in column["budget_share"]:
        share_sum += float(share)
    column["budget_share"] /= share_sum
    return GoodsTable(
        price=np.array([good.price_cents * minor_per_cent for good in GOODS], dtype=np.float64),
        inputs=inputs,
        kind=np.array([good.kind for good in GOODS], dtype=np.int8),
        freight=np.array([good.freight for good in GOODS], dtype=np.int64),
        **column,
    )
