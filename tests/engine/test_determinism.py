"""The same parameters give the same bits: again, elsewhere, restored, and without a compiler.

The golden digests are rewritten only by `UPDATE_GOLDEN=1 pytest tests/engine/test_determinism.py`;
a change of them needs a new ENGINE_VERSION.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from economy_engine import snapshot
from economy_engine.schema import ENGINE_VERSION
from tests.engine.worlds import run, small_world

GOLDEN = Path(__file__).parent / "golden" / "digests.json"
ROOT = Path(__file__).parents[2]
CASES = (
    (500, 7, "lab", 0),
    (500, 7, "lab", 3),
    (1_000, 21, "sprint", 240),
    (1_000, 21, "lab", 130),
    (2_000, 5, "persistent", 60),
)


HANG_SECONDS = 1_500  # a cold cache compiles everything again, checked


def _elsewhere(agents: int, seed: int, preset: str, ticks: int, **settings: str) -> int:
    """Return the digest that another process gets, with other environment variables."""
    command = [sys.executable, "-m", "tests.engine.worlds"]
    command += [str(agents), str(seed), preset, str(ticks)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True,
        timeout=HANG_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout, 16)


def test_two_runs_are_equal_and_so_is_one_that_was_restored_in_the_middle():
    first, second = run(small_world(), 80), run(small_world(), 40)
    restored = snapshot.load(snapshot.dump(second))
    run(second, 40)
    run(restored, 40)
    assert first.digest() == second.digest() == restored.digest()
    assert snapshot.dump(first) == snapshot.dump(restored)


def test_another_process_with_another_hash_seed_gets_the_same():
    mine = run(small_world(1_000, 21, "lab"), 70).digest()
    assert _elsewhere(1_000, 21, "lab", 70, PYTHONHASHSEED="4711") == mine


@pytest.mark.timeout(HANG_SECONDS + 60)
def test_plain_python_gets_the_same():
    mine = run(small_world(500, 7, "lab"), 70).digest()
    assert _elsewhere(500, 7, "lab", 70, NUMBA_DISABLE_JIT="1") == mine


@pytest.mark.timeout(HANG_SECONDS + 60)
def test_bounds_checks_find_nothing(tmp_path, deep: bool):
    """The same kernels with checked indices; their machine code has a cache of its own."""
    if not deep:
        pytest.skip("as plain Python numpy checks the same indices, over more ticks: see above")
    cache = Path(os.environ.get("NUMBA_CACHE_DIR", str(tmp_path))) / "boundscheck"
    mine = run(small_world(500, 7, "lab"), 20).digest()
    checked = _elsewhere(500, 7, "lab", 20, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(cache))
    assert checked == mine


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_golden_digest(case):
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    name = "-".join(map(str, case))
    agents, seed, preset, ticks = case
    found = f"{run(small_world(agents, seed, preset), ticks).digest():016x}"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.setdefault("digests", {})[name] = found
        golden["engine_version"] = ENGINE_VERSION
        GOLDEN.write_text(json.dumps(golden, indent=2, sort_keys=True) + "\n")
    assert golden.get("engine_version") == ENGINE_VERSION
    assert golden["digests"][name] == found, "the engine changed: raise ENGINE_VERSION"
