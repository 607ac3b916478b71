"""The double-entry ledger of cash and goods."""
