"""Proof that a world behaves like an economy: recordings of runs, and the facts that they show."""
