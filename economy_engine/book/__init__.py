"""The order books: price-time priority over ladders of levels."""
