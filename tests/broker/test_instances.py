"""Operations that read instances: what they return, and the order of their checks."""

import asyncio

import pytest

from tests.broker.world import World, instances, message, names, paths
from virtcim.broker.broker import Broker
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import ClassDeclaration, Instance, QualifierDeclaration
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.status import (
    InvalidClass,
    InvalidNamespace,
    InvalidParameter,
    NoSuchProperty,
    NotFound,
    NotSupported,
    WBEMError,
)
from virtcim.wbem.types import CIMType

N = "root/a"


@pytest.fixture(scope="module")
def broker() -> Broker:
    """The broker of a world that nobody changes."""
    return World().broker


def path(class_name: str = "T_System", **keys: KeyValue) -> ObjectPath:
    """Return a path; without keys, that of the first system."""
    given = keys or {"Name": "one", "Number": 1, "Live": True}
    return ObjectPath(class_name, tuple(given.items()))


def got(broker: Broker, name: ObjectPath, **choices: object) -> Instance:
    """Return what GetInstance returns."""
    reply = broker.read(ops.GetInstance(namespace=N, instance_name=name, **choices))  # type: ignore[arg-type]
    (one,) = instances(reply)
    return one


ALL = ["Caption", "Name", "Number", "Live", "Load"]


def test_get_instance(broker: Broker) -> None:
    """All properties in the order of the class, NULL ones too, without path and origins."""
    one = got(broker, path())
    assert [p.name for p in one.properties] == ALL
    assert [p.value for p in one.properties] == [None, "one", 1, True, 3]
    assert {p.class_origin for p in one.properties} == {None}


@pytest.mark.parametrize(
    "name",
    [
        path("t_SYSTEM", NAME="one", live="TRUE", number="1"),
        path(Name=" one ", Number=1, Live=True),
        path(Name="one", Number="+1", Live=True),
        ObjectPath("T_System", path().keys, "root/elsewhere", "other-host"),
    ],
)
def test_spellings_of_a_path(broker: Broker, name: ObjectPath) -> None:
    """Case and order of names, types of values and outer blanks do not matter."""
    assert got(broker, name) == got(broker, path())


def test_a_padded_name_is_found_as_it_stands(broker: Broker) -> None:
    """Blanks that belong to a name count first."""
    assert got(broker, path(Name=" padded ", Number=1, Live=True)).by_name["caption"].value == "c"


SELECTED: tuple[tuple[tuple[str, ...] | None, list[str]], ...] = (
    (None, ALL),
    ((), []),
    (("load", "NAME", "Load", "Stranger"), ["Name", "Load"]),
)


@pytest.mark.parametrize(("wanted", "left"), SELECTED)
def test_property_lists(broker: Broker, wanted: tuple[str, ...] | None, left: list[str]) -> None:
    """NULL is all, empty is none; strangers and repetitions mean nothing."""
    assert [p.name for p in got(broker, path(), property_list=wanted).properties] == left


def test_class_origins(broker: Broker) -> None:
    """Each property says where it comes from when asked."""
    reply = broker.read(
        ops.GetInstance(namespace=N, instance_name=path(), include_class_origin=True)
    )
    origins = {e.get("NAME"): e.get("CLASSORIGIN") for e in message(reply).iter("PROPERTY")}
    assert origins == {"Caption": "T_Thing", **dict.fromkeys(ALL[1:], "T_System")}


ERRORS: dict[str, tuple[str, ObjectPath, type[WBEMError]]] = {
    "namespace before class": ("root/x", path("T_Nothing"), InvalidNamespace),
    "class before keys": (N, path("T_Nothing", Strange=1), InvalidClass),
    "keys before instance": (N, path(Name="none"), InvalidParameter),
    "surplus key": (N, path(Name="one", Number=1, Live=True, Load=3), InvalidParameter),
    "no instance": (N, path(Name="none", Number=1, Live=True), NotFound),
    "case of a value": (N, path(Name="ONE", Number=1, Live=True), NotFound),
    "another number": (N, path(Name="one", Number=2, Live=True), NotFound),
    "superclass": (N, path("T_Thing"), NotFound),
    "superclass of another": (N, path(Name="special", Number=1, Live=True), NotFound),
    "subclass": (N, path("T_Special"), NotFound),
    "class without provider": (N, path("T_Bare", Name="x"), NotFound),
    "another namespace": ("root/b", path(), NotFound),
}


@pytest.mark.parametrize(("namespace", "name", "error"), ERRORS.values(), ids=ERRORS)
def test_errors_of_get_instance(
    broker: Broker, namespace: str, name: ObjectPath, error: type[WBEMError]
) -> None:
    """Namespace, class, keys, instance, in this order; a superclass's path names nothing."""
    with pytest.raises(error):
        broker.read(ops.GetInstance(namespace=namespace, instance_name=name))
    with pytest.raises(error):
        broker.read(ops.GetProperty(namespace=namespace, instance_name=name, property_name="X"))


TEXTS = (
    (path(Number=1, Live=True, Name="x"), r"No such instance \(Name\): T_System.Number=1,.*"),
    (path("T_Device", DEVICEID="x"), r"No such instance \(DEVICEID\): T_Device.DEVICEID=\"x\""),
    (ObjectPath("T_Device", (("", "x"),)), r"No such instance \(the only key\)"),
)


@pytest.mark.parametrize(("name", "text"), TEXTS)
def test_not_found_names_the_key(broker: Broker, name: ObjectPath, text: str) -> None:
    """The text names the key that tells instances apart, as clients expect."""
    with pytest.raises(NotFound, match=text):
        broker.read(ops.GetInstance(namespace=N, instance_name=name))


SYSTEMS = ["T_System:one", "T_System:two", "T_System: padded ", "T_Special:special"]


@pytest.mark.parametrize("class_name", ["T_System", "t_system"])
def test_enumerations(broker: Broker, class_name: str) -> None:
    """The class and its subclasses, each instance with its path and as GetInstance has it."""
    reply = broker.read(ops.EnumerateInstances(namespace=N, class_name=class_name))
    assert names(reply) == SYSTEMS
    for name, instance in zip(paths(reply), instances(reply), strict=True):
        assert instance == got(broker, name)
    reply = broker.read(ops.EnumerateInstanceNames(namespace=N, class_name=class_name))
    assert names(reply) == SYSTEMS


def test_shallow_enumeration(broker: Broker) -> None:
    """Without DeepInheritance subclasses keep the properties of the class; the paths stay."""
    reply = broker.read(
        ops.EnumerateInstances(
            namespace=N,
            class_name="T_System",
            deep_inheritance=False,
            property_list=("Name", "Extra"),
        )
    )
    assert names(reply) == SYSTEMS
    assert {tuple(p.name for p in i.properties) for i in instances(reply)} == {("Name",)}
    deep = broker.read(
        ops.EnumerateInstances(namespace=N, class_name="T_System", property_list=("Extra",))
    )
    assert [[p.name for p in i.properties] for i in instances(deep)] == [[], [], [], ["Extra"]]


def test_abstract_classes_have_the_instances_of_their_subclasses(broker: Broker) -> None:
    """Enumerating an abstract class is legal; a class nobody serves has no instances."""
    reply = broker.read(ops.EnumerateInstanceNames(namespace=N, class_name="T_Thing"))
    assert len(names(reply)) == 4 + 2 + 1 + 2
    for kind in (ops.EnumerateInstances, ops.EnumerateInstanceNames):
        assert names(broker.read(kind(namespace=N, class_name="T_Keyless"))) == []


def test_associations_are_instances(broker: Broker) -> None:
    """An association is enumerated and fetched like any other class."""
    reply = broker.read(ops.EnumerateInstances(namespace=N, class_name="T_Relation"))
    assert [p.class_name for p in paths(reply)] == ["T_Has"] * 3 + ["T_Knows"] * 2
    assert got(broker, paths(reply)[0]).by_name["weight"].value == 7


@pytest.mark.parametrize("kind", [ops.EnumerateInstances, ops.EnumerateInstanceNames])
def test_errors_of_enumerations(
    broker: Broker, kind: type[ops.EnumerateInstances] | type[ops.EnumerateInstanceNames]
) -> None:
    """Namespace, then class."""
    with pytest.raises(InvalidNamespace):
        broker.read(kind(namespace="root/x", class_name="T_Nothing"))
    with pytest.raises(InvalidClass):
        broker.read(kind(namespace=N, class_name="T_Nothing"))


PROPERTIES = (
    ("number", "VALUE", "1"),
    (" Load ", "VALUE", "3"),
    ("Live", "VALUE", "TRUE"),
    ("Caption", None, None),
)


@pytest.mark.parametrize(("name", "tag", "text"), PROPERTIES)
def test_get_property(broker: Broker, name: str, tag: str | None, text: str | None) -> None:
    """One value, or nothing for NULL."""
    reply = broker.read(ops.GetProperty(namespace=N, instance_name=path(), property_name=name))
    (value,) = message(reply).iter("IRETURNVALUE")
    assert [(child.tag, child.text) for child in value] == ([(tag, text)] if tag else [])


def test_get_property_of_another_class(broker: Broker) -> None:
    """A property that the class lacks is CIM_ERR_NO_SUCH_PROPERTY."""
    with pytest.raises(NoSuchProperty):
        broker.read(ops.GetProperty(namespace=N, instance_name=path(), property_name="Extra"))


# What is not served

NAME: dict[str, object] = {"instance_name": path()}
QUALIFIER = QualifierDeclaration(
    "Q", CIMType.STRING, is_array=False, value=None, scopes=frozenset()
)
UNSERVED: tuple[tuple[type[ops.Operation], dict[str, object]], ...] = (
    (ops.CreateClass, {"new_class": ClassDeclaration(name="X")}),
    (ops.ModifyClass, {"modified_class": ClassDeclaration(name="X")}),
    (ops.DeleteClass, {"class_name": "T_Nothing"}),
    (ops.SetQualifier, {"qualifier_declaration": QUALIFIER}),
    (ops.DeleteQualifier, {"qualifier_name": "Q"}),
    (ops.CreateInstance, {"new_instance": Instance("T_System", ())}),
    (ops.ModifyInstance, {"modified_instance": Instance("T_Keyless", (), path())}),
    (ops.DeleteInstance, NAME),
    (ops.SetProperty, {**NAME, "property_name": "Load"}),
)


@pytest.mark.parametrize(("kind", "fields"), UNSERVED, ids=[row[0].__name__ for row in UNSERVED])
def test_unserved_operations(
    broker: Broker, kind: type[ops.Operation], fields: dict[str, object]
) -> None:
    """What is not served is CIM_ERR_NOT_SUPPORTED by name, after the namespace."""

    def ask(namespace: str) -> None:
        operation = kind(namespace=namespace, **fields)
        if isinstance(operation, ops.Change):
            asyncio.run(broker.change(operation))
        else:
            broker.read(operation)

    with pytest.raises(InvalidNamespace):
        ask("root/x")
    with pytest.raises(NotSupported, match=f"{kind.__name__} is not served"):
        ask(N)
