"""What all tests share: how deep they search, and which of them share a process."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

STACK_PLACES = (
    "tests/e2e/", "tests/failover/", "tests/realtime/test_gateway.py", "tests/realtime/test_slow"
)  # fmt: skip

settings.register_profile(
    "quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "deep", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="large counts and longer runs")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--deep"):
        settings.load_profile("deep")


class OneStack(LoadScopeScheduling):
    """Spreads tests one by one, but those of the real stack go to one process, in turn.

    The scheduler of xdist that groups by mark renames tests, which pytest 9 no longer lets it do.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "stack" if nodeid.startswith(STACK_PLACES) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneStack:
    return OneStack(config, log)


@pytest.fixture(scope="session")
def deep(pytestconfig: pytest.Config) -> bool:
    """True where large counts were asked for."""
    return bool(pytestconfig.getoption("--deep"))
