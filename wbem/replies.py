"""What an operation answers, as data; an encoder of some protocol turns it into bytes.

Instances come as collections that write themselves piece by piece, because one reply may hold
thousands; a collection may keep its pieces for the next client.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, Union

from virtcim.wbem.objects import ClassDeclaration, QualifierDeclaration, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.types import CIMType


class Portion(Protocol):
    """Some objects of a pulled enumeration.

    What `pieces` yields is delivered: it is read once, to its end, and before `context`.
    """

    def pieces(self) -> Iterator[bytes]:
        """Yield the elements; some pieces are empty, so that others have their turn."""

    @property
    def context(self) -> str:
        """What continues the enumeration after this; empty when nothing is left."""


class WrittenInstance(Protocol):
    """One instance of one selection, written as CIM-XML."""

    def instances(self) -> Iterable[bytes]:
        """Return INSTANCE elements."""


class Written(Protocol):
    """Instances of one class and selection, written as CIM-XML pieces of moderate size."""

    @property
    def class_name(self) -> str:
        """The class that all of them are of."""

    def instances(self) -> Iterator[bytes]:
        """Yield INSTANCE elements."""

    def named_instances(self) -> Iterator[bytes]:
        """Yield VALUE.NAMEDINSTANCE elements."""

    def names(self) -> Iterator[bytes]:
        """Yield INSTANCENAME elements."""


class WrittenObjects(Protocol):
    """Instances of any classes with their full paths, written one by one."""

    def only(self, keep: Callable[[str, str], bool]) -> "WrittenObjects":
        """Return those that are to be kept by their namespace and class."""

    def objects(self) -> Iterator[bytes]:
        """Yield VALUE.OBJECTWITHPATH elements."""

    def object_paths(self) -> Iterator[bytes]:
        """Yield OBJECTPATH elements."""


@dataclass(frozen=True, slots=True)
class VoidReply:
    """Success without a value."""


@dataclass(frozen=True, slots=True)
class InstanceReply:
    """One instance without its path."""

    instances: WrittenInstance


@dataclass(frozen=True, slots=True)
class NamedInstancesReply:
    """Instances with their paths inside the namespace."""

    parts: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class InstanceNamesReply:
    """Paths inside the namespace."""

    parts: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class InstanceNameReply:
    """The path of one new instance."""

    path: ObjectPath


@dataclass(frozen=True, slots=True)
class ObjectsReply:
    """Instances with full paths, of associations or their ends."""

    objects: WrittenObjects


@dataclass(frozen=True, slots=True)
class ObjectPathsReply:
    """Full paths, of associations or their ends."""

    objects: WrittenObjects


@dataclass(frozen=True, slots=True)
class QueriedReply:
    """What a query selects: objects with their paths, or rows without; written as it is found."""

    pieces: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class PulledReply:
    """What an operation on a pulled enumeration returns; `result_class` describes its rows."""

    portion: Portion
    result_class: ClassDeclaration | None = None


@dataclass(frozen=True, slots=True)
class CountReply:
    """How many objects an enumeration still has; None when nobody has counted them."""

    count: int | None


@dataclass(frozen=True, slots=True)
class ClassObjectsReply:
    """Classes with full paths: associations between classes."""

    classes: tuple[tuple[ObjectPath, ClassDeclaration], ...]


@dataclass(frozen=True, slots=True)
class ClassPathsReply:
    """Full class paths: names of associations between classes."""

    paths: tuple[ObjectPath, ...]


@dataclass(frozen=True, slots=True)
class ClassesReply:
    """Classes; read once."""

    classes: Iterable[ClassDeclaration]


@dataclass(frozen=True, slots=True)
class ClassNamesReply:
    """Names of classes."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QualifiersReply:
    """Qualifier declarations."""

    declarations: tuple[QualifierDeclaration, ...]


@dataclass(frozen=True, slots=True)
class PropertyReply:
    """The value of one property."""

    type: CIMType
    value: Value


@dataclass(frozen=True, slots=True)
class OutParameter:
    """An output parameter with a value; those that are NULL are left out of the reply."""

    name: str
    type: CIMType
    value: Value


@dataclass(frozen=True, slots=True)
class MethodReply:
    """What a method returned."""

    return_type: CIMType
    return_value: Value
    out: tuple[OutParameter, ...] = ()


Reply = Union[  # noqa: UP007 (one name a line)
    VoidReply,
    InstanceReply,
    NamedInstancesReply,
    InstanceNamesReply,
    InstanceNameReply,
    ObjectsReply,
    ObjectPathsReply,
    QueriedReply,
    PulledReply,
    CountReply,
    ClassObjectsReply,
    ClassPathsReply,
    ClassesReply,
    ClassNamesReply,
    QualifiersReply,
    PropertyReply,
    MethodReply,
]
