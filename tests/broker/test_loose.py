"""Rules for clients of other servers: each of them off and on."""

import asyncio

import pytest

from tests.broker.world import World, instances, names
from virtcim.broker.loose import find_loosely
from virtcim.broker.rules import STANDARD, Rules
from virtcim.schema.layouts import Record
from virtcim.wbem import operations as ops
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.replies import MethodReply
from virtcim.wbem.status import (
    Failed,
    InvalidParameter,
    MethodNotAvailable,
    MethodNotFound,
    NotFound,
    NotSupported,
    WBEMError,
)

N = "root/a"
LOOSE = Rules(
    loose_keys=True,
    unknown_method="what method?",
    unsupported_methods={"T_Service": frozenset({"stop"})},
)


@pytest.fixture(scope="module")
def strict() -> World:
    """A world by the standard's rules."""
    return World(STANDARD)


@pytest.fixture(scope="module")
def loose() -> World:
    """The same world by the other rules."""
    return World(LOOSE)


def path(class_name: str = "T_System", **keys: KeyValue) -> ObjectPath:
    """Return a path of a class with keys."""
    return ObjectPath(class_name, tuple(keys.items()))


def one(**others: KeyValue) -> ObjectPath:
    """Return the path of the first system with other keys beside its own."""
    return ObjectPath("T_System", (("Name", "one"), ("Number", 1), ("Live", True), *others.items()))


def get(world: World, name: ObjectPath) -> str:
    """Return the first key of the instance that GetInstance gives."""
    (got,) = instances(world.broker.read(ops.GetInstance(namespace=N, instance_name=name)))
    return next(str(p.value) for p in got.properties if p.name in {"Name", "DeviceID"})


# Paths

TOLERATED: dict[str, tuple[ObjectPath, str]] = {
    "surplus": (one(Load=3), "one"),
    "unknown": (one(Strange="x"), "one"),
    "twice": (one(NAME="two"), "one"),
    "nameless": (one(**{"": "x"}), "one"),
    "padded": (path(Name="one\n", Number=1, Live=True, Strange="x"), "one"),
    "missing": (path(Name="two"), "two"),
    "of another type": (path(Name="two", Number="x"), "two"),
    "surplus of a provider that does not judge": (path("T_Device", DeviceID="d1", X=1), "d1"),
}


@pytest.mark.parametrize(("name", "found"), TOLERATED.values(), ids=TOLERATED)
def test_keys_that_do_not_fit(strict: World, loose: World, name: ObjectPath, found: str) -> None:
    """What the class does not have is ignored, what is missing is for the provider to judge."""
    with pytest.raises(InvalidParameter):
        get(strict, name)
    assert get(loose, name) == found


REPORTED: dict[str, tuple[ObjectPath, type[WBEMError], str]] = {
    "missing": (path(Number=9), Failed, r"T_System knows no \['number'\]"),
    "wrong": (path(Name="none", Number=1, Live=True), Failed, "knows no"),
    "nobody judges": (path("T_Device", Strange="x"), InvalidParameter, "no key DeviceID"),
    "nobody explains": (path("T_Device", DeviceID="x", Y=1), NotFound, r"instance \(DeviceID\)"),
}


@pytest.mark.parametrize(("name", "error", "text"), REPORTED.values(), ids=REPORTED)
def test_what_the_provider_says(
    loose: World, name: ObjectPath, error: type[WBEMError], text: str
) -> None:
    """The provider's error is the answer, to GetInstance and to whoever follows associations."""
    with pytest.raises(error, match=text):
        get(loose, name)
    with pytest.raises(error, match=text):
        loose.broker.read(ops.AssociatorNames(namespace=N, object_name=name))


def test_sources_with_surplus_keys(strict: World, loose: World) -> None:
    """An association is followed from a path with keys that its class does not have."""
    operation = ops.AssociatorNames(namespace=N, object_name=one(Strange="x"), assoc_class="T_Has")
    assert names(loose.broker.read(operation)) == ["T_Device:d1", "T_Device:d2"]
    with pytest.raises(InvalidParameter):
        strict.broker.read(operation)


def test_sources_of_other_namespaces(loose: World) -> None:
    """A source is looked for where it is served, by the same rules."""
    for name, partner in (("far", "d1"), ("near", "d2")):
        source = path("T_Bare", Name=name, Strange="x")
        reply = loose.broker.read(ops.AssociatorNames(namespace="root/d", object_name=source))
        assert names(reply) == [f"T_Device:{partner}"]
    with pytest.raises(NotFound):
        loose.broker.read(
            ops.AssociatorNames(namespace="root/d", object_name=path("T_Bare", Name="no", X=1))
        )


def test_absence_is_a_value(loose: World) -> None:
    """Who only asks whether there is such an instance gets no exception."""
    provider = loose.namespaces.get(N).provider("T_System")
    assert provider is not None
    assert isinstance(find_loosely(provider, path(Name="none")), Failed)
    assert isinstance(find_loosely(provider, path(Name="one")), Record)


# Methods

UNSERVED: dict[str, tuple[str, str, type[WBEMError], type[WBEMError]]] = {
    # class, method, by the standard, by the other rules
    "unknown": ("T_Service", "Fly", MethodNotFound, Failed),
    "unsupported": ("T_Service", "STOP", MethodNotFound, NotSupported),
    "of another service": ("T_Services", "Stop", MethodNotFound, Failed),
    "of a service without any": ("T_NoService", "Fly", MethodNotFound, Failed),
    "declared": ("T_System", "Idle", MethodNotAvailable, Failed),
    "of no service": ("T_System", "Fly", MethodNotFound, Failed),
    "of a class without methods": ("T_Device", "Fly", MethodNotFound, MethodNotFound),
}


@pytest.mark.parametrize(
    ("class_name", "method", "standard", "other"), UNSERVED.values(), ids=UNSERVED
)
def test_methods_that_are_not_served(  # noqa: PLR0917 (parametrised)
    strict: World,
    loose: World,
    class_name: str,
    method: str,
    standard: type[WBEMError],
    other: type[WBEMError],
) -> None:
    """A method that nobody serves has the standard's codes, or words that clients wait for."""
    operation = ops.InvokeMethod(
        namespace=N, target=path(class_name, Name="s"), method=method, arguments=()
    )
    with pytest.raises(standard):
        asyncio.run(strict.broker.change(operation))
    with pytest.raises(other) as caught:
        asyncio.run(loose.broker.change(operation))
    assert other is not Failed or str(caught.value) == "what method?"


@pytest.mark.parametrize("rules", [STANDARD, LOOSE])
def test_a_service_is_called_by_its_class(rules: Rules) -> None:
    """By either rules the class path of a service with one instance means that instance."""
    world = World(rules)
    operation = ops.InvokeMethod(
        namespace=N, target=ObjectPath("T_Service", None, N), method="Start", arguments=()
    )
    reply = asyncio.run(world.broker.change(operation))
    assert isinstance(reply, MethodReply)
    assert [record["Name"] for record, _ in world.calls.seen] == ["s"]
