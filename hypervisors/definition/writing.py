"""Declarations backwards: where a field is written, and what goes with it when it is taken away.

The rule: a path, its converter and the order of an element's children are those of the
declarations (fields.py); nothing here knows the name of an element.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache
from inspect import get_annotations
from typing import Any

from virtcim.hypervisors.definition.converters import Converter
from virtcim.hypervisors.definition.fields import Declaration, declarations
from virtcim.hypervisors.definition.markup import Node
from virtcim.hypervisors.definition.readers import reader
from virtcim.hypervisors.definition.xml import parse


@dataclass(slots=True)
class Shape:
    """What declarations say of an element: the order of its attributes and of its children.

    kept: that it is there says something, also when it is bare.
    """

    attributes: dict[str, None] = field(default_factory=dict)
    children: dict[str, "Shape"] = field(default_factory=dict)
    kept: bool = False

    def child(self, name: str) -> "Shape":
        """Return the shape of a child, of which nothing need be declared."""
        return self.children.setdefault(name, Shape())


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a field stands: elements from the outside in, and the attribute or ""."""

    steps: tuple[str, ...]
    attribute: str
    converter: Converter[Any]


def put(cls: type, root: Node, name: str, value: Any) -> None:
    """Write a field into an element that `cls` declares; `part.field` is one of a part of it.

    None, () and False of what can only be there or not take it away, with the elements that say
    nothing without it. Raises ValueError for what XML cannot carry.
    """
    target = _target(cls, root, name)
    steps, converter = target.steps, target.converter
    shape = shape_of(cls)
    if converter.gathers:
        _put_many(root, shape, target, value or ())
    elif converter.of_class is not None:
        _put_part(root, shape, target, value)
    elif value is None or (value is False and (converter.whole or converter.default is False)):
        _take(root, shape, target)
    else:
        node, inner = _made(root, shape, steps)
        if target.attribute:
            node.put(target.attribute, _text(converter, value), tuple(inner.attributes))
        elif converter.write is not None:
            converter.write(node, value)
        else:
            node.put_text(_text(converter, value))


@cache
def shape_of(cls: type) -> Shape:
    """Return what a class declares of its element; what it inherits stands behind its own."""
    shape = Shape()
    _add_shape(shape, cls)
    for name in getattr(cls, "order", ()):
        shape.children[name] = shape.children.pop(name, Shape())
    return shape


def _add_shape(shape: Shape, cls: type[Any]) -> None:
    declared = declarations(cls)
    depth = {
        name: number
        for number, base in reversed(list(enumerate(cls.__mro__)))
        for name in get_annotations(base)
    }
    own_first = sorted(declared, key=lambda name: depth[name])
    for name in own_first:
        one = declared[name]
        for path in (one.path, *one.also):
            _add_path(shape, path, one.converter)


def _add_path(shape: Shape, path: str, converter: Converter[Any]) -> None:
    steps, attribute = split(path)
    for step in steps:
        shape = shape.child(step)
    if attribute:
        shape.attributes.setdefault(attribute)
    elif converter.of_class is not None:
        _add_shape(shape, converter.of_class)
    elif converter.whole:
        shape.kept = True


def split(path: str) -> tuple[tuple[str, ...], str]:
    """Return the elements of a path, and its attribute or ""."""
    steps = [step for step in path.split("/") if step != "."]
    attribute = steps.pop()[1:] if steps and steps[-1].startswith("@") else ""
    return tuple(steps), attribute


def _target(cls: type[Any], root: Node, name: str) -> _Target:
    before: tuple[str, ...] = ()
    *outer, last = name.split(".")
    for part in outer:
        one = declarations(cls)[part]
        before += split(one.path)[0]
        if one.converter.of_class is None:
            raise TypeError(f"{name} is no field of {cls.__name__}")
        cls = one.converter.of_class
    one = declarations(cls)[last]
    steps, attribute = split(_path(root, before, one))
    return _Target(before + steps, attribute, one.converter)


def _path(root: Node, before: tuple[str, ...], one: Declaration) -> str:
    """Return the path that has something, of several; the first where none has."""
    for path in (one.path, *one.also):
        steps, attribute = split(path)
        node = _found(root, before + steps)
        if node is not None and (node.get(attribute) if attribute else node.text.strip()):
            return path
    return one.path


# Elements


def _found(root: Node, steps: Sequence[str]) -> Node | None:
    node: Node | None = root
    for step in steps:
        node = None if node is None else node.find(step)
    return node


def _made(root: Node, shape: Shape, steps: Sequence[str]) -> tuple[Node, Shape]:
    """Return the element at a path, made where it was not there, and its shape."""
    node = root
    for step in steps:
        found = node.find(step)
        node = node.make(step, tuple(shape.children)) if found is None else found
        shape = shape.child(step)
    return node, shape


def _shape_at(shape: Shape, steps: Sequence[str]) -> Shape:
    for step in steps:
        shape = shape.child(step)
    return shape


def _take(root: Node, shape: Shape, target: _Target) -> None:
    node = _found(root, target.steps)
    if node is None:
        return
    if target.attribute:
        if node.get(target.attribute) is None:
            return
        node.put(target.attribute, None)
    elif target.converter.whole:
        parent = node.parent
        node.remove()
        _prune(root, shape, target.steps[:-1], parent)
        return
    elif target.converter.write is not None:
        target.converter.write(node, None)
    else:
        node.put_text(None)
    _prune(root, shape, target.steps, node)


def _prune(root: Node, shape: Shape, steps: Sequence[str], node: Node | None) -> None:
    """Take away what says nothing any more, from the inside out."""
    steps = list(steps)
    while steps and node is not None and node is not root:
        if not node.is_bare or _shape_at(shape, steps).kept:
            return
        parent = node.parent
        node.remove()
        node = parent
        steps.pop()


def _text(converter: Converter[Any], value: Any) -> str:
    if converter.as_text is None:
        raise TypeError("this field is not written")
    return converter.as_text(value)


# Parts


def _put_part(root: Node, shape: Shape, target: _Target, value: Any) -> None:
    """Write a part as a whole; None takes its element away."""
    if value is None:
        node = _found(root, target.steps)
        if node is not None:
            parent = node.parent
            node.remove()
            _prune(root, shape, target.steps[:-1], parent)
        return
    node, _ = _made(root, shape, target.steps)
    _rewrite(type(value), node, value)


def _rewrite(cls: type[Any], node: Node, value: Any) -> None:
    """Make an element say what an object says, where it does not; the rest of it stays."""
    present = _read(cls, node)
    for name in declarations(cls):
        wanted = getattr(value, name)
        if getattr(present, name) != wanted:
            put(cls, node, name, wanted)


def _read(cls: type[Any], node: Node) -> Any:
    return reader(cls).read(parse(node.written()))


def _put_many(root: Node, shape: Shape, target: _Target, values: Sequence[Any]) -> None:
    """Write a list: what is in it already stays as it is, also when its neighbours go."""
    *outer, name = target.steps
    parent = _found(root, outer) if not values else _made(root, shape, outer)[0]
    if parent is None:
        return
    order = tuple(_shape_at(shape, outer).children)
    nodes = parent.named(name)
    changes = SequenceMatcher(
        None, [_item(target, one) for one in nodes], list(values), autojunk=False
    )
    for kind, first, last, start, end in changes.get_opcodes():
        if kind == "equal":
            continue
        there, wanted = nodes[first:last], values[start:end]
        for node, value in zip(there, wanted, strict=False):
            _put_item(target, node, value)
        for node in there[len(wanted) :]:
            node.remove()
        before = nodes[:last]
        for value in wanted[len(there) :]:
            made = _next_to(before, parent, name, order)
            before.append(made)
            _put_item(target, made, value)
    _prune(root, shape, outer, parent)


def _next_to(before: list[Node], parent: Node, name: str, order: tuple[str, ...]) -> Node:
    """Make an element behind those of the list that stand before it."""
    made = parent.make(name, order)
    there = [one for one in before if one.parent is parent]
    others = [one for one in parent.named(name) if one is not made]
    if others and others[-1] not in there[-1:]:
        made.move(behind=there[-1] if there else None, before=others[0])
    return made


def _item(target: _Target, node: Node) -> Any:
    converter = target.converter
    if converter.of_class is not None:
        return _read(converter.of_class, node)
    text = node.get(target.attribute) if target.attribute else node.text
    return text if converter.of_text is None or text is None else converter.of_text(text)


def _put_item(target: _Target, node: Node, value: Any) -> None:
    converter = target.converter
    if converter.of_class is not None:
        _rewrite(converter.of_class, node, value)
    elif target.attribute:
        node.put(target.attribute, _text(converter, value))
    else:
        node.put_text(_text(converter, value))
