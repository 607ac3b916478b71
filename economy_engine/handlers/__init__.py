"""What each kind of command does to a world, in one visible table."""

from economy_engine.handlers.decision import Context, Decision
from economy_engine.handlers.table import HANDLERS, Decided, decide

__all__ = ["HANDLERS", "Context", "Decided", "Decision", "decide"]
