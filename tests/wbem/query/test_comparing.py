"""Values of every kind against each other, and whose row it is."""

from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wbem.query.rows import SYSTEM, fql, instance, selects, statement
from tests.wbem.strategies import SIMPLE_TYPES, instance_paths, scalars
from virtcim.wbem.objects import ClassDeclaration, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.query.comparing import FAMILIES, ORDERED, Incomparable, compare, same_object
from virtcim.wbem.query.rows import InstanceRow
from virtcim.wbem.query.tree import MIRRORED, Comparator
from virtcim.wbem.types import CIMType

OBJECTS: tuple[tuple[ObjectPath, ObjectPath, bool], ...] = (
    (ObjectPath("X", (("a", 1),)), ObjectPath("x", (("A", 1),)), True),
    (ObjectPath("X", (("a", 1),)), ObjectPath("Y", (("a", 1),)), False),
    (ObjectPath("X", (("a", 1), ("b", "c"))), ObjectPath("X", (("B", "c"), ("a", 1))), True),
    (ObjectPath("X", (("a", "c"),)), ObjectPath("X", (("a", "C"),)), False),
    (ObjectPath("X", (("a", 1),)), ObjectPath("X", (("b", 1),)), False),
    (ObjectPath("X", (("a", 1),)), ObjectPath("X", (("a", 1), ("b", 1))), False),
    (ObjectPath("X", (("a", 31),)), ObjectPath("X", (("a", "0x1F"),)), True),
    (ObjectPath("X", (("a", 31),)), ObjectPath("X", (("a", "y"),)), False),
    (ObjectPath("X", (("a", 0.5),)), ObjectPath("X", (("a", "0.50"),)), True),
    (ObjectPath("X", (("a", True),)), ObjectPath("X", (("a", "TRUE"),)), True),
    (ObjectPath("X", (("a", True),)), ObjectPath("X", (("a", 1),)), False),
    (ObjectPath("X", (("", 1),)), ObjectPath("X", (("a", 1),)), True),
    (ObjectPath("X", (("", 1),)), ObjectPath("X", (("a", 2),)), False),
    (ObjectPath("X", (("a", 1),), "root/virt"), ObjectPath("X", (("a", 1),), "/Root/Virt/"), True),
    (ObjectPath("X", (("a", 1),), "root/virt"), ObjectPath("X", (("a", 1),)), True),
    (ObjectPath("X", (("a", 1),), "root/virt"), ObjectPath("X", (("a", 1),), "root"), False),
    (ObjectPath("X", (("a", 1),), "n", "h"), ObjectPath("X", (("a", 1),), "n", "other"), True),
    (ObjectPath("X", None), ObjectPath("x", None), True),
    (ObjectPath("X", None), ObjectPath("X", ()), False),
    (
        ObjectPath("X", (("a", ObjectPath("Y", (("b", 1),))),)),
        ObjectPath("X", (("a", "Y.b=1"),)),
        True,
    ),
    (
        ObjectPath("X", (("a", ObjectPath("Y", (("b", 1),))),)),
        ObjectPath("X", (("a", ObjectPath("y", (("B", 1),))),)),
        True,
    ),
    (ObjectPath("X", (("a", ObjectPath("Y")),)), ObjectPath("X", (("a", "="),)), False),
    (ObjectPath("X", (("a", ObjectPath("Y")),)), ObjectPath("X", (("a", 1),)), False),
)


@pytest.mark.parametrize(("one", "other", "same"), OBJECTS)
def test_objects(one: ObjectPath, other: ObjectPath, same: bool) -> None:  # noqa: FBT001
    """Two paths name one object or two, whichever comes first."""
    assert same_object(one, other) is same
    assert same_object(other, one) is same


@given(instance_paths(local=True))
def test_an_object_is_itself(path: ObjectPath) -> None:
    """Every path names the object that it names."""
    assert same_object(path, path)
    assert compare(Comparator.EQUAL, path, path, str) is True
    assert compare(Comparator.UNEQUAL, path, path, str) is False


@given(SIMPLE_TYPES.flatmap(lambda kind: st.tuples(st.just(kind), scalars(kind), scalars(kind))))
def test_values_of_a_type(two: tuple[CIMType, Value, Value]) -> None:
    """Exactly one of less, equal and more holds, and it holds the other way round."""
    kind, one, other = two
    if FAMILIES[kind] not in ORDERED or (kind is CIMType.DATETIME and "*" in f"{one}{other}"):
        return
    try:
        answers = {c: compare(c, one, other, str) for c in Comparator}
    except Incomparable:
        assert kind is CIMType.DATETIME
        return
    less, equal, more = (
        answers[c] for c in (Comparator.LESS, Comparator.EQUAL, Comparator.GREATER)
    )
    assert [less, equal, more].count(True) == 1
    assert answers[Comparator.UNEQUAL] is not equal
    assert answers[Comparator.AT_MOST] is (less or equal)
    assert answers[Comparator.AT_LEAST] is (more or equal)
    for comparator, answer in answers.items():
        assert compare(MIRRORED[comparator], other, one, str) is answer


class State(IntEnum):
    """An enum as providers have them."""

    ENABLED = 2


ROW = InstanceRow(
    instance(
        "CIM_Change",
        State=State.ENABLED,
        Source=ClassDeclaration(name="CIM_Thing"),
        One=ObjectPath("X", (("a", 1),)),
        Same=ObjectPath("x", (("A", 1),)),
        Name="X.a=1",
        Octets=(65, 66),
        Letters="AB",
        Mixed=(1, "x"),
    )
)

SELECTED = (
    "State = 2 AND State < 3",
    "State = State",
    "One = Same AND NOT One <> Same",
    "One = Name AND Name = One",
    "Octets = Letters AND Letters = Octets",
    "Octets <> Name",
    "Octets = Octets",
)


@pytest.mark.parametrize("text", SELECTED)
def test_what_rows_hold(text: str) -> None:
    """Enums are their numbers; references and octets meet text on either side."""
    assert fql(text, ROW) is True


def test_classes_as_values() -> None:
    """An embedded class has a name, and may be below another."""
    assert selects(statement("CQL", "SELECT * FROM X WHERE CLASSNAME(Source) = 'CIM_Thing'"), ROW)
    assert selects(statement("CQL", "SELECT * FROM X WHERE Source ISA CIM_Thing"), ROW)
    assert selects(statement("CQL", "SELECT * FROM X WHERE OBJECTPATH(One) = Same"), ROW)


def test_the_row_in_a_condition_on_elements() -> None:
    """Within a condition on elements the row is still the row."""
    text = (
        "SELECT * FROM X x WHERE ANY d IN Dedicated SATISFIES "
        "(d = 1 AND CLASSNAME(x) = 'KVM_System' AND OBJECTPATH(x) IS NOT NULL AND x IS NOT NULL)"
    )
    assert selects(statement("CQL", text), SYSTEM)


def test_the_class_as_a_column() -> None:
    """The name of the class is a column like another, but no property."""
    query = statement("WQL", "SELECT __CLASS, Name FROM X")
    assert query.columns is not None
    assert [column.name for column in query.columns] == ["__CLASS", "Name"]
    assert query.property_list == ("Name",)
