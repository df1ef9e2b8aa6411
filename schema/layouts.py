"""Instance layouts: how instances of one class are laid out as tuples and written as CIM-XML.

A layout fixes the order of the properties of a concrete class. A `Record` is one instance: the
layout and a tuple of values. A `Variant` of a layout writes the properties that one selection
leaves; it is compiled once, so that writing is a walk over ready-made writers, and what it wrote
of a record is kept on the record, which never changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from virtcim.schema.repository import key_properties
from virtcim.wbem.objects import (
    ClassDeclaration,
    Instance,
    InstanceProperty,
    Property,
    Value,
)
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.types import REAL_TYPES, CIMType
from virtcim.wbem.uri import parse_uri
from virtcim.wbem.values import FORMATTERS, PARSERS, escape, number_text
from virtcim.wbem.writing import (
    any_path_xml,
    keybinding_head,
    property_head,
    property_tail,
    value_xml,
)

Values = tuple[Value, ...]
Getter = Callable[[Any], Value]

_KEY_TYPES = (str, int, float, ObjectPath)

MOST_KEPT = 2
"""Variants that are kept of one record: with and without class origins is what clients ask for."""

_REMEMBERED = 256  # values of one property whose text is kept; states repeat, names do not
_MOST_VARIANTS = 256  # of one layout; PropertyLists come from clients and must not fill memory


class LayoutError(Exception):
    """A provider serves a property that its class does not have."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which properties a client wants: those in `names` (None: all) that class `within` has too.

    `names` are lower-case. `within` is None for all properties of the instance's own class.
    """

    names: frozenset[str] | None = None
    within: str | None = None
    class_origin: bool = False


EVERYTHING = Selection()


class Layout:
    """The properties of one concrete class, in order."""

    def __init__(self, declaration: ClassDeclaration) -> None:
        self.declaration = declaration
        self.class_name = declaration.name
        self.properties = declaration.properties
        self.index: Mapping[str, int] = {
            p.name.lower(): number for number, p in enumerate(self.properties)
        }
        keys = key_properties(declaration)
        self.keys: Mapping[str, Property] = {p.name.lower(): p for p in keys}
        self._key_writers = tuple((self.index[p.name.lower()], _key_writer(p)) for p in keys)
        self._variants: dict[Selection, Variant] = {}

    def bind(self, getters: Mapping[str, Getter]) -> Callable[[Any], Values]:
        """Return a function from a provider's object to values in the order of the layout.

        A property without a getter has the default of its class. Raises LayoutError for a getter
        of a property that the class does not have.
        """
        by_name = {name.lower(): getter for name, getter in getters.items()}
        unknown = by_name.keys() - self.index.keys()
        if unknown:
            raise LayoutError(f"{self.class_name} has no property {', '.join(sorted(unknown))}")
        ordered = tuple(by_name.get(p.name.lower()) or _constant(p.value) for p in self.properties)
        return lambda source: tuple([getter(source) for getter in ordered])

    def variant(self, selection: Selection, within: ClassDeclaration | None = None) -> "Variant":
        """Return the variant for a selection; `within` is the class that the selection names."""
        found = self._variants.get(selection)
        if found is None:
            limit = None if within is None else {p.name.lower() for p in within.properties}
            found = Variant(self, self._selected(selection.names, limit), selection)
            strange = selection.names is not None and len(selection.names) > len(self.index)
            if not strange and len(self._variants) < _MOST_VARIANTS:
                self._variants[selection] = found
        return found

    def _selected(self, names: frozenset[str] | None, limit: set[str] | None) -> tuple[int, ...]:
        return tuple(
            number
            for name, number in self.index.items()
            if (names is None or name in names) and (limit is None or name in limit)
        )

    def name_xml(self, values: Values) -> str:
        """Return INSTANCENAME of an instance."""
        keys = "".join([write(values[number]) for number, write in self._key_writers])
        return f'<INSTANCENAME CLASSNAME="{self.class_name}">{keys}</INSTANCENAME>'

    def key_values(self, values: Values) -> tuple[tuple[str, KeyValue], ...]:
        """Return the keys of an instance as they stand in its path."""
        pairs = ((p.name, values[self.index[name]]) for name, p in self.keys.items())
        return tuple((name, value) for name, value in pairs if isinstance(value, _KEY_TYPES))


def _constant(value: Value) -> Getter:
    return lambda _source: value


def _key_writer(declared: Property) -> Callable[[Value], str]:
    name = declared.name
    if declared.type is CIMType.REFERENCE:
        head, tail = (
            f'<KEYBINDING NAME="{name}"><VALUE.REFERENCE>',
            "</VALUE.REFERENCE></KEYBINDING>",
        )
        return lambda value: f"{head}{any_path_xml(_path(value))}{tail}"
    head, format_value = keybinding_head(name, declared.type), FORMATTERS[declared.type]
    return lambda value: f"{head}{escape(format_value(value))}</KEYVALUE></KEYBINDING>"


def _path(value: Value) -> ObjectPath:
    if not isinstance(value, ObjectPath):
        raise TypeError(f"{value!r} is no path")
    return value


class Record:
    """One instance; `namespace` is where it lives. What was written of it is kept."""

    __slots__ = ("_written", "layout", "namespace", "values")

    def __init__(self, layout: Layout, namespace: str, values: Values) -> None:
        self.layout = layout
        self.namespace = namespace
        self.values = values
        self._written: dict[Variant | None, bytes] = {}

    def __getitem__(self, name: str) -> Value:
        """Return the value of a property by its name in any case; raises KeyError."""
        return self.values[self.layout.index[name.lower()]]

    @property
    def path(self) -> ObjectPath:
        """The path with namespace and without host."""
        keys = self.layout.key_values(self.values)
        return ObjectPath(self.layout.class_name, keys, self.namespace)

    def instance(self) -> Instance:
        """Return the instance as data, with all properties."""
        return Instance(
            self.layout.class_name,
            tuple(
                InstanceProperty.of(p, value)
                for p, value in zip(self.layout.properties, self.values, strict=True)
            ),
            self.path,
        )

    def name_xml(self) -> bytes:
        """Return INSTANCENAME."""
        found = self._written.get(None)
        if found is None:
            found = self._written[None] = self.layout.name_xml(self.values).encode()
        return found

    def instance_xml(self, variant: "Variant") -> bytes:
        """Return INSTANCE as the variant writes it."""
        found = self._written.get(variant)
        if found is None:
            found = variant.write(self.values).encode()
            if variant.keeps:
                if len(self._written) > MOST_KEPT:
                    del self._written[next(key for key in self._written if key is not None)]
                self._written[variant] = found
        return found


class Variant:
    """A layout with a selection of its properties, ready to write."""

    __slots__ = ("_writers", "keeps", "layout")

    def __init__(self, layout: Layout, selected: Sequence[int], selection: Selection) -> None:
        self.layout = layout
        # A PropertyList is a client's whim; the full forms are what everybody asks for.
        self.keeps = selection.names is None
        self._writers = tuple(
            (number, _property_writer(layout.properties[number], origin=selection.class_origin))
            for number in selected
        )

    def write(self, values: Values) -> str:
        """Return INSTANCE."""
        properties = "".join([write(values[number]) for number, write in self._writers])
        return f'<INSTANCE CLASSNAME="{self.layout.class_name}">{properties}</INSTANCE>'


def _property_writer(declared: Property, *, origin: bool) -> Callable[[Value], str]:
    item = InstanceProperty(
        name=declared.name,
        type=declared.type,
        value=None,
        is_array=declared.is_array,
        reference_class=declared.reference_class,
        embedding=declared.embedding,
        class_origin=declared.class_origin if origin else None,
    )
    head, tail, kind = property_head(item), property_tail(item), declared.type
    if declared.embedding is not None:
        return _embedding_writer(item)
    if kind in _UNLIKE:
        return lambda value: f"{head}{value_xml(kind, value)}{tail}"
    if kind is CIMType.STRING and not declared.is_array:
        return _string_writer(head, tail)
    return _remembering_writer(head, tail, kind)


def _embedding_writer(item: InstanceProperty) -> Callable[[Value], str]:
    """Return a writer whose tag depends on whether there is a value."""
    tail = property_tail(item)

    def write(value: Value) -> str:
        head = property_head(replace(item, value=value))
        return f"{head}{value_xml(item.type, value)}{tail}"

    return write


# Equal values of these need not have equal texts: 0.0 and -0.0, a key of 1 and one of True.
_UNLIKE = REAL_TYPES | {CIMType.REFERENCE}


def _string_writer(head: str, tail: str) -> Callable[[Value], str]:
    null = head + tail

    def write(value: Value) -> str:
        if value is None:
            return null
        return f"{head}<VALUE>{escape(str(value))}</VALUE>{tail}"

    return write


def _remembering_writer(head: str, tail: str, kind: CIMType) -> Callable[[Value], str]:
    remembered: dict[Value, str] = {None: head + tail}

    def write(value: Value) -> str:
        found = remembered.get(value)
        if found is None:
            found = f"{head}{value_xml(kind, value)}{tail}"
            if len(remembered) < _REMEMBERED:
                remembered[value] = found
        return found

    return write


def typed_key(declared: Property, value: KeyValue) -> KeyValue:
    """Give a key value from the wire the type that the class declares; raises ValueError.

    Clients send numbers as strings and strings as numbers (DSP0201 VALUETYPE is optional).
    """
    if declared.type is CIMType.STRING and isinstance(value, str):
        return value
    if declared.type is CIMType.REFERENCE and isinstance(value, str):
        return parse_uri(value)  # so do clients older than VALUE.REFERENCE
    if declared.type is CIMType.REFERENCE or isinstance(value, ObjectPath):
        if declared.type is not CIMType.REFERENCE or not isinstance(value, ObjectPath):
            raise ValueError(f"key {declared.name} is of type {declared.type}")
        return value
    if declared.type is CIMType.STRING:
        return FORMATTERS[CIMType.STRING](value)
    return PARSERS[declared.type](value if isinstance(value, str) else number_text(value))
