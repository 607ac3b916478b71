"""The definitions of the indicators: pure functions of numbers, each with its source.

    elasticity   (dQ / Q) / (dP / P), by least squares on daily log differences
    impact       dp = lambda * (signed flow / mean volume)                  (A. Kyle 1985)
    efficiency   VR(q) = Var(q-period return) / (q * Var(one-period return)) (Lo, MacKinlay 1988)
    inequality   Gini, share of the richest hundredth, Hill index of the tail (B. Hill 1975)
    concentration  sum of squared shares of sales                     (O. Herfindahl 1950)
    prices       Laspeyres index; deflator = nominal / real output
    money        M V = P Y                                                    (I. Fisher 1911)

A ring is read oldest first: the value `back` places before the newest of `count` stands at
`(count - 1 - back) % size`. Without enough data a function returns NaN, which is never published.
"""

import math

import numpy as np

from economy_engine.fmath import log
from economy_engine.jit import kernel

NAN = math.nan
PRICE_CHANGE_MIN = 0.005  # days whose price moved less say nothing about elasticity
CHANGES_MIN = 3  # fewest days that an elasticity is told of
BARS_MIN = 30  # fewest bars of an impact or an efficiency
EFFICIENCY_LAG = 8
TAIL_SHARE = 0.05  # part of the holders that the tail index looks at


@kernel
def annual_change(now: float, before: float, days: float, year: float) -> float:
    """Return the log change over `days` days per year of `year` days; NaN without a past."""
    if before <= 0.0 or now <= 0.0:
        return NAN
    return log(now / before) * year / days


@kernel
def deflator(nominal: float, real: float) -> float:
    """Return nominal / real output; NaN where real output is not positive."""
    if real <= 0.0:
        return NAN
    return nominal / real


@kernel
def vacancy_rate(vacancies: float, workers: float) -> float:
    """Return vacancies / (vacancies + filled jobs), the Beveridge curve's second axis."""
    jobs = vacancies + workers
    return vacancies / jobs if jobs > 0.0 else NAN


@kernel
def model_elasticity(subsistence: float, share: float, quantity: float) -> float:
    """Return the expenditure system's own-price elasticity, -1 + (1 - beta) gamma / q."""
    return -1.0 + (1.0 - share) * subsistence / quantity if quantity > 0.0 else NAN


@kernel
def stock_to_use(stock: float, use_per_day: float) -> float:
    """Return how many days of use the stock covers; NaN without use."""
    return stock / use_per_day if use_per_day > 0.0 else NAN


@kernel
def unmet_needs(missing: float, households: float) -> float:
    """Return the mean share of the subsistence goods that households lacked today, 0 to 1."""
    return missing / households


@kernel
def arc_elasticity(use, vwap, count, out):
    """Regress daily log changes of quantity on those of price over the days in a ring.

    use, vwap: float64[D], rings of `count` days ever written; D - 1 changes at most. Days whose
    |dP / P| is below half a per cent are left out. out: float64[3], slope, standard error, days;
    slope and error are NaN with fewer than three days.
    """
    size = use.size
    days = min(count, size)
    n, sum_x, sum_y = 0, 0.0, 0.0
    for pass_number in range(2):
        mean_x = sum_x / n if pass_number == 1 and n > 0 else 0.0
        mean_y = sum_y / n if pass_number == 1 and n > 0 else 0.0
        xx, xy, yy, seen = 0.0, 0.0, 0.0, 0
        for back in range(days - 1, 0, -1):
            old, new = (count - 1 - back) % size, (count - back) % size
            if use[old] <= 0.0 or use[new] <= 0.0 or vwap[old] <= 0.0:
                continue
            if abs(vwap[new] / vwap[old] - 1.0) < PRICE_CHANGE_MIN:
                continue
            x, y = log(vwap[new] / vwap[old]), log(use[new] / use[old])
            if pass_number == 0:
                n += 1
                sum_x += x
                sum_y += y
            seen += 1
            xx += (x - mean_x) * (x - mean_x)
            xy += (x - mean_x) * (y - mean_y)
            yy += (y - mean_y) * (y - mean_y)
    out[0], out[1], out[2] = NAN, NAN, float(n)
    if n < CHANGES_MIN or xx <= 0.0:
        return
    out[0] = xy / xx
    out[1] = math.sqrt(max(0.0, yy - xy * xy / xx) / (n - 2) / xx)


@kernel
def kyle_regression(returns, flows, volumes, count, out):
    """Regress bar returns on signed flow over mean volume (Kyle's lambda).

    returns, flows, volumes: float32[B], rings of `count` bars ever written. out: float64[3]: slope
    (log return per mean bar volume), R squared, mean volume; NaN with fewer than 30 bars.
    """
    n = min(count, returns.size)
    out[0], out[1], out[2] = NAN, NAN, NAN
    if n < BARS_MIN:
        return
    volume, sum_x, sum_y = 0.0, 0.0, 0.0
    for k in range(n):
        volume += np.float64(volumes[k])
        sum_x += np.float64(flows[k])
        sum_y += np.float64(returns[k])
    volume /= n
    if volume <= 0.0:
        return
    mean_x, mean_y = sum_x / n / volume, sum_y / n
    xx, xy, yy = 0.0, 0.0, 0.0
    for k in range(n):
        x = np.float64(flows[k]) / volume - mean_x
        y = np.float64(returns[k]) - mean_y
        xx += x * x
        xy += x * y
        yy += y * y
    out[2] = volume
    if xx > 0.0 and yy > 0.0:
        out[0] = xy / xx
        out[1] = xy * xy / (xx * yy)


@kernel
def realized_volatility(returns, count, bars):
    """Return sqrt(sum r^2) over the newest `bars` of a ring float32[B]; NaN with fewer."""
    if count < bars:
        return NAN
    total = 0.0
    for back in range(bars):
        r = np.float64(returns[(count - 1 - back) % returns.size])
        total += r * r
    return math.sqrt(total)


@kernel
def variance_ratio(returns, count, q, out):
    """Compare the variance of q-period returns with q times that of one period.

    Overlapping and unbiased; z is robust against changing variance (Lo and MacKinlay 1988, eq.
    13 to 15 and 18 to 20). returns: float32[B], ring of `count` ever written. out: float64[3]:
    ratio, z, first autocorrelation; NaN with fewer than 30 returns.
    """
    size = returns.size
    n = min(count, size)
    out[0], out[1], out[2] = NAN, NAN, NAN
    if n < max(BARS_MIN, q + 2):
        return
    first = count - n
    mean = 0.0
    for k in range(n):
        mean += np.float64(returns[(first + k) % size])
    mean /= n
    squares = 0.0
    for k in range(n):
        d = np.float64(returns[(first + k) % size]) - mean
        squares += d * d
    if squares <= 0.0:
        return
    spread, window = 0.0, 0.0
    for k in range(n):
        window += np.float64(returns[(first + k) % size])
        if k >= q:
            window -= np.float64(returns[(first + k - q) % size])
        if k >= q - 1:
            d = window - q * mean
            spread += d * d
    scale = q * (n - q + 1.0) * (1.0 - q / n)
    ratio = spread / scale / (squares / (n - 1.0))
    theta = 0.0
    for lag in range(1, q):
        top = 0.0
        for k in range(lag, n):
            a = np.float64(returns[(first + k) % size]) - mean
            b = np.float64(returns[(first + k - lag) % size]) - mean
            top += a * a * b * b
            if lag == 1 and k == 1:
                out[2] = 0.0
            if lag == 1:
                out[2] += a * b
        weight = 2.0 * (q - lag) / q
        theta += weight * weight * top / (squares * squares)
    out[2] /= squares
    out[0] = ratio
    if theta > 0.0:
        out[1] = (ratio - 1.0) / math.sqrt(theta)


@kernel
def gini(wealth):
    """Return the Gini coefficient of a sorted float64[n]; NaN without wealth."""
    count, weighted, total = wealth.size, 0.0, 0.0
    for k in range(count):
        weighted += (2.0 * k + 1.0 - count) * wealth[k]
        total += wealth[k]
    return weighted / (count * total) if total > 0.0 else NAN


@kernel
def top_share(wealth):
    """Return what the richest hundredth, at least one, holds of a sorted float64[n]."""
    count, total, top = wealth.size, 0.0, 0.0
    first = count - max(1, count // 100)
    for k in range(count):
        total += wealth[k]
        if k >= first:
            top += wealth[k]
    return top / total if total > 0.0 else NAN


@kernel
def hill_index(wealth):
    """Return the Pareto index of the upper twentieth of a sorted float64[n]; NaN below 10 in it."""
    count = wealth.size
    tail = int(TAIL_SHARE * count)
    if tail < 10:
        return NAN
    threshold = wealth[count - tail - 1]
    if threshold <= 0.0:
        return NAN
    total = 0.0
    for k in range(count - tail, count):
        total += log(wealth[k] / threshold)
    return tail / total if total > 0.0 else NAN


def herfindahl(owners: np.ndarray, lots: np.ndarray) -> float:
    """Return the sum of squared shares of sales by owner, 1/n to 1; NaN without sales.

    owners: int64[n]; lots: int64[n], below 2**31 in sum. Integers until the last division.
    """
    total = int(lots.sum())
    if total <= 0:
        return NAN
    _, which = np.unique(owners, return_inverse=True)
    sold = np.zeros(int(which.max()) + 1, np.int64)
    np.add.at(sold, which, lots)
    return int((sold * sold).sum()) / (total * total)
