"""Bugs that are planted on purpose, to see that an invariant catches each of them."""
