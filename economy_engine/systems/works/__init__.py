"""The player economy: what participants' contracts, sites and households do on their own."""
