"""Virtcim and pywbem's mock answer alike, but for what a table explains.

A difference that no row explains fails, and so does a row that explains nothing: whoever mends one
side or the other hears of it. What is asked is in grid.py.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
import pywbem

from tests.clients.grid import CHANGES, READS, path
from tests.clients.twins import (
    Ask,
    Fallen,
    Refused,
    Twins,
    canonical,
    complete,
    elements,
    leaves,
    twins,
)
from tests.serving import serving

# Why they differ


@dataclass(frozen=True)
class Detail:
    """Something in instances or classes that is not compared where `when` says so."""

    reason: str
    when: Callable[[Ask], bool]
    forget: Callable[[Any], None]


@dataclass(frozen=True)
class Whole:
    """A difference of whole answers."""

    reason: str
    when: Callable[[Ask, Any, Any], bool]


@dataclass(frozen=True)
class Difference:
    """What two servers answered."""

    ask: Ask
    ours: Any
    theirs: Any

    def __str__(self) -> str:
        """Return what was asked, and what differs in the answers."""
        found = leaves(canonical(self.ours), canonical(self.theirs))
        return "\n    ".join([str(self.ask), *itertools.islice(found, 8)])


def applies(row: Detail | Whole, one: Difference) -> bool:
    """Tell whether a row may explain something of a difference."""
    if isinstance(row, Whole):
        return row.when(one.ask, one.ours, one.theirs)
    return row.when(one.ask)


def unexplained(one: Difference, rows: Sequence[Detail | Whole]) -> bool:
    """Tell whether something is left that none of these rows explains."""
    applying = [row for row in rows if applies(row, one)]
    if any(isinstance(row, Whole) for row in applying):
        return False
    ours, theirs = deepcopy(one.ours), deepcopy(one.theirs)
    for element in itertools.chain(elements(ours), elements(theirs)):
        for row in applying:
            if isinstance(row, Detail):
                row.forget(element)
    return bool(canonical(ours) != canonical(theirs))


UNFIT = (path("T_Thing", Nope="a"), path("T_Thing", ID="a", Nope="b"), path("T_Other", ID="a"))
"""Paths whose keys are not those of their class."""
UNTYPED = path("T_Other", ID="a", Number="1")


def code(answer: object) -> int:
    """Return the code of a refusal; 0 for an answer."""
    return answer.code if isinstance(answer, Refused) else 0


def names(ask: Ask, *paths: Any) -> bool:
    """Tell whether an operation is on one of these instances."""
    given = [one for one in ask.choices.values() if isinstance(one, pywbem.CIMInstanceName)]
    return any(one in paths for one in given)


def of(*operations: str) -> Callable[[Ask], bool]:
    """Return what tells operations by their names."""
    return lambda ask: ask.operation in operations


def in_properties(change: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return what forgets something of each property of an instance or class."""

    def forget(element: Any) -> None:
        for one in element.properties.values():
            change(one)

    return forget


def unmarked(one: Any) -> None:
    """Forget that a property has an object in it."""
    one.embedded_object = None


def unreferred(one: Any) -> None:
    """Forget what class a reference is of."""
    one.reference_class = None


def respelt(element: Any) -> None:
    """Forget how the name of a class is spelt."""
    if isinstance(element, pywbem.CIMInstance) and element.classname == "t_thing":
        element.classname = "T_Thing"


def rootless(element: Any) -> None:
    """Forget which class has declared each element."""
    methods = getattr(element, "methods", {})
    for one in (*element.properties.values(), *methods.values()):
        one.class_origin = None


OVERRIDDEN = {"T_Small": ("Caption", "Act"), "T_StrongLink": ("Left",)}


def original(element: Any) -> None:
    """Forget what a class overrides."""
    if isinstance(element, pywbem.CIMClass):
        for name in OVERRIDDEN.get(element.classname, ()):
            element.properties.pop(name, None)
            element.methods.pop(name, None)


def disinherited(element: Any) -> None:
    """Forget which qualifiers a class inherits, and which of them do not go to subclasses."""
    if isinstance(element, pywbem.CIMClass):
        for one in (element, *element.properties.values(), *element.methods.values()):
            for qualifier in [*one.qualifiers.values()]:
                if qualifier.propagated or qualifier.name == "Local":
                    del one.qualifiers[qualifier.name]


def nameless(element: Any) -> None:
    """Forget all of a class but its name."""
    if isinstance(element, pywbem.CIMClass):
        element.properties, element.methods, element.qualifiers = {}, {}, {}


FOLLOWING = ("Assoc", "Refer", "OpenAssoc", "OpenRefer", "IterAssoc", "IterRefer")


def anything(_: Ask) -> bool:
    """Tell that it does not matter what was asked."""
    return True


# fmt: off
ROWS: tuple[Detail | Whole, ...] = (
    Whole(
        "a path whose keys are not those of its class is an invalid parameter: what a client should"
        " mend is the path (DSP0200 5.2.7, CIM_ERR_INVALID_PARAMETER before CIM_ERR_NOT_FOUND)",
        lambda ask, ours, _: code(ours) == 4 and names(ask, *UNFIT),
    ),
    Whole(
        "an instance that is not there has no associations: DSP0200 5.3.2.14 allows 6 and nothing",
        lambda ask, ours, theirs: ask.operation.startswith(FOLLOWING)
        and code(ours) == 6 and code(theirs) == 0,
    ),
    Whole(
        "keys are typed by their class, not by what the client calls them (DSP0004 8.2.5)",
        lambda ask, ours, _: names(ask, UNTYPED) and not isinstance(ours, Refused),
    ),
    Detail(
        "EmbeddedObject stands on every property that has the qualifier (DSP0201 5.2.4.1); pywbem's"
        " compiler sets the qualifier alone, and the mock goes by that",
        anything, in_properties(unmarked),
    ),
    Detail(
        "what a class overrides is local to it (DSP0200 5.3.2.1, LocalOnly); the mock takes it for"
        " inherited",
        of("GetClass", "EnumerateClasses"), original,
    ),
    Detail(
        "qualifiers of a class go to its subclasses, Restricted ones do not (DSP0004 5.6.1.3); in"
        " the mock neither is so",
        of("GetClass", "EnumerateClasses"), disinherited,
    ),
    Detail(
        "CLASSORIGIN is given where it is asked for (DSP0200 5.3.2.1); the mock knows it of classes"
        " that are got one by one",
        lambda ask: bool(ask.choices.get("IncludeClassOrigin")), rootless,
    ),
    Detail(
        "Associators and References of a class give whole classes, by default without qualifiers"
        " (DSP0200 5.3.2.14); the mock gives what is local to them, with qualifiers",
        lambda ask: ask.is_of_class, nameless,
    ),
    Whole(
        "the classes at the other ends: an end is not its own partner, and a class stands at every"
        " end that one of its superclasses can stand at",
        lambda ask, *_: ask.is_of_class and ask.operation.startswith("Associator"),
    ),
    Whole(
        "a class without it is asked for a method first: 17 where no class declares it, 16 where"
        " nobody serves it, 5 for no class (DSP0200 5.3.3)",
        lambda ask, ours, _: ask.operation == "InvokeMethod" and code(ours) in {16, 17, 5},
    ),
    Whole(
        "a property that the class does not have is CIM_ERR_NO_SUCH_PROPERTY (DSP0200 5.3.2.8)",
        lambda ask, ours, _: ask.operation == "ModifyInstance" and code(ours) == 12,
    ),
    Whole(
        "the mock has no queries, and evaluates no filters",
        lambda ask, _, theirs: ask.operation == "ExecQuery" and code(theirs) == 7,
    ),
    Whole(
        "an enumeration ends with its first error (DSP0200 5.3.2.24); the mock allows to continue",
        lambda _, ours, __: code(ours) == 26,
    ),
    Whole(
        "half a filter is an invalid parameter (DSP0200 5.3.2.24), whatever its language",
        lambda _, ours, theirs: code(ours) == 4 and code(theirs) == 14,
    ),
    Whole(
        "a key without a value is an invalid parameter; the mock falls over a reference without",
        lambda _, ours, theirs: code(ours) == 4 and isinstance(theirs, Fallen),
    ),
    Detail(
        "REFERENCECLASS stands on references as the class declares them (DSP0201 5.2.4.3); the mock"
        " has what the client sent",
        anything, in_properties(unreferred),
    ),
    Detail(
        "an instance is of its class, however the client has spelt it; the mock keeps the spelling",
        of("EnumerateInstances"), respelt,
    ),
)
# fmt: on


# The test


@pytest.fixture(scope="module")
def differences(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Difference]]:
    """Every difference there is."""
    with serving("test:///default", tmp_path_factory.mktemp("twins")) as server:
        yield list(_differences(twins(server)))


def _differences(both: Twins) -> Iterator[Difference]:
    for asks in READS:
        for ask in asks():
            yield from _difference(both, ask, ask)
    for changes, looks in CHANGES:
        for ask in changes():
            yield from _difference(both, ask, _completed(both, ask))
            for look in looks:
                yield from _difference(both, look, look)


def _completed(both: Twins, ask: Ask) -> Ask:
    given = ask.choices.get("NewInstance")
    try:
        return (
            ask
            if given is None
            else Ask(ask.operation, {"NewInstance": complete(both.theirs, given)})
        )
    except pywbem.CIMError:
        return ask


def _difference(both: Twins, ours: Ask, theirs: Ask) -> Iterator[Difference]:
    one = Difference(ours, ours.of(both.ours), theirs.of(both.theirs))
    if canonical(one.ours) != canonical(one.theirs):
        yield one


def test_every_difference_is_explained(differences: list[Difference]) -> None:
    """What is not alike is so for a reason that the table gives."""
    strange = [one for one in differences if unexplained(one, ROWS)]
    assert not strange, "\n".join(map(str, strange[:20]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.reason[:60])
def test_every_reason_is_needed(differences: list[Difference], row: Detail | Whole) -> None:
    """A row that explains nothing any more is removed."""
    rest = [one for one in ROWS if one is not row]
    assert any(unexplained(one, rest) for one in differences if applies(row, one))
