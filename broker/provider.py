"""What a provider offers to the broker.

A provider serves one concrete class from data that is already in memory: its reads neither block
nor wait. Only the bodies of methods are coroutines.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeGuard, runtime_checkable

from virtcim.broker.embedded import Embedded, EmbeddedValue
from virtcim.schema.layouts import Layout, Record
from virtcim.schema.records import RecordSet
from virtcim.wbem.objects import Property, Value
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.status import WBEMError

Keys = Mapping[str, KeyValue]
"""Typed key values by lower-case name; complete and without any other."""

ArgumentValue = Value | Embedded | tuple[EmbeddedValue, ...]

Arguments = Mapping[str, ArgumentValue]
"""Typed input arguments by lower-case name; those that were left out, NULL or blank are absent.

arguments.py has functions that read them.
"""

OutValue = Value | Record | tuple[Record, ...]
"""An output; a Record, or an Instance that embedded.py made, goes out as embedded instance."""


@dataclass(frozen=True, slots=True)
class MethodResult:
    """Return value and output parameters by name as declared."""

    return_value: Value
    out: Mapping[str, OutValue] | None = None


MethodBody = Callable[[Record, Arguments], Awaitable[MethodResult]]


StaticBody = Callable[[Arguments], Awaitable[MethodResult]]
"""The body of a method that needs no instance (qualifier Static)."""


InstanceValues = Mapping[str, Value]
"""Typed values of an instance by lower-case name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """How instances of a class are made, changed and removed; None means that they are not.

    create: from the values that are not NULL to the path of the new instance; it is there when this
        returns, and raises AlreadyExists when it was there before.
    told_null: create is also told, as None, which properties the client set to NULL: they have no
        default then (DSP0200 section 5.3.2.6).
    modify: the values are those that differ; None means NULL.
    """

    create: Callable[[InstanceValues], Awaitable[ObjectPath]] | None = None
    told_null: bool = False
    modify: Callable[[Record, InstanceValues], Awaitable[None]] | None = None
    delete: Callable[[Record], Awaitable[None]] | None = None


NO_EDITS = Edits()


class Provider(Protocol):
    """Instances of one concrete class in one or more namespaces."""

    @property
    def layout(self) -> Layout:
        """The layout of its records; it names the concrete class."""

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Canonical names of the namespaces in which it answers."""

    @property
    def methods(self) -> Mapping[str, MethodBody]:
        """Bodies by method name as declared."""

    @property
    def rehearsed(self) -> frozenset[str]:
        """The methods that honour a dry run (calling.py); others are refused in one."""

    def records(self) -> RecordSet:
        """All instances."""

    def find(self, keys: Keys) -> Record | None:
        """Return the instance with these keys."""


@runtime_checkable
class ExplainsAbsence(Protocol):
    """A provider that can say more of a missing instance than which key named it."""

    def absent(self, keys: Keys) -> str:
        """Return why there is no instance with these keys, in words that clients look for."""


@runtime_checkable
class ReadsPaths(Protocol):
    """A provider that judges the keys of a path itself, where they are read loosely."""

    def read_path(self, keys: Keys) -> Record | WBEMError:
        """Return the instance that these keys name, of which some may be missing, or what is wrong.

        The keys are typed, and the class has them.
        """


@runtime_checkable
class Indexed(Protocol):
    """A provider that finds instances by the value of a property without reading the others."""

    def find_listed(self, keys: Keys) -> Record | None:
        """Return the instance with these keys, if it is one of `records`."""

    @property
    def indexes(self) -> tuple[str, ...]:
        """The properties, in lower case; those that fewer instances share first."""

    def records_where(self, name: str, value: Value) -> Iterable[Record]:
        """Return all instances in which an indexed property is this, as they are at this moment."""


@runtime_checkable
class Editable(Protocol):
    """A provider whose instances clients may make, change or remove."""

    @property
    def edits(self) -> Edits:
        """Which of these it does."""


@runtime_checkable
class OffersStatic(Protocol):
    """A provider of a class with static methods."""

    @property
    def static_methods(self) -> Mapping[str, StaticBody]:
        """Bodies by method name as declared."""


@runtime_checkable
class Fetched(Protocol):
    """A provider whose instances are got anew for each operation that reads them.

    `records` and `find` give what was fetched last.
    """

    def fetch(self, keys: Keys | None) -> Awaitable[None]:
        """Begin to get the instance with these keys, or all; return what to wait for.

        Waiting raises WBEMError.
        """


@runtime_checkable
class Refers(Protocol):
    """A provider of a class whose instances may refer to others, as their values say."""

    @property
    def layout(self) -> Layout:
        """The layout of its records."""

    @property
    def is_association(self) -> bool:
        """Whether it is an association class."""

    @property
    def references(self) -> tuple[Property, ...]:
        """The properties that refer to others."""

    def referring(self, source: ObjectPath) -> Iterable[tuple[str, Record]]:
        """Return the instances that refer to another, with the role of that in each."""


def edits_of(provider: Provider) -> Edits:
    """Return which changes of instances a provider does."""
    return provider.edits if isinstance(provider, Editable) else NO_EDITS


@dataclass(frozen=True, slots=True)
class End:
    """One end of an association: the role and the class that stands there."""

    role: str
    class_name: str


class AssociationProvider(Provider, Protocol):
    """A provider whose class relates instances of two others."""

    @property
    def ends(self) -> tuple[End, End]:
        """The two ends, in the order of the class's references."""

    def partners(self, end: int, source: Record) -> Iterable[Record]:
        """Return the instances at the other end; `source` stands at end number `end`."""

    def link(self, first: Record, second: Record) -> Record:
        """Return the association instance between two that are related."""


def is_association(provider: Provider) -> TypeGuard[AssociationProvider]:
    """Tell whether a provider's class relates instances of two others."""
    return hasattr(provider, "partners")
