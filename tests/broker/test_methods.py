"""Extrinsic calls: the order of checks, the types of arguments, the reply."""

import asyncio

import pytest

from tests.broker.world import World, layout
from virtcim.broker.calling import CALLER, Caller
from virtcim.broker.methods import typed_arguments
from virtcim.broker.provider import MethodResult
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import Instance, Value
from virtcim.wbem.operations import Argument
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import MethodReply, OutParameter, Reply
from virtcim.wbem.status import (
    InvalidClass,
    InvalidNamespace,
    InvalidParameter,
    MethodNotAvailable,
    MethodNotFound,
    NotFound,
    NotSupported,
    WBEMError,
)
from virtcim.wbem.types import CIMType

N = "root/a"
ONE = ObjectPath("T_System", (("Name", "one"), ("Number", 1), ("Live", True)), N)
LEVEL = Argument("Level", None, "5")


@pytest.fixture
def world() -> World:
    """A world whose methods are called."""
    return World()


def call(
    world: World,
    method: str = "Act",
    target: ObjectPath = ONE,
    *arguments: Argument,
    namespace: str = N,
) -> Reply:
    """Call a method."""
    operation = ops.InvokeMethod(
        namespace=namespace, target=target, method=method, arguments=arguments
    )
    return asyncio.run(world.broker.change(operation))


def test_a_call_reaches_the_provider(world: World) -> None:
    """The body gets the instance and typed arguments by lower-case name; NULL ones are absent."""
    given = (Argument("LEVEL", CIMType.UINT32, 5), Argument("Flag", None, None))
    reply = call(world, "aCT", ONE, *given)
    assert reply == MethodReply(CIMType.UINT32, 0)
    ((record, arguments),) = world.calls.seen
    assert record is world.one
    assert arguments == {"level": 5}


def test_outputs(world: World) -> None:
    """Outputs have the types of the signature."""
    world.calls.result = MethodResult(7, {"Said": "x", "Found": ONE})
    assert call(world, "Act", ONE, LEVEL) == MethodReply(
        CIMType.UINT32,
        7,
        (OutParameter("Said", CIMType.STRING, "x"), OutParameter("Found", CIMType.REFERENCE, ONE)),
    )


SERVICE = ObjectPath("T_Service", None, N)


def test_singleton_services_may_be_called_by_class(world: World) -> None:
    """The class of a service stands for its only instance."""
    call(world, "Start", SERVICE)
    call(world, "Start", ObjectPath("T_Service", (("Name", "s"),), N))
    assert [record["Name"] for record, _ in world.calls.seen] == ["s", "s"]


NOWHERE = ObjectPath("T_System", (("Name", "none"), ("Number", 1), ("Live", True)), N)
SPECIAL = ObjectPath("T_System", (("Name", "special"), ("Number", 1), ("Live", True)), N)
BAD = Argument("Strange", None, "x")

ERRORS: dict[str, tuple[str, str, ObjectPath, tuple[Argument, ...], type[WBEMError]]] = {
    "namespace": ("root/x", "Fly", ObjectPath("T_Nothing"), (), InvalidNamespace),
    "class": (N, "Fly", ObjectPath("T_Nothing"), (), InvalidClass),
    "method": (N, "Fly", NOWHERE, (BAD,), MethodNotFound),
    "method that nobody implements": (N, "Idle", NOWHERE, (BAD,), MethodNotAvailable),
    "class that nobody serves": ("root/b", "Act", ONE, (BAD,), MethodNotAvailable),
    "path of the superclass": (N, "Act", SPECIAL, (LEVEL,), NotFound),
    "keys": (N, "Act", ObjectPath("T_System", (), N), (BAD,), InvalidParameter),
    "instance": (N, "Act", NOWHERE, (BAD,), NotFound),
    "arguments": (N, "Act", ONE, (LEVEL, BAD), InvalidParameter),
    "class of no service": (N, "Act", ObjectPath("T_System", None, N), (LEVEL,), InvalidParameter),
    "class of several services": (N, "Start", ObjectPath("T_Services", None), (), InvalidParameter),
    "class of no instance": (N, "Start", ObjectPath("T_NoService", None), (), NotFound),
}


@pytest.mark.parametrize(
    ("namespace", "method", "target", "arguments", "error"), ERRORS.values(), ids=ERRORS
)
def test_errors(  # noqa: PLR0917 (parametrised)
    world: World,
    namespace: str,
    method: str,
    target: ObjectPath,
    arguments: tuple[Argument, ...],
    error: type[WBEMError],
) -> None:
    """Namespace, class, method, target, arguments; nothing is called."""
    with pytest.raises(error):
        call(world, method, target, *arguments, namespace=namespace)
    assert world.calls.seen == []


def test_one_domain_is_not_the_domain(world: World) -> None:
    """A class that is no service is never called for its only instance."""
    with pytest.raises(InvalidParameter, match="called on an instance"):
        call(world, "Act", ObjectPath("T_Special", None, N), LEVEL)


# Arguments

ACT = next(m for m in layout("T_System").declaration.methods if m.name == "Act")
PATH = ObjectPath("T_System", (("Name", "x"),))
INSTANCE = Instance("T_System", ())
DATE = "20260102030405.000006+000"


def typed(*arguments: Argument) -> dict[str, Value]:
    """Return the typed arguments without the required one."""
    return {n: v for n, v in typed_arguments(ACT, (LEVEL, *arguments)).items() if n != "level"}


TYPED: tuple[tuple[str, CIMType | None, Value, Value], ...] = (
    ("Other", None, PATH, PATH),
    ("Other", CIMType.REFERENCE, PATH, PATH),
    ("NAMES", None, ("a", None), ("a", None)),
    ("Names", None, "a", ("a",)),
    ("Names", None, (), ()),
    ("Numbers", None, ("1", "0x10"), (1, 16)),
    ("Numbers", CIMType.UINT64, (1, None), (1, None)),
    ("Numbers", CIMType.UINT8, 7, (7,)),
    ("Config", None, "text", "text"),
    ("Config", CIMType.STRING, INSTANCE, INSTANCE),
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
    found = typed_arguments(ACT, arguments)[name.lower()]
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
    "instance for text": ((LEVEL, Argument("Names", None, INSTANCE)), "Names must be of type"),
    "instance for a path": ((LEVEL, Argument("Other", None, INSTANCE)), "Other must be of type"),
    "date": ((LEVEL, Argument("When", None, "now")), "When: 'now' is not"),
    "element": ((LEVEL, Argument("Numbers", None, ("1", "x"))), "Numbers: 'x' is not"),
}


@pytest.mark.parametrize(("arguments", "reason"), WRONG.values(), ids=WRONG)
def test_wrong_arguments(arguments: tuple[Argument, ...], reason: str) -> None:
    """Each fault is CIM_ERR_INVALID_PARAMETER and names the parameter."""
    with pytest.raises(InvalidParameter, match=reason):
        typed_arguments(ACT, arguments)


def test_required_outputs_are_not_asked_for() -> None:
    """Required says nothing to the caller of a parameter that only comes out."""
    assert typed() == {}


def test_a_dry_run_reaches_only_methods_that_honour_it(world: World) -> None:
    """All others are refused before anything runs."""
    before = CALLER.set(Caller(dry_run=True))
    try:
        with pytest.raises(NotSupported, match="dry run"):
            call(world, "Act", ONE, LEVEL)
        assert world.calls.seen == []
        world.systems.rehearsed = frozenset({"Act"})
        world.calls.result = MethodResult(0, {"Difference": "+<acpi/>"})
        difference = OutParameter("Difference", CIMType.STRING, "+<acpi/>")
        assert call(world, "Act", ONE, LEVEL) == MethodReply(CIMType.UINT32, 0, (difference,))
    finally:
        CALLER.reset(before)
