"""What all actions have in common."""

from enum import Enum
from typing import ClassVar, Generic, TypeVar

Result = TypeVar("Result")


class Changed(Enum):
    """What must be read again after an action."""

    NOTHING = "nothing"
    DOMAIN = "domain"  # the one of `uuid`; where there is none, the one whose UUID is the result
    RESOURCES = "resources"  # networks, pools, volumes, filters


class Action(Generic[Result]):
    """One thing to be done; Result is what a hypervisor gives for it.

    seconds: how long it may take, the wait for a worker included.
    aside: it may take long, and has a connection of its own instead of keeping others waiting.
    """

    __slots__ = ()

    changed: ClassVar[Changed] = Changed.NOTHING
    seconds: ClassVar[float] = 60.0
    aside: ClassVar[bool] = False
