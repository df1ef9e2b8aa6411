"""Actions on storage pools and their volumes.

The rule: everything or nothing; what an action began and could not end is undone before it fails.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from virtcim.hypervisors.actions.action import Action, Changed


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePool(Action[str]):
    """Define a storage pool and start it; the result is its UUID.

    build: make the directory in which it has its volumes, if it is not there; nothing on a device
    is touched. A pool that cannot be built or started is undefined again.
    Raises InvalidArgument for a text that the hypervisor does not understand.
    """

    changed: ClassVar[Changed] = Changed.RESOURCES
    seconds: ClassVar[float] = 300.0
    aside: ClassVar[bool] = True

    xml: str = field(repr=False)
    build: bool
    autostart: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePool(Action[None]):
    """Stop a storage pool and forget its definition; its volumes stay where they are.

    One that cannot be undefined is started again.
    """

    changed: ClassVar[Changed] = Changed.RESOURCES
    seconds: ClassVar[float] = 300.0
    aside: ClassVar[bool] = True

    uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPool(Action[None]):
    """Have the hypervisor look again which volumes a pool has; raises InvalidState when off."""

    changed: ClassVar[Changed] = Changed.RESOURCES
    seconds: ClassVar[float] = 300.0
    aside: ClassVar[bool] = True

    uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateVolume(Action[str]):
    """Make a volume in a pool; the result is its path. Raises AlreadyExists."""

    changed: ClassVar[Changed] = Changed.RESOURCES
    seconds: ClassVar[float] = 1800.0
    aside: ClassVar[bool] = True

    pool: str
    xml: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteVolume(Action[None]):
    """Delete a volume of a pool with everything in it."""

    changed: ClassVar[Changed] = Changed.RESOURCES
    seconds: ClassVar[float] = 300.0
    aside: ClassVar[bool] = True

    pool: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResizeVolume(Action[None]):
    """Give a volume another capacity, in bytes; what lies behind the end of a smaller one is lost.

    Raises InvalidArgument for a smaller one without `shrink`.
    """

    changed: ClassVar[Changed] = Changed.RESOURCES
    seconds: ClassVar[float] = 1800.0
    aside: ClassVar[bool] = True

    pool: str
    name: str
    capacity: int
    shrink: bool
