"""What plug-ins give, as CIM values of their declared types, and what they are given.

The rule: nothing that a plug-in made goes further before it has its declared type; what does not
fit is a Garbage that says which element of which class, what it is and what it should be. All of
this runs in the plug-in's own thread.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from virtcim.broker.embedded import Embedded, make, read_embedded
from virtcim.broker.kit import Object, Row
from virtcim.schema.layouts import Layout, Values
from virtcim.schema.repository import Repository
from virtcim.wbem.objects import (
    ClassDeclaration,
    Instance,
    Parameter,
    Property,
    Scalar,
    Value,
    qualifier_value,
)
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import InvalidParameter
from virtcim.wbem.types import (
    INTEGER_RANGES,
    REAL_TYPES,
    CIMType,
    interval,
    parse_datetime,
    timestamp,
)

Declared = Property | Parameter

DEEPEST = 32
"""Levels of objects in objects that a plug-in is given."""

_LONGEST_SHOWN = 60
_LARGEST_REAL32 = 3.4028235677973366e38  # IEEE 754: the next one above rounds to infinity
_LARGEST_CHAR16 = 0xFFFF


class Garbage(Exception):
    """A plug-in gave what its class does not have or allow."""


class Reader:
    """Reads what a plug-in gives in one namespace."""

    def __init__(self, repository: Repository, namespace: str) -> None:
        self._repository = repository
        self._namespace = namespace

    def values(self, layout: Layout, given: object) -> Values:
        """Return the values of an instance in the order of its layout; raises Garbage."""
        known = self._known(layout, given)
        found = tuple(known.get(p.name.lower(), p.value) for p in layout.properties)
        for name in layout.keys:
            if found[layout.index[name]] is None:
                raise Garbage(f"an instance of {layout.class_name} has no {layout.keys[name].name}")
        return found

    def keys(self, layout: Layout, given: object) -> Values:
        """Return the values of an instance of which only the keys are looked at."""
        known = self._known(layout, given)
        row = {name: value for name, value in known.items() if name in layout.keys}
        return self.values(layout, row)

    def _known(self, layout: Layout, given: object) -> dict[str, Value]:
        """Return what was given by lower-case name, typed."""
        if not isinstance(given, Mapping):
            raise Garbage(f"an instance of {layout.class_name} is {_shown(given)}, and no mapping")
        found: dict[str, Value] = {}
        for name, value in given.items():
            number = layout.index.get(name.lower()) if isinstance(name, str) else None
            if number is None:
                raise Garbage(f"{layout.class_name} has no property {_shown(name)}")
            declared = layout.properties[number]
            where = f"{declared.name} of {layout.class_name}"
            found[declared.name.lower()] = self.value(declared, value, where)
        return found

    def value(self, declared: Declared, value: object, where: str) -> Value:
        """Return a value of its declared type; raises Garbage."""
        if value is None:
            return None
        if not declared.is_array:
            return self._scalar(declared, value, where)
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise Garbage(f"{where} is {_shown(value)}, and no array")
        return tuple(None if e is None else self._scalar(declared, e, where) for e in value)

    def _scalar(self, declared: Declared, value: object, where: str) -> Scalar:
        if declared.embedding is not None:
            return self._object(declared, value, where)
        if declared.type is CIMType.REFERENCE:
            return self._path(declared, value, where)
        return scalar(declared.type, value, where)

    def _path(self, declared: Declared, value: object, where: str) -> ObjectPath:
        if not isinstance(value, ObjectPath):
            raise Garbage(f"{where} is {_shown(value)}, and no ObjectPath")
        wanted, is_a = declared.reference_class, self._repository.is_a
        is_known = is_a(value.class_name, value.class_name)  # what other namespaces have is not
        if wanted and is_known and not is_a(value.class_name, wanted):
            raise Garbage(f"{where} refers to a {value.class_name}, and to no {wanted}")
        return value.at(self._namespace)

    def _object(self, declared: Declared, value: object, where: str) -> Scalar:
        wanted = qualifier_value(declared.qualifiers, "EmbeddedInstance")
        if isinstance(value, ClassDeclaration) and wanted is None:
            return value
        if not isinstance(value, Object):
            raise Garbage(f"{where} is {_shown(value)}, and no Object")
        declaration = self._repository.find(value.class_name)
        if declaration is None:
            raise Garbage(f"{where} is of class {_shown(value.class_name)}, which does not exist")
        if isinstance(wanted, str) and not self._repository.is_a(declaration.name, wanted):
            raise Garbage(f"{where} is a {declaration.name}, and no {wanted}")
        return make(declaration, self._known(Layout(declaration), value.values))


def _integer(kind: CIMType, value: object) -> int:
    low, high = INTEGER_RANGES[kind]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"from {low} to {high}")
    return int(value)  # an IntEnum would be written by its name


def _real(kind: CIMType, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a float")  # noqa: TRY004 (told as one with the others)
    number = float(value)
    infinite = abs(number) == float("inf")
    if kind is CIMType.REAL32 and not infinite and abs(number) >= _LARGEST_REAL32:
        raise ValueError("a float of 32 bits")
    return number


def _string(kind: CIMType, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a str")  # noqa: TRY004 (the same)
    if kind is CIMType.CHAR16 and (len(value) != 1 or ord(value) > _LARGEST_CHAR16):
        raise ValueError("one character of the basic plane")
    return str(value)


def _boolean(_kind: CIMType, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("a bool")  # noqa: TRY004 (the same)
    return value


def _datetime(_kind: CIMType, value: object) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a datetime with a time zone")
        return timestamp(value)
    if isinstance(value, timedelta) and value >= timedelta(0):
        return interval(value)
    if not isinstance(value, str):
        text = "a datetime, a timedelta that is not negative, or text of 25 characters"
        raise ValueError(text)  # noqa: TRY004 (the same)
    return parse_datetime(value)


_CHECKS: Mapping[CIMType, Callable[[CIMType, object], str | bool | int | float]] = {
    CIMType.BOOLEAN: _boolean,
    CIMType.STRING: _string,
    CIMType.CHAR16: _string,
    CIMType.DATETIME: _datetime,
    **dict.fromkeys(REAL_TYPES, _real),
    **dict.fromkeys(INTEGER_RANGES, _integer),
}
"""Total over CIMType but for references; each raises ValueError with what it wants."""


def scalar(kind: CIMType, value: object, where: str) -> str | bool | int | float:
    """Return a simple value of its type; raises Garbage."""
    try:
        return _CHECKS[kind](kind, value)
    except ValueError as error:
        raise Garbage(f"{where} is {_shown(value)}; a {kind} is {error}") from None


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 (a plug-in's object may raise anything)
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


# What plug-ins are given


class Giver:
    """Makes what a plug-in is given of what the broker has."""

    def __init__(self, repository: Repository, namespace: str) -> None:
        self._repository = repository
        self._namespace = namespace

    def row(
        self, declared: Iterable[Declared], values: Mapping[str, object], depth: int = 0
    ) -> Row:
        """Return values by lower-case name as a row by names as declared.

        Raises InvalidParameter for embedded objects that do not fit their class, or that are too
        many levels deep.
        """
        if depth > DEEPEST:
            raise InvalidParameter(f"objects are embedded more than {DEEPEST} levels deep")
        return {
            one.name: self._given(one, values[one.name.lower()], depth)
            for one in declared
            if one.name.lower() in values
        }

    def _given(self, declared: Declared, value: object, depth: int) -> object:
        if declared.type is CIMType.REFERENCE:
            return tuple(map(self._path, value)) if isinstance(value, tuple) else self._path(value)
        if declared.embedding is None or value is None:
            return value
        if isinstance(value, tuple):
            return tuple(chain.from_iterable(self._objects(declared, e, depth) for e in value))
        return next(iter(self._objects(declared, value, depth)), None)

    def _path(self, value: object) -> object:
        """Return a path in one form: with its namespace, and without a host."""
        return (
            replace(value.at(self._namespace), host=None)
            if isinstance(value, ObjectPath)
            else value
        )

    def _objects(self, declared: Declared, value: object, depth: int) -> Iterable[object]:
        """Return the objects that a value holds: one, none if it is blank, more in some MOF."""
        if isinstance(value, Instance | str):
            found = read_embedded(self._repository, self._namespace, declared, value)
            many = found if isinstance(found, tuple) else (found,)
            return [self._object(one, depth) for one in many if one is not None]
        return (self._object(value, depth),)

    def _object(self, value: object, depth: int) -> object:
        if not isinstance(value, Embedded):
            return value
        declaration = self._repository.find(value.class_name)
        if declaration is None:
            raise InvalidParameter(f"there is no class {value.class_name}")
        return Object(value.class_name, self.row(declaration.properties, value.values, depth + 1))
