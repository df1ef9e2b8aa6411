"""CIM objects that clients made: namespaces, qualifiers, classes and instances, as they are kept.

The infostore does not look into them: an object is a name and a text, in the order of making.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ObjectKind(StrEnum):
    """What an object is."""

    NAMESPACE = "namespace"
    QUALIFIER = "qualifier"
    CLASS = "class"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """Which object; `name` has at most 64 characters, and is unique in its namespace and kind."""

    namespace: str
    kind: ObjectKind
    name: str


@dataclass(frozen=True, slots=True)
class CIMObject:
    """An object: CIM-XML of a qualifier, a class or an instance."""

    key: ObjectKey
    text: str


class Keeper(Protocol):
    """Where objects are kept, and whose turn it is to change them; raises InfostoreError."""

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Change them: nobody else does meanwhile."""

    async def objects(self) -> Sequence[CIMObject]:
        """Read all objects, in the order in which they were made."""

    async def write(
        self, made: Iterable[CIMObject] = (), removed: Iterable[ObjectKey] = ()
    ) -> None:
        """Remove objects, then write others, over those with the same key: all, or none.

        Durable when this returns.
        """
