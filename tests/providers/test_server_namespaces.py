"""Namespaces as clients see, make and remove them, by either class and by the method."""

from collections.abc import Awaitable, Callable

import pytest

from tests.broker.keeping import Memory, instance
from tests.providers.stage import SERVER, Stage, play
from virtcim.infostore.errors import DiskFull
from virtcim.infostore.keeping import ObjectKeeper
from virtcim.providers.model import Server
from virtcim.providers.server_namespaces import NAMESPACE, SERVER_NAMESPACE
from virtcim.providers.server_state import manager_name
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import Instance, Value
from virtcim.wbem.operations import Argument
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import InstanceNameReply, MethodReply
from virtcim.wbem.status import (
    AlreadyExists,
    Failed,
    InvalidParameter,
    NamespaceNotEmpty,
    NotFound,
    NotSupported,
    WBEMError,
)
from virtcim.wbem.types import CIMType

MANAGER = manager_name(Server(SERVER, "1"))
LISTED = ("root/virt", "root/interop", "root/cimv2", "interop")
CLASSES = ("CIM_Namespace", "CIM_WBEMServerNamespace")
LINKS = ("CIM_NamespaceInManager", "CIM_HostedDependency")

Make = Callable[[Stage, str], Awaitable[ObjectPath]]


def keeping(scene: Callable[[Stage, Memory], Awaitable[None]], *, compat: bool = False) -> None:
    """Play a scene on a server that keeps what clients make."""

    async def run(stage: Stage) -> None:
        memory = Memory()
        stage.namespaces.keeper = ObjectKeeper(memory)
        await scene(stage, memory)

    play(run, compat=compat)


def names(stage: Stage, class_name: str) -> list[Value]:
    """Return the names of all namespaces by a class."""
    return [record["Name"] for record in stage.records(class_name, "interop")]


def by_class(class_name: str) -> Make:
    """Return what makes a namespace by CreateInstance."""

    async def make(stage: Stage, name: str) -> ObjectPath:
        new = instance(class_name, None, Name=name)
        reply = await stage.broker.change(ops.CreateInstance(namespace="interop", new_instance=new))
        assert isinstance(reply, InstanceNameReply)
        return reply.path

    return make


async def by_method(stage: Stage, name: str | None) -> ObjectPath:
    """Make a namespace by the method of the server."""
    (server,) = stage.records("CIM_WBEMServer", "interop")
    given = {} if name is None else {"Name": name}
    template = instance("CIM_WBEMServerNamespace", None, **given)
    asked = ops.InvokeMethod(
        namespace="interop",
        target=server.path,
        method="CreateWBEMServerNamespace",
        arguments=(Argument("NamespaceTemplate", CIMType.STRING, template),),
    )
    reply = await stage.broker.change(asked)
    assert isinstance(reply, MethodReply)
    assert reply.return_value == 0
    (out,) = reply.out
    assert out.name == "Namespace"
    assert isinstance(out.value, ObjectPath)
    return out.value


WAYS = pytest.mark.parametrize(
    "make", [*map(by_class, CLASSES), by_method], ids=[*CLASSES, "CreateWBEMServerNamespace"]
)


async def remove(stage: Stage, path: ObjectPath) -> None:
    """Delete an instance of the interop namespace."""
    await stage.broker.change(ops.DeleteInstance(namespace="interop", instance_name=path))


def test_every_namespace_is_listed() -> None:
    """The interop one under both of its names."""

    async def scene(stage: Stage) -> None:
        records = stage.records("CIM_Namespace", "root/interop")
        assert names(stage, "CIM_Namespace") == [*LISTED]
        for record, name in zip(records, LISTED, strict=True):
            stage.namespaces.get(name)
            assert {key: record[key] for key in NAMESPACE} == {
                "SystemCreationClassName": "CIM_ComputerSystem",
                "SystemName": SERVER,
                "ObjectManagerCreationClassName": "CIM_ObjectManager",
                "ObjectManagerName": MANAGER,
                "CreationClassName": "CIM_Namespace",
                "Name": name,
                "ElementName": name,
                "Caption": name,
                "ClassInfo": 1,
                "DescriptionOfClassInfo": "CIM 2.49",
                "ClassType": 2,
                "ClassTypeVersion": "2.49.0",
            }

    play(scene)


def test_every_namespace_is_listed_by_the_newer_class() -> None:
    """With the schemas that are in it."""

    async def scene(stage: Stage) -> None:
        records = stage.records("CIM_WBEMServerNamespace", "root/interop")
        assert names(stage, "CIM_WBEMServerNamespace") == [*LISTED]
        for record, name in zip(records, LISTED, strict=True):
            found = {key: record[key] for key in SERVER_NAMESPACE}
            schemas = found.pop("SchemaInformation")
            assert found == {
                "InstanceID": f"{MANAGER}:{name}",
                "Name": name,
                "ElementName": name,
                "Caption": name,
            }
            assert isinstance(schemas, tuple)
            seen = [_values(one) for one in schemas]
            assert {one["Name"] for one in seen} >= {"CIM", "Virt", "Test"}
            (cim,) = (one for one in seen if one["Name"] == "CIM")
            assert cim == {
                "Name": "CIM",
                "Version": "2.49.0",
                "Description": "Classes of DMTF that the model is made of",
                "OwningOrganization": "DMTF",
                "Status": 3,  # some of them are experimental
            }
            assert {one["OwningOrganization"] for one in seen} == {"DMTF", "virtcim"}
            assert {one["Status"] for one in seen} == {2, 3}

    play(scene)


def _values(structure: object) -> dict[str, Value]:
    assert isinstance(structure, Instance)
    assert structure.class_name == "CIM_SchemaInformationStructure"
    return {item.name: item.value for item in structure.properties if item.value is not None}


@WAYS
def test_a_namespace_comes_and_goes(make: Make) -> None:
    """However it is made, both classes and their associations have it until either is deleted."""

    async def scene(stage: Stage, _memory: Memory) -> None:
        for gone_by in CLASSES:
            path = await make(stage, "root/New")
            stage.broker.read(ops.GetInstance(namespace="interop", instance_name=path))
            for class_name, link in zip(CLASSES, LINKS, strict=True):
                assert "root/new" in names(stage, class_name)
                assert len(stage.records(link, "interop")) == len(LISTED) + 1
            (record,) = (
                one for one in stage.records(gone_by, "interop") if one["Name"] == "root/new"
            )
            if gone_by == "CIM_WBEMServerNamespace":
                assert record["SchemaInformation"] is None
            await remove(stage, record.path)
            for class_name, link in zip(CLASSES, LINKS, strict=True):
                assert names(stage, class_name) == [*LISTED]
                assert len(stage.records(link, "interop")) == len(LISTED)
            with pytest.raises(NotFound):
                stage.broker.read(ops.GetInstance(namespace="interop", instance_name=path))

    keeping(scene)


@WAYS
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("root/virt", AlreadyExists),
        ("ROOT/Interop", AlreadyExists),
        ("interop", AlreadyExists),
        ("root/PG_InterOp", AlreadyExists),
        ("", InvalidParameter),
        ("root/a b", InvalidParameter),
        ("/", InvalidParameter),
        ("root//new", InvalidParameter),
        ("//root/new", InvalidParameter),
        ("root/new//", InvalidParameter),
    ],
)
def test_what_cannot_be_made(make: Make, name: str, error: type[WBEMError]) -> None:
    """Names that are taken, aliases among them, and what is no name."""

    async def scene(stage: Stage, _memory: Memory) -> None:
        with pytest.raises(error):
            await make(stage, name)
        assert names(stage, "CIM_Namespace") == [*LISTED]

    keeping(scene)


@WAYS
@pytest.mark.parametrize("name", ["/root/new", "root/new/", "/ROOT/New/"])
def test_outer_slashes_are_no_part_of_a_name(make: Make, name: str) -> None:
    """Clients write them as in paths: one at each end is left out."""

    async def scene(stage: Stage, _memory: Memory) -> None:
        await make(stage, name)
        assert names(stage, "CIM_Namespace")[-2:] == ["root/new", LISTED[-1]]

    keeping(scene)


@WAYS
def test_what_cannot_be_kept_is_not_made(make: Make) -> None:
    """Neither on a full disk, nor where nothing is kept at all."""

    async def scene(stage: Stage, memory: Memory) -> None:
        memory.fault = DiskFull("store")
        with pytest.raises(Failed):
            await make(stage, "root/new")
        stage.namespaces.keeper = None
        with pytest.raises(NotSupported):
            await make(stage, "root/new")
        assert names(stage, "CIM_WBEMServerNamespace") == [*LISTED]

    keeping(scene)


def test_a_template_has_a_name() -> None:
    """Without it, and without a template, nothing is made."""

    async def scene(stage: Stage, _memory: Memory) -> None:
        with pytest.raises(InvalidParameter, match="Name"):
            await by_method(stage, None)
        (server,) = stage.records("CIM_WBEMServer", "interop")
        asked = ops.InvokeMethod(
            namespace="interop", target=server.path, method="CreateWBEMServerNamespace",
            arguments=(),
        )  # fmt: skip
        with pytest.raises(InvalidParameter, match="NamespaceTemplate"):
            await stage.broker.change(asked)

    keeping(scene)


@pytest.mark.parametrize("class_name", CLASSES)
def test_the_servers_own_namespaces_stay(class_name: str) -> None:
    """Under each of their names, the alias too."""

    async def scene(stage: Stage, _memory: Memory) -> None:
        for record in stage.records(class_name, "interop"):
            with pytest.raises(NamespaceNotEmpty):
                await remove(stage, record.path)
        assert names(stage, class_name) == [*LISTED]

    keeping(scene)
