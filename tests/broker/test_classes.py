"""Operations on classes and qualifiers."""

import pytest

from tests.broker.world import World, message
from virtcim.broker.broker import Broker
from virtcim.schema.repository import select_class
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import ClassDeclaration, Property
from virtcim.wbem.reading import read_class, read_qualifier_declaration
from virtcim.wbem.status import InvalidClass, InvalidNamespace, NotFound

N = "root/a"


@pytest.fixture(scope="module")
def broker() -> Broker:
    """The broker of a world that nobody changes."""
    return World().broker


def get_class(broker: Broker, operation: ops.GetClass) -> ClassDeclaration:
    """Return the class that a client receives."""
    element = message(broker.read(operation)).find(".//CLASS")
    assert element is not None
    return read_class(element)


def properties(declaration: ClassDeclaration) -> dict[str, Property]:
    """Return the properties by name."""
    return {p.name: p for p in declaration.properties}


def test_defaults_of_get_class(broker: Broker) -> None:
    """Own elements with qualifiers and without origins, names in any case."""
    found = get_class(broker, ops.GetClass(namespace=N, class_name="t_special"))
    assert (found.name, found.superclass, [*properties(found)]) == (
        "T_Special",
        "T_System",
        ["Extra"],
    )
    assert found.methods == ()
    assert properties(found)["Extra"].class_origin == ""


def test_everything_of_get_class(broker: Broker) -> None:
    """Inherited elements are marked, and know where they come from."""
    found = get_class(
        broker,
        ops.GetClass(
            namespace=N, class_name="T_Special", local_only=False, include_class_origin=True
        ),
    )
    origins = {p.name: (p.class_origin, p.propagated) for p in found.properties}
    assert origins == {
        "Caption": ("T_Thing", True),
        "Name": ("T_System", True),
        "Number": ("T_System", True),
        "Live": ("T_System", True),
        "Load": ("T_System", True),
        "Extra": ("T_Special", False),
    }
    assert [m.name for m in found.methods] == ["Act", "Idle"]
    assert [q.name for q in properties(found)["Caption"].qualifiers] == ["Description"]


def test_selection_of_get_class(broker: Broker) -> None:
    """A PropertyList and IncludeQualifiers act as they should."""
    found = get_class(
        broker,
        ops.GetClass(
            namespace=N,
            class_name="T_System",
            local_only=False,
            include_qualifiers=False,
            property_list=("caption", "LOAD", "Stranger"),
        ),
    )
    assert [*properties(found)] == ["Caption", "Load"]
    assert properties(found)["Caption"].qualifiers == ()


def test_errors_of_get_class(broker: Broker) -> None:
    """Namespace first, then the class."""
    with pytest.raises(InvalidNamespace):
        broker.read(ops.GetClass(namespace="root/x", class_name="T_Nothing"))
    with pytest.raises(NotFound):
        broker.read(ops.GetClass(namespace=N, class_name="T_Nothing"))


THINGS = ["T_Setting", "T_System", "T_Device", "T_Bare", "CIM_Service"]
ENUMERATED: tuple[tuple[str | None, bool, list[str]], ...] = (
    (None, False, ["T_Thing", "T_Keyless", "T_Relation"]),
    ("T_Thing", False, THINGS),
    ("t_thing", True, ["T_Setting", "T_DiskSetting", "T_System", "T_Special", "T_Device",
                       "T_Bare", "CIM_Service", "T_Service", "T_Services", "T_NoService"]),
    ("T_Special", True, []),
)  # fmt: skip


@pytest.mark.parametrize(("class_name", "deep", "wanted"), ENUMERATED)
def test_enumerations(
    broker: Broker, class_name: str | None, *, deep: bool, wanted: list[str]
) -> None:
    """Children or the whole tree, without the class itself."""
    reply = broker.read(
        ops.EnumerateClassNames(namespace=N, class_name=class_name, deep_inheritance=deep)
    )
    assert [e.get("NAME") for e in message(reply).iter("CLASSNAME")] == wanted
    reply = broker.read(
        ops.EnumerateClasses(namespace=N, class_name=class_name, deep_inheritance=deep)
    )
    assert [e.get("NAME") for e in message(reply).iter("CLASS")] == wanted


def test_all_classes(broker: Broker) -> None:
    """Deep from the top is every class, as the selection leaves it."""
    reply = broker.read(
        ops.EnumerateClasses(
            namespace=N, deep_inheritance=True, local_only=False, include_class_origin=True
        )
    )
    found = {c.name: c for c in map(read_class, message(reply).iter("CLASS"))}
    repository = broker.namespaces.get(N).repository
    assert found.keys() == {c.name for c in repository}
    wanted = select_class(
        found["T_Has"], local_only=False, include_qualifiers=True, include_class_origin=True
    )
    assert found["T_Has"] == wanted


@pytest.mark.parametrize("kind", [ops.EnumerateClasses, ops.EnumerateClassNames])
def test_errors_of_enumerations(
    broker: Broker, kind: type[ops.EnumerateClasses] | type[ops.EnumerateClassNames]
) -> None:
    """An unknown class is CIM_ERR_INVALID_CLASS, after the namespace."""
    with pytest.raises(InvalidNamespace):
        broker.read(kind(namespace="root/x", class_name="T_Nothing"))
    with pytest.raises(InvalidClass):
        broker.read(kind(namespace=N, class_name="T_Nothing"))


def test_qualifiers(broker: Broker) -> None:
    """One by name in any case, or all."""
    reply = broker.read(ops.GetQualifier(namespace=N, qualifier_name="KEY"))
    element = message(reply).find(".//QUALIFIER.DECLARATION")
    assert element is not None
    declaration = read_qualifier_declaration(element)
    assert (declaration.name, declaration.flavor.overridable) == ("Key", False)
    everything = message(broker.read(ops.EnumerateQualifiers(namespace=N)))
    assert len([*everything.iter("QUALIFIER.DECLARATION")]) == 8
    with pytest.raises(NotFound):
        broker.read(ops.GetQualifier(namespace=N, qualifier_name="Nothing"))
    for operation in (
        ops.GetQualifier(namespace="root/x", qualifier_name="Key"),
        ops.EnumerateQualifiers(namespace="root/x"),
    ):
        with pytest.raises(InvalidNamespace):
            broker.read(operation)
