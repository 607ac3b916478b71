"""`manage.py facts` on small worlds: what it writes, refuses, and sees when it is tampered with."""

from __future__ import annotations

import argparse
import io
import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from arena_site.validation import arguments, plots, runs
from arena_site.validation.recording import Recorder
from economy_engine import tick
from tests.engine.worlds import small_world


def facts(*given: str) -> tuple[dict, int]:
    """Run the command for its JSON; returns it with the exit code."""
    said = io.StringIO()
    try:
        call_command("facts", *given, "--json", stdout=said)
    except SystemExit as end:
        return json.loads(said.getvalue()), int(end.code or 0)
    return json.loads(said.getvalue()), 0


def test_json_export_and_exit_code(tmp_path):
    path = tmp_path / "series.npz"
    told, code = facts(
        "--seeds", "3", "--agents", "500", "--days", "2", "--jobs", "1", "--export", str(path)
    )
    assert code == 1  # a run of two days cannot pass: facts without a value fail
    assert told["total"] == len(told["facts"]) > told["passed"] >= 2
    by_name = {each["name"]: each for each in told["facts"]}
    assert by_name["conservation"]["passed"]
    assert by_name["orders_dropped"]["passed"]
    assert by_name["price_drift"] | {"value": None, "passed": False} == by_name["price_drift"]
    assert told["compared"]["ticks_checked"] == told["ticks"] == 480
    with np.load(path) as series:
        assert series["3_mid"].shape == (48, 10)
        assert series["3_macro"].shape[0] == 2
        assert (series["3_volume"].sum(axis=0) > 0).all()


def test_a_tenth_of_a_cent_from_nowhere_is_seen():
    told, code = facts("--seeds", "3", "--agents", "500", "--days", "2", "--jobs", "1", "--tamper")
    by_name = {each["name"]: each for each in told["facts"]}
    assert (code, told["tampered"], by_name["conservation"]["passed"]) == (1, True, False)
    assert by_name["conservation"]["value"] == 240  # every tick after the middle


def test_shuffled_returns_keep_their_sizes_and_lose_their_memory():
    from tests.validation.recordings import recording

    record = recording()
    steps = np.sin(np.arange(len(record.mid) - 1) / 50)[:, None] * 0.001
    record.mid[1:] = record.mid[0] * np.exp(np.cumsum(np.tile(steps, (1, 10)), axis=0))
    before = np.diff(np.log(record.mid), axis=0)
    runs.shuffle_returns(record)
    after = np.diff(np.log(record.mid), axis=0)
    assert np.sort(after[:, 0]) == pytest.approx(np.sort(before[:, 0]), abs=1e-9)
    assert np.corrcoef(before[1:, 0], before[:-1, 0])[0, 1] > 0.99
    assert abs(np.corrcoef(after[1:, 0], after[:-1, 0])[0, 1]) < 0.05


def test_the_recorder_leaves_the_world_as_it_is():
    watched, alone = (small_world(500, seed=7, preset="sprint") for _ in range(2))
    recorder = Recorder(watched, 240)
    volume = 0
    for _ in range(240):
        for state in (watched, alone):
            tick.advance(state)
        recorder.observe(watched)
        volume += int(watched.book.market["volume"].sum())
        for state in (watched, alone):
            tick.clear_reports(state)
    assert watched.digest() == alone.digest()
    record = recorder.recording
    assert (record.ticks, record.checked, record.faults) == (240, 240, 0)
    assert record.volume.sum() == volume > 0
    assert not np.isnan(record.mid).any()
    assert ((record.makers >= 0) & (record.makers <= 1) | np.isnan(record.makers)).all()
    assert (record.levels > 0).all()
    assert not np.isnan(record.published[0, 0]).any()


@pytest.mark.parametrize("text", ["", "a", "1,,2", "1,1", "-3", "9" * 19, "1.5"])
def test_seeds_that_are_none_are_refused(text: str):
    with pytest.raises(argparse.ArgumentTypeError):
        arguments.seeds(text)


def test_seeds_are_a_list_of_numbers():
    assert arguments.seeds("11, 12,13") == (11, 12, 13)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--ticks", "10"), "a run has 240"),
        (("--years", "100"), "a run has 240"),
        (("--agents", "10"), "agents must be 500"),
        (("--export", "series.csv"), "end series.csv in .npz"),
        (("--export", "nowhere/series.npz"), "there is no folder nowhere"),
        (("--plots", "pictures", "--ticks", "7200"), "run 7,440 ticks or more"),
    ],
)
def test_bad_arguments_get_one_clear_line(given: tuple[str, ...], said: str):
    with pytest.raises(CommandError, match=said):
        call_command("facts", *given)


def test_pictures_without_matplotlib_say_what_to_install(monkeypatch):
    monkeypatch.setattr(plots.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CommandError, match="requirements-extra"):
        call_command("facts", "--portrait", "world.png")
