"""Compiled writers against the plain ones: the same bytes for any class, values and selection."""

import math
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.wbem.strategies import (
    NAMES,
    SIMPLE_TYPES,
    arrays,
    class_paths,
    instance_paths,
    instances,
    scalars,
)
from virtcim.schema.layouts import (
    EVERYTHING,
    Layout,
    LayoutError,
    Record,
    Selection,
    Values,
    typed_key,
)
from virtcim.schema.records import PIECE, RecordSet, RelatedRecords, WrittenRecords
from virtcim.wbem.objects import (
    ClassDeclaration,
    Instance,
    InstanceProperty,
    Property,
    Qualifier,
    Value,
)
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.types import CIMType
from virtcim.wbem.values import FORMATTERS, escape
from virtcim.wbem.writing import any_path_xml, instance_xml

KEY = (Qualifier("Key", CIMType.BOOLEAN, value=True),)


def values_of(declared: Property) -> st.SearchStrategy[object]:
    """Return values of a property, NULL unless it is a key."""
    if declared.embedding is not None:
        return st.none() | instances()
    if declared.type is CIMType.REFERENCE:
        some: st.SearchStrategy[object] = instance_paths() | class_paths()
    elif declared.is_array:
        some = arrays(declared.type)
    else:
        some = scalars(declared.type)
    return some if declared.qualifiers else st.none() | some


@st.composite
def properties(draw: st.DrawFn, name: str) -> Property:
    """Return the declaration of a property of any kind."""
    kind = draw(st.just(CIMType.REFERENCE) | SIMPLE_TYPES)
    key = draw(st.booleans())
    is_array = not key and kind is not CIMType.REFERENCE and draw(st.booleans())
    embeds = not key and kind is CIMType.STRING and not is_array and draw(st.booleans())
    return Property(
        name=name,
        type=kind,
        is_array=is_array,
        reference_class=draw(st.none() | NAMES) if kind is CIMType.REFERENCE else None,
        embedding="instance" if embeds else None,
        class_origin=draw(NAMES),
        qualifiers=KEY if key else (),
    )


@st.composite
def declarations(draw: st.DrawFn) -> ClassDeclaration:
    """Return classes."""
    names = draw(st.lists(NAMES, max_size=5, unique_by=str.lower))
    return ClassDeclaration(
        name=draw(NAMES), properties=tuple(draw(properties(name)) for name in names)
    )


@st.composite
def record_sets(draw: st.DrawFn) -> RecordSet:
    """Return a few instances of one class."""
    layout = Layout(draw(declarations()))
    rows = st.tuples(*map(values_of, layout.properties))
    return RecordSet(
        layout, [Record(layout, "root/virt", row) for row in draw(st.lists(rows, max_size=4))]
    )


@st.composite
def selections(draw: st.DrawFn, layout: Layout) -> tuple[Selection, ClassDeclaration | None]:
    """Return a selection of properties, and the class that limits it."""
    names = [p.name.lower() for p in layout.properties]
    wanted = draw(st.none() | st.frozensets(st.sampled_from([*names, "stranger"])))
    within = None
    if draw(st.booleans()):
        kept = tuple(p for p in layout.properties if draw(st.booleans()))
        within = ClassDeclaration(name="Above", properties=kept)
    origin = draw(st.booleans())
    return Selection(wanted, None if within is None else "Above", class_origin=origin), within


# The slow references


def plain_instance(
    record: Record, selection: Selection, within: ClassDeclaration | None
) -> Instance:
    """Return what a selection leaves of a record, as data."""
    limit = None if within is None else [p.name.lower() for p in within.properties]
    pairs = zip(record.layout.properties, record.values, strict=True)
    return Instance(
        record.layout.class_name,
        tuple(
            InstanceProperty(
                name=p.name,
                type=p.type,
                value=value,
                is_array=p.is_array,
                reference_class=p.reference_class,
                embedding=p.embedding,
                class_origin=p.class_origin if selection.class_origin else None,
            )
            for p, value in pairs
            if (selection.names is None or p.name.lower() in selection.names)
            and (limit is None or p.name.lower() in limit)
        ),
    )


def plain_name(record: Record) -> bytes:
    """Return INSTANCENAME; the types of keys are the declared ones."""
    keys = "".join(
        _plain_key(declared, record[declared.name])
        for declared in record.layout.properties
        if declared.qualifiers
    )
    name = record.layout.class_name
    return f'<INSTANCENAME CLASSNAME="{name}">{keys}</INSTANCENAME>'.encode()


def _plain_key(declared: Property, value: Value) -> str:
    if isinstance(value, ObjectPath):
        inside = f"<VALUE.REFERENCE>{any_path_xml(value)}</VALUE.REFERENCE>"
    else:
        texts = {CIMType.STRING, CIMType.CHAR16, CIMType.DATETIME}
        kind = "string" if declared.type in texts else "numeric"
        kind = "boolean" if declared.type is CIMType.BOOLEAN else kind
        text = escape(FORMATTERS[declared.type](value))
        inside = f'<KEYVALUE VALUETYPE="{kind}" TYPE="{declared.type}">{text}</KEYVALUE>'
    return f'<KEYBINDING NAME="{declared.name}">{inside}</KEYBINDING>'


@settings(max_examples=200)
@given(record_sets(), st.data())
def test_compiled_writers(records: RecordSet, data: st.DataObject) -> None:
    """Any instances in any selection are written as the plain writer does, twice the same."""
    selection, within = data.draw(selections(records.layout))
    variant = records.layout.variant(selection, within)
    for record in [*records, *records]:
        wanted = instance_xml(plain_instance(record, selection, within)).encode()
        assert variant.write(record.values).encode() == wanted
        assert record.instance_xml(variant) == wanted


ZEROS = (0.0, -0.0, math.inf, -math.inf, math.nan, 1.0)


@pytest.mark.parametrize("kind", [CIMType.REAL32, CIMType.REAL64])
@pytest.mark.parametrize("is_array", [False, True])
def test_equal_values_with_different_texts(kind: CIMType, *, is_array: bool) -> None:
    """What was written once does not stand for an equal value that is written differently."""
    item = Property(name="R", type=kind, is_array=is_array)
    layout = Layout(ClassDeclaration(name="X", properties=(item,)))
    variant = layout.variant(EVERYTHING)
    for number in ZEROS:
        values: Values = ((number,) if is_array else number,)
        record = Record(layout, "n", values)
        assert variant.write(values) == instance_xml(plain_instance(record, EVERYTHING, None))


def test_more_values_than_are_remembered() -> None:
    """Texts are right, also when no more of them are kept."""
    layout = Layout(
        ClassDeclaration(name="X", properties=(Property(name="N", type=CIMType.UINT16),))
    )
    variant = layout.variant(EVERYTHING)
    for number in [*range(600), *range(600)]:
        assert f"<VALUE>{number}</VALUE>" in variant.write((number,))


@given(record_sets())
def test_names_and_paths(records: RecordSet) -> None:
    """Names are written with declared types; the path has the values of the keys."""
    for record in records:
        assert record.name_xml() == record.name_xml() == plain_name(record)
        keys = [(p.name, record[p.name]) for p in record.layout.properties if p.qualifiers]
        assert record.path == ObjectPath(record.layout.class_name, tuple(keys), "root/virt")  # type: ignore[arg-type]
        assert record.instance().path == record.path
        assert [(p.name, p.value) for p in record.instance().properties] == [
            (p.name, value)
            for p, value in zip(record.layout.properties, record.values, strict=True)
        ]


@given(record_sets(), st.data())
def test_forms_of_replies(records: RecordSet, data: st.DataObject) -> None:
    """Each form is the plain elements one after the other; asked again it is the same."""
    selection, within = data.draw(selections(records.layout))
    variant = records.layout.variant(selection, within)
    written = WrittenRecords(records, variant)
    names = [record.name_xml() for record in records]
    bodies = [instance_xml(plain_instance(r, selection, within)).encode() for r in records]
    place = any_path_xml(ObjectPath("X", (), "root/virt", "h")).encode()
    location = place.removeprefix(b"<INSTANCEPATH>").partition(b"<INSTANCENAME")[0]
    paths = [b"<INSTANCEPATH>%b%b</INSTANCEPATH>" % (location, name) for name in names]
    pairs = list(zip(names, paths, bodies, strict=True))
    wanted = {
        "instances": [body for _, _, body in pairs],
        "named_instances": [
            b"<VALUE.NAMEDINSTANCE>%b%b</VALUE.NAMEDINSTANCE>" % (n, b) for n, _, b in pairs
        ],
        "names": names,
    }
    for form, elements in [*wanted.items()] * 2:
        assert b"".join(getattr(written, form)()) == b"".join(elements)
    if within is None:
        related = RelatedRecords(lambda: iter(records), selection, "h")
        assert [*related.objects()] == [
            b"<VALUE.OBJECTWITHPATH>%b%b</VALUE.OBJECTWITHPATH>" % (p, b) for _, p, b in pairs
        ]
        assert [*related.object_paths()] == [b"<OBJECTPATH>%b</OBJECTPATH>" % p for p in paths]


KEY_HEAD = b'<KEYVALUE VALUETYPE="numeric" TYPE="uint32">'


def numbered(count: int) -> RecordSet:
    """Return instances with a number each."""
    item = Property(name="N", type=CIMType.UINT32, qualifiers=KEY)
    layout = Layout(ClassDeclaration(name="X", properties=(item,)))
    return RecordSet(layout, (Record(layout, "n", (number,)) for number in range(count)))


@pytest.mark.parametrize("count", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
@pytest.mark.parametrize("form", ["named_instances", "names"])
def test_pieces(count: int, form: str) -> None:
    """Big replies come in pieces, every instance once and in order, also after a broken reading."""
    records = numbered(count)
    written = WrittenRecords(records, records.layout.variant(EVERYTHING))
    broken = iter(getattr(written, form)())
    next(broken, None)
    for _ in range(2):
        pieces: list[bytes] = list(getattr(written, form)())
        assert len(pieces) == -(-count // PIECE)
        numbers = [int(part.partition(b"<")[0]) for part in b"".join(pieces).split(KEY_HEAD)[1:]]
        assert numbers == list(range(count))


def test_records_are_made_as_far_as_they_are_read() -> None:
    """The first piece of a big set is written before the last record is made."""
    layout, made = numbered(0).layout, []

    def make() -> Iterator[Record]:
        for number in range(3 * PIECE):
            made.append(number)
            yield Record(layout, "n", (number,))

    records = RecordSet(layout, make())
    assert made == []
    assert next(iter(records)).values == (0,)
    next(WrittenRecords(records, layout.variant(EVERYTHING)).names())
    assert len(made) == PIECE
    assert [record.values for record in records] == [(number,) for number in range(3 * PIECE)]
    assert made == list(range(3 * PIECE))


def test_a_record_that_cannot_be_made_is_not_left_out() -> None:
    """Whoever reads as far as a failure hears of it, also the second time."""
    layout = numbered(0).layout

    def make() -> Iterator[Record]:
        yield Record(layout, "n", (1,))
        raise ZeroDivisionError

    records = RecordSet(layout, make())
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            len(records)


def test_only_full_forms_are_kept() -> None:
    """What a PropertyList selects is written anew each time, so clients cannot fill the memory."""
    records = numbered(1)
    record = records.records[0]
    full = records.layout.variant(EVERYTHING)
    some = records.layout.variant(Selection(frozenset(("n",))))
    assert record.instance_xml(full) is record.instance_xml(full)
    assert record.instance_xml(some) is not record.instance_xml(some)
    assert record.instance_xml(some) == record.instance_xml(full)
    assert records.layout.variant(EVERYTHING) is full


def test_variants_are_not_kept_without_end() -> None:
    """Any number of PropertyLists is served; only so many are remembered."""
    layout = numbered(1).layout
    strangers = layout.variant(Selection(frozenset(f"p{number}" for number in range(100))))
    assert "PROPERTY" not in strangers.write((7,))
    assert layout._variants == {}
    for number in range(400):
        variant = layout.variant(Selection(frozenset((f"p{number}",))))
        assert "PROPERTY" not in variant.write((7,))
    assert len(layout._variants) <= 256


def declaration() -> ClassDeclaration:
    """Return a class with a default."""
    return ClassDeclaration(
        name="X",
        properties=(
            Property(name="K", type=CIMType.STRING, qualifiers=KEY),
            Property(name="N", type=CIMType.UINT8, value=5),
            Property(name="M", type=CIMType.UINT8),
        ),
    )


def test_binding() -> None:
    """Getters are bound in any case; what has none has the default of the class."""
    values = Layout(declaration()).bind({"k": lambda source: source["name"], "M": len})
    assert values({"name": "x"}) == ("x", 5, 1)


def test_a_getter_needs_a_property() -> None:
    """A provider cannot serve what its class does not have."""
    with pytest.raises(LayoutError, match="X has no property other, q"):
        Layout(declaration()).bind({"Other": len, "K": len, "Q": len})


def test_values_by_name() -> None:
    """A record is asked by names in any case."""
    record = Record(Layout(declaration()), "n", ("x", 5, None))
    assert (record["k"], record["N"], record["m"]) == ("x", 5, None)
    with pytest.raises(KeyError):
        record["other"]


def test_a_reference_key_must_be_a_path() -> None:
    """A provider that puts text where a path belongs is a defect that shows."""
    item = Property(name="R", type=CIMType.REFERENCE, qualifiers=KEY)
    layout = Layout(ClassDeclaration(name="X", properties=(item,)))
    with pytest.raises(TypeError, match="is no path"):
        layout.name_xml(("text",))


# Keys from the wire


def key(kind: CIMType) -> Property:
    """Return a key property."""
    return Property(name="K", type=kind)


REFERENCE = ObjectPath("X", (("k", 1),), "n")
TYPED: Iterable[tuple[CIMType, KeyValue, KeyValue]] = (
    (CIMType.STRING, "a", "a"),
    (CIMType.STRING, 5, "5"),
    (CIMType.UINT8, "5", 5),
    (CIMType.UINT8, " 5 ", 5),
    (CIMType.UINT8, "0x10", 16),
    (CIMType.UINT8, 5, 5),
    (CIMType.BOOLEAN, "true", True),
    (CIMType.BOOLEAN, True, True),
    (CIMType.REAL64, "1.5", 1.5),
    (CIMType.REAL64, 1, 1.0),
    (CIMType.DATETIME, "20260102030405.000006+000", "20260102030405.000006+000"),
    (CIMType.REFERENCE, REFERENCE, REFERENCE),
    (CIMType.REFERENCE, "n:X.k=1", REFERENCE),
)


@pytest.mark.parametrize(("kind", "sent", "value"), TYPED)
def test_keys_take_the_declared_type(kind: CIMType, sent: KeyValue, value: KeyValue) -> None:
    """The class decides what a key is, not what the client called it."""
    assert typed_key(key(kind), sent) == value
    assert type(typed_key(key(kind), sent)) is type(value)


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        (CIMType.UINT8, "x"),
        (CIMType.UINT8, 256),
        (CIMType.UINT8, True),
        (CIMType.BOOLEAN, 1),
        (CIMType.DATETIME, "now"),
        (CIMType.STRING, REFERENCE),
        (CIMType.REFERENCE, "no=path"),
        (CIMType.REFERENCE, 5),
    ],
)
def test_keys_of_another_type(kind: CIMType, sent: KeyValue) -> None:
    """What cannot be the declared type is no key."""
    with pytest.raises(ValueError):
        typed_key(key(kind), sent)


@given(SIMPLE_TYPES, st.data())
@example(CIMType.UINT8, None)
def test_any_text_is_a_key_or_a_value_error(kind: CIMType, data: st.DataObject | None) -> None:
    """No key value makes anything but a ValueError."""
    sent = (
        "" if data is None else data.draw(st.text() | st.integers() | st.floats() | st.booleans())
    )
    try:
        assert typed_key(key(kind), sent) is not None
    except ValueError:
        return
