"""A recorded order flow: adds near the touch, cancels of earlier adds, market orders."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ADD, CANCEL, MARKET = 0, 1, 2
BUY, SELL = 0, 1


class Flow(NamedTuple):
    """One operation per row; `target` is the row of the add that a cancel names."""

    op: np.ndarray  # int8
    side: np.ndarray  # int8
    level: np.ndarray  # int32, price in increments
    quantity: np.ndarray  # int32, lots
    owner: np.ndarray  # int32
    target: np.ndarray  # int64


def record(operations: int, owners: int, levels: int, seed: int) -> Flow:
    """Draw 70 % adds, 20 % cancels and 10 % market orders around a slowly moving price."""
    rng = np.random.default_rng(seed)
    draw = rng.random(operations)
    op = np.where(draw < 0.7, ADD, np.where(draw < 0.9, CANCEL, MARKET)).astype(np.int8)
    op[:1000] = ADD
    side = rng.integers(0, 2, operations).astype(np.int8)
    middle = levels // 2 + np.cumsum(rng.integers(-1, 2, operations)) // 8
    middle = np.clip(middle, 200, levels - 200)
    distance = np.minimum(rng.geometric(0.08, operations), 150) - 2
    level = np.where(side == BUY, middle - distance, middle + distance).astype(np.int32)
    level = np.where(op == MARKET, np.where(side == BUY, levels - 2, 1), level).astype(np.int32)
    quantity = rng.integers(1, 100, operations).astype(np.int32)
    owner = rng.integers(0, owners, operations).astype(np.int32)
    adds = np.flatnonzero(op == ADD)
    before = np.searchsorted(adds, np.arange(operations))
    back = rng.geometric(0.002, operations)
    target = adds[np.maximum(before - back, 0)].astype(np.int64)
    return Flow(op, side, level, quantity, owner, target)
