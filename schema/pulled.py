"""Instances as pulled enumerations carry them, written one by one.

What is written of a record is kept on it, which others share, up to a bound for each enumeration:
what all pull again and again is ready, and a big enumeration is no big memory.
"""

from collections.abc import Mapping
from enum import Enum

from virtcim.schema.layouts import EVERYTHING, Layout, Record, Selection, Variant
from virtcim.schema.records import MOST_PIECES, location
from virtcim.wbem.objects import ClassDeclaration


class Form(Enum):
    """How objects stand in the replies of a family of operations."""

    WITH_PATH = b"VALUE.INSTANCEWITHPATH"
    PATH = b"INSTANCEPATH"
    INSTANCE = b"INSTANCE"
    OBJECT_WITH_PATH = b"VALUE.OBJECTWITHPATH"


_TEMPLATES: Mapping[Form, bytes] = {
    # a path that is not asked for, or an instance, is b""
    Form.WITH_PATH:        b"<VALUE.INSTANCEWITHPATH>%b%b</VALUE.INSTANCEWITHPATH>",
    Form.PATH:             b"%b%b",
    Form.INSTANCE:         b"%b%b",
    Form.OBJECT_WITH_PATH: b"<VALUE.OBJECTWITHPATH>%b%b</VALUE.OBJECTWITHPATH>",
}  # fmt: skip

_WITHOUT_PATH = frozenset({Form.INSTANCE})
_WITHOUT_INSTANCE = frozenset({Form.PATH})
_PATH = b"<INSTANCEPATH>%b%b</INSTANCEPATH>"


class RecordWriter:
    """Writes records of any layouts in one form and selection.

    `within` is the class that limits the properties; None for those of each instance's own class.
    """

    def __init__(
        self,
        form: Form,
        host: str,
        chosen: Selection = EVERYTHING,
        within: ClassDeclaration | None = None,
    ) -> None:
        self._template = _TEMPLATES[form]
        self._write_path = _nothing if form in _WITHOUT_PATH else self._path
        self._write_instance = _nothing if form in _WITHOUT_INSTANCE else self._instance
        self._host = host
        self._chosen = chosen
        self._within = within
        self._layout: Layout | None = None
        self._variant: Variant | None = None
        self._written = 0

    def __call__(self, record: Record) -> bytes:
        """Return the element of a record."""
        written = self._template % (self._write_path(record), self._write_instance(record))
        self._written += len(written)
        return written

    @property
    def _keeps(self) -> bool:
        return self._written <= MOST_PIECES

    def _path(self, record: Record) -> bytes:
        name = record.name_xml() if self._keeps else record.layout.name_xml(record.values).encode()
        return _PATH % (location(self._host, record.namespace), name)

    def _instance(self, record: Record) -> bytes:
        variant = self._variant
        if variant is None or record.layout is not self._layout:  # those of a class are together
            self._layout = record.layout
            variant = self._variant = record.layout.variant(self._chosen, self._within)
        return (
            record.instance_xml(variant) if self._keeps else variant.write(record.values).encode()
        )


def _nothing(_record: Record) -> bytes:
    return b""
