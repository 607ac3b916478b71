"""What one array of a world is: its type, its shape, and which part of it is in use."""

from typing import NamedTuple

import numpy as np

# Axes: which part of an array is in use.
ALL = "all"
ROWS = "rows"  # ledger rows below n
SELLERS = "sellers"  # those of agents that may sell and of all above: no household ever offers
ACCOUNTS = "accounts"  # those above the agents', whose own never change
ORDERS = "orders"  # both parts of the pool below their high-water marks
DETAILS = "details"  # participants' slots below the high-water mark
FREE = "free"  # both stacks of freed slots
PARTICIPANTS = "participants"
CALENDAR = "calendar"
FREE_ROWS = "free_rows"
SHIPMENTS = "shipments"
SITES = "sites"  # sites below the high-water mark
JOBS = "jobs"  # AI firms and those sites
MEMBERS = "members"  # ledger rows of participants below n


class ArraySpec(NamedTuple):
    """One array: shape symbols are resolved by `sizes`."""

    name: str
    dtype: object
    shape: tuple
    axis: str = ALL
    fill: int = 0
    in_digest: bool = True
    in_snapshot: bool = True
    version: int = 1


# Records of the world's own tables.
CALENDAR_DTYPE = np.dtype(
    [
        ("tick", "<i8"),
        ("number", "<i8"),
        ("reference", "<i8"),
        ("generation", "<u4"),
        ("kind", "<i4"),
    ]
)
REGION_DTYPE = np.dtype([("owner", "<i4"), ("open", "<i4"), ("toll", "<i8"), ("delay", "<i8")])
