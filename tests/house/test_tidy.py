"""The tree is tidy, and each rule is shown a line that passes and one that fails."""

from __future__ import annotations

import pytest

from tests.house import tidy

ENGINE = "economy_engine/sample.py"
LONG_FUNCTION = "def f():\n" + "    x = 1\n" * 70
DOCUMENTED = 'def f():\n    """' + "word\n" * 80 + '    """\n' + "    x = 1\n" * 68
MARK = "TO" + "DO"
HOME = "/ho" + "me/"

SAMPLES = [
    # rule, path, passes, fails
    ("file-length", "worlds/a.py", "x = 1\n" * 400, "x = 1\n" * 401),
    ("file-length", "static/js/a.js", "let x\n" * 400, "let x\n" * 401),
    ("function-length", "worlds/a.py", DOCUMENTED, LONG_FUNCTION),
    ("engine", ENGINE, "y = math.sqrt(x)", "y = math.exp(x)"),
    ("engine", ENGINE, "y = np.sqrt(x)", "y = np.log(x)"),
    ("engine", ENGINE, "y = rng.draw(x)", "y = np.random.rand()"),
    ("engine", ENGINE, "y = 2 ** 32", "y = x ** 2"),
    ("engine", ENGINE, "y = 2.0**-52", "y = 0.1 ** -52"),
    ("engine", ENGINE, "y = power(x, 2)", "y = pow(x, 2)"),
    ("engine", ENGINE, "y = np.sum(x)", "y = np.dot(x, x)"),
    ("engine", ENGINE, "y = x * x", "y = x @ x"),
    ("engine", ENGINE, "f = njit(fastmath=False)", "f = njit(fastmath=True)"),
    ("engine", ENGINE, "f = njit(cache=True)", "f = njit(parallel=True)"),
    ("engine", ENGINE, "import math", "from math import exp"),
    ("engine", ENGINE, "import json", "import time"),
    ("engine", ENGINE, "from enum import IntEnum", "from datetime import datetime"),
    ("engine", ENGINE, "import numpy", "from numpy.random import default_rng"),
    ("leftover", "worlds/a.py", "# the rest is done", f"# {MARK}: the rest"),
    ("leftover", "docs/a.md", "Nothing is left.", f"{MARK} write this page"),
    ("machine", "docs/a.md", "in the checkout", f"in {HOME}ann/arena"),
    ("machine", "requirements.lock", "django==5.2", "--index" + "-url https://x"),
]


@pytest.mark.parametrize(("rule", "path", "passes", "fails"), SAMPLES)
def test_rule_knows_good_from_bad(rule: str, path: str, passes: str, fails: str):
    assert tidy.complaints(path, passes) == []
    assert {item.rule for item in tidy.complaints(path, fails)} == {rule}


def test_engine_rules_hold_for_the_engine_only():
    assert tidy.complaints("worlds/a.py", "y = x ** 0.5 + math.exp(x)") == []


def test_a_line_may_break_a_rule_with_a_reason():
    line = "y = x ** 2  # tidy: allow engine"
    assert tidy.complaints(ENGINE, line) != []
    assert tidy.complaints(ENGINE, line + " - x is a Python integer") == []


def test_every_rule_has_samples():
    assert len({rule for rule, *_ in SAMPLES}) == len(tidy.RULES)


def test_the_tree_is_tidy():
    names = tidy.tracked_files()
    assert len(names) > 100
    found = []
    for name in names:
        text = (tidy.ROOT / name).read_text()
        found += [f"{name}:{item.line}: {item.text}" for item in tidy.complaints(name, text)]
    assert found == []
