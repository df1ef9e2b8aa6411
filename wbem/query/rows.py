"""What a query is asked about, and where the classes are: the two ports of this room."""

from typing import Protocol

from virtcim.wbem.objects import ClassDeclaration, Instance, Value
from virtcim.wbem.paths import ObjectPath


class Row(Protocol):
    """One instance; a broker has its own, `InstanceRow` serves for instances as data."""

    @property
    def class_name(self) -> str:
        """The name of its class."""
        ...

    @property
    def path(self) -> ObjectPath | None:
        """Its path; None if it has none."""
        ...

    def get(self, name: str, /) -> Value:
        """Return the value of a property by its name in lower case; None if it has none."""
        ...


class Schema(Protocol):
    """The classes of a namespace."""

    def find(self, name: str, /) -> ClassDeclaration | None:
        """Return a class with all that it inherits, by its name in any case."""
        ...

    def is_a(self, name: str, ancestor: str, /) -> bool:
        """Tell whether the one class is the other or below it, in any case."""
        ...


class NoSchema:
    """A schema that knows no class."""

    def find(self, name: str, /) -> ClassDeclaration | None:  # noqa: ARG002
        """Find nothing."""
        return None

    def is_a(self, name: str, ancestor: str, /) -> bool:
        """Know a class by its own name only."""
        return name.lower() == ancestor.lower()


NO_SCHEMA = NoSchema()


class InstanceRow:
    """An instance as data."""

    __slots__ = ("_instance",)

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    @property
    def class_name(self) -> str:
        """The name of its class."""
        return self._instance.class_name

    @property
    def path(self) -> ObjectPath | None:
        """Its path."""
        return self._instance.path

    def get(self, name: str, /) -> Value:
        """Return the value of a property."""
        found = self._instance.by_name.get(name)
        return None if found is None else found.value


class BoundRow:
    """A row in which one more name has a value."""

    __slots__ = ("_name", "_row", "_value")

    def __init__(self, row: Row, name: str, value: Value) -> None:
        self._row = row
        self._name = name
        self._value = value

    @property
    def class_name(self) -> str:
        """The name of the row's class."""
        return self._row.class_name

    @property
    def path(self) -> ObjectPath | None:
        """The path of the row."""
        return self._row.path

    def get(self, name: str, /) -> Value:
        """Return the value of the name, or that of the row's property."""
        return self._value if name == self._name else self._row.get(name)
