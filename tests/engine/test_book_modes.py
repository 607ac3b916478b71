"""The book suite again: as plain Python, and jitted with bounds checks.

Each runs in a process of its own, because numba reads these switches at import. Sizes are small.
The checked machine code has a cache of its own, kept between runs: nearly all of it is compiling,
minutes of it, so that without `--deep` the indices are checked in plain Python alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("NUMBA_CACHE_DIR", tempfile.gettempdir())) / f"checked-{os.getuid()}"
CHECKED = [
    "tests/engine/test_book_tables.py",
    "tests/engine/properties/test_book_long_flows.py",
]
PLAIN = [
    *CHECKED,
    "tests/engine/test_book_checks.py",
    "tests/engine/test_ledger.py",
    "tests/engine/properties/test_book_oracle.py",
    "tests/engine/test_rng.py::test_golden_bits",
    "tests/engine/test_fmath.py::test_golden_bits",
]
HANG_SECONDS = 1_500  # a cold cache compiles everything again, checked
SIZES = {"ENGINE_EXAMPLES": "8", "ENGINE_SEEDS": "2", "ENGINE_OPERATIONS": "120"}


@pytest.mark.timeout(HANG_SECONDS + 60)
@pytest.mark.parametrize(
    ("switch", "suite"), [("NUMBA_DISABLE_JIT", PLAIN), ("NUMBA_BOUNDSCHECK", CHECKED)]
)
def test_suite_in_mode(switch: str, suite: list[str], deep: bool) -> None:
    if switch == "NUMBA_BOUNDSCHECK" and not deep:
        pytest.skip("as plain Python numpy checks the same indices, in a larger suite")
    # Checked machine code must not mix with the unchecked one that is cached on disk.
    environment = os.environ | SIZES | {switch: "1", "NUMBA_CACHE_DIR": str(CACHE)}
    command = [sys.executable, "-W", "error::RuntimeWarning", "-m", "pytest", "-q", "-x",
               "-p", "no:cacheprovider", "-p", "no:django", "-p", "no:xdist", *suite]  # fmt: skip
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=HANG_SECONDS,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3_000:] + run.stderr[-1_000:]
    assert " passed" in run.stdout
