"""Sections of several blocks as one array, and arrays as parameters of one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection


def gather(blocks: Sequence[Any], section: str) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate one section of the blocks.

    Returns the structured rows in commit order and, row by row, the commit they came from
    (int64). Both are empty when no block has such rows.
    """
    parts = [(decoded.commit, getattr(decoded.block, section)) for decoded in blocks]
    parts = [(commit, rows) for commit, rows in parts if rows is not None and len(rows)]
    if not parts:
        return np.empty(0), np.empty(0, dtype=np.int64)
    rows = np.concatenate([rows for _, rows in parts])
    commits = np.repeat([commit for commit, _ in parts], [len(rows) for _, rows in parts])
    return rows, commits.astype(np.int64)


def last_of_each(*keys: np.ndarray) -> np.ndarray:
    """Indices (ascending) of the last row of every distinct key tuple."""
    stacked = np.stack([np.asarray(key, dtype=np.int64) for key in keys])
    _, first_from_the_end = np.unique(stacked[:, ::-1], axis=1, return_index=True)
    return np.sort(stacked.shape[1] - 1 - first_from_the_end)


def run(statement: str, *parameters: Any) -> int:
    """Execute one statement; arrays become PostgreSQL arrays. Returns the rows it touched."""
    prepared = [p.tolist() if isinstance(p, np.ndarray) else p for p in parameters]
    with connection.cursor() as cursor:
        cursor.execute(statement, prepared)
        return cursor.rowcount
