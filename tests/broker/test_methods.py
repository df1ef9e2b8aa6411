"""Extrinsic calls: the order of checks, the types of arguments, the reply."""

import asyncio

import pytest

from tests.broker.world import World, layout, message
from virtcim.broker.calling import CALLER, Caller
from virtcim.broker.embedded import make
from virtcim.broker.provider import MethodResult
from virtcim.wbem import operations as ops
from virtcim.wbem.embedded_text import read_instances
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


def test_outputs_that_are_instances(world: World) -> None:
    """Records go out as embedded instances, and so does what is made for a reply."""
    made = make(layout("T_Setting").declaration, {"InstanceID": "x", "On": True})
    world.calls.result = MethodResult(0, {"Made": made, "All": (world.one, world.d1)})
    reply = call(world, "Act", ONE, LEVEL)
    assert reply == MethodReply(
        CIMType.UINT32,
        0,
        (
            OutParameter("Made", CIMType.STRING, made),
            OutParameter("All", CIMType.STRING, (world.one.instance(), world.d1.instance())),
        ),
    )
    values = list(message(reply).iter("PARAMVALUE"))
    assert [element.get("EmbeddedObject") for element in values] == ["instance", "instance"]
    (read,) = read_instances(values[0].findtext("VALUE", ""))
    assert (read.class_name, read.by_name["count"].value, read.by_name["on"].value) == (
        "T_Setting",
        1,
        True,
    )
    assert [read_instances(text.text or "")[0].class_name for text in values[1].iter("VALUE")] == [
        "T_System",
        "T_Device",
    ]


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
