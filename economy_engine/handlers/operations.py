"""Commands of operators: halt, resume, upgrade, the policy rate, scripted shocks."""

from __future__ import annotations

from economy_engine.commands import (
    Halt,
    InjectShock,
    Resume,
    SetPolicyRate,
    ShockKind,
    Upgrade,
)
from economy_engine.errors import RejectReason
from economy_engine.events import WorldEvent
from economy_engine.handlers.decision import Context, Decision, refused
from economy_engine.schema import ENGINE_VERSION, Clock
from economy_engine.systems.shocks import inject, pin_rate

PPM = 1_000_000


def halt(context: Context, command: Halt) -> Decision:
    """Stop the world's clock: no ticks, and only commands that lower risk or operate it."""
    if context.state.clock[Clock.HALTED]:
        return refused(RejectReason.WORLD_HALTED)
    context.state.clock[Clock.HALTED] = 1
    context.state.emission.world_event(context.tick, WorldEvent.HALT, -1, 0.0, command.reason)
    return Decision()


def resume(context: Context, command: Resume) -> Decision:
    """Let the clock run again."""
    if not context.state.clock[Clock.HALTED]:
        return refused(RejectReason.NOT_ALLOWED)
    context.state.clock[Clock.HALTED] = 0
    context.state.emission.world_event(context.tick, WorldEvent.RESUME, -1, 0.0, 0)
    return Decision()


def upgrade(context: Context, command: Upgrade) -> Decision:
    """Take over a world from an older engine version; the digests pin what was taken over."""
    if command.new != ENGINE_VERSION or command.old >= command.new:
        return refused(RejectReason.NOT_ALLOWED)
    return Decision()


def set_policy_rate(context: Context, command: SetPolicyRate) -> Decision:
    """Pin the policy rate for some days; 0 days lets the central bank decide again."""
    ceiling = int(context.state.params.monetary.rate_max * PPM)
    if not 0 <= command.rate_ppm <= ceiling or command.hold_days < 0:
        return refused(RejectReason.OUT_OF_RANGE)
    pin_rate(context.state, command.rate_ppm / PPM, command.hold_days)
    return Decision()


def inject_shock(context: Context, command: InjectShock) -> Decision:
    """Act a scripted event on the world; its size is in parts per million."""
    size = command.size_ppm / PPM
    if not inject(context.state, command.shock, command.market, size):
        return refused(RejectReason.OUT_OF_RANGE)
    if command.shock != ShockKind.NEWS:  # a headline tells of itself
        context.state.emission.world_event(
            context.tick, WorldEvent.SHOCK, command.market, size, command.shock
        )
    return Decision()
