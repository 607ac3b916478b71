"""How the engine's kernels are compiled. Strict floating point, cached on disk, one thread.

`kernel` compiles without reference counting: a kernel reads and writes the arrays that it is given
and makes none, so counting references to 30 columns at each call (0.2 microseconds and more for a
nested call) would buy nothing. `inlined` is for small steps of a kernel: passing the columns costs
more than the step. `spliced` is for the parts of one long kernel: they are pasted into it before it
is compiled, since each compiled layer between a kernel and the matching below it would link and
optimize all of that matching once more. Functions that make arrays use `allocating`.

With NUMBA_DISABLE_JIT=1 all of them are the plain Python functions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from numba import config, njit

from economy_engine.compiler import hasten

Function = TypeVar("Function", bound=Callable[..., Any])

if not config.DISABLE_JIT:
    hasten()

kernel: Callable[[Function], Function] = njit(cache=True, _nrt=False)
inlined: Callable[[Function], Function] = njit(cache=True, _nrt=False, forceinline=True)
spliced: Callable[[Function], Function] = njit(cache=True, _nrt=False, inline="always")
# Steps of kernels that Python never calls: no wrapper is compiled for them.
inner: Callable[[Function], Function] = njit(cache=True, _nrt=False, no_cpython_wrapper=True)
inlined_inner: Callable[[Function], Function] = njit(
    cache=True, _nrt=False, no_cpython_wrapper=True, forceinline=True
)
allocating: Callable[[Function], Function] = njit(cache=True)


def wrapping(function: Function) -> Function:
    """Compile a kernel in which uint64 arithmetic wraps around on purpose.

    As plain Python numpy would warn about the very same wraparound.
    """
    if not config.DISABLE_JIT:
        return inlined(function)

    @wraps(function)
    def quiet(*args: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*args)

    return quiet  # type: ignore[return-value]
