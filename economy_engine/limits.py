"""Every bound of the engine, with the relations between them asserted at import."""

from __future__ import annotations

# Integers.
INT32_MAX = 2**31 - 1
INT64_MAX = 2**63 - 1
MONEY_MINOR_MAX = 2**53  # every balance and every value stays exact in a float64 and in a browser
QUANTITY_LOTS_MAX = 1_000_000_000  # one order; an int32 with room for sums of two
PRICE_MINOR_MAX = INT32_MAX

# World.
AGENTS_MAX = 10_000_000
REGIONS_MAX = 8
GOODS_PER_REGION = 10
MARKETS_MAX = REGIONS_MAX * GOODS_PER_REGION
INSTITUTION_ROWS = 64
SPARE_ROWS = 4_096

# Books.
LEVELS_DEFAULT = 32_768
LEVELS_MIN = 64
BITMAP_WORD_LEVELS = 64
SUMMARY_WORD_LEVELS = 4_096
PRICE_INCREMENT_MAX = 50_000
AI_ORDERS_MIN = 65_536
PARTICIPANT_ORDERS_DEFAULT = 65_536
WHEEL_SLOTS = 512  # AI orders live at most this many steps
AI_LIFETIME_STEPS_MAX = WHEEL_SLOTS - 1
CALENDAR_SLOTS = 512  # hashed wheel of participants' expiries, in ticks
TAPE_TRADES = 5  # public trades per market and tick
DEPTH_LEVELS_MAX = 100
BREAKER_WINDOW_TICKS = 100  # a circuit breaker looks back this far
MARKET_PROTECTION_PPM = 50_000  # a market order goes at most 5 % through the best price

# Work of one order.
FILLS_PER_COMMAND_MAX = 500
FILLS_PER_AI_ORDER_MAX = 4_096
OPEN_ORDERS_PER_PARTICIPANT_MAX = 300
SHIPMENTS_PER_PARTICIPANT_MAX = 100
AUCTION_LOTS_MAX = 64  # sites under the hammer at one time
SHIPMENT_LOTS_MAX = 10_000_000  # energy of a shipment times any price fits an int64
COMMANDS_PER_BATCH_MAX = 2_000
OUTBOX_FILLS = 131_072
OUTBOX_CLOSURES = 131_072

# Fees.
FEE_BPS = 5
BPS = 10_000
FEE_DIVISOR = BPS // FEE_BPS

# Postings.
POSTING_LEGS_MAX = 32

# Commands and results.
PAYLOAD_BYTES_MAX = 512
RESULT_BYTES_MAX = 512
BLOCK_SECTION_ROWS_MAX = 1_000_000

assert FEE_DIVISOR * FEE_BPS == BPS
assert LEVELS_DEFAULT % SUMMARY_WORD_LEVELS == 0
assert LEVELS_MIN % BITMAP_WORD_LEVELS == 0
assert SUMMARY_WORD_LEVELS == BITMAP_WORD_LEVELS * 64
assert LEVELS_DEFAULT * PRICE_INCREMENT_MAX <= PRICE_MINOR_MAX
assert QUANTITY_LOTS_MAX * 2 <= INT32_MAX
assert PRICE_MINOR_MAX * QUANTITY_LOTS_MAX <= INT64_MAX // 4
assert WHEEL_SLOTS & (WHEEL_SLOTS - 1) == 0
assert CALENDAR_SLOTS & (CALENDAR_SLOTS - 1) == 0
assert OUTBOX_FILLS > FILLS_PER_COMMAND_MAX + FILLS_PER_AI_ORDER_MAX
# An uncross reports one fill for each participant's order, or ends it.
assert OUTBOX_FILLS > PARTICIPANT_ORDERS_DEFAULT
assert OUTBOX_CLOSURES > PARTICIPANT_ORDERS_DEFAULT + FILLS_PER_COMMAND_MAX
assert OPEN_ORDERS_PER_PARTICIPANT_MAX <= PARTICIPANT_ORDERS_DEFAULT
assert MARKETS_MAX <= 2**15 - 1
