"""Actions on virtual networks.

The rule: everything or nothing; what an action began and could not end is undone before it fails.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from virtcim.hypervisors.actions.action import Action, Changed


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateNetwork(Action[str]):
    """Define a network and start it; the result is its UUID.

    One that cannot be started is undefined again. Raises InvalidArgument for a text that the
    hypervisor does not understand.
    """

    changed: ClassVar[Changed] = Changed.RESOURCES

    xml: str = field(repr=False)
    autostart: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteNetwork(Action[None]):
    """Stop a network and forget its definition; one that cannot be undefined is started again."""

    changed: ClassVar[Changed] = Changed.RESOURCES

    uuid: str
