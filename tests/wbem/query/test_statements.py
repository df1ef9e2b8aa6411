"""CQL and WQL: what each statement means and selects, and where the others are wrong."""

import pytest

from tests.wbem.query.rows import CLASSES, SYSTEM, instance, selects, statement
from virtcim.wbem.objects import Instance
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.query.errors import (
    InvalidQuery,
    QueryFeatureNotSupported,
    QueryLanguageNotSupported,
)
from virtcim.wbem.query.reading import language_named, parse_filter, parse_statement
from virtcim.wbem.query.rows import InstanceRow
from virtcim.wbem.query.tree import Language, Select, Traversal

CHANGE = InstanceRow(
    instance(
        "CIM_Change",
        SourceInstance=instance(
            "KVM_System",
            ObjectPath("KVM_System", (("Name", "web"),), "root/virt"),
            Name="web",
            EnabledState=2,
        ),
        PreviousInstance=instance("KVM_System", Name="web", EnabledState=3),
    )
)

CQL: tuple[tuple[str, bool], ...] = (
    ("SELECT * FROM CIM_System", True),
    ("select Name from CIM_System where Name = 'web'", True),
    ("SELECT * FROM CIM_System WHERE CIM_System.Name = 'web'", True),
    ("SELECT * FROM CIM_System s WHERE s.Name = 'web'", True),
    ("SELECT s.* FROM CIM_System AS s WHERE S.name = 'db'", False),
    ("SELECT * FROM CIM_Element WHERE CIM_Element ISA CIM_System", True),
    ("SELECT * FROM CIM_Element e WHERE e ISA CIM_Volume", False),
    ("SELECT * FROM CIM_Element e WHERE NOT e ISA 'cim_volume'", True),
    ("SELECT * FROM CIM_Element WHERE CIM_System::EnabledState = 2", True),
    ("SELECT * FROM CIM_Element WHERE CIM_Volume::Size = 2", False),
    ("SELECT * FROM CIM_Element WHERE NOT CIM_Volume::Size = 2", False),
    ("SELECT * FROM CIM_System WHERE CLASSNAME() = 'KVM_System'", True),
    ("SELECT * FROM CIM_System c WHERE OBJECTPATH(c) = 'KVM_System.Name=\"web\"'", True),
    ("SELECT * FROM CIM_System WHERE EnabledState = EnabledState#'Enabled'", True),
    ("SELECT * FROM CIM_System WHERE EnabledState <> CIM_System::EnabledState#'Disabled'", True),
    ("SELECT * FROM CIM_System c WHERE c.EnabledState#'Unknown' < c.EnabledState", True),
    ("SELECT * FROM CIM_System WHERE ANY Dedicated = 3", True),
    ("SELECT * FROM CIM_System WHERE ANY d IN Dedicated SATISFIES (d > 2 AND d < 4)", True),
    (
        "SELECT * FROM CIM_System WHERE EVERY d IN Dedicated SATISFIES (d > 2 OR EnabledState = 3)",
        False,
    ),
    ("SELECT * FROM CIM_System WHERE Dedicated = {1, 2, 3}", True),
    ("SELECT * FROM X WHERE ANY v IN Volumes SATISFIES (v.Size = 1)", True),
    ("SELECT * FROM X WHERE EVERY v IN Volumes SATISFIES (v ISA CIM_Volume)", True),
    (
        (
            "SELECT * FROM X WHERE ANY v IN Volumes SATISFIES (ANY t IN v.Tags "
            "SATISFIES (t = 'new' AND v.Size > 1))"
        ),
        True,
    ),
    ("SELECT * FROM X WHERE Name LIKE 'w.*'", True),
    ("SELECT * FROM X WHERE NOT (Name IS NULL) AND Absent IS NULL", True),
)


@pytest.mark.parametrize(("text", "selected"), CQL)
def test_cql(text: str, selected: bool) -> None:  # noqa: FBT001
    """What a statement of CQL selects."""
    assert selects(statement("DMTF:CQL", text), SYSTEM, CLASSES) is selected


WQL: tuple[tuple[str, bool], ...] = (
    ("SELECT * FROM CIM_System", True),
    ('Select Name, EnabledState From CIM_System Where Name = "WEB"', True),
    ("SELECT * FROM CIM_System WHERE Name <> 'Web'", False),
    ("SELECT * FROM CIM_System WHERE Name != 'db'", True),
    ("SELECT * FROM CIM_System WHERE 'A' < Name", True),
    ("SELECT * FROM CIM_System WHERE Name LIKE 'W%'", True),
    ("SELECT * FROM CIM_System WHERE Name LIKE '_e[a-b]'", True),
    ("SELECT * FROM CIM_System WHERE Name NOT LIKE '[^w]%'", True),
    ("SELECT * FROM CIM_System WHERE __CLASS = 'kvm_system'", True),
    ("SELECT * FROM CIM_System WHERE __Class LIKE '%[_]Sys%'", True),
    ("SELECT * FROM CIM_Element WHERE __this ISA 'CIM_System'", True),
    ("SELECT * FROM CIM_Element WHERE __THIS ISA 'CIM_Volume'", False),
    ("SELECT * FROM CIM_System WHERE System IS NOT NULL AND Started IS NOT NULL", True),
    ("SELECT * FROM CIM_System WHERE Name = NULL OR NOT EnabledState <> 2", True),
    ("SELECT * FROM CIM_System WHERE (EnabledState = 3 OR EnabledState = 2) AND IsUp = TRUE", True),
    ("SELECT * FROM CIM_System WHERE Started > '20260101000000.000000+000'", True),
)


@pytest.mark.parametrize(("text", "selected"), WQL)
def test_wql(text: str, selected: bool) -> None:  # noqa: FBT001
    """What a statement of WQL selects; it has no case."""
    assert selects(statement("WQL", text), SYSTEM, CLASSES) is selected


INDICATIONS: tuple[tuple[str, str, bool], ...] = (
    ("WQL", 'SELECT * FROM CIM_Change WHERE SourceInstance ISA "CIM_System"', True),
    ("WQL", "SELECT * FROM CIM_Change WHERE TargetInstance ISA 'CIM_Volume'", False),
    ("WQL", "SELECT * FROM CIM_Change WITHIN 10 WHERE TargetInstance.Name = 'WEB'", True),
    ("WQL", "SELECT * FROM CIM_Change WHERE SourceInstance.__CLASS = 'KVM_System'", True),
    (
        "CIM:CQL",
        (
            "SELECT * FROM CIM_Change WHERE SourceInstance ISA CIM_System AND "
            "SourceInstance.EnabledState <> PreviousInstance.EnabledState"
        ),
        True,
    ),
    (
        "CQL",
        (
            "SELECT * FROM CIM_Change WHERE "
            "SourceInstance.CIM_System::EnabledState = PreviousInstance.CIM_System::EnabledState"
        ),
        False,
    ),
    ("CQL", "SELECT * FROM CIM_Change WHERE SourceInstance.CIM_Volume::Size = 1", False),
    (
        "CQL",
        (
            "SELECT * FROM CIM_Change WHERE SourceInstance ISA CIM_System AND "
            "SourceInstance.EnabledState = SourceInstance.EnabledState#'Enabled'"
        ),
        True,
    ),
    (
        "CQL",
        (
            "SELECT OBJECTPATH(SourceInstance) AS p FROM CIM_Change WHERE "
            "OBJECTPATH(SourceInstance) = 'KVM_System.Name=\"web\"'"
        ),
        True,
    ),
    ("CQL", "SELECT * FROM CIM_Change WHERE CLASSNAME(SourceInstance) = 'KVM_System'", True),
    ("CQL", "SELECT * FROM CIM_Change WHERE CLASSNAME(Absent) IS NULL", True),
)


@pytest.mark.parametrize(("language", "text", "selected"), INDICATIONS)
def test_filters_of_indications(language: str, text: str, selected: bool) -> None:  # noqa: FBT001
    """The object that an indication carries is asked as a row is."""
    query = statement(language, text)
    schema = CLASSES if "Absent" not in text else None
    assert selects(query, CHANGE, *([schema] if schema else [])) is selected


def test_columns() -> None:
    """A select list names what it asks for, and the properties that it needs."""
    query = statement(
        "DMTF:CQL", "SELECT s.Name, Volume.Size AS big, OBJECTPATH(s) AS p, e.* FROM CIM_X s"
    )
    assert query.columns is not None
    assert [column.name for column in query.columns] == ["Name", "big", "p", "*"]
    assert query.property_list == ("Name", "Volume", "e")
    assert (query.class_name, query.alias, query.within) == ("CIM_X", "s", None)


ALL = ("SELECT * FROM CIM_X", "SELECT CIM_X.* FROM CIM_X", "SELECT x.* FROM CIM_X AS x")


@pytest.mark.parametrize("text", ALL)
def test_a_star_is_no_list(text: str) -> None:
    """All properties are asked for by no list of them."""
    query = statement("DMTF:CQL", text)
    assert (query.columns, query.property_list) == (None, None)


def test_the_interval_is_kept() -> None:
    """Whoever polls knows how late it may be."""
    assert statement("WQL", "SELECT * FROM X WITHIN 2.5 WHERE a = 1").within == 2.5


TRAVERSALS: tuple[tuple[str, Traversal], ...] = (
    (
        'ASSOCIATORS OF {CIM_X.Name="a}b",Id=5}',
        Traversal(
            language=Language.WQL,
            text="",
            path=ObjectPath("CIM_X", (("Name", "a}b"), ("Id", 5))),
            references=False,
        ),
    ),
    (
        (
            "associators of {CIM_X='a'} where assocclass = A ResultClass='R' "
            "role=x ResultRole = y ClassDefsOnly"
        ),
        Traversal(
            language=Language.WQL,
            text="",
            path=ObjectPath("CIM_X", (("", "a"),)),
            references=False,
            association_class="A",
            result_class="R",
            role="x",
            result_role="y",
            class_definitions_only=True,
        ),
    ),
    (
        'REFERENCES OF {\\\\host\\root\\virt:CIM_X.Name="C:"} WHERE ResultClass = A Role = x',
        Traversal(
            language=Language.WQL,
            text="",
            path=ObjectPath("CIM_X", (("Name", "C:"),), "root/virt", "host"),
            references=True,
            result_class="A",
            role="x",
        ),
    ),
    (
        "REFERENCES OF {root/virt:CIM_X=5}",
        Traversal(
            language=Language.WQL,
            text="",
            path=ObjectPath("CIM_X", (("", 5),), "root/virt"),
            references=True,
        ),
    ),
    (
        "REFERENCES OF {CIM_X=@} WHERE SchemaOnly",
        Traversal(
            language=Language.WQL,
            text="",
            path=ObjectPath("CIM_X", ()),
            references=True,
            class_definitions_only=True,
        ),
    ),
)


@pytest.mark.parametrize(("text", "wanted"), TRAVERSALS)
def test_traversals(text: str, wanted: Traversal) -> None:
    """Microsoft's statements about associations are those operations."""
    found = parse_statement("WQL", text)
    assert isinstance(found, Traversal)
    assert found.text == text
    fields = {f: getattr(found, f) for f in Traversal.__slots__ if f != "text"}
    assert fields == {f: getattr(wanted, f) for f in Traversal.__slots__ if f != "text"}


INVALID: tuple[tuple[str, str, int, str], ...] = (
    ("CQL", "", 1, "the query ends where SELECT is expected"),
    ("CQL", "SELECT", 7, "the query ends where '*' or a name is expected"),
    ("CQL", "SELECT * FROM", 14, "the query ends where a name is expected"),
    ("CQL", "SELECT * FORM X", 10, "'FORM' where FROM is expected"),
    ("CQL", "SELECT * FROM X WHERE", 22, "the query ends where"),
    ("CQL", "SELECT * FROM X WHERE AND", 23, "'AND' where a condition is expected"),
    ("WQL", "SELECT * FROM X WHERE or a = 1", 23, "'or' where a condition is expected"),
    ("WQL", "SELECT * FROM X WHERE a = 1 AND OR", 33, "'OR' where a condition is expected"),
    ("CQL", "SELECT a, FROM X", 16, "'X' where"),
    ("CQL", "SELECT * FROM X WHERE a != 1", 25, "'!' where"),
    ("CQL", "SELECT * FROM X WHERE a < NULL", 25, "NULL is not comparable by <"),
    ("CQL", "SELECT OBJECTPATH(*) FROM X", 8, "OBJECTPATH takes one object"),
    ("CQL", "SELECT * FROM X WHERE a BETWEEN 1 AND 2", 25, "'BETWEEN' where"),
    ("CQL", "SELECT * FROM X WHERE a IN b", 25, "'IN' where"),
    ("CQL", "SELECT * FROM X WHERE a ISA ''", 29, "the name of a class is empty"),
    ("CQL", "SELECT * FROM X WHERE OBJECTPATH(1) = 'x'", 23, "OBJECTPATH takes one object"),
    ("CQL", "SELECT * FROM X WHERE OBJECTPATH(a, b) = 'x'", 23, "OBJECTPATH takes one object"),
    ("WQL", "SELECT * FROM X WITHIN 0 WHERE a = 1", 24, "an interval must be more than 0 seconds"),
    ("WQL", "SELECT * FROM X, Y", 16, "',' where"),
    ("WQL", "SELECT * FROM X WHERE a LIKE '[a'", 30, "a set that does not end in the pattern"),
    ("WQL", "SELECT * FROM X WHERE ANY a = 1", 27, "'a' where"),
    ("WQL", "ASSOCIATORS OF {X.", 16, "'{' where a path in braces is expected"),
    ("WQL", "ASSOCIATORS OF {}", 16, "'' is not an object path"),
    ("WQL", "ASSOCIATORS OF {X.a=}", 16, "'a=' is not a key"),
    ("WQL", "ASSOCIATORS OF {X.a=1} WHERE Foo = 1", 36, "'1' where a name or a string is expected"),
    ("WQL", "ASSOCIATORS OF {X.a=1} WHERE Foo = b", 30, "Foo is no option here"),
    ("WQL", "ASSOCIATORS OF {X.a=1} WHERE AssocClass", 30, "AssocClass is no option here"),
    ("WQL", "REFERENCES OF {X.a=1} WHERE AssocClass = b", 29, "AssocClass is no option here"),
    ("WQL", "REFERENCES OF {X.a=1} WHERE Role = b role = c", 38, "role is given twice"),
)


@pytest.mark.parametrize(("language", "text", "column", "reason"), INVALID)
def test_invalid(language: str, text: str, column: int, reason: str) -> None:
    """What is wrong is named with its place."""
    with pytest.raises(InvalidQuery) as caught:
        parse_statement(language, text)
    assert caught.value.reason.startswith(reason)
    assert caught.value.reason.endswith(f" at line 1, column {column} of the query")


UNSERVED: tuple[tuple[str, str, int, str], ...] = (
    ("CQL", "SELECT DISTINCT a FROM X", 8, "DISTINCT"),
    ("CQL", "SELECT FIRST 5 a FROM X", 8, "FIRST"),
    ("CQL", "SELECT a FROM X, Y", 18, "a join of classes"),
    ("CQL", "SELECT a FROM X ORDER BY a", 17, "ORDER BY"),
    ("CQL", "SELECT a FROM X WHERE a = 1 ORDER BY a", 29, "ORDER BY"),
    ("CQL", "SELECT a FROM X WHERE a + 1 = 2", 25, "arithmetic"),
    ("CQL", "SELECT a FROM X WHERE a || 'x' = 'y'", 25, "arithmetic"),
    ("CQL", "SELECT COUNT(*) FROM X", 8, "the function COUNT"),
    ("CQL", "SELECT a FROM X WHERE UPPERCASE(a) = 'Y'", 23, "the function UPPERCASE"),
    ("WQL", "SELECT * FROM X WITHIN 10 GROUP WITHIN 5 BY a", 27, "grouping of events"),
    ("WQL", "SELECT * FROM X HAVING NumberOfEvents > 5", 17, "grouping of events"),
    ("WQL", "SELECT __PATH FROM X", 8, "the system property __PATH"),
    ("WQL", "SELECT * FROM X WHERE a.__NAMESPACE = 'x'", 23, "the system property __NAMESPACE"),
    (
        "WQL",
        "ASSOCIATORS OF {X.a=1} WHERE RequiredQualifier = b",
        30,
        "the option RequiredQualifier",
    ),
)


@pytest.mark.parametrize(("language", "text", "column", "feature"), UNSERVED)
def test_unserved(language: str, text: str, column: int, feature: str) -> None:
    """What a language has and this server has not is refused as such."""
    with pytest.raises(QueryFeatureNotSupported) as caught:
        parse_statement(language, text)
    place = f"line 1, column {column} of the query"
    assert caught.value.reason == f"{feature} is not supported, at {place}"


NAMES: tuple[tuple[str, Language], ...] = (
    ("DMTF:FQL", Language.FQL),
    ("dmtf:fql", Language.FQL),
    ("DMTF:CQL", Language.CQL),
    ("CIM:CQL", Language.CQL),
    (" CQL ", Language.CQL),
    ("WQL", Language.WQL),
    ("DMTF:WQL", Language.WQL),
    ("cim:wql", Language.WQL),
)


@pytest.mark.parametrize(("name", "language"), NAMES)
def test_languages_by_name(name: str, language: Language) -> None:
    """Each language goes by the names that clients use."""
    assert language_named(name) is language


@pytest.mark.parametrize("name", ["", "SQL", "FQL2", "DMTF:FQL:1", "x" * 5000])
def test_unknown_languages(name: str) -> None:
    """What nobody reads is code 14."""
    with pytest.raises(QueryLanguageNotSupported, match="is not known here") as caught:
        parse_filter(name, "a = 1")
    assert caught.value.status == 14
    assert len(caught.value.reason) < 100


def test_filters_and_statements_are_two_things() -> None:
    """A language for the one is not supported for the other."""
    with pytest.raises(QueryLanguageNotSupported, match="filters are written in DMTF:FQL"):
        parse_filter("WQL", "SELECT * FROM X")
    with pytest.raises(QueryLanguageNotSupported, match="DMTF:FQL has filters"):
        parse_statement("DMTF:FQL", "a = 1")


def test_objects_without_a_class_or_path_are_refused() -> None:
    """What is no object has neither, and the row shows it."""
    for function in ("CLASSNAME", "OBJECTPATH"):
        query = statement("CQL", f"SELECT * FROM X WHERE {function}(Name) = 'x'")
        with pytest.raises(InvalidQuery, match=r"only an object has a (class|path) at line 1"):
            selects(query)
    with pytest.raises(InvalidQuery, match="only an object has a class"):
        selects(statement("CQL", "SELECT * FROM X WHERE Name ISA Y"))


def test_embedded_objects_may_come_without_a_path() -> None:
    """The path of an object that has none is NULL."""
    bare = InstanceRow(Instance("X", (), None))
    assert selects(statement("CQL", "SELECT * FROM X x WHERE OBJECTPATH(x) IS NULL"), bare)
    query = statement("CQL", "SELECT * FROM X WHERE OBJECTPATH(Volume) IS NULL")
    assert selects(query)
    assert isinstance(query, Select)
