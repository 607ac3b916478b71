"""The book suite again: as plain Python, and jitted with bounds checks.

Each runs in a process of its own, because numba reads these switches at import. Sizes are small.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUITE = [
    "tests/engine/test_book_tables.py",
    "tests/engine/test_book_checks.py",
    "tests/engine/test_ledger.py",
    "tests/engine/properties/test_book_oracle.py",
    "tests/engine/properties/test_book_long_flows.py",
    "tests/engine/test_rng.py::test_golden_bits",
    "tests/engine/test_fmath.py::test_golden_bits",
]
SIZES = {"ENGINE_EXAMPLES": "8", "ENGINE_SEEDS": "2", "ENGINE_OPERATIONS": "120"}


@pytest.mark.parametrize(
    ("switch", "cache"), [("NUMBA_DISABLE_JIT", None), ("NUMBA_BOUNDSCHECK", "boundscheck")]
)
def test_suite_in_mode(
    switch: str, cache: str | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = os.environ | SIZES | {switch: "1"}
    if cache:
        # Checked machine code must not mix with the unchecked one that is cached on disk.
        environment["NUMBA_CACHE_DIR"] = str(tmp_path_factory.mktemp(cache))
    command = [sys.executable, "-W", "error::RuntimeWarning", "-m", "pytest", "-q", "-x",
               "-p", "no:cacheprovider", "-p", "no:django", "-p", "no:xdist", *SUITE]  # fmt: skip
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3_000:] + run.stderr[-1_000:]
    assert " passed" in run.stdout
