"""Findings as a table for people and as plain data for machines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from arena_site.validation.battery import Fact, Finding, inside
from arena_site.validation.recording import Recording

_HEAD = ("fact", "value", "band", "outside", "seeds", "literature", "pass")


def number(value: float, unit: float = 1.0) -> str:
    """Return a value in three digits; a dash where there is none."""
    if math.isnan(value):
        return "-"
    shown = value * unit
    if shown == 0 or abs(shown) >= 100:
        return f"{shown:,.0f}"
    return f"{shown:.3f}" if abs(shown) < 1 else f"{shown:.2f}"


def band(fact: Fact) -> str:
    """Return the band in words."""
    low, high = fact.low * fact.unit, fact.high * fact.unit
    if math.isinf(high):
        return f">= {low:g}"
    if math.isinf(low):
        return f"<= {high:g}"
    return f"{low:g}" if low == high else f"{low:g} .. {high:g}"


def seeds_inside(finding: Finding) -> int:
    """Return how many seeds have their own value inside the band."""
    return int(inside(finding.fact, np.array(finding.seeds)).sum())


def table(findings: Sequence[Finding]) -> str:
    """Return the findings as a text table, one line each."""
    rows = [_HEAD]
    for finding in findings:
        fact = finding.fact
        alone = f"{finding.outside} of {len(finding.markets)}" if fact.per_market else ""
        rows.append(
            (
                fact.text,
                number(finding.value, fact.unit),
                band(fact),
                alone,
                f"{seeds_inside(finding)} of {len(finding.seeds)}",
                fact.literature,
                "pass" if finding.passed else "FAIL",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def _plain(value: float) -> float | None:
    """JSON knows no NaN and no infinity."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def as_data(findings: Sequence[Finding], records: Sequence[Recording]) -> dict[str, Any]:
    """Return passed, total and facts, with how much was compared."""
    return {
        "passed": sum(finding.passed for finding in findings),
        "total": len(findings),
        "seeds": [record.seed for record in records],
        "agents": records[0].agents,
        "regions": records[0].regions,
        "ticks": records[0].ticks,
        "markets": list(records[0].markets),
        "compared": {
            "ticks_checked": sum(record.checked for record in records),
            "bars": sum(record.mid.size for record in records),
            "days": sum(record.days for record in records),
        },
        "facts": [_fact_data(finding) for finding in findings],
    }


def _fact_data(finding: Finding) -> dict[str, Any]:
    fact = finding.fact
    return {
        "name": fact.name,
        "text": fact.text,
        "value": _plain(finding.value),
        "low": _plain(fact.low),
        "high": _plain(fact.high),
        "literature": fact.literature,
        "passed": finding.passed,
        "outside": finding.outside,
        "outside_max": finding.outside_max,
        "markets": [_plain(value) for value in finding.markets],
        "seeds": [_plain(value) for value in finding.seeds],
        "seeds_inside": seeds_inside(finding),
    }
