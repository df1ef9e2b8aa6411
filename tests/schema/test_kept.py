"""What is kept of written instances: enough for clients that repeat themselves, and no more."""

import itertools

import pytest

from tests.schema.test_layouts import numbered
from virtcim.schema import records as sets
from virtcim.schema.layouts import MOST_KEPT, Selection
from virtcim.schema.records import PIECE, WrittenRecords

# As DeepInheritance and IncludeClassOrigin make them for each of a class's ancestors.
SELECTIONS = [
    Selection(None, within, origin) for within in (None, "A", "B") for origin in (True, False)
]


def test_few_variants_are_kept_of_a_record() -> None:
    """However many full forms clients ask for in turn, a record holds the last ones alone."""
    records = numbered(1)
    record = records.records[0]
    variants = [records.layout.variant(selection) for selection in SELECTIONS]
    for variant in itertools.chain(variants, reversed(variants), variants):
        assert record.instance_xml(variant) == variant.write(record.values).encode()
        assert record.instance_xml(variant) is record.instance_xml(variant)
        assert len(record._written) <= MOST_KEPT + 1
    record.name_xml()
    assert record.name_xml() is record.name_xml()


def test_an_enumeration_is_kept_in_one_variant() -> None:
    """Clients that ask for different forms in turn get theirs, and only the last one is kept."""
    records = numbered(3)
    with_origin, without = (records.layout.variant(selection) for selection in SELECTIONS[:2])
    for variant in (with_origin, without, with_origin, with_origin):
        written = b"".join(WrittenRecords(records, variant).named_instances())
        for record in records:
            assert variant.write(record.values).encode() in written
    assert len(records._pieces) == 1


def test_pieces_of_a_big_enumeration_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set that is too big is put together anew each time, and is the same each time."""
    records = numbered(3 * PIECE)
    variant = records.layout.variant(SELECTIONS[0])
    written = [*WrittenRecords(records, variant).named_instances()]
    again = numbered(3 * PIECE)
    monkeypatch.setattr(sets, "MOST_PIECES", len(written[0]))
    for _ in range(2):
        assert [*WrittenRecords(again, variant).named_instances()] == written
        assert again._pieces == {}
    assert again.records[0]._written  # what fits is kept
    assert not again.records[-1]._written


def test_names_of_a_big_enumeration_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """They have a limit of their own, beyond which no record holds its name."""
    records = numbered(3 * PIECE)
    written = [*WrittenRecords(records, records.layout.variant(SELECTIONS[0])).names()]
    again = numbered(3 * PIECE)
    monkeypatch.setattr(sets, "MOST_NAMES", len(written[0]))
    for _ in range(2):
        assert [*WrittenRecords(again, again.layout.variant(SELECTIONS[0])).names()] == written
        assert again._pieces == {}
    assert again.records[0]._written
    assert not again.records[-1]._written
