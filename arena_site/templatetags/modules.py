"""The import graph of a page's modules, read from their source."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders

MODULES_MAX = 60
_IMPORT = re.compile(
    r"""^\s*(?:import|export)\b[^'";]*?(?:from\s*)?["'](?P<path>\.{1,2}/[^"']+)["']\s*;""",
    re.MULTILINE,
)


def imports_of(name: str, source: str) -> list[str]:
    """Static names of the modules that `source`, stored as `name`, imports."""
    folder = posixpath.dirname(name)
    return [
        posixpath.normpath(posixpath.join(folder, match["path"]))
        for match in _IMPORT.finditer(source)
    ]


@lru_cache(maxsize=64)
def graph_of(entry: str) -> tuple[str, ...]:
    """All modules that `entry` needs, itself first, breadth first.

    Raises
    ------
    ValueError
        A module is missing, or the graph has more than `MODULES_MAX` of them.
    """
    seen = [entry]
    for name in seen:
        found = finders.find(name)
        if not found:
            raise ValueError(f"module {name} of {entry} isn't among the static files")
        for wanted in imports_of(name, Path(found).read_text()):
            if wanted not in seen:
                seen.append(wanted)
        if len(seen) > MODULES_MAX:
            raise ValueError(f"{entry} imports more than {MODULES_MAX} modules")
    return tuple(seen)
