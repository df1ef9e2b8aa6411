"""What a planner learns from a query, and that all of it is implied."""

import pytest

from tests.wbem.query.rows import statement
from virtcim.wbem.query.planning import (
    Equality,
    equalities,
    properties_read,
    required_classes,
    source_classes,
)
from virtcim.wbem.query.reading import parse_filter

EQUALITIES: tuple[tuple[str, tuple[Equality, ...]], ...] = (
    ("Name = 'a'", (Equality("name", ("a",)),)),
    ("'a' = Name", (Equality("name", ("a",)),)),
    (
        "Name = 'a' AND (EnabledState = 2 AND Load > 1)",
        (Equality("name", ("a",)), Equality("enabledstate", (2,))),
    ),
    ("Name = 'a' OR NAME = 'b' OR name = 'a'", (Equality("name", ("a", "b")),)),
    ("(Name = 'a' AND Id = 1) OR (Name = 'b' AND x = 2)", (Equality("name", ("a", "b")),)),
    ("Name = 'a' OR Id = 1", ()),
    ("Name = 'a' OR Load > 1", ()),
    ("NOT Name = 'a'", ()),
    ("NOT (Name = 'a' AND Id = 1)", ()),
    ("Name <> 'a'", ()),
    ("Name LIKE 'a'", ()),
    ("Name = Caption", ()),
    ("Name IS NULL", ()),
    ("Volume.Name = 'a'", ()),
    ("Roles[0] = 'a'", ()),
    ("ANY Roles = 'a'", ()),
    ("Roles = {'a'}", ()),
    ("Started = '20260102030405.000006+000'", ()),
    ("IsUp = TRUE", (Equality("isup", (True,)),)),
)


@pytest.mark.parametrize(("text", "found"), EQUALITIES)
def test_equalities(text: str, found: tuple[Equality, ...]) -> None:
    """A planner learns which values a property must have, where the query says so."""
    assert equalities(parse_filter("DMTF:FQL", text)) == found


def test_equalities_of_wql_have_no_case() -> None:
    """An index by case is no help for WQL, and the planner is told."""
    query = statement("WQL", "SELECT * FROM X WHERE Name = 'a'")
    assert equalities(query) == (Equality("name", ("a",), ignores_case=True),)
    assert equalities(statement("WQL", "SELECT * FROM X")) == ()


READ: tuple[tuple[str, frozenset[str]], ...] = (
    ("SELECT * FROM X", frozenset()),
    ("SELECT a FROM X WHERE b = 1 AND NOT (c.d LIKE 'x' OR e[0] IS NULL)", frozenset("bce")),
    ("SELECT a FROM X x WHERE x.b = x.c AND x ISA Y AND d ISA Y", frozenset("bcd")),
    ("SELECT a FROM X WHERE ANY b = c", frozenset("bc")),
    (
        "SELECT a FROM X WHERE ANY v IN b SATISFIES (v.c = d AND EVERY w IN v.e SATISFIES (w = v))",
        frozenset("bd"),
    ),
    (
        "SELECT a FROM X WHERE OBJECTPATH(b) = 'x' AND CLASSNAME(c) = d#'y' AND e = {1}",
        frozenset("bcde"),
    ),
)


@pytest.mark.parametrize(("text", "found"), READ)
def test_properties_read(text: str, found: frozenset[str]) -> None:
    """The properties that a condition needs are named once, in lower case."""
    assert properties_read(statement("CQL", text)) == found


SOURCES: tuple[tuple[str, tuple[frozenset[str], ...]], ...] = (
    ("SELECT * FROM I", ()),
    ("SELECT * FROM I WHERE SourceInstance ISA A", (frozenset({"a"}),)),
    ("SELECT * FROM I i WHERE i.SourceInstance ISA A AND x = 1", (frozenset({"a"}),)),
    (
        "SELECT * FROM I WHERE SourceInstance ISA A OR sourceinstance ISA B",
        (frozenset({"a", "b"}),),
    ),
    (
        (
            "SELECT * FROM I WHERE SourceInstance ISA A AND (SourceInstance ISA B "
            "OR SourceInstance ISA C)"
        ),
        (frozenset({"a"}), frozenset({"b", "c"})),
    ),
    ("SELECT * FROM I WHERE SourceInstance ISA A OR x = 1", ()),
    ("SELECT * FROM I WHERE NOT SourceInstance ISA A", ()),
    ("SELECT * FROM I WHERE PreviousInstance ISA A", ()),
    ("SELECT * FROM I WHERE SourceInstance.x ISA A", ()),
)


@pytest.mark.parametrize(("text", "found"), SOURCES)
def test_source_classes(text: str, found: tuple[frozenset[str], ...]) -> None:
    """An indication can be about objects of these classes only."""
    assert source_classes(statement("CQL", text)) == found


def test_the_class_of_the_row_itself() -> None:
    """A statement may narrow its own class."""
    query = statement("WQL", "SELECT * FROM X WHERE __this ISA 'Y' AND a.b ISA 'Z'")
    assert query.where is not None
    assert list(required_classes(query.where, "")) == [frozenset({"y"})]
