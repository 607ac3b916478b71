"""Elementary functions with the same bits on every machine.

Made of + - * / sqrt, comparisons, conversions and bit views of float64 only: no function of a
mathematics library is called, and no compiler contracts or reorders (strict floating point). The
results are the same jitted, as plain Python, on x86-64 and on Arm.

Accuracy: exp and log within 1 unit in the last place; log1p within 2; expm1 within 4; power within
(2 + |y ln x|) units; normal quantile 1e-15 relative.

Sources: exp and log after FreeBSD's msun (Sun Microsystems, 1993); the normal quantile is
algorithm AS 241 (M. J. Wichura, Applied Statistics 37, 1988), PPND16.
"""

from __future__ import annotations

import math

import numpy as np

from economy_engine.jit import inlined, kernel

_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_LN2_INVERSE = 1.44269504088896338700
_EXP_MAX = 709.782712893383973096
_EXP_MIN = -745.13321910194110842
_TWO_54 = 18014398509481984.0
_HIDDEN = 1 << 52
_MANTISSA = _HIDDEN - 1
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_ONE_BITS = 0x3FF0000000000000
_POISSON_SEARCH_MAX = 64.0
_POISSON_STEPS_MAX = 1_000

# 1/14!, 1/13!, ..., 1/2!
_INVERSE_FACTORIALS = tuple(1.0 / math.factorial(n) for n in range(14, 1, -1))

INFINITY = np.inf


@inlined
def sqrt(x: float) -> float:
    """Return the square root, correctly rounded as IEEE 754 demands."""
    return math.sqrt(x)


@inlined
def power_of_two(k: int) -> float:
    """Return 2**k for -1022 <= k <= 1023."""
    return np.int64((np.int64(k) + 1023) << 52).view(np.float64)


@kernel
def exp(x: float) -> float:
    """Return e**x; 0 below -745.13, infinity above 709.78, NaN for NaN."""
    if x > _EXP_MAX:
        return INFINITY
    if x < _EXP_MIN:
        return 0.0
    if x != x:
        return x
    k = int(x * _LN2_INVERSE + 0.5) if x >= 0.0 else int(x * _LN2_INVERSE - 0.5)
    high = x - k * _LN2_HIGH
    low = k * _LN2_LOW
    r = high - low
    t = r * r
    c = r - t * (
        1.66666666666666019037e-01
        + t
        * (
            -2.77777777770155933842e-03
            + t
            * (
                6.61375632143793436117e-05
                + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)
            )
        )
    )
    y = 1.0 - ((low - (r * c) / (2.0 - c)) - high)
    if k >= -1021 and k <= 1023:
        return y * power_of_two(k)
    if k > 1023:
        return y * 2.0 * power_of_two(k - 1)
    return y * power_of_two(k + 1000) * power_of_two(-1000)


@kernel
def log(x: float) -> float:
    """Return the natural logarithm; minus infinity at 0, NaN below 0 and for NaN."""
    if not x > 0.0:
        return -INFINITY if x == 0.0 else np.nan
    if x == INFINITY:
        return x
    k = 0
    if x < 2.2250738585072014e-308:
        x = x * _TWO_54
        k = -54
    bits = np.float64(x).view(np.int64)
    # The mantissa is brought into [sqrt(1/2), sqrt(2)) so that the series stays short.
    bits += _ONE_BITS - _SQRT_HALF_BITS
    k += (bits >> 52) - 1023
    f = np.int64((bits & _MANTISSA) + _SQRT_HALF_BITS).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (
        3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01)
    )
    odd = z * (
        6.666666666666735130e-01
        + w
        * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01))
    )
    half = 0.5 * f * f
    return s * (half + (even + odd)) + k * _LN2_LOW - half + f + k * _LN2_HIGH


@kernel
def log1p(x: float) -> float:
    """Return log(1 + x), accurate near 0; minus infinity at -1, NaN below."""
    u = 1.0 + x
    if not u > 0.0 or u == INFINITY:
        return log(u)
    if u == 1.0:
        return x
    # log(u) is off by what 1 + x lost in rounding; the ratio repairs it (W. Kahan).
    return log(u) * (x / (u - 1.0))


@kernel
def expm1(x: float) -> float:
    """Return exp(x) - 1, accurate near 0."""
    if x > -0.35 and x < 0.35:
        # Taylor series by Horner's rule; the first term left out is below 1e-17 of the sum.
        total = _INVERSE_FACTORIALS[0]
        for k in range(1, 13):
            total = total * x + _INVERSE_FACTORIALS[k]
        return x + x * x * total
    return exp(x) - 1.0


@kernel
def power(x: float, y: float) -> float:
    """Return x**y for x >= 0; 1 for y = 0, NaN for x < 0.

    exp(y log x): the relative error grows with |y log x|. Whole numbers up to 4 are products.
    """
    if y == 0.0 or x == 1.0:
        return 1.0
    if y == 1.0:
        return x
    if y == 2.0:
        return x * x
    if y == 3.0:
        return x * x * x
    if y == 4.0:
        return (x * x) * (x * x)
    if y == 0.5:
        return sqrt(x) if x >= 0.0 else np.nan
    if x == 0.0:
        return 0.0 if y > 0.0 else INFINITY
    return exp(y * log(x))


@kernel
def tanh(x: float) -> float:
    """Return the hyperbolic tangent."""
    if x > 20.0:
        return 1.0
    if x < -20.0:
        return -1.0
    t = expm1(2.0 * x)
    return t / (t + 2.0)


@inlined
def clip(x: float, low: float, high: float) -> float:
    """Return x kept within [low, high]; NaN becomes low."""
    if not x > low:
        return low
    return min(x, high)


@kernel
def normal(u: float) -> float:
    """Return the standard normal quantile of `u` in (0, 1): a normal draw of a uniform one."""
    q = u - 0.5
    if q >= -0.425 and q <= 0.425:
        r = 0.180625 - q * q
        top = ((((((2509.0809287301226727 * r + 33430.575583588128105) * r
                   + 67265.770927008700853) * r + 45921.953931549871457) * r
                 + 13731.693765509461125) * r + 1971.5909503065514427) * r
               + 133.14166789178437745) * r + 3.387132872796366608  # fmt: skip
        bottom = ((((((5226.495278852545925 * r + 28729.085735721942674) * r
                      + 39307.89580009271061) * r + 21213.794301586595867) * r
                    + 5394.1960214247511077) * r + 687.1870074920579083) * r
                  + 42.313330701600911252) * r + 1.0  # fmt: skip
        return q * top / bottom
    tail = u if q < 0.0 else 1.0 - u
    r = sqrt(-log(tail))
    if r <= 5.0:
        r = r - 1.6
        top = ((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r
                   + 0.24178072517745061177) * r + 1.27045825245236838258) * r
                 + 3.64784832476320460504) * r + 5.7694972214606914055) * r
               + 4.6303378461565452959) * r + 1.42343711074968357734  # fmt: skip
        bottom = ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r
                      + 0.0151986665636164571966) * r + 0.14810397642748007459) * r
                    + 0.68976733498510000455) * r + 1.6763848301838038494) * r
                  + 2.05319162663775882187) * r + 1.0  # fmt: skip
    else:
        r = r - 5.0
        top = ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
                   + 0.0012426609473880784386) * r + 0.026532189526576123093) * r
                 + 0.29656057182850489123) * r + 1.7848265399172913358) * r
               + 5.4637849111641143699) * r + 6.6579046435011037772  # fmt: skip
        bottom = ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r
                      + 1.8463183175100546818e-5) * r + 7.868691311456132591e-4) * r
                    + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
                  + 0.59983220655588793769) * r + 1.0  # fmt: skip
    value = top / bottom
    return -value if q < 0.0 else value


@kernel
def exponential(u: float) -> float:
    """Return a draw of mean 1 from the exponential distribution out of `u` in (0, 1)."""
    return -log(u)


@kernel
def pareto(u: float, alpha: float) -> float:
    """Return a Pareto draw >= 1 with tail exponent `alpha` > 0 out of `u` in (0, 1)."""
    return exp(-log(u) / alpha)


@kernel
def poisson(u: float, mean: float) -> int:
    """Return a Poisson draw out of one uniform `u` in (0, 1); 0 for a mean that is not positive.

    Up to a mean of 64 by search along the distribution function (exact to rounding), above by the
    normal quantile with the Cornish-Fisher correction for skewness.
    """
    if not mean > 0.0:
        return 0
    if mean <= _POISSON_SEARCH_MAX:
        count = 0
        share = exp(-mean)
        total = share
        while u > total and count < _POISSON_STEPS_MAX:
            count += 1
            share *= mean / count
            total += share
        return count
    z = normal(u)
    count = int(mean + sqrt(mean) * z + (z * z - 1.0) / 6.0 + 0.5)
    return max(count, 0)
