"""House rules that no linter knows, over the tracked files. `python -m tests.house.tidy [FILE...]`.

A line that must break a rule says so and why: `# tidy: allow RULE - reason`.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
FILE_LINES, FILE_LINES_HARD, FUNCTION_LINES = 400, 600, 70
VENDORED = ("static/vendor/", "tests/e2e/assets/")
TEXT = {".py", ".md", ".toml", ".in", ".lock", ".html", ".css", ".js", ".mjs", ".yml", ".yaml",
        ".json", ".txt", ".sh", ""}  # fmt: skip
# Files above the soft limit, each with the reason why it is one piece.
LONG: dict[str, str] = {}

SQUARE_ROOTS_AND_BITS = {
    "ceil", "copysign", "fabs", "factorial", "floor", "gcd", "inf", "isfinite", "isinf", "isnan",
    "isqrt", "ldexp", "frexp", "nan", "sqrt", "trunc", "e", "pi",
}  # fmt: skip
TRANSCENDENTAL = {
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "cos",
    "cosh", "exp", "exp2", "expm1", "float_power", "hypot", "log", "log10", "log1p", "log2",
    "logaddexp", "logaddexp2", "power", "sin", "sinh", "tan", "tanh",
}  # fmt: skip
ORDER_UNKNOWN = {"dot", "einsum", "inner", "linalg", "matmul", "outer", "tensordot", "vdot"}
CLOCKS = {"time", "datetime", "random", "secrets", "uuid", "os", "threading", "asyncio"}

# Written in halves, or this file would break its own rules.
LEFTOVER = re.compile(r"\b(" + "TO" + "DO|FIX" + "ME|XX" + "X|HA" + r"CK)\b")
MACHINE = re.compile(
    r"(?<![\w.])/(wor" + r"k|hom" + r"e/\w+|roo" + r"t|tmp/w)/"
    r"|pypi\." + r"org|pythonhosted\." + r"org|registry\.npm" + r"js|--(extra-)?index-" + "url"
)


class Complaint(NamedTuple):
    rule: str
    line: int
    text: str


class Source(NamedTuple):
    """A file as the rules see it; `tree` is None for what is not Python."""

    path: str
    text: str
    tree: ast.Module | None


Rule = Callable[[Source], Iterator[Complaint]]


def file_length(source: Source) -> Iterator[Complaint]:
    if not source.path.endswith((".py", ".js", ".mjs", ".css")):
        return
    count = source.text.count("\n")
    limit = FILE_LINES_HARD if source.path in LONG else FILE_LINES
    if count > limit:
        yield Complaint("file-length", count, f"{count} lines; split it by what it is about")


def function_length(source: Source) -> Iterator[Complaint]:
    """Lines of a function without its docstring."""
    for node in ast.walk(source.tree) if source.tree else ():
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = node.body[0]
        documented = ast.get_docstring(node, clean=False) is not None
        docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
        count = (node.end_lineno or 0) - node.lineno + 1 - docstring
        if count > FUNCTION_LINES:
            yield Complaint("function-length", node.lineno, f"{node.name} has {count} lines")


def engine_calls(source: Source) -> Iterator[Complaint]:
    """Bit equality on every machine: no libm, no BLAS, no ambient randomness, no clock."""
    if not source.path.startswith("economy_engine/") or source.tree is None:
        return
    for node in ast.walk(source.tree):
        for text in _engine_faults(node):
            yield Complaint("engine", getattr(node, "lineno", 1), text)


def _engine_faults(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        yield from _attribute_faults(node.value.id, node.attr)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        if not _exact(node):
            yield "** on values: multiply, or economy_engine.fmath.power"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield "@ calls BLAS: sum in a kernel, in block order"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "pow":
        yield "pow(): multiply, or economy_engine.fmath.power"
    elif isinstance(node, ast.keyword) and node.arg in {"fastmath", "parallel"}:
        if not (isinstance(node.value, ast.Constant) and node.value.value is False):
            yield f"{node.arg} changes the order of sums: leave it off"
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from _import_faults(node)


def _attribute_faults(owner: str, name: str) -> Iterator[str]:
    if owner == "math" and name not in SQUARE_ROOTS_AND_BITS:
        yield f"math.{name}: libm differs between machines; use economy_engine.fmath"
    if owner not in {"np", "numpy"}:
        return
    if name == "random":
        yield "np.random: draw from economy_engine.rng"
    if name in TRANSCENDENTAL:
        yield f"np.{name}: libm differs between machines; use economy_engine.fmath"
    if name in ORDER_UNKNOWN:
        yield f"np.{name}: BLAS chooses the order of sums; sum in a kernel"


def _import_faults(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    else:
        modules = [node.module or ""]
        if modules == ["math"]:
            yield "import math whole, so that the rule sees what is taken from it"
    for module in modules:
        if module.split(".")[0] in CLOCKS:
            yield f"{module}: the engine knows no clock, no randomness, no system"
        if module.startswith("numpy.random"):
            yield "numpy.random: draw from economy_engine.rng"


def _exact(node: ast.BinOp) -> bool:
    """A power of written integers, or of two: exact on every machine."""
    exponent = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
    base = node.left.value if isinstance(node.left, ast.Constant) else None
    whole = isinstance(exponent, ast.Constant) and type(exponent.value) is int
    return whole and (type(base) is int or base == 2.0)


def leftovers(source: Source) -> Iterator[Complaint]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := LEFTOVER.search(line):
            yield Complaint("leftover", number, f"{found[0]}: do it, or write an issue")


def machines(source: Source) -> Iterator[Complaint]:
    """Paths of one machine and hosts of registries belong to nobody's checkout."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := MACHINE.search(line):
            yield Complaint("machine", number, f"{found[0]!r} belongs to one machine")


RULES: tuple[Rule, ...] = (file_length, function_length, engine_calls, leftovers, machines)


def complaints(path: str, text: str) -> list[Complaint]:
    """What the rules say about one file, without what its lines allow themselves."""
    tree = ast.parse(text) if path.endswith(".py") else None
    lines = text.splitlines()
    found = [item for rule in RULES for item in rule(Source(path, text, tree))]
    return [item for item in found if not _allowed(item, lines)]


def _allowed(item: Complaint, lines: list[str]) -> bool:
    line = lines[item.line - 1] if 0 < item.line <= len(lines) else ""
    return f"tidy: allow {item.rule} - " in line


def tracked_files() -> list[str]:
    """What git knows, and what it would take; without git every text file of the tree."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        names = listed.stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
        names = [name for name in names if not name.startswith((".venv", ".run", ".git/"))]
    return [name for name in names if wanted(name)]


def wanted(name: str) -> bool:
    path = ROOT / name
    vendored = name.startswith(VENDORED) or "__pycache__" in name
    return path.suffix in TEXT and path.is_file() and not vendored


def main(names: list[str]) -> int:
    count = 0
    for name in names or tracked_files():
        try:
            text = (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue
        for item in complaints(name, text) if wanted(name) else ():
            count += 1
            print(f"{name}:{item.line}: {item.rule}: {item.text}")  # noqa: T201
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
