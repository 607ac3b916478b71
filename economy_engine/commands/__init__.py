"""Commands: what may be asked of a world, and their bytes in inbox and journal.

`words` has the kinds, `codec` the bytes and the commands of markets and operations, `works` those
of the player economy.
"""

from economy_engine.commands.codec import (
    BadCommandError,
    CancelAll,
    CancelOrder,
    Command,
    Halt,
    Header,
    InjectShock,
    PlaceOrder,
    ReduceOrder,
    RegisterParticipant,
    Resume,
    RetireParticipant,
    SetPolicyRate,
    ShipGoods,
    Upgrade,
    decode,
    encode,
)
from economy_engine.commands.words import CommandKind, Origin, ShockKind
from economy_engine.commands.works import (
    BuyProspect,
    BuySite,
    ResearchSite,
    SellSite,
    SetNeeds,
    SetSite,
    StartWork,
    StopWork,
    UpgradeSite,
    WorksCommand,
)

__all__ = [
    "BadCommandError",
    "BuyProspect",
    "BuySite",
    "CancelAll",
    "CancelOrder",
    "Command",
    "CommandKind",
    "Halt",
    "Header",
    "InjectShock",
    "Origin",
    "PlaceOrder",
    "ReduceOrder",
    "RegisterParticipant",
    "ResearchSite",
    "Resume",
    "RetireParticipant",
    "SellSite",
    "SetNeeds",
    "SetPolicyRate",
    "SetSite",
    "ShipGoods",
    "ShockKind",
    "StartWork",
    "StopWork",
    "Upgrade",
    "UpgradeSite",
    "WorksCommand",
    "decode",
    "encode",
]
