"""The calendar gives deadlines back in order of tick, then of entry."""

from hypothesis import given
from hypothesis import strategies as st

from economy_engine import deadlines, snapshot
from tests.engine.worlds import small_world

STATE = small_world(500)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=60))
def test_deadlines_come_in_order(steps):
    """Every pair is a deadline to add and a tick at which to take what is due."""
    state, waiting = STATE.copy(), []
    for number, (tick, now) in enumerate(steps):
        assert deadlines.push(state, tick, number % 3, number, number + 7)
        waiting.append((tick, number))
        waiting.sort()
        while waiting and waiting[0][0] <= now:
            due_tick, reference = waiting.pop(0)
            due = deadlines.pop_due(state, now)
            assert due == (due_tick, reference % 3, reference, reference + 7)
        assert deadlines.pop_due(state, now) is None


def test_a_full_calendar_refuses_and_has_no_effect():
    state = STATE.copy()
    for tick in range(state.params.calendar_max):
        assert deadlines.push(state, tick, 1, tick)
    before = state.digest()
    assert not deadlines.push(state, 0, 1, 1)
    assert state.digest() == before


def test_deadlines_survive_a_snapshot_and_count_in_the_digest():
    state = STATE.copy()
    before = state.digest()
    assert deadlines.push(state, 5, 1, 42)
    assert state.digest() != before
    loaded = snapshot.load(snapshot.dump(state))
    assert deadlines.pop_due(loaded, 4) is None
    assert deadlines.pop_due(loaded, 5) == (5, 1, 42, 0)
