"""Two hundred arenas with faults, each from a seed; and whether a missing guard would be seen."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.core.management import call_command

from arena_site.simulation import run
from arena_site.simulation.database import Session, SimulatedDatabase
from arena_site.simulation.fibers import Scheduler, StuckError
from arena_site.simulation.newborn import Genesis
from arena_site.simulation.plan import CONTROLS, Plan
from arena_site.simulation.statements import STATEMENTS
from worlds import inbox

SEEDS, DEEP_SEEDS = 200, 10_000
CONTROL_SEEDS = range(1, 41)


@pytest.fixture(scope="session")
def newborn() -> Genesis:
    return run.genesis()


@pytest.mark.timeout(0)
def test_nothing_is_lost_doubled_or_different(
    deep: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    count = DEEP_SEEDS if deep else SEEDS
    try:
        call_command("simulate", "--json", seeds=count)
    except SystemExit:
        pytest.fail(capsys.readouterr().out)
    shown = json.loads(capsys.readouterr().out)
    assert shown["passed"] and not shown["unexercised"]
    assert shown["seeds"] == count and shown["acknowledged"] > 10 * count
    assert shown["epochs"] > count and shown["ticks"] > 5 * count


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_a_missing_guard_is_seen(control: str, newborn: Genesis) -> None:
    for seed in CONTROL_SEEDS:
        if run.run_seed(seed, newborn, control).problems:
            assert not run.run_seed(seed, newborn).problems, "the guard makes the difference"
            return
    pytest.fail(f"{len(CONTROL_SEEDS)} seeds without {CONTROLS[control]}, and nothing was seen")


def test_a_seed_is_the_same_run_again(newborn: Genesis) -> None:
    one, other = run.run_seed(11, newborn), run.run_seed(11, newborn)
    assert one == other and one.counts


def test_a_failing_seed_says_how_to_see_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("simulate", "--json", seeds=10, control="keys")
    assert ended.value.code == 1
    shown = json.loads(capsys.readouterr().out)
    failure = shown["failures"][0]
    assert failure["reproduce"].endswith(f"--seed {failure['seed']} --control keys")
    with pytest.raises(SystemExit):
        call_command("simulate", "--json", seed=failure["seed"], control="keys")
    again = json.loads(capsys.readouterr().out)["failures"][0]
    assert again["problems"] == failure["problems"]


def test_a_kind_that_never_struck_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("simulate", seeds=1)
    assert "never struck" in capsys.readouterr().out


def _sessions(count: int) -> tuple[Scheduler, list[Session]]:
    scheduler, plan = Scheduler(1), Plan(1)
    plan.active = False
    database = SimulatedDatabase(scheduler, plan)
    return scheduler, [database.connect(str(n)) for n in range(count)]


def test_an_unknown_statement_is_refused() -> None:
    scheduler, (session,) = _sessions(1)
    scheduler.spawn("one", lambda: session.execute("select 1"))
    with pytest.raises(KeyError):
        scheduler.run(lambda: False, 1.0)


def test_a_unique_key_waits_for_the_other_transaction() -> None:
    """As in PostgreSQL: who meets an open transaction waits for its end, then decides."""
    scheduler, (first, second) = _sessions(2)
    told: list[Any] = []
    row = ([1], [5], [UUID(int=9)], ["key"], [bytes(16)], [b"x"])

    def one() -> None:
        first.begin()
        told.append(("one", first.execute(inbox.INSERT, row).fetchall()))
        scheduler.pause(0.5)
        first.rollback()

    def two() -> None:
        scheduler.pause(0.1)
        told.append(("two", second.execute(inbox.INSERT, row).fetchall(), scheduler.now > 0.5))

    scheduler.spawn("one", one)
    scheduler.spawn("two", two)
    with pytest.raises(StuckError):
        scheduler.run(lambda: False, 3.0)
    assert told == [("one", [(UUID(int=9),)]), ("two", [(UUID(int=9),)], True)]


def test_an_idle_transaction_is_ended() -> None:
    scheduler, (first, second) = _sessions(2)

    def one() -> None:
        first.begin()
        scheduler.pause(2.5)
        with pytest.raises(psycopg.OperationalError):
            first.execute(next(iter(STATEMENTS)), {})

    scheduler.spawn("one", one)
    scheduler.run(lambda: not scheduler.fibers, 5.0)
    assert first.closed and not second.closed
