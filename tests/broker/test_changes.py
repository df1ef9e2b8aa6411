"""Instances made, changed and removed: the order of checks, and what reaches a provider."""

import asyncio
from collections.abc import Mapping

import pytest

from tests.broker.world import Rows, message, repository
from virtcim.broker.broker import Broker
from virtcim.broker.calling import CALLER, Caller
from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.provider import Edits, InstanceValues, edits_of
from virtcim.schema.layouts import Record
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import Instance, InstanceProperty, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import InstanceNameReply, Reply, VoidReply
from virtcim.wbem.status import (
    InvalidClass,
    InvalidNamespace,
    InvalidParameter,
    NoSuchProperty,
    NotFound,
    NotSupported,
    TypeMismatch,
    WBEMError,
)
from virtcim.wbem.types import CIMType

N = "root/a"
ROW: Mapping[str, Value] = {"InstanceID": "a", "Count": 5, "On": True, "Words": ("x",)}


def path(key: str = "a", class_name: str = "T_Setting") -> ObjectPath:
    """Return the path of a setting."""
    return ObjectPath(class_name, (("InstanceID", key),), N)


class Settings(Rows):
    """Settings that remember what they were told."""

    def __init__(self) -> None:
        super().__init__("T_Setting", (ROW,))
        self.told: list[object] = []
        self.edits = Edits(create=self._create, modify=self._modify, delete=self._delete)

    async def _create(self, values: InstanceValues) -> ObjectPath:
        self.told.append(dict(values))
        return path(str(values.get("instanceid")))

    async def _modify(self, record: Record, values: InstanceValues) -> None:
        self.told.append((record["InstanceID"], dict(values)))

    async def _delete(self, record: Record) -> None:
        self.told.append(record["InstanceID"])


class World:
    """One namespace with settings that can be changed and systems that cannot."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.systems = Rows("T_Bare", ({"Name": "bare"},))
        namespace = Namespace(N, repository())
        for provider in (self.settings, self.systems):
            namespace.add(provider)
        namespaces = Namespaces()
        namespaces.add(namespace)
        self.broker = Broker(namespaces, "host")

    def do(self, operation: ops.Change) -> Reply:
        """Execute an operation."""
        return asyncio.run(self.broker.change(operation))


@pytest.fixture
def world() -> World:
    """A world to change."""
    return World()


def instance(
    class_name: str = "T_Setting", at: ObjectPath | None = None, **values: Value
) -> Instance:
    """Return an instance as a client sends it."""
    return Instance(
        class_name,
        tuple(
            InstanceProperty(
                name=name, type=CIMType.STRING, value=value, is_array=isinstance(value, tuple)
            )
            for name, value in values.items()
        ),
        at,
    )


def create(new: Instance, namespace: str = N) -> ops.CreateInstance:
    """Return the operation."""
    return ops.CreateInstance(namespace=namespace, new_instance=new)


def modify(
    at: ObjectPath | None = None, names: ops.Names = None, **values: Value
) -> ops.ModifyInstance:
    """Return the operation."""
    changed = instance("T_Setting", path() if at is None else at, **values)
    return ops.ModifyInstance(namespace=N, modified_instance=changed, property_list=names)


def delete(at: ObjectPath, namespace: str = N) -> ops.DeleteInstance:
    """Return the operation."""
    return ops.DeleteInstance(namespace=namespace, instance_name=at)


def test_an_instance_is_made(world: World) -> None:
    """The provider gets typed values without NULL; the client gets the path."""
    reply = world.do(create(instance(INSTANCEID="n", count="7", Words="w", On=None)))
    assert reply == InstanceNameReply(path("n"))
    assert world.settings.told == [{"instanceid": "n", "count": 7, "words": ("w",)}]
    assert next(message(reply).iter("INSTANCENAME")).get("CLASSNAME") == "T_Setting"


def test_an_instance_is_removed(world: World) -> None:
    """The provider gets the record."""
    assert world.do(delete(path())) == VoidReply()
    assert world.settings.told == ["a"]


CHANGES: tuple[tuple[ops.ModifyInstance, object], ...] = (
    (modify(Count="6"), {"count": 6}),
    (modify(Count="6", On="false"), {"count": 6, "on": False}),
    (modify(Count=None), {"count": None}),
    (modify(Count="6", On="false", names=("On",)), {"on": False}),
    (modify(names=(" WORDS ",)), {"words": None}),
    (modify(names=("Count",)), {"count": 1}),
    (modify(InstanceID="a", Count="5", On="true", Words=("x",)), None),
    (modify(), None),
    (modify(Count="6", names=()), None),
)


@pytest.mark.parametrize(("operation", "changes"), CHANGES)
def test_what_differs_is_changed(
    world: World, operation: ops.ModifyInstance, changes: object
) -> None:
    """A list restricts it; what is listed and not given has its default; all else stays."""
    assert world.do(operation) == VoidReply()
    assert world.settings.told == ([] if changes is None else [("a", changes)])


def set_to(name: str, value: Value, at: ObjectPath | None = None) -> ops.SetProperty:
    """Return the operation."""
    return ops.SetProperty(
        namespace=N, instance_name=at or path(), property_name=name, new_value=value
    )


def test_one_property_is_set(world: World) -> None:
    """It is the same as a change of it alone."""
    for name, value in ((" count", "6"), ("Words", ("y",)), ("On", None), ("Count", "5")):
        assert world.do(set_to(name, value)) == VoidReply()
    assert world.settings.told == [
        ("a", {"count": 6}),
        ("a", {"words": ("y",)}),
        ("a", {"on": None}),
    ]


ERRORS: tuple[tuple[ops.Change, type[WBEMError], str], ...] = (
    (create(instance(), "root/x"), InvalidNamespace, "root/x"),
    (create(instance("T_Nothing", Strange="x")), InvalidClass, "T_Nothing"),
    (create(instance("T_Bare", Strange="x")), NotSupported, "CreateInstance is not served for T_B"),
    (create(instance("T_Thing")), NotSupported, "is not served for T_Thing"),
    (create(instance(Strange="x")), InvalidParameter, "T_Setting has no property strange"),
    (create(instance(Count="x")), InvalidParameter, "Count of T_Setting: 'x' is not an integer"),
    (delete(path(), "root/x"), InvalidNamespace, "root/x"),
    (delete(path(class_name="T_Nothing")), InvalidClass, "T_Nothing"),
    (delete(path("x", "T_Bare")), NotSupported, "DeleteInstance is not served for T_Bare"),
    (delete(path("x")), NotFound, "x"),
    (delete(ObjectPath("T_Setting", (), N)), InvalidParameter, "no key InstanceID"),
    (modify(path("x"), Count="6"), NotFound, "x"),
    (modify(path("a", "T_Bare"), Count="6"), InvalidParameter, "not of its class"),
    (modify(Strange="6"), NoSuchProperty, "Strange"),
    (modify(names=("Strange",)), NoSuchProperty, "strange"),
    (modify(Count="x"), InvalidParameter, "Count of T_Setting: 'x' is not an integer"),
    (modify(InstanceID="b"), InvalidParameter, "the key instanceid cannot be changed"),
    (set_to("Strange", "x"), NoSuchProperty, "Strange"),
    (set_to("Count", "x"), TypeMismatch, "'x' is not an integer"),
    (set_to("Name", "x", path("a", "T_Bare")), NotSupported, "SetProperty is not served for T_B"),
    (ops.ModifyInstance(namespace=N, modified_instance=instance("T_Bare")), NotSupported, "T_Bare"),
)


@pytest.mark.parametrize(("operation", "error", "text"), ERRORS)
def test_errors(world: World, operation: ops.Change, error: type[WBEMError], text: str) -> None:
    """Namespace, class, service, parameters, instance; nothing reaches the provider."""
    with pytest.raises(error) as caught:
        world.do(operation)
    assert text.lower() in caught.value.reason.lower()
    assert world.settings.told == []


def test_nothing_is_changed_in_a_dry_run(world: World) -> None:
    """These operations cannot be rehearsed, and say so."""
    before = CALLER.set(Caller(dry_run=True))
    try:
        for operation in (create(instance()), modify(Count="6"), delete(path())):
            with pytest.raises(NotSupported, match="nothing was changed"):
                world.do(operation)
    finally:
        CALLER.reset(before)
    assert world.settings.told == []


def test_who_says_nothing_changes_nothing(world: World) -> None:
    """A provider without edits has none."""
    assert edits_of(world.systems) == Edits()
    assert edits_of(world.settings) is world.settings.edits
