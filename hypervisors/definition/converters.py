"""What the texts of a definition become, and back: words, numbers, flags, sizes, lists.

The rule: no text raises; what cannot be converted is None. A converter that has neither `as_text`
nor `write` is of what is not written.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from virtcim.hypervisors.definition.markup import Node
from virtcim.hypervisors.definition.xml import Element

Value = TypeVar("Value")
Item = TypeVar("Item")

LARGEST = 2**64 - 1  # what libvirt's own numbers can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Converter(Generic[Value]):
    """How a field is made, and written.

    default: of a field that the XML does not have.
    of_text: of an attribute's value; None takes it as it is.
    of_element: of an element; None means by its text.
    of_class: of an element, by the declarations of a class.
    gathers: every match gives one item of a tuple.
    as_text: backwards, of an attribute or of an element that has no more than a text.
    write: backwards, into an element.
    whole: the element stands for the value, and says something by being there.
    """

    default: Value
    of_text: Callable[[str], Any] | None = None
    of_element: Callable[[Element], Any] | None = None
    of_class: type | None = None
    gathers: bool = False
    as_text: Callable[[Any], str] | None = None
    write: Callable[[Node, Any], None] | None = None
    whole: bool = False


def element(
    read: Callable[[Element], Item | None],
    write: Callable[[Node, Any], None] | None = None,
    *,
    whole: bool = False,
) -> Converter[Item | None]:
    """By a function of the whole element, and back by another."""
    return Converter(default=None, of_element=read, write=write, whole=whole)


def many(one: Converter[Item | None]) -> Converter[tuple[Item, ...]]:
    """Every match; what cannot be converted is left out."""
    return Converter(
        default=(),
        of_text=one.of_text,
        of_element=one.of_element,
        gathers=True,
        as_text=one.as_text,
    )


# Numbers

_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,20}|0[xX][0-9a-fA-F]{1,16})\s*\Z")


def _integer(text: str) -> int | None:
    if len(text) < 19 and text.isascii() and text.isdigit():
        return int(text)
    found = _NUMBER.match(text)
    if found is None:
        return None
    digits = found[1]
    number = int(digits, 16 if digits[:2] in ("0x", "0X") else 10)
    return number if -LARGEST <= number <= LARGEST else None


# Units: libvirt scales by the first letter; "KB" is 1000, "k", "K" and "KiB" are 1024.
_PREFIXES = "kmgtpe"
UNITS = MappingProxyType(
    {"b": 1, "byte": 1, "bytes": 1}
    | {prefix: 1024**power for power, prefix in enumerate(_PREFIXES, 1)}
    | {f"{prefix}ib": 1024**power for power, prefix in enumerate(_PREFIXES, 1)}
    | {f"{prefix}b": 1000**power for power, prefix in enumerate(_PREFIXES, 1)}
    | {"KiB": 1024}  # what libvirt itself writes
)


def scaled(text: str | None, unit: str | None, default: int) -> int | None:
    """A size in bytes.

    default: bytes of one unit where none is named.
    """
    number = None if text is None else _integer(text)
    factor = UNITS.get(unit) or UNITS.get(unit.lower()) if unit else default
    if number is None or number < 0 or factor is None:
        return None
    return size if (size := number * factor) <= LARGEST else None


def _size(default: int) -> Converter[int | None]:
    return element(
        lambda found: scaled(found.text, found.get("unit"), default),
        lambda node, size: _put_size(node, "", "unit", size),
    )


def _size_of(default: int, name: str, unit: str) -> Converter[int | None]:
    return element(
        lambda found: scaled(found.get(name), found.get(unit), default),
        lambda node, size: _put_size(node, name, unit, size),
    )


def _put_size(node: Node, name: str, unit: str, size: int | None) -> None:
    """Write bytes in the unit that stands there, or else in one of libvirt's."""
    known = node.get(unit) or ""
    factor = UNITS.get(known) or UNITS.get(known.lower())
    if size is None:
        known = ""
    elif not factor or size % factor:
        known, factor = ("bytes", 1) if size % 1024 else ("KiB", 1024)
    text = None if size is None else str(size // (factor or 1))
    if name:
        node.put(name, text, (name, unit))
    else:
        node.put_text(text)
    node.put(unit, known or None, (name, unit))


def memory_size_of(name: str, unit: str = "unit") -> Converter[int | None]:
    """The bytes that an attribute of the element says, in KiB where it names no unit."""
    return _size_of(1024, name, unit)


# Flags

_SWITCHES = MappingProxyType(
    {
        "yes": True,
        "on": True,
        "true": True,
        "1": True,
        "no": False,
        "off": False,
        "false": False,
        "0": False,
    }
)


def _state(found: Element) -> bool | None:
    return _SWITCHES.get(found.get("state", "on"))


def _put_state(node: Node, _on: bool) -> None:  # noqa: FBT001 - it is what is written
    if node.get("state") is not None:
        node.put("state", "on")


def _words(no: str, yes: str) -> Converter[bool | None]:
    return Converter(default=None, of_text=_SWITCHES.get, as_text=lambda flag: yes if flag else no)


# Names and lists


def _pairs(found: Element) -> list[tuple[str, str]]:
    return cast(list[tuple[str, str]], found.items())  # never bytes, in Python 3


def _name(found: Element) -> str:
    return intern(str(found.tag))


def _names(found: Element) -> tuple[str, ...]:
    return tuple(_name(child) for child in found)


def _namespaces(found: Element) -> tuple[str, ...]:
    tags = [str(child.tag) for child in found]
    return tuple([intern(tag[1 : tag.index("}")]) for tag in tags if tag.startswith("{")])


@lru_cache(maxsize=1024)
def shared(values: tuple[str, ...]) -> tuple[str, ...]:
    """The same tuple for equal ones: thousands of domains have the same few."""
    return values


# Secrets are not shown, though the hypervisor was asked for them.
MASKED = "********"
SECRETS = frozenset({"passwd"})


def lines_of(root: Element) -> Iterator[str]:
    """Every attribute and text of an element as `path=value`, in document order.

    An element without either is `path=`, since it says something by being there.
    """
    stack: list[tuple[str, Element]] = [("", root)]
    while stack:
        path, found = stack.pop()
        for name, value in _pairs(found):
            yield f"{path}@{name}={MASKED if name in SECRETS else value}"
        text = found.text
        if text is not None and not text.isspace():
            yield f"{path[:-1] or '.'}={text}"
        elif path and not found.attrib and not len(found):
            yield f"{path[:-1]}="
        stack.extend((f"{path}{_name(child)}/", child) for child in reversed(found))


def _feature_lines(found: Element) -> tuple[str, ...]:
    lines: list[str] = []
    for feature in found:
        attributes = _pairs(feature)
        if len(feature) or feature.text or len(attributes) > 1:
            lines += [_feature_line(_name(feature), line) for line in lines_of(feature)]
        elif not attributes:
            lines.append(f"{_name(feature)}=on")
        else:
            ((name, value),) = attributes
            lines.append(_feature_line(_name(feature), f"@{name}={value}"))
    return shared(tuple(lines))


def _feature_line(feature: str, line: str) -> str:
    path, _, value = line.partition("=")
    if path in ("@state", "."):
        return f"{feature}={value}"
    return f"{feature}/{path.removesuffix('/@state')}={value or 'on'}"


# fmt: off
text:       Converter[str | None] = Converter(default=None, as_text=str)
word:       Converter[str | None] = Converter(default=None, of_text=intern,  # one of a few
                                              as_text=str)
integer:    Converter[int | None] = Converter(default=None, of_text=_integer, as_text=str)
yes_no:     Converter[bool | None] = _words("no", "yes")
switch:     Converter[bool | None] = _words("off", "on")
state:      Converter[bool | None] = element(_state, _put_state, whole=True)
# state: there, unless its `state` says off
kibibytes:  Converter[int | None] = Converter(default=None,
                                              of_text=lambda found: scaled(found, None, 1024),
                                              as_text=lambda size: str(size // 1024))
memory_size: Converter[int | None] = _size(1024)
byte_size:  Converter[int | None] = _size(1)
present:    Converter[bool] = Converter(default=False, of_element=lambda _: True,
                                        write=lambda _node, _there: None, whole=True)
secret:     Converter[bool] = Converter(default=False, of_text=lambda _: True, as_text=str)
# secret: read as whether there is one, written as what it is
name:       Converter[str | None] = element(_name)  # of the element itself
names:      Converter[tuple[str, ...]] = Converter(default=(), of_element=_names)  # of children
namespaces: Converter[tuple[str, ...]] = Converter(default=(), of_element=_namespaces)
feature_lines: Converter[tuple[str, ...]] = Converter(default=(), of_element=_feature_lines)
# fmt: on

# The elements themselves, in a tuple that the reader of a domain replaces by devices.
children_elements: Converter[tuple[Any, ...]] = Converter(default=(), of_element=tuple, whole=True)
