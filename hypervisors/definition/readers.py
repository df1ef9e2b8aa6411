"""Readings: the declarations of a class, compiled into functions that call each other.

A parse calls them for each element, therefore each does no more than its element needs. They make
objects without `__init__`, and only what the XML holds is stored in them; all else is the class's
default. A disk has seventy fields and a dozen of them are set.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from virtcim.hypervisors.definition.converters import Converter
from virtcim.hypervisors.definition.fields import Declaration, Declared, declarations
from virtcim.hypervisors.definition.xml import Element

Value = TypeVar("Value")
Part = TypeVar("Part", bound=Declared)

Values = dict[str, Any]  # by field; what the XML does not have is not in it
Fill = Callable[[Element, Values], None]
Make = Callable[[Element], Any]  # a value of an element
_Get = Callable[[object], Any]  # of a mapping, whatever the key (lxml's names may be bytes)
_Wanted = dict[str, tuple[str, Callable[[str], Any] | None]]  # attributes


class _Node:
    """What is wanted of one element: attributes, the rest of it, and its children by name."""

    def __init__(self) -> None:
        self.attributes: _Wanted = {}
        self.rest: list[Fill] = []
        self.children: dict[str, _Node] = {}

    def at(self, path: str) -> tuple["_Node", str]:
        """The node of a path, and the name of the attribute if it ends in one."""
        node = self
        steps = [step for step in path.split("/") if step != "."]
        attribute = steps.pop()[1:] if steps and steps[-1].startswith("@") else ""
        for step in steps:
            node = node.children.setdefault(step, _Node())
        return node, attribute

    def compiled(self) -> Fill:
        """The function that reads such an element."""
        steps = list(self.rest)
        fills = {name: node.compiled() for name, node in self.children.items()}
        if self.attributes and fills:
            steps.append(_attributes_and_children(self.attributes, fills))
        elif fills:
            steps.append(_children(fills))
        elif len(self.attributes) == 1:
            ((name, (key, convert)),) = self.attributes.items()
            steps.append(_attribute(name, key, convert))
        elif self.attributes:
            steps.append(_attributes(self.attributes))
        return steps[0] if len(steps) == 1 else _all(steps)


def _all(steps: list[Fill]) -> Fill:
    def fill(element: Element, values: Values) -> None:
        for step in steps:
            step(element, values)

    return fill


def _attribute(name: str, key: str, convert: Callable[[str], Any] | None) -> Fill:
    def fill(element: Element, values: Values) -> None:
        if (value := element.get(name)) is not None:
            values[key] = convert(value) if convert else value

    return fill


def _attributes(wanted: _Wanted) -> Fill:
    get = cast(_Get, wanted.get)

    def fill(element: Element, values: Values) -> None:
        for name, value in element.items():
            if entry := get(name):
                key, convert = entry
                values[key] = convert(value) if convert else value

    return fill


def _children(fills: dict[str, Fill]) -> Fill:
    get = cast(_Get, fills.get)

    def fill(element: Element, values: Values) -> None:
        for child in element:
            if inner := get(child.tag):
                inner(child, values)

    return fill


def _attributes_and_children(wanted: _Wanted, fills: dict[str, Fill]) -> Fill:
    get_attribute = cast(_Get, wanted.get)
    get_child = cast(_Get, fills.get)

    def fill(element: Element, values: Values) -> None:
        for name, value in element.items():
            if entry := get_attribute(name):
                key, convert = entry
                values[key] = convert(value) if convert else value
        for child in element:
            if inner := get_child(child.tag):
                inner(child, values)

    return fill


def _text(key: str, convert: Callable[[str], Any] | None) -> Fill:
    def fill(element: Element, values: Values) -> None:
        if (value := element.text) is not None:
            values[key] = convert(value) if convert else value

    return fill


def _one(key: str, make: Make) -> Fill:
    def fill(element: Element, values: Values) -> None:
        values[key] = make(element)

    return fill


def _preferred(key: str, make: Make) -> Fill:
    """Of the first path of several."""

    def fill(element: Element, values: Values) -> None:
        if (value := make(element)) is not None:
            values[key] = value

    return fill


def _otherwise(key: str, make: Make) -> Fill:
    """Of a path that counts when the first has nothing."""

    def fill(element: Element, values: Values) -> None:
        if values.get(key) is None:
            values[key] = make(element)

    return fill


def _every(key: str, make: Make) -> Fill:
    def fill(element: Element, values: Values) -> None:
        if (value := make(element)) is not None:
            if key in values:
                values[key].append(value)
            else:
                values[key] = [value]

    return fill


def _make(name: str, converter: Converter[Any]) -> Make:
    """The value of a field: by an attribute, by the whole element, or by its text."""
    convert = converter.of_text
    if not name and converter.of_class is not None:
        return reader(converter.of_class).read
    if not name and converter.of_element is not None:
        return converter.of_element

    def make(element: Element) -> Any:
        value = element.get(name) if name else element.text
        return value if value is None or convert is None else convert(value)

    return make


def _add(root: _Node, key: str, declaration: Declaration, path: str) -> None:
    converter = declaration.converter
    node, name = root.at(path)
    if converter.gathers:
        node.rest.append(_every(key, _make(name, converter)))
    elif declaration.also:
        how = _preferred if path == declaration.path else _otherwise
        node.rest.append(how(key, _make(name, converter)))
    elif name:
        node.attributes[name] = (key, converter.of_text)
    elif converter.of_element is None and converter.of_class is None:
        node.rest.append(_text(key, converter.of_text))
    else:
        node.rest.append(_one(key, _make(name, converter)))


class Reader(Generic[Value]):
    """The declarations of one class, compiled.

    values: the fields that an element has. made: an object with these fields.
    read: an object of an element.
    """

    __slots__ = ("made", "read", "values")

    def __init__(self, cls: type[Value]) -> None:
        root = _Node()
        gathering = []
        declared = declarations(cls)
        for key, declaration in declared.items():
            for path in (declaration.path, *declaration.also):
                _add(root, key, declaration, path)
            if declaration.converter.gathers:
                gathering.append(key)
        self.values = _gathered(root.compiled(), gathering)
        self.made = _made(cls)
        self.read = _read(self.values, self.made)


def _gathered(fill: Fill, gathering: Sequence[str]) -> Callable[[Element], Values]:
    def values(element: Element) -> Values:
        values: Values = {}
        fill(element, values)
        for key in gathering:
            if key in values:
                values[key] = tuple(values[key])
        return values

    return values


def _made(cls: type[Value]) -> Callable[[Values], Value]:
    new, put = object.__new__, object.__setattr__

    def made(values: Values) -> Value:
        one = new(cls)
        put(one, "__dict__", values)
        return one

    return made


def _read(
    values: Callable[[Element], Values], made: Callable[[Values], Value]
) -> Callable[[Element], Value]:
    def read(element: Element) -> Value:
        return made(values(element))

    return read


_readers: dict[type, Reader[Any]] = {}


def reader(cls: type[Value]) -> Reader[Value]:
    """The reader of a class, compiled when it is first asked for."""
    if cls not in _readers:
        _readers[cls] = Reader(cls)
    return _readers[cls]


def children(cls: type[Part]) -> Converter[tuple[Part, ...]]:
    """Every child of the element, whatever its name."""
    return Converter(default=(), of_element=lambda found: tuple(map(reader(cls).read, found)))


def chain(cls: type[Part], link: str) -> Converter[tuple[Part, ...]]:
    """An element, the one inside it, and so on, as far as they say something."""

    def read(found: Element) -> tuple[Part, ...]:
        gathered = []
        inner: Element | None = found
        while inner is not None and (len(inner) or inner.attrib):
            gathered.append(reader(cls).read(inner))
            inner = inner.find(link)
        return tuple(gathered)

    return Converter(default=(), of_element=read, whole=True)
