"""Actions on network filters."""

from dataclasses import dataclass, field
from typing import ClassVar

from virtcim.hypervisors.actions.action import Action, Changed


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFilter(Action[str]):
    """Read the text of a filter afresh, to be edited: no event tells of its changes."""

    uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineFilter(Action[str]):
    """Define a filter, or define again the one with the UUID in the text; the result is its UUID.

    Running domains that use it follow at once. Raises InvalidArgument for a text that the
    hypervisor does not understand.
    """

    changed: ClassVar[Changed] = Changed.RESOURCES

    xml: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndefineFilter(Action[None]):
    """Forget a filter; raises InvalidState when a domain uses it."""

    changed: ClassVar[Changed] = Changed.RESOURCES

    uuid: str
