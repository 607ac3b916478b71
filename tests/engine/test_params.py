"""Parameters: units, presets, the table of goods, and refusals."""

import pytest

from economy_engine import goods, param_groups
from economy_engine.goods import GOODS, INDEX, GoodKind
from economy_engine.params import Preset, WorldParams, cents, preset
from economy_engine.population import balanced_output, population


@pytest.mark.parametrize(("amount", "minor"), [(1, 10), (0.1, 1), (13_400, 134_000), (0.04, 0)])
def test_cents_is_the_factor_ten(amount, minor):
    assert cents(amount) == minor


@pytest.mark.parametrize(
    ("name", "ticks", "per_tick", "per_step"),
    [("sprint", 240, 1, 1), ("lab", 60, 4, 1), ("persistent", 2400, 1, 10)],
)
def test_presets_agree_on_240_steps_a_day(name, ticks, per_tick, per_step):
    clock = preset(name, 1000, 1).preset.clock
    assert clock == (ticks, per_tick, per_step)
    assert clock.ticks_per_day * clock.steps_per_tick == 240 * clock.ticks_per_step


def test_params_survive_the_round_trip_as_plain_data():
    chosen = preset("lab", 2_000, 2**62, ladder_levels=2_048, participants_max=10)
    assert WorldParams.from_dict(chosen.as_dict()) == chosen
    assert chosen.preset is Preset.LAB


def test_defaults_follow_the_number_of_agents():
    large = preset("sprint", 100_000, 1)
    assert large.ai_orders_max == 524_288
    assert large.participants_max == 12_500
    assert preset("sprint", 1_000, 1).ai_orders_max == 65_536
    assert (large.increments_min, large.increments_max) == (512, 12_000)


@pytest.mark.parametrize(
    "changes",
    [
        {"agents": 499},
        {"agents": 10_000_001},
        {"seed": -1},
        {"regions": 5},
        {"regions": 0},
        {"ladder_levels": 1_000},
        {"ladder_levels": 65_600},
    ],
)
def test_parameters_out_of_range_are_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        WorldParams(**{"agents": 1_000, "seed": 1, **changes})


def test_an_unknown_preset_is_refused():
    with pytest.raises(ValueError, match="turbo"):
        preset("turbo", 1_000, 1)


def test_the_ten_goods_stand_in_the_order_of_the_markets():
    codes = [good.code for good in GOODS]
    assert codes == ["OIL", "LITH", "RARE", "WATR", "LAND", "CO2", "IP", "FOOD", "ENRG", "TOOL"]
    kinds = [good.kind for good in GOODS]
    assert kinds.count(GoodKind.FINITE) == 3
    assert kinds.count(GoodKind.RENEWABLE) == 2
    assert kinds.count(GoodKind.ARTIFICIAL) == 2
    assert GOODS[INDEX["WATR"]].strategic
    assert not GOODS[INDEX["FOOD"]].strategic


def test_the_table_of_goods_closes():
    """One basket per household employs 92 to 96 of 100 households, and costs 13,400 cents."""
    output = balanced_output(1_000)
    jobs = sum(lots * good.labour for lots, good in zip(output, GOODS, strict=True))
    assert 920 < jobs < 960
    assert sum(good.basket * good.price_cents for good in GOODS) == 13_400
    table = goods.goods_table(param_groups.MINOR_PER_CENT)
    used = [sum(output[row] * table.inputs[row, k] for row in range(10)) for k in range(10)]
    for k in range(10):
        assert output[k] == pytest.approx(table.basket[k] * 1_000 + used[k])


def test_small_and_large_worlds_have_enough_of_every_kind():
    for agents in (500, 2_000, 100_000):
        counts = population(preset("sprint", agents, 1))
        assert min(counts.firms) >= 3
        assert sum(counts.firms) == counts.sizes["F"]
        assert counts.sizes["K"] >= 30
        assert counts.rows.agents == agents
        kinds = ("H", "F", "T", "Z", "K")
        assert sum(counts.sizes[kind] for kind in kinds) == agents
