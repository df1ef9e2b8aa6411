"""Declarations: where a field stands in the XML, its type and its unit.

A class declares each of its fields in one line, `name: type = at(path, converter)`. The
declarations of a class are compiled once, into a tree by child element, so that a reading walks
the XML once however many fields there are.

A path is `@attribute`, `child`, `child/grandchild/@attribute` or `.`, the element itself. Where it
matches twice the last match counts, unless the converter gathers (`many`, `parts`); libvirt writes
nothing twice that is not a list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeVar, dataclass_transform

from virtcim.hypervisors.definition.converters import Converter

Value = TypeVar("Value")
Part = TypeVar("Part", bound="Declared")

_AT = "at"  # the key of our declarations in a dataclass field's metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """Where a field stands.

    also: other paths, which count when the first has nothing.
    live: it is a running domain's own, and tells nothing about its definition.
    filled: what the definition leaves open the start fills in; two that are open on neither side
    must be equal.
    """

    path: str
    converter: Converter[Any]
    also: tuple[str, ...]
    live: bool
    filled: bool


def at(
    path: str,
    converter: Converter[Value],
    *,
    also: tuple[str, ...] = (),
    live: bool = False,
    filled: bool = False,
) -> Value:
    """Declare a field."""
    declaration = Declaration(path=path, converter=converter, also=also, live=live, filled=filled)
    declared: Value = field(default=converter.default, metadata={_AT: declaration})
    return declared


@dataclass_transform(frozen_default=True, kw_only_default=True)
def declared(cls: type[Value]) -> type[Value]:
    """Make a class of declarations a frozen dataclass.

    It has no slots: its objects store only what the XML holds (see above).
    """
    return dataclass(frozen=True, kw_only=True)(cls)


class Declared:
    """A class whose fields are declared."""

    def differs_from(self, other: Self) -> bool:
        """Whether the two are different definitions, not the same one at rest and running."""
        mine, theirs = vars(self), vars(other)
        compared = _compared(type(self))
        # What neither holds is the class's default in both: of seventy fields a dozen are held.
        return any(
            _differ(getattr(self, name), getattr(other, name), filled=compared[name])
            for name in {**mine, **theirs}
            if name in compared
        )


def part(cls: type[Part]) -> Converter[Part | None]:
    """An element that is an object of its own."""
    return Converter(default=None, of_class=cls)


def parts(cls: type[Part]) -> Converter[tuple[Part, ...]]:
    """Every such element."""
    return Converter(default=(), of_class=cls, gathers=True)


def declarations(cls: type[Any]) -> Mapping[str, Declaration]:
    """What a class declares, by field."""
    return {one.name: one.metadata[_AT] for one in fields(cls) if _AT in one.metadata}


_known: dict[type, dict[str, bool]] = {}


def _compared(cls: type[Any]) -> Mapping[str, bool]:
    """The fields by which two definitions differ, and whether each may be filled in."""
    if cls not in _known:
        _known[cls] = {name: one.filled for name, one in declarations(cls).items() if not one.live}
    return _known[cls]


def _differ(mine: Any, other: Any, *, filled: bool = False) -> bool:
    if mine == other or (filled and (_open(mine) or _open(other))):
        return False
    if isinstance(mine, Declared) and type(mine) is type(other):
        return mine.differs_from(other)
    if isinstance(mine, tuple) and isinstance(other, tuple) and len(mine) == len(other):
        return any(map(_differ, mine, other))
    return True


def _open(value: Any) -> bool:
    # A negative number is a port that the start allocates.
    return value is None or value == () or (isinstance(value, int) and value < 0)
