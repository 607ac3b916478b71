"""Small worlds for the engine's tests, and a probe that prints a digest from another process."""

import sys

from economy_engine import genesis, params, tick
from economy_engine.state import WorldState

SMALL = {
    "ladder_levels": 2_048,
    "ai_orders_max": 16_384,
    "participant_orders_max": 256,
    "spare_rows": 16,
    "participants_max": 64,
    "calendar_max": 256,
}


def small_world(
    agents: int = 1_000, seed: int = 21, preset: str = "lab", regions: int = 1
) -> WorldState:
    """Return a world at tick 0 with small pools and ladders."""
    return genesis.create(params.preset(preset, agents, seed, regions=regions, **SMALL))


def run(state: WorldState, ticks: int) -> WorldState:
    """Advance a world and throw its reports away; returns it."""
    for _ in range(ticks):
        tick.advance(state)
        tick.clear_reports(state)
    return state


def main() -> None:
    """Print the digest after AGENTS SEED PRESET TICKS [REGIONS]; for runs with other settings."""
    agents, seed, preset, ticks = sys.argv[1:5]
    regions = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    state = run(small_world(int(agents), int(seed), preset, regions), int(ticks))
    state.check()
    sys.stdout.write(f"{state.digest():016x}\n")


if __name__ == "__main__":
    main()
