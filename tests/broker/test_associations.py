"""Operations that follow associations: all filters, both ends, several namespaces, classes."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from tests.broker.world import World, instances, message, names, paths
from virtcim.broker.broker import Broker
from virtcim.schema.layouts import Record
from virtcim.schema.records import RelatedRecords
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import ClassDeclaration
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.reading import read_class
from virtcim.wbem.replies import ObjectPathsReply, ObjectsReply, Reply
from virtcim.wbem.status import InvalidNamespace, InvalidParameter, NotFound, WBEMError

N = "root/a"
Ask = Callable[..., Reply]


@pytest.fixture(scope="module")
def world() -> World:
    """A world that nobody changes."""
    return World()


def associators(world: World, source: ObjectPath, namespace: str = N, **filters: Any) -> Reply:
    """Return what Associators returns."""
    operation = ops.Associators(namespace=namespace, object_name=source, **filters)
    return world.broker.read(operation)


def associator_names(
    world: World, source: ObjectPath, namespace: str = N, **filters: str | None
) -> Reply:
    """Return what AssociatorNames returns."""
    operation = ops.AssociatorNames(namespace=namespace, object_name=source, **filters)
    return world.broker.read(operation)


def references(world: World, source: ObjectPath, namespace: str = N, **filters: Any) -> Reply:
    """Return what References returns."""
    operation = ops.References(namespace=namespace, object_name=source, **filters)
    return world.broker.read(operation)


def reference_names(
    world: World, source: ObjectPath, namespace: str = N, **filters: str | None
) -> Reply:
    """Return what ReferenceNames returns."""
    operation = ops.ReferenceNames(namespace=namespace, object_name=source, **filters)
    return world.broker.read(operation)


def test_associators(world: World) -> None:
    """What stands at the other ends, with full paths, all properties, each once."""
    reply = associators(world, world.one.path)
    assert names(reply) == ["T_Device:d1", "T_Device:d2", "T_System:two", "T_Special:special"]
    assert {(p.namespace, p.host) for p in paths(reply)} == {(N, "host")}
    assert [len(i.properties) for i in instances(reply)] == [2, 2, 5, 6]
    assert names(associator_names(world, world.one.path)) == names(reply)


def test_references(world: World) -> None:
    """The association instances, whose ends are paths with a namespace."""
    reply = references(world, world.d1.path)
    assert [p.class_name for p in paths(reply)] == ["T_Has", "T_Has"]
    ends = [(i.by_name["first"].value, i.by_name["second"].value) for i in instances(reply)]
    assert ends == [(world.one.path, world.d1.path), (world.special.path, world.d1.path)]
    for name in paths(reference_names(world, world.d1.path)):
        fetched = ops.GetInstance(namespace=N, instance_name=name)
        assert instances(world.broker.read(fetched))[0].by_name["weight"].value == 7


# All combinations of filters against a slow reference

CLASSES: tuple[str | None, ...] = (
    None, "T_Relation", "T_Has", "t_knows", "T_Never", "T_Thing", "T_SYSTEM", "T_Special",
    "T_Device",
)  # fmt: skip
ROLES: tuple[str | None, ...] = (None, "", "First", "SECOND", "Third")


def links(world: World) -> list[tuple[str, Record, Record]]:
    """Return all links of the first namespace."""
    return [
        ("T_Has", world.one, world.d1),
        ("T_Has", world.one, world.d2),
        ("T_Has", world.special, world.d1),
        ("T_Knows", world.one, world.two),
        ("T_Knows", world.one, world.special),
    ]


def related(
    world: World, source: Record, assoc: str | None, role: str | None, result_role: str | None
) -> Iterator[tuple[Record, tuple[str, str, str]]]:
    """Yield the partners with the class and the two ends of each link, the slow way."""
    is_a = world.namespaces.get(N).repository.is_a
    for class_name, first, second in links(world):
        for end, (near, far) in enumerate(((first, second), (second, first))):
            roles = ("First", "Second")
            if (
                near is source
                and (assoc is None or is_a(class_name, assoc))
                and (not role or role.lower() == roles[end].lower())
                and (not result_role or result_role.lower() == roles[1 - end].lower())
            ):
                yield far, (class_name, str(first["Name"]), str(second.path.keys))


@pytest.mark.parametrize("name", ["one", "two", "special", "d1", "d2", "padded"])
def test_all_filters_together(world: World, name: str) -> None:
    """Each combination of AssocClass, ResultClass, Role and ResultRole filters as it should."""
    source: Record = getattr(world, name)
    is_a = world.namespaces.get(N).repository.is_a
    for assoc, result, role, result_role in product(CLASSES, CLASSES, ROLES, ROLES):
        wanted = {
            partner.path.identity()
            for partner, _ in related(world, source, assoc, role, result_role)
            if result is None or is_a(partner.layout.class_name, result)
        }
        operation = ops.AssociatorNames(
            namespace=N,
            object_name=source.path,
            assoc_class=assoc,
            result_class=result,
            role=role,
            result_role=result_role,
        )
        found = [r.path.identity() for r in records(world.broker, operation)]
        assert set(found) == wanted, (assoc, result, role, result_role)
        assert len(found) == len(wanted)


@pytest.mark.parametrize("name", ["one", "two", "special", "d1", "d2", "padded"])
def test_all_filters_of_references(world: World, name: str) -> None:
    """Each combination of ResultClass and Role filters as it should."""
    source: Record = getattr(world, name)
    for result, role in product(CLASSES, ROLES):
        wanted = [link for _, link in related(world, source, result, role, None)]
        operation = ops.ReferenceNames(
            namespace=N, object_name=source.path, result_class=result, role=role
        )
        found = [
            (r.layout.class_name, str(_path(r["First"]).keys[0][1]), str(_path(r["Second"]).keys))  # type: ignore[index]
            for r in records(world.broker, operation)
        ]
        assert sorted(found) == sorted(wanted), (result, role)


def _path(value: object) -> ObjectPath:
    assert isinstance(value, ObjectPath)
    return value


def records(
    broker: Broker, operation: ops.AssociatorNames | ops.ReferenceNames
) -> Iterator[Record]:
    """Yield the records behind a reply; reading XML two thousand times would take long."""
    reply = broker.read(operation)
    assert isinstance(reply, ObjectsReply | ObjectPathsReply)
    assert isinstance(reply.objects, RelatedRecords)
    yield from reply.objects


def test_selection(world: World) -> None:
    """A PropertyList and IncludeClassOrigin act on what is returned."""
    reply = associators(
        world, world.one.path, property_list=("deviceid",), include_class_origin=True
    )
    found = [(e.get("NAME"), e.get("CLASSORIGIN")) for e in message(reply).iter("PROPERTY")]
    assert found == [("DeviceID", "T_Device")] * 2
    reply = references(world, world.d2.path, property_list=())
    assert [i.properties for i in instances(reply)] == [()]


ERRORS: dict[str, tuple[str, str, dict[str, str], type[WBEMError]]] = {
    "namespace first": ("root/x", "T_Nothing", {"result_class": "T_Nothing"}, InvalidNamespace),
    "source class": (N, "T_Nothing", {}, InvalidParameter),
    "result class": (N, "T_System", {"result_class": "T_Nothing"}, InvalidParameter),
    "keys": (N, "T_Device", {}, InvalidParameter),
    "superclass": (N, "T_Thing", {}, NotFound),
    "nobody serves it": (N, "T_Keyless", {}, NotFound),
}


@pytest.mark.parametrize(
    "ask", [associators, associator_names, references, reference_names], ids=lambda f: f.__name__
)
@pytest.mark.parametrize(("namespace", "source", "filters", "error"), ERRORS.values(), ids=ERRORS)
def test_errors(  # noqa: PLR0917 (parametrised)
    world: World,
    ask: Ask,
    namespace: str,
    source: str,
    filters: dict[str, str],
    error: type[WBEMError],
) -> None:
    """Namespace, source class, filter classes, then the source."""
    path = ObjectPath(source, world.one.path.keys)
    with pytest.raises(error):
        ask(world, path, namespace, **filters)


@pytest.mark.parametrize("ask", [associators, associator_names])
def test_unknown_association_class(world: World, ask: Ask) -> None:
    """An unknown AssocClass is CIM_ERR_INVALID_PARAMETER, before the source is looked for."""
    nowhere = ObjectPath("T_Device", (("DeviceID", "x"),))
    with pytest.raises(InvalidParameter, match="class T_Nothing does not exist"):
        ask(world, nowhere, assoc_class="T_Nothing")


def test_no_such_source(world: World) -> None:
    """A source that does not exist is CIM_ERR_NOT_FOUND and named."""
    nowhere = ObjectPath("T_Device", (("DeviceID", "x"),))
    with pytest.raises(NotFound, match=r"No such instance \(DeviceID\)"):
        associator_names(world, nowhere)


# Several namespaces


def test_sources_of_other_namespaces(world: World) -> None:
    """Where associations of several namespaces are answered, so are sources of each of them."""
    for source, device in ((world.far, "d1"), (world.near, "d2")):
        path = ObjectPath(source.layout.class_name, source.path.keys)
        assert names(associator_names(world, path, "root/d")) == [f"T_Device:{device}"]
        (reference,) = paths(reference_names(world, path, "root/d"))
        assert reference.namespace == source.namespace
    (found,) = paths(associator_names(world, world.d2.path, "root/d"))
    assert (found.namespace, found.keys) == ("root/c", (("Name", "near"),))


def test_unknown_sources_of_other_namespaces(world: World) -> None:
    """A source that no namespace has is named as in its own."""
    nowhere = ObjectPath("T_Bare", (("Name", "x"),))
    with pytest.raises(NotFound, match=r"No such instance \(Name\)"):
        associator_names(world, nowhere, "root/d")
    with pytest.raises(InvalidParameter):
        associator_names(world, ObjectPath("T_Bare"), "root/d")


# Classes


def class_path(name: str) -> ObjectPath:
    """Return the path of a class."""
    return ObjectPath(name, None)


CLASS_ASSOCIATORS: tuple[tuple[str, dict[str, str], list[str]], ...] = (
    ("T_System", {}, ["T_Thing", "T_Device", "T_System"]),
    ("t_special", {}, ["T_Thing", "T_Device", "T_System"]),
    ("T_Device", {"assoc_class": "T_Has"}, ["T_System"]),
    ("T_System", {"assoc_class": "T_Relation", "result_class": "T_Device"}, ["T_Device"]),
    ("T_System", {"assoc_class": "T_Knows", "role": "FIRST"}, ["T_System"]),
    ("T_System", {"assoc_class": "T_Has", "role": "Second"}, []),
    ("T_System", {"assoc_class": "T_Has", "result_role": "second"}, ["T_Device"]),
    ("T_System", {"assoc_class": "T_Has", "result_role": "First"}, []),
    ("T_Keyless", {}, []),
)


@pytest.mark.parametrize(("source", "filters", "wanted"), CLASS_ASSOCIATORS)
def test_class_associators(
    world: World, source: str, filters: dict[str, str], wanted: list[str]
) -> None:
    """For a class, the classes that its instances can be related to; filters act as for those."""
    reply = associator_names(world, class_path(source), **filters)
    assert [p.class_name for p in paths(reply)] == wanted
    assert {(p.keys, p.namespace, p.host) for p in paths(reply)} <= {(None, N, "host")}
    reply = associators(world, class_path(source), **filters)
    assert [c.name for c in classes(reply)] == wanted


CLASS_REFERENCES: tuple[tuple[str, dict[str, str], list[str]], ...] = (
    ("T_System", {}, ["T_Relation", "T_Has", "T_Knows"]),
    ("T_Device", {"role": "Second"}, ["T_Relation", "T_Has", "T_Never"]),
    ("T_Device", {"role": "First"}, ["T_Relation"]),
    ("T_Device", {"result_class": "t_has"}, ["T_Has"]),
    ("T_Keyless", {}, []),
)


@pytest.mark.parametrize(("source", "filters", "wanted"), CLASS_REFERENCES)
def test_class_references(
    world: World, source: str, filters: dict[str, str], wanted: list[str]
) -> None:
    """For a class, the associations that can refer to its instances, each once."""
    reply = reference_names(world, class_path(source), **filters)
    assert [p.class_name for p in paths(reply)] == wanted
    assert [c.name for c in classes(references(world, class_path(source), **filters))] == wanted


def classes(reply: Reply) -> list[ClassDeclaration]:
    """Return the classes of a reply."""
    return [read_class(element) for element in message(reply).iter("CLASS")]


def test_selection_of_classes(world: World) -> None:
    """Classes come with what was asked for: by default without qualifiers and origins."""
    source = class_path("T_Device")
    (plain,) = classes(references(world, source, result_class="T_Has"))
    assert [(p.name, p.qualifiers, p.class_origin) for p in plain.properties] == [
        ("First", (), ""),
        ("Second", (), ""),
        ("Weight", (), ""),
    ]
    (full,) = classes(
        references(
            world,
            source,
            result_class="T_Has",
            include_qualifiers=True,
            include_class_origin=True,
            property_list=("first",),
        )
    )
    assert [(p.name, p.class_origin) for p in full.properties] == [("First", "T_Relation")]
    assert [q.name for q in full.properties[0].qualifiers] == ["Key"]
    (system,) = classes(associators(world, source, assoc_class="T_Has"))
    assert {p.qualifiers for p in system.properties} == {()}


@pytest.mark.parametrize("ask", [associators, associator_names, references, reference_names])
def test_errors_of_classes(world: World, ask: Ask) -> None:
    """The same checks as for instances."""
    with pytest.raises(InvalidNamespace):
        ask(world, class_path("T_Nothing"), "root/x")
    with pytest.raises(InvalidParameter):
        ask(world, class_path("T_Nothing"))
    with pytest.raises(InvalidParameter):
        ask(world, class_path("T_System"), result_class="T_Nothing")
