"""Where compiled kernels are kept: one directory per engine source and processor.

numba keys its cache by the time of each file and knows nothing of a kernel's callees in other
files, so a directory per source, comments and docstrings aside, is what makes it trustworthy.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import platform
import shutil
import sys
from pathlib import Path

KEPT = 3


def cache_dir(root: Path, state: Path) -> Path:
    """`<state>/numba/<key>`, made; the oldest beyond three are removed."""
    parent = state / "numba"
    parent.mkdir(parents=True, exist_ok=True)
    chosen = parent / f"{remembered_hash(root / 'economy_engine', parent)}-{processor()}"
    chosen.mkdir(exist_ok=True)
    chosen.touch()
    others = [path for path in parent.iterdir() if path.is_dir()]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for old in others[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return chosen


def remembered_hash(package: Path, parent: Path) -> str:
    """`source_hash`, computed again only when a file's size or time changed."""
    facts = [(path, path.stat()) for path in sorted(package.rglob("*.py"))]
    listing = "".join(f"{path} {fact.st_size} {fact.st_mtime_ns}\n" for path, fact in facts)
    key = hashlib.sha256((sys.version + listing).encode()).hexdigest()
    note = parent / "source.txt"
    with contextlib.suppress(OSError, ValueError):
        seen, known = note.read_text().split()
        if seen == key:
            return known
    known = source_hash(package)
    note.write_text(f"{key} {known}")
    return known


def source_hash(package: Path) -> str:
    """Hash over the syntax trees of the package without docstrings, and the Python version."""
    digest = hashlib.sha256(sys.version.split()[0].encode())
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_bytes())
        drop_docstrings(tree)
        digest.update(str(path.relative_to(package)).encode())
        digest.update(ast.dump(tree, annotate_fields=False).encode())
    return digest.hexdigest()[:12]


def drop_docstrings(tree: ast.Module) -> None:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]


def engine_environment(root: Path, state: Path) -> dict[str, str]:
    """What a process that runs kernels needs before it imports numba."""
    return {
        "NUMBA_CACHE_DIR": str(cache_dir(root, state)),
        "NUMBA_NUM_THREADS": "1",
        "NUMBA_DISABLE_INTEL_SVML": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
    }


def processor() -> str:
    """A short name for model and features of this processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        wanted = {"model name", "flags", "CPU part", "Features"}
        seen = {line for line in lines if line.partition("\t")[0].strip() in wanted}
    except OSError:
        seen = {platform.processor()}
    text = platform.machine() + "".join(sorted(seen))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
