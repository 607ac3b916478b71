"""Worlds under faults: databases that may be killed, clients with their own books, and proofs."""
