"""Which instances are looked at: those that a query names, and no others."""

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.broker.world import Rows, repository, system
from virtcim.broker.filtering import BATCH, RecordRow, Selecting, different
from virtcim.broker.namespaces import Namespace
from virtcim.broker.provider import Keys
from virtcim.schema.layouts import Record
from virtcim.schema.records import RecordSet
from virtcim.wbem.objects import Value
from virtcim.wbem.query.matching import matcher
from virtcim.wbem.query.reading import parse_filter, parse_statement
from virtcim.wbem.query.tree import Filter, Select

NAMESPACE = Namespace("root/a", repository())
ROWS = [system("one"), system("two", 2, live=False), system("three", 3, Load=9)]


class Watched(Rows):
    """A provider that must not be read as a whole."""

    def __init__(self, rows: Iterable[Mapping[str, Value]] = ROWS) -> None:
        super().__init__("T_System", rows)
        self.looked_up: list[Keys] = []
        self.scans = 0

    def records(self) -> RecordSet:
        """Return all, and remember it."""
        self.scans += 1
        return self.set

    def find(self, keys: Keys) -> Record | None:
        """Return the one with these keys, and remember them."""
        self.looked_up.append(keys)
        return super().find(keys)


class WithIndex(Watched):
    """One that finds by a property."""

    indexes = ("caption", "load")

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, Value]] = []

    def find_listed(self, keys: Keys) -> Record | None:
        """Return the one with these keys."""
        return self.find(keys)

    def records_where(self, name: str, value: Value) -> Iterable[Record]:
        """Return those in which the property is this."""
        self.asked.append((name, value))
        return [record for record in self.set if record[name] == value]


def selected(provider: Rows, text: str, language: str = "FQL") -> list[Value]:
    """Return the names of what a filter or a WQL condition selects."""
    if language == "FQL":
        selecting = Selecting.by(parse_filter("FQL", text), NAMESPACE, "T_System")
    else:
        query = parse_statement(language, f"SELECT * FROM T_System WHERE {text}")
        assert isinstance(query, Select)
        selecting = Selecting.by(query, NAMESPACE, "T_System")
    return [record["Name"] for batch in selecting.of((provider,)) for record in batch]


WHOLE = "Number = 2 AND Live = FALSE"


@pytest.mark.parametrize(
    ("text", "names", "lookups"),
    [
        (f"Name = 'two' AND {WHOLE}", ["two"], 1),
        (f"'two' = Name AND {WHOLE}", ["two"], 1),
        (f"(Name = 'two' OR Name = 'one') AND {WHOLE}", ["two"], 2),
        (f"Name = 'two' AND {WHOLE} AND Load = 4", [], 1),
        (f"Name = 'TWO' AND {WHOLE}", [], 1),
        (
            f"(Name = 'two' AND {WHOLE}) OR (Name = 'one' AND Number = 1 AND Live = TRUE)",
            ["one", "two"],
            8,
        ),
    ],
)
def test_keys_are_looked_up(text: str, names: list[str], lookups: int) -> None:
    """Who names all keys does not make anybody read all instances."""
    provider = Watched()
    assert sorted(map(str, selected(provider, text))) == names
    assert provider.scans == 0
    assert len(provider.looked_up) == lookups


MANY = " OR ".join(f"Name = '{number}'" for number in range(101))


@pytest.mark.parametrize(
    "text",
    [
        "Name = 'two'",
        "Number = 2 AND Live = FALSE AND Name > 'a'",
        f"Name = 'two' OR ({WHOLE})",
        f"NOT (Name = 'one' AND {WHOLE}) AND Number = 2",
        f"({MANY} OR Name = 'two') AND {WHOLE}",
        "Name = 'two' AND Number = 2.0 AND Live = FALSE",
    ],
)
def test_otherwise_all_are_read(text: str) -> None:
    """Some keys, other conditions and very many keys need all instances, and all are asked."""
    provider = Watched()
    assert selected(provider, text) == ["two"]
    assert provider.scans == 1
    assert provider.looked_up == []


def test_wql_has_no_case() -> None:
    """What a look-up would miss is not looked up."""
    provider = Watched()
    assert selected(provider, f"Name = 'TWO' AND {WHOLE}", "WQL") == ["two"]
    assert provider.scans == 1


@pytest.mark.parametrize(
    ("text", "names", "asked"),
    [
        ("Load = 9", ["three"], [("load", 9)]),
        ("9 = Load AND Number > 2", ["three"], [("load", 9)]),
        ("Load = 9 AND Number = 1", [], [("load", 9)]),
        ("Load = 9 OR Load = 3", ["one", "three", "two"], [("load", 9), ("load", 3)]),
        ("Load = 3 AND Caption = 'x'", [], [("caption", "x")]),
    ],
)
def test_indexes_are_used(text: str, names: list[str], asked: list[tuple[str, Value]]) -> None:
    """The first index that helps is asked, and what it gives is still tested."""
    provider = WithIndex()
    assert sorted(map(str, selected(provider, text))) == names
    assert provider.asked == asked
    assert provider.scans == 0


def test_keys_come_before_indexes() -> None:
    """One instance is fewer than those that share a value."""
    provider = WithIndex()
    assert selected(provider, f"Name = 'two' AND {WHOLE} AND Load = 3") == ["two"]
    assert (provider.asked, provider.scans) == ([], 0)


ATOMS = st.sampled_from([
    "Name = 'one'", "'two' = Name", "Name = 'THREE'", "Number = 1", "Number = 2.0", "Number <> 3",
    "Live = TRUE", "Live = FALSE", "Load = 9", "Load = 3", "Caption = 'x'", "Caption IS NULL",
])  # fmt: skip
CONDITIONS = st.recursive(
    ATOMS,
    lambda parts: st.one_of(
        st.tuples(parts, st.sampled_from(["AND", "OR"]), parts).map(
            "({0[0]} {0[1]} {0[2]})".format
        ),
        parts.map("NOT ({})".format),
    ),
    max_leaves=8,
)


@given(CONDITIONS, st.sampled_from(["FQL", "WQL"]))
def test_what_is_looked_at_does_not_matter(text: str, language: str) -> None:
    """Keys and indexes select what reading all instances selects."""
    query: Filter | Select
    if language == "FQL":
        query = parse_filter("FQL", text)
    else:
        statement = parse_statement("WQL", f"SELECT * FROM T_System WHERE {text}")
        assert isinstance(statement, Select)
        query = statement
    matches = matcher(query, repository(), "T_System")
    provider = WithIndex()
    expected = [str(record["Name"]) for record in provider.set if matches(RecordRow(record))]
    assert sorted(map(str, selected(provider, text, language))) == sorted(expected)


def test_batches() -> None:
    """All instances come in batches, also those without any that is selected."""
    rows = [system(str(number)) for number in range(2 * BATCH + 1)]
    provider = Rows("T_System", rows)
    query = parse_filter("FQL", f"Name LIKE '{2 * BATCH}'")
    batches = [*Selecting.by(query, NAMESPACE, "T_System").of((provider,))]
    assert [len(batch) for batch in batches] == [0, 0, 1]
    assert [len(batch) for batch in Selecting().of((provider,))] == [BATCH, BATCH, 1]


def test_an_instance_that_changes_while_it_is_waited_for() -> None:
    """Its path is what it is known by."""
    old, new = Watched([system("one")]), Watched([system("one", Load=5)])
    assert [*different([*old.set, *new.set])] == [*old.set]
