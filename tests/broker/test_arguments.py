"""Arguments: the signature decides their types, and providers read them without asking twice."""

from dataclasses import replace

import pytest

from tests.broker.world import layout, repository
from virtcim.broker.arguments import (
    instance,
    instances,
    number,
    reference,
    text,
    typed_arguments,
)
from virtcim.broker.embedded import Embedded
from virtcim.broker.namespaces import Namespace
from virtcim.broker.provider import Arguments, ArgumentValue
from virtcim.wbem.objects import Instance, Value
from virtcim.wbem.operations import Argument
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import InvalidParameter
from virtcim.wbem.types import CIMType

ACT = next(m for m in layout("T_System").declaration.methods if m.name == "Act")
PATH = ObjectPath("T_System", (("Name", "x"),), "root/a")
NOWHERE = replace(PATH, namespace=None)
BAD = Argument("Strange", None, "x")
LEVEL = Argument("Level", None, "5")
INSTANCE = Instance("T_System", ())
SPACE = Namespace("root/a", repository())
DATE = "20260102030405.000006+000"


def typed(*arguments: Argument) -> dict[str, ArgumentValue]:
    """Return the typed arguments without the required one."""
    return {
        n: v for n, v in typed_arguments(SPACE, ACT, (LEVEL, *arguments)).items() if n != "level"
    }


TYPED: tuple[tuple[str, CIMType | None, Value, Value], ...] = (
    ("Other", None, NOWHERE, PATH),
    ("Other", CIMType.REFERENCE, PATH, PATH),
    ("NAMES", None, ("a", None), ("a", None)),
    ("Names", None, "a", ("a",)),
    ("Names", None, (), ()),
    ("Numbers", None, ("1", "0x10"), (1, 16)),
    ("Numbers", CIMType.UINT64, (1, None), (1, None)),
    ("Numbers", CIMType.UINT8, 7, (7,)),
    ("Other", None, 'T_System.Name="x"', PATH),
    (
        "Other",
        None,
        '//host/root/b:T_System.Name="x"',
        replace(PATH, namespace="root/b", host="host"),
    ),
    ("When", None, DATE, DATE),
    ("Flag", None, "TRUE", True),
    ("Flag", CIMType.BOOLEAN, False, False),
    ("Level", CIMType.SINT64, 5, 5),
)


@pytest.mark.parametrize(("name", "kind", "sent", "value"), TYPED)
def test_arguments_take_the_declared_type(
    name: str, kind: CIMType | None, sent: Value, value: Value
) -> None:
    """The signature decides; what the client said only has to fit."""
    argument = Argument(name, kind, sent)
    arguments = (argument,) if name == "Level" else (LEVEL, argument)
    found = typed_arguments(SPACE, ACT, arguments)[name.lower()]
    assert found == value
    assert type(found) is type(value)


WRONG: dict[str, tuple[tuple[Argument, ...], str]] = {
    "missing": ((), "Act needs parameter Level"),
    "NULL": ((Argument("Level", None, None),), "Act needs parameter Level"),
    "unknown": ((LEVEL, BAD), "Act has no parameter Strange"),
    "twice": ((LEVEL, Argument("level", None, "6")), "level is given twice"),
    "NULL twice": ((LEVEL, Argument("Level", None, None)), "Level is given twice"),
    "array": ((Argument("Level", None, ("5",)),), "Level is an array"),
    "text": ((Argument("Level", None, "x"),), "Level: 'x' is not an integer"),
    "range": ((Argument("Level", CIMType.UINT32, 256),), "Level: 256 is not between"),
    "real": ((Argument("Level", CIMType.REAL32, 1.5),), "Level: '1.5' is not an integer"),
    "boolean for a number": ((Argument("Level", CIMType.BOOLEAN, True),), "must be an integer"),  # noqa: FBT003
    "reference for a number": ((Argument("Level", None, PATH),), "Level must be an integer"),
    "text for a reference": ((LEVEL, Argument("Other", None, "x")), "Other: 'x' is text"),
    "number for a boolean": ((LEVEL, Argument("Flag", CIMType.UINT8, 1)), "Flag: '1' is not"),
    "path for a boolean": ((LEVEL, Argument("Flag", None, PATH)), "Flag must be of type boolean"),
    "path of a class": ((LEVEL, Argument("Other", None, "//h/n:X")), "Other: '//h/n:X' is text"),
    "instance for text": ((LEVEL, Argument("Names", None, INSTANCE)), "Names must be of type"),
    "instance for a path": ((LEVEL, Argument("Other", None, INSTANCE)), "Other must be of type"),
    "date": ((LEVEL, Argument("When", None, "now")), "When: 'now' is not"),
    "element": ((LEVEL, Argument("Numbers", None, ("1", "x"))), "Numbers: 'x' is not"),
}


@pytest.mark.parametrize(("arguments", "reason"), WRONG.values(), ids=WRONG)
def test_wrong_arguments(arguments: tuple[Argument, ...], reason: str) -> None:
    """Each fault is CIM_ERR_INVALID_PARAMETER and names the parameter."""
    with pytest.raises(InvalidParameter, match=reason):
        typed_arguments(SPACE, ACT, arguments)


def test_required_outputs_are_not_asked_for() -> None:
    """Required says nothing to the caller of a parameter that only comes out."""
    assert typed() == {}


BLANK = (("Other", " "), ("Config", " \n"), ("Config", None), ("Other", None), ("Settings", None))


@pytest.mark.parametrize(("name", "value"), BLANK)
def test_blank_stands_for_nothing(name: str, value: Value) -> None:
    """A blank reference or instance is none: clients leave nothing out."""
    assert typed(Argument(name, None, value)) == {}


SETTING = Embedded("T_Setting", {"instanceid": "a"})


def test_what_providers_read() -> None:
    """Each reader gives its own type, and None or nothing for what is absent."""
    given: Arguments = {
        "a": "x",
        "b": 5,
        "c": PATH,
        "d": (PATH, None),
        "e": SETTING,
        "f": (SETTING,),
    }
    assert (text(given, "A"), number(given, "B"), reference(given, "C")) == ("x", 5, PATH)
    assert instance(given, "E") == SETTING
    assert (instances(given, "F"), instances(given, "E")) == ((SETTING,), (SETTING,))
    assert (text(given, "z"), number(given, "z"), reference(given, "z")) == (None, None, None)
    assert (instance(given, "z"), instances(given, "z")) == (None, ())
