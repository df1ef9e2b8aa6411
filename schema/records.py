"""Sets of records, written as replies carry them.

A set makes its records as far as somebody has read and keeps what was written of it, within bounds:
what all ask for again and again is a walk over ready pieces, and a big host is no big memory.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice

from virtcim.schema.layouts import Layout, Record, Selection, Variant
from virtcim.wbem.writing import full_namespace_xml

PIECE = 100
"""Instances written in one piece: some 400 kB, some milliseconds when nothing is kept yet."""

MOST_PIECES = 16 << 20
"""Bytes of the pieces of one set that are kept; those of a bigger set are put together again."""

MOST_NAMES = 4 << 20
"""The same of names, which are small: to keep one with its record costs twice its bytes."""

_NAMED = b"<VALUE.NAMEDINSTANCE>%b%b</VALUE.NAMEDINSTANCE>"


class RecordSet:
    """Records of one layout in order, with the pieces that were written of them.

    They are made as far as somebody has read: a set of many thousands is read a piece at a time.
    """

    def __init__(self, layout: Layout, records: Iterable[Record]) -> None:
        self.layout = layout
        self._made: list[Record] = []
        self._rest: Iterator[Record] | None = iter(records)
        self._failure: Exception | None = None
        self._pieces: dict[str, tuple[Variant | None, list[bytes]]] = {}

    @property
    def records(self) -> Sequence[Record]:
        """All records."""
        return self.upto(None)

    def upto(self, count: int | None) -> Sequence[Record]:
        """Make records until there are so many, or all; return those that are made.

        Raises what the making of one raised, also the next time.
        """
        if self._failure is not None:
            raise self._failure
        if self._rest is not None and (count is None or count > len(self._made)):
            missing = None if count is None else count - len(self._made)
            try:
                self._made.extend(islice(self._rest, missing))
            except Exception as failure:
                self._failure = failure
                raise
            if count is None or len(self._made) < count:
                self._rest = None
        return self._made

    def __len__(self) -> int:
        return len(self.records)

    @property
    def known_length(self) -> int | None:
        """How many there are, None as long as not all have been made."""
        return len(self._made) if self._rest is None else None

    def __iter__(self) -> Iterator[Record]:
        number = 0
        while number < len(self.upto(number + 1)):
            yield self._made[number]
            number += 1

    def pieces(
        self,
        form: str,
        variant: Variant | None,
        write: Callable[[Record], bytes],
        write_unkept: Callable[[Record], bytes],
        most: int,
    ) -> Iterator[bytes]:
        """Yield pieces of PIECE records each, kept when the variant is one that many ask for.

        Beyond `most` bytes nothing is kept, neither the pieces nor what is written of a record.
        """
        found = self._pieces.get(form)
        if found is not None and found[0] is variant:
            yield from found[1]
            return
        written: list[bytes] = []
        size = start = 0
        while chunk := self.upto(start + PIECE)[start : start + PIECE]:
            piece = b"".join([write(record) for record in chunk])
            size += len(piece)
            if size <= most:
                written.append(piece)
            else:
                written.clear()
                write = write_unkept
            yield piece
            start += PIECE
        if size <= most and (variant is None or variant.keeps):
            self._pieces[form] = (variant, written)  # of one variant: the last is asked for again


class WrittenRecords:
    """A record set in one variant, as replies carry it."""

    __slots__ = ("_records", "_variant")

    def __init__(self, records: RecordSet, variant: Variant) -> None:
        self._records = records
        self._variant = variant

    @property
    def class_name(self) -> str:
        """The class that all of them are of."""
        return self._records.layout.class_name

    def instances(self) -> Iterator[bytes]:
        """Yield INSTANCE elements."""
        variant = self._variant
        return (record.instance_xml(variant) for record in self._records)

    def named_instances(self) -> Iterator[bytes]:
        """Yield VALUE.NAMEDINSTANCE elements."""
        variant = self._variant
        return self._records.pieces(
            "named",
            variant,
            lambda record: _NAMED % (record.name_xml(), record.instance_xml(variant)),
            lambda record: _NAMED % (_unkept_name(record), variant.write(record.values).encode()),
            MOST_PIECES,
        )

    def names(self) -> Iterator[bytes]:
        """Yield INSTANCENAME elements."""
        return self._records.pieces("names", None, Record.name_xml, _unkept_name, MOST_NAMES)


def _unkept_name(record: Record) -> bytes:
    return record.layout.name_xml(record.values).encode()


class WrittenRecord:
    """One record in one variant."""

    __slots__ = ("_record", "_variant")

    def __init__(self, record: Record, variant: Variant) -> None:
        self._record = record
        self._variant = variant

    def instances(self) -> tuple[bytes]:
        """Return its INSTANCE element."""
        return (self._record.instance_xml(self._variant),)


_OBJECT = b"<VALUE.OBJECTWITHPATH><INSTANCEPATH>%b%b</INSTANCEPATH>%b</VALUE.OBJECTWITHPATH>"
_OBJECT_PATH = b"<OBJECTPATH><INSTANCEPATH>%b%b</INSTANCEPATH></OBJECTPATH>"


class RelatedRecords:
    """Records of any layouts in one selection, found anew and one by one at each reading.

    `host` completes their paths.
    """

    __slots__ = ("_chosen", "_find", "_host")

    def __init__(self, find: Callable[[], Iterator[Record]], chosen: Selection, host: str) -> None:
        self._find = find
        self._chosen = chosen
        self._host = host

    def __iter__(self) -> Iterator[Record]:
        return self._find()

    def only(self, keep: Callable[[str, str], bool]) -> "RelatedRecords":
        """Return those that are to be kept by their namespace and class."""
        return RelatedRecords(partial(_kept, self._find, keep), self._chosen, self._host)

    def objects(self) -> Iterator[bytes]:
        """Yield VALUE.OBJECTWITHPATH elements."""
        layout: Layout | None = None
        for record in self._find():
            if record.layout is not layout:  # those of a class follow each other
                layout = record.layout
                variant = layout.variant(self._chosen)
            yield _OBJECT % (
                location(self._host, record.namespace),
                record.name_xml(),
                record.instance_xml(variant),
            )

    def object_paths(self) -> Iterator[bytes]:
        """Yield OBJECTPATH elements."""
        for record in self._find():
            yield _OBJECT_PATH % (location(self._host, record.namespace), record.name_xml())


def _kept(
    find: Callable[[], Iterator[Record]], keep: Callable[[str, str], bool]
) -> Iterator[Record]:
    return (record for record in find() if keep(record.namespace, record.layout.class_name))


@lru_cache(maxsize=64)  # it stands before each instance of a reply
def location(host: str, namespace: str) -> bytes:
    """Return NAMESPACEPATH."""
    return full_namespace_xml(host, namespace).encode()
