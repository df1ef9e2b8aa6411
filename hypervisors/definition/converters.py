"""What the texts of a definition become: words, numbers, flags, sizes, lists.

The rule: no text raises; what cannot be converted is None.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from virtcim.hypervisors.definition.xml import Element

Value = TypeVar("Value")
Item = TypeVar("Item")

LARGEST = 2**64 - 1  # what libvirt's own numbers can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Converter(Generic[Value]):
    """How a field is made.

    default: of a field that the XML does not have.
    of_text: of an attribute's value; None takes it as it is.
    of_element: of an element; None means by its text.
    of_class: of an element, by the declarations of a class.
    gathers: every match gives one item of a tuple.
    """

    default: Value
    of_text: Callable[[str], Any] | None = None
    of_element: Callable[[Element], Any] | None = None
    of_class: type | None = None
    gathers: bool = False


def element(read: Callable[[Element], Item | None]) -> Converter[Item | None]:
    """By a function of the whole element."""
    return Converter(default=None, of_element=read)


def many(one: Converter[Item | None]) -> Converter[tuple[Item, ...]]:
    """Every match; what cannot be converted is left out."""
    return Converter(default=(), of_text=one.of_text, of_element=one.of_element, gathers=True)


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
    return element(lambda found: scaled(found.text, found.get("unit"), default))


def _size_of(default: int, name: str, unit: str) -> Converter[int | None]:
    return element(lambda found: scaled(found.get(name), found.get(unit), default))


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
_SECRET = frozenset({"passwd"})


def lines_of(root: Element) -> Iterator[str]:
    """Every attribute and text of an element as `path=value`, in document order.

    An element without either is `path=`, since it says something by being there.
    """
    stack: list[tuple[str, Element]] = [("", root)]
    while stack:
        path, found = stack.pop()
        for name, value in _pairs(found):
            yield f"{path}@{name}={MASKED if name in _SECRET else value}"
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
text:       Converter[str | None] = Converter(default=None)
word:       Converter[str | None] = Converter(default=None, of_text=intern)  # one of a few
integer:    Converter[int | None] = Converter(default=None, of_text=_integer)
switch:     Converter[bool | None] = Converter(default=None, of_text=_SWITCHES.get)
state:      Converter[bool | None] = element(_state)  # there, unless its `state` says off
kibibytes:  Converter[int | None] = Converter(default=None,
                                              of_text=lambda found: scaled(found, None, 1024))
memory_size: Converter[int | None] = _size(1024)
byte_size:  Converter[int | None] = _size(1)
present:    Converter[bool] = Converter(default=False, of_text=lambda _: True,
                                        of_element=lambda _: True)
name:       Converter[str | None] = element(_name)  # of the element itself
names:      Converter[tuple[str, ...]] = Converter(default=(), of_element=_names)  # of children
namespaces: Converter[tuple[str, ...]] = Converter(default=(), of_element=_namespaces)
feature_lines: Converter[tuple[str, ...]] = Converter(default=(), of_element=_feature_lines)
# fmt: on

# The elements themselves, in a tuple that the reader of a domain replaces by devices.
children_elements: Converter[tuple[Any, ...]] = Converter(default=(), of_element=tuple)
