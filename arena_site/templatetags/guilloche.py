"""Guilloche seals: a rosette computed from an id, the same on the server and in the browser.

The curve is `r = R (1 - a/2 + a/2 cos(k t) cos(m t))`, drawn three times, `a` growing.
`static/js/core/seal.js` draws the same one; `tests/e2e/vectors/seal.json` pins both.
"""

from __future__ import annotations

from functools import lru_cache
from math import cos, floor, pi, sin

BOX = 440
RADIUS = 200
CENTER = 220
POINTS = 240
KS = (7, 9, 11, 13)
MS = (2, 3, 5)
AMPLITUDES = (0.24, 0.38, 0.52)


def seal_hash(text: str) -> int:
    """32-bit FNV-1a of the text's UTF-8 bytes."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


@lru_cache(maxsize=256)
def seal_paths(text: str) -> tuple[str, ...]:
    """Three SVG paths in a box of 440 by 440, from the inner amplitude to the outer one."""
    value = seal_hash(text)
    k, m = KS[value % 4], MS[value // 4 % 3]
    turn = (value // 16 % 360) * pi / 180
    paths = []
    for amplitude in AMPLITUDES:
        points = []
        for i in range(POINTS):
            t = i / POINTS * 2 * pi
            wave = cos(k * t) * cos(m * t)
            r = RADIUS * (1 - amplitude / 2 + amplitude / 2 * wave)
            x = floor(CENTER + r * cos(t + turn) + 0.5)
            y = floor(CENTER + r * sin(t + turn) + 0.5)
            points.append(f"{x} {y}")
        paths.append("M" + "L".join(points) + "Z")
    return tuple(paths)
