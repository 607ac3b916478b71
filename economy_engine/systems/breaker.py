"""The circuit breaker: a market that moves too fast goes through a call auction.

    moved = mid > (1 + threshold) * lowest mid, or mid < (1 - threshold) * highest mid,
            of the last `window` ticks

At the end of the tick in which that happens continuous trading stops; orders collect for
`call_ticks` ticks with an indicative price that everybody sees; then one uncross
(`book.auction`) and trading goes on, the breaker looking back no further than that. Where a tick
has several steps (`lab`) window and call have as many ticks less, so that a market is as often
called. Simplified: one threshold for all markets, no random end, no second call when the uncross is
far away.

Source: the seed (`volatilityThreshold`); volatility auctions of exchanges.
"""

import numpy as np

from economy_engine.book.auction import find_price, uncross
from economy_engine.book.columns import MarketState
from economy_engine.jit import inner, kernel

_OPEN = np.int64(MarketState.OPEN)
_AUCTION = np.int64(MarketState.AUCTION)


@inner
def twice_mid(book, m):
    """Return best bid plus best ask in minor units, or twice the last price; 0 for neither."""
    market = book.market[m]
    bid, ask = np.int64(book.best[m, 0]), np.int64(book.best[m, 1])
    if bid > 0 and ask < book.head.shape[1]:
        return (bid + ask) * market["price_increment"]
    return 2 * market["last_price"]


@kernel
def has_moved(recent, now, threshold):
    """Return True when `now` is more than `threshold` from the highest or lowest of `recent`.

    recent: int64[ticks], 0 = none; now: int64 in the same unit; threshold: float64 share.
    """
    low, high = now, now
    for k in range(recent.size):
        if recent[k] > 0:
            low = min(low, recent[k])
            high = max(high, recent[k])
    return now - low > threshold * low or high - now > threshold * high


@inner
def call_auction(book, m, now, call_ticks, tick):
    """Stop continuous trading at the end of `tick`; `now` is twice the mid."""
    auction = book.auction[m]
    last = book.market[m]["last_price"]
    auction["started"] = tick
    auction["ends"] = tick + call_ticks
    auction["reference"] = last if last > 0 else now // 2
    auction["price"] = 0
    auction["quantity"] = 0
    auction["imbalance"] = 0
    book.market[m]["state"] = _AUCTION


@inner
def reopen(book, m, price, lots, tick):
    """Go back to continuous trading after an uncross at `price` (0: nothing met)."""
    auction = book.auction[m]
    auction["started"] = 0
    auction["ends"] = 0
    auction["price"] = price
    auction["quantity"] = lots
    auction["imbalance"] = 0
    auction["closed"] = tick
    auction["held"] += 1
    book.market[m]["state"] = _OPEN
    book.recent[m, :] = 0


@kernel
def watch_markets(book, ledger, outbox, threshold, window, call_ticks, fee_row, tick):
    """End the tick of every market: breaker, indicative price, uncross; modified in place.

    threshold: float64; window, call_ticks, tick: int64; fee_row: the account of fees. Returns how
    many markets are in an auction or ended one at this tick.
    """
    told = 0
    for m in range(book.market.shape[0]):
        auction = book.auction[m]
        if book.market[m]["state"] == _AUCTION:
            if tick >= auction["ends"]:
                price, lots = uncross(book, ledger, outbox, m, auction["reference"], fee_row, tick)
                if price >= 0:
                    told += 1
                    reopen(book, m, price, lots, tick)
                    book.recent[m, tick % window] = 2 * price if price > 0 else twice_mid(book, m)
                    continue
            told += 1
            level, lots, imbalance = find_price(book, m, auction["reference"])
            auction["price"] = level * book.market[m]["price_increment"]
            auction["quantity"] = lots
            auction["imbalance"] = imbalance
        elif book.market[m]["state"] == _OPEN:
            now = twice_mid(book, m)
            if now > 0 and has_moved(book.recent[m], now, threshold):
                told += 1
                call_auction(book, m, now, call_ticks, tick)
                level, lots, imbalance = find_price(book, m, auction["reference"])
                auction["price"] = level * book.market[m]["price_increment"]
                auction["quantity"] = lots
                auction["imbalance"] = imbalance
            book.recent[m, tick % window] = now
    return told
