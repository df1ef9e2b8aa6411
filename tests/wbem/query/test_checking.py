"""What a schema shows to be wrong before any row does."""

import pytest

from tests.wbem.query.rows import CLASSES, SYSTEM, selects, statement
from virtcim.wbem.objects import ClassDeclaration
from virtcim.wbem.query.comparing import FAMILIES
from virtcim.wbem.query.errors import InvalidQuery
from virtcim.wbem.query.matching import compile_test, matcher
from virtcim.wbem.query.reading import parse_filter
from virtcim.wbem.query.tree import Filter
from virtcim.wbem.types import CIMType


def filtered(text: str) -> Filter:
    """Read a filter and compile it for a class that is known."""
    query = parse_filter("DMTF:FQL", text)
    matcher(query, CLASSES, "CIM_System")
    return query


KNOWN: tuple[str, ...] = (
    "Name = 'x'",
    "EnabledState = 2.5",
    "Load > EnabledState",
    "Name < 'x' AND Started > '20260102030405.000006+000'",
    "Started = Name",
    "System = 'X.a=1'",
    "System = System",
    "System = Name",
    "Dedicated = {1}",
    "Dedicated = {}",
    "Dedicated = '0x01'",
    "Roles = {'a'}",
    "Days = {'20260102030405.000006+000'}",
    "Days = Roles",
    "ANY Dedicated = 1",
    "ANY Days > '20260102030405.000006+000'",
    "Dedicated[0] < 1",
    "Volume.Size > 1",
    "Volume.NotOfThisOne = 1",
    "NotOfThisClass = 1",
    "NotOfThisClass.Either LIKE 'x'",
    "ANY NotOfThisClass = 1",
    "Volume IS NULL",
)


@pytest.mark.parametrize("text", KNOWN)
def test_what_the_schema_allows(text: str) -> None:
    """What may be so is asked of the rows; a property that only a subclass has is NULL."""
    filtered(text)


WRONG: tuple[tuple[str, int, str], ...] = (
    ("Name = 5", 6, "text is not comparable with a number"),
    ("5 = Name", 3, "a number is not comparable with text"),
    ("EnabledState = '2'", 14, "a number is not comparable with text"),
    ("EnabledState = TRUE", 14, "a number is not comparable with a boolean"),
    ("IsUp = 1", 6, "a boolean is not comparable with a number"),
    ("IsUp > TRUE", 6, "a boolean is not comparable by >"),
    ("IsUp > NotOfThisClass", 6, "a boolean is not comparable by >"),
    ("Started = 5", 9, "a datetime is not comparable with a number"),
    ("Started = 'today'", 11, "'today' is not a CIM datetime"),
    ("'today' < Started", 1, "'today' is not a CIM datetime"),
    ("Started = System", 9, "a datetime is not comparable with a reference"),
    ("System = ''", 10, "'' is not an object path"),
    ("System < 'X.a=1'", 8, "a reference is not comparable by <"),
    ("Volume = 'x'", 8, "an embedded object is not comparable"),
    ("Name LIKE 'x' AND EnabledState LIKE 'x'", 37, "a number is not comparable with a pattern"),
    ("Started LIKE '2026.*'", 14, "a datetime is not comparable with a pattern"),
    ("Dedicated = 1", 11, "an array is not comparable with a number"),
    ("Dedicated > {1}", 11, "an array is not comparable by >"),
    ("Dedicated = {'x'}", 11, "an array is not comparable with an array"),
    ("Roles = 'x'", 7, "an array is not comparable with text"),
    ("ANY Dedicated = 'x'", 15, "a number is not comparable with text"),
    ("ANY Dedicated LIKE 'x'", 20, "a number is not comparable with a pattern"),
    ("ANY Name = 'x'", 1, "text has no elements"),
    ("Name[0] = 'x'", 1, "Name is no array"),
    ("Dedicated[0] = 'x'", 14, "a number is not comparable with text"),
    ("Volume.Size = 'x'", 13, "a number is not comparable with text"),
)


@pytest.mark.parametrize(("text", "column", "reason"), WRONG)
def test_what_the_schema_forbids(text: str, column: int, reason: str) -> None:
    """What cannot be compared is refused before there is a row."""
    with pytest.raises(InvalidQuery) as caught:
        filtered(text)
    assert caught.value.reason == f"{reason} at line 1, column {column} of the query"


UNKNOWN: tuple[tuple[str, int, str], ...] = (
    (
        "SELECT * FROM CIM_Element WHERE EnabledState = 2",
        33,
        "class CIM_Element has no property EnabledState",
    ),
    ("SELECT * FROM CIM_Element WHERE Foo IS NULL", 33, "class CIM_Element has no property Foo"),
    ("SELECT * FROM CIM_Element WHERE Foo ISA X", 33, "class CIM_Element has no property Foo"),
    (
        "SELECT * FROM CIM_Element e WHERE CIM_Volume::Foo = 1",
        35,
        "class CIM_Volume has no property Foo",
    ),
    (
        "SELECT * FROM CIM_System WHERE Volume.CIM_Volume::Foo = 1",
        32,
        "class CIM_Volume has no property Foo",
    ),
    (
        "SELECT * FROM CIM_System WHERE EnabledState = EnabledState#'Foo'",
        47,
        "EnabledState has no value 'Foo'",
    ),
    (
        "SELECT * FROM CIM_System WHERE EnabledState = EnabledState#'Vendor'",
        47,
        "EnabledState has no value 'Vendor'",
    ),
    ("SELECT * FROM CIM_System WHERE Name = Name#'x'", 39, "Name has no value 'x'"),
    ("SELECT * FROM X WHERE a = b.c#'x'", 27, "the values of b.c are not known"),
    (
        "SELECT * FROM CIM_System WHERE Name = EnabledState#'Enabled'",
        37,
        "text is not comparable with a number",
    ),
    ("SELECT * FROM CIM_System c WHERE c = 'x'", 36, "an embedded object is not comparable"),
    (
        (
            "SELECT * FROM CIM_Change WHERE SourceInstance ISA CIM_System AND "
            "SourceInstance.EnabledState = 'x'"
        ),
        94,
        "a number is not comparable with text",
    ),
)


@pytest.mark.parametrize(("text", "column", "reason"), UNKNOWN)
def test_what_statements_must_know(text: str, column: int, reason: str) -> None:
    """A statement names its class, so a property that the class has not is an error."""
    query = statement("DMTF:CQL", text)
    with pytest.raises(InvalidQuery) as caught:
        matcher(query, CLASSES)
    assert caught.value.reason == f"{reason} at line 1, column {column} of the query"


def test_values_by_name_without_a_map() -> None:
    """Without a ValueMap, the names of the values count from 0 (DSP0004 section 5.6.3)."""
    query = statement("CQL", "SELECT * FROM CIM_System WHERE Kind = Kind#'Some'")
    assert selects(query, SYSTEM, CLASSES) is False
    answer = compile_test(query, query.where, CLASSES) if query.where is not None else None
    assert answer is not None
    assert answer(SYSTEM) is None


def test_an_unknown_class_is_somebody_elses_matter() -> None:
    """A statement about a class that does not exist compiles; the broker knows better."""
    assert selects(statement("CQL", "SELECT * FROM X WHERE Name = 'web'"), SYSTEM, CLASSES)


def test_every_type_has_a_family() -> None:
    """The table of families is total."""
    assert set(FAMILIES) == set(CIMType)
    assert isinstance(CLASSES.find("cim_element"), ClassDeclaration)
