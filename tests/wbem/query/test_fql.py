"""FQL: what each query selects, and where the others are wrong (DSP0212)."""

import pytest

from tests.wbem.query.rows import fql
from virtcim.wbem.query.errors import InvalidQuery, QueryFeatureNotSupported
from virtcim.wbem.query.reading import parse_filter

SELECTED: tuple[str, ...] = (
    # comparisons
    "Name = 'web'",
    'Name = "web"',
    "NAME='web'",
    "name <> 'db'",
    "Name < 'x'",
    "Name >= 'web'",
    "EnabledState = 2",
    "EnabledState <> 3",
    "EnabledState < 3",
    "EnabledState <= 2",
    "EnabledState > 1",
    "EnabledState >= 2",
    "2 = EnabledState",
    "1 < EnabledState",
    "3 > EnabledState",
    "2 <= EnabledState",
    "2 >= EnabledState",
    "3 <> EnabledState",
    "EnabledState < Load OR Load < EnabledState",
    # literals
    "EnabledState = +2",
    "EnabledState = 0x2",
    "EnabledState = 0X02",
    "EnabledState = 10b",
    "EnabledState = +10B",
    "EnabledState = 002",
    "EnabledState = 2.0",
    "EnabledState = 2.",
    "EnabledState = 20e-1",
    "EnabledState = 0.2E+1",
    "Cold = -7",
    "Cold = -0x7",
    "Cold = -111b",
    "Big = 18446744073709551615",
    "Big = 0xFFFFFFFFFFFFFFFF",
    "Load = .5",
    "Load = 0.5",
    "Load = +5.0e-1",
    "IsUp = TRUE",
    "IsUp = true",
    "IsUp <> FALSE",
    "Letter = 'A'",
    r"Letter = '\x41'",
    r"Letter = '\u0041'",
    r"""Caption = "say \"it's\"\n" """,
    r"Caption = 'say \"it\'s\"\x0A'",
    # datetimes, whatever their offset or how much of them is known
    "Started = '20260102030405.000006+000'",
    "Started = '20260102040405.000006+060'",
    "Started > '20260102030405.000005+000'",
    "Started < '2027**********.******+000'",
    "Started <> '2025**********.******+000'",
    "Uptime = '00000003010203.000000:000'",
    "Uptime > '00000002******.******:000'",
    # references
    "System = '/root/virt:Test_Host.Id=5,Name=\"h\"'",
    "System = '//somewhere/root/virt:TEST_HOST.name=\"h\",ID=5'",
    'System = \'Test_Host.Id="5",Name="h"\'',
    "System <> '/root/virt:Test_Host.Id=6,Name=\"h\"'",
    "System <> '/root/other:Test_Host.Id=5,Name=\"h\"'",
    # NULL
    "Absent = NULL",
    "Absent IS NULL",
    "NoSuchProperty IS NULL",
    "NOT Absent IS NOT NULL",
    "Name <> NULL",
    "Name is not null",
    "Nothing IS NOT NULL",
    "NOT (Name = NULL)",
    # logic
    "Name = 'web' AND EnabledState = 2 AND IsUp = TRUE",
    "Name = 'db' OR EnabledState = 2",
    "Name = 'web' OR Name = 'x' AND Name = 'y'",
    "NOT Name = 'db'",
    "NOT (Name = 'db' AND Absent = 1)",
    "NOT (NOT (Name = 'web'))",
    "(((Name = 'web')))",
    "Absent = 1 OR Name = 'web'",
    "\t Name\r\n=\n'web' ",
    # arrays
    "Dedicated = {1, 2, 3}",
    "Dedicated <> {1, 2}",
    "Dedicated <> {3, 2, 1}",
    "{1,2,3} = Dedicated",
    "Some = {1, NULL}",
    "Nothing = {}",
    "Nothing <> {1}",
    "Roles = {'db', \"web\"}",
    "Dedicated[0] = 1",
    "Dedicated[2] = 3",
    "Dedicated[3] IS NULL",
    "Some[1] IS NULL",
    "ANY Dedicated = 3",
    "any Dedicated > 2",
    "EVERY Dedicated <> 4",
    "NOT EVERY Dedicated = 1",
    "NOT ANY Dedicated = 4",
    "EVERY Nothing = 1",
    "ANY Some = 1",
    "ANY Dedicated = EnabledState",
    "ANY Roles LIKE 'w.*'",
    "ANY Roles NOT LIKE 'w.*'",
    "EVERY Roles NOT LIKE 'x'",
    "Dedicated = '0x010203'",
    "Dedicated <> 'text'",
    # embedded objects
    "Volume.Size = 1099511627776",
    "volume.SIZE > 1",
    "Volume.Owner.Uid = 0",
    "Volume.Tags[0] = 'fast'",
    "Volume.Tags[1] IS NULL",
    "ANY Volume.Tags = 'new'",
    "Volumes[1].Size = 1",
    "Volumes[9].Size IS NULL",
    "Absent.Size IS NULL",
    "System.Id = 5",
    # patterns
    "Name LIKE 'w.b'",
    'Name LIKE "w[aeiou]b"',
    "Name NOT LIKE 'we'",
    "Name LIKE '^w(e|a)+b$'",
    # names that are keywords elsewhere
    "Like = 1 OR Name = 'web'",
    "Is IS NULL AND And IS NULL AND x.Or IS NULL",
)
"""Queries that select the row."""


@pytest.mark.parametrize("text", SELECTED)
def test_selected(text: str) -> None:
    """The row is what the query asks for."""
    assert fql(text) is True


UNSELECTED: tuple[str, ...] = (
    "Name = 'Web'",
    "Name = 'web '",
    "Name > 'web'",
    "EnabledState = 3",
    "Load = 0.50001",
    "IsUp = FALSE",
    "Started < '20260102030405.000006+000'",
    # a month of which that moment is a part: nobody knows
    "Started = '202601********.******+000'",
    "Started <> '202601********.******+000'",
    "Uptime = '00000003******.******:000'",
    # NULL is not equal to anything, and not different from it either
    "Absent = 1",
    "Absent <> 1",
    "NOT Absent = 1",
    "NOT (Absent <> 1)",
    "Absent LIKE 'x'",
    "Absent NOT LIKE 'x'",
    "Absent = Absent",
    "Absent = NULL AND Absent = 1",
    "NOT ANY Absent = 1",
    "ANY Absent = 1",
    "EVERY Absent = 1",
    "EVERY Some = 1",
    "NOT ANY Some = 2",
    "ANY Nothing = 1",
    "Dedicated = {1, 2}",
    "Dedicated = {3, 2, 1}",
    "Some = {1, 2}",
    "Nothing IS NULL",
    "Name LIKE 'we'",
    "Name LIKE 'WEB'",
    "System = 'Test_Host.Id=5'",
    "System = 'Test_Host'",
    "System = 'Other.Id=5,Name=\"h\"'",
)
"""Queries that do not."""


@pytest.mark.parametrize("text", UNSELECTED)
def test_unselected(text: str) -> None:
    """The row is not what the query asks for, or nobody knows."""
    assert fql(text) is False


REFUSED: tuple[tuple[str, int, int, str], ...] = (
    # query, line, column, what is said
    ("", 1, 1, "the query ends where "),
    ("  ", 1, 3, "the query ends where "),
    ("Name", 1, 5, "the query ends where IS, LIKE, NOT or a comparison is expected"),
    ("Name =", 1, 7, "the query ends where '{', a name or a value is expected"),
    ("Name = 'x' AND", 1, 15, "the query ends where"),
    ("Name = 'x' b", 1, 12, "'b' where AND, OR or the end is expected"),
    ("(Name = 'x'", 1, 12, "the query ends where ')' is expected"),
    ("Name = 'x')", 1, 11, "')' where the end is expected"),
    ("Name = 'x", 1, 8, "a string that does not end"),
    ('Name =\n  "x', 2, 3, "a string that does not end"),
    ("Name ! 'x'", 1, 6, "'!' where "),
    ("Name != 'x'", 1, 6, "'!' where "),
    ("Name == 'x'", 1, 7, "'=' where "),
    ("Name = 'a\\q'", 1, 10, r"unknown escape '\\q'"),
    ("NOT NOT Name = 1", 1, 9, "'Name' where "),
    ("Name = 12x", 1, 8, "'1' where "),
    ("Name = 0xG", 1, 8, "'0' where "),
    ("Name = 102b", 1, 8, "'1' where "),
    ("Name = 1.2.3", 1, 8, "'1' where "),
    ("Name = 1e999", 1, 8, "'1e999' is beyond the numbers of a real64"),
    ("Name = " + "1" * 401, 1, 8, "a number of more than 400 digits"),
    ("Name < NULL", 1, 6, "NULL is not comparable by <"),
    ("Name IS 'x'", 1, 9, "\"'x'\" where NOT or NULL is expected"),
    ("a[-1] = 1", 1, 3, "-1 is no index of an array"),
    ("a[65536] = 1", 1, 3, "65536 is no index of an array"),
    ("a['x'] = 1", 1, 3, "\"'x'\" where an integer is expected"),
    ("a. = 1", 1, 4, "'=' where a name is expected"),
    ("a ISA b", 1, 3, "'ISA' where "),
    ("SELECT * FROM x", 1, 8, "'*' where "),
    ("ANY 1 = a", 1, 5, "'1' where a name is expected"),
    ("a LIKE b", 1, 8, "'b' where a string is expected"),
    ("a LIKE '*'", 1, 8, "'*' with nothing to repeat in the pattern"),
    ("\n\n a LIKE '(x'", 3, 9, "a group that does not end in the pattern"),
    ("a = 1 OR\n(b = {1, 'x'})", 2, 7, "an array of values that differ in kind"),
    ("a = {1, {2}}", 1, 9, "'{' where "),
    ("a = {1,}", 1, 8, "'}' where "),
    ("(" * 65 + "a = 1" + ")" * 65, 1, 65, "more than 64 nested parentheses"),
    ("(" * 30_000, 1, 65, "more than 64 nested parentheses"),
    ("(" * 100_000, 1, 32_001, "more than 32000 characters"),
    ("a = 'x' OR " * 100_000, 1, 32_001, "more than 32000 characters"),
    (".".join("a" * 33) + " = 1", 1, 65, "more than 32 names in a chain"),
    ("a = {" + ",".join("1" * 8000) + "}", 1, 8003, "more than 8000 words"),
    ("Name\x00 = 1", 1, 5, "'\\x00' where "),
    ("\ud800 = 1", 1, 1, "'\\ud800' where "),
)


@pytest.mark.parametrize(("text", "line", "column", "reason"), REFUSED)
def test_refused(text: str, line: int, column: int, reason: str) -> None:
    """What is wrong is named with its place."""
    with pytest.raises(InvalidQuery) as caught:
        fql(text)
    assert caught.value.reason.startswith(reason)
    assert caught.value.reason.endswith(f" at line {line}, column {column} of the query")
    assert caught.value.place is not None
    assert (caught.value.place.line, caught.value.place.column) == (line, column)


INCOMPARABLE: tuple[tuple[str, int, str], ...] = (
    # query, column, what is said when the row shows it
    ("Name = 5", 6, "text is not comparable with a number"),
    ("IsUp = 1", 6, "a boolean is not comparable with a number"),
    ("EnabledState = TRUE", 14, "a number is not comparable with a boolean"),
    ("EnabledState = 'x'", 14, "a number is not comparable with text"),
    ("IsUp < TRUE", 6, "a boolean is not comparable by <"),
    ("System < 'x.a=1'", 8, "a reference is not comparable by <"),
    ("System = '='", 8, "'=' is not an object path"),
    ("Dedicated = 1", 11, "an array is not comparable with a number"),
    ("Dedicated < {1}", 11, "an array is not comparable by <"),
    ("Roles = 'db'", 7, "an array is not comparable with text"),
    ("Dedicated = '0xZZ'", 11, "'0xZZ' is not hexadecimal"),
    ("Volume = 'x'", 8, "an embedded object is not comparable with text"),
    ("Volume = Volume", 8, "an embedded object is not comparable with an embedded object"),
    ("Started = Uptime", 9, "a timestamp is not comparable with an interval"),
    ("Started > '00000003******.******:000'", 9, "a timestamp is not comparable with an interval"),
    ("EnabledState LIKE '2'", 19, "only text is comparable with a pattern"),
    ("ANY Name = 'x'", 1, "only an array has elements"),
    ("Name.Length = 3", 1, "length is asked of what is no object"),
    ("Name[0] = 'w'", 1, "name is no array"),
    ("Dedicated = {1, 'x'}", 14, "an array of values that differ in kind"),
    ("Dedicated = {'x', 'y', 'z'}", 11, "a number is not comparable with text"),
)


@pytest.mark.parametrize(("text", "column", "reason"), INCOMPARABLE)
def test_incomparable(text: str, column: int, reason: str) -> None:
    """Without a schema, a row tells that two values cannot be compared."""
    with pytest.raises(InvalidQuery) as caught:
        fql(text)
    assert caught.value.reason.startswith(reason)
    assert caught.value.reason.endswith(f" at line 1, column {column} of the query")


def test_long_queries_are_read() -> None:
    """A thousand names are a query like another."""
    text = " OR ".join(f"Name = 'vm{number}'" for number in range(1000))
    assert fql(text) is False
    assert fql(text + " OR Name = 'web'") is True


def test_the_text_is_kept() -> None:
    """Whoever has the query has what was asked."""
    assert parse_filter("dmtf:fql", "a = 1").text == "a = 1"


def test_errors_carry_their_codes() -> None:
    """The two codes of queries are 15 and 29."""
    assert (InvalidQuery("x").status, InvalidQuery("x").place) == (15, None)
    assert QueryFeatureNotSupported("x").status == 29
