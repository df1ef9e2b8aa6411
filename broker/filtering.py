"""Instances that a query selects: which are looked at, and whether they are.

The rule: a query is asked about the whole instance, whatever properties the reply will have. What
`planning` knows of it chooses the instances to look at; it never selects one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice, product
from typing import Self

from virtcim.broker.calling import CALLER
from virtcim.broker.namespaces import Namespace
from virtcim.broker.provider import Indexed, Provider
from virtcim.schema.layouts import Layout, Record, typed_key
from virtcim.wbem.objects import Value
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.query.matching import matcher
from virtcim.wbem.query.planning import Equality, equalities
from virtcim.wbem.query.tree import Filter, Select
from virtcim.wbem.types import REAL_TYPES, CIMType

BATCH = 100
"""Instances that are looked at before others have their turn: some milliseconds at worst."""

MOST_LOOKUPS = 100
"""Paths that are looked up one by one instead of reading all instances."""

Test = Callable[["RecordRow"], bool]
Wanted = Mapping[str, Equality]
"""What must hold of each instance that is selected, by property in lower case."""

_SPELT_VARIOUSLY = REAL_TYPES | {CIMType.DATETIME, CIMType.CHAR16, CIMType.REFERENCE}
"""Types of keys of which equal values may look different."""


class RecordRow:
    """A record as queries ask it."""

    __slots__ = ("record",)

    def __init__(self, record: Record) -> None:
        self.record = record

    @property
    def class_name(self) -> str:
        """The name of its class."""
        return self.record.layout.class_name

    @property
    def path(self) -> ObjectPath:
        """Its path, without a host."""
        return self.record.path

    def get(self, name: str, /) -> Value:
        """Return the value of a property by its name in lower case; None if it has none."""
        number = self.record.layout.index.get(name)
        return None if number is None else self.record.values[number]


def _wanted(query: Filter | Select) -> Wanted:
    """Return what a query wants of each instance, as far as looking it up can help."""
    return {
        one.name: one
        for one in equalities(query)
        if not (one.ignores_case and any(isinstance(value, str) for value in one.values))
    }


def different(records: Iterable[Record]) -> Iterator[Record]:
    """Yield each instance once, by its path: it may change while it is being waited for."""
    seen = set()
    for record in records:
        named = (record.namespace, record.name_xml())
        if named not in seen:
            seen.add(named)
            yield record


def candidates(provider: Provider, wanted: Wanted) -> Iterable[Record]:
    """Return the instances of a provider that a query may select, as they are at this moment."""
    if wanted:
        found = _by_path(provider, wanted)
        if found is None:
            found = _by_index(provider, wanted)
        if found is not None:
            return found
    return provider.records()


def _by_path(provider: Provider, wanted: Wanted) -> Iterable[Record] | None:
    """Return the instances that the keys name; None if the query does not say all of them."""
    layout = provider.layout
    if not layout.keys or not layout.keys.keys() <= wanted.keys():
        return None
    values = [_key_values(layout, name, wanted[name]) for name in layout.keys]
    if any(one is None for one in values):
        return None
    paths = [*islice(product(*(one or () for one in values)), MOST_LOOKUPS + 1)]
    if len(paths) > MOST_LOOKUPS:
        return None
    find = provider.find_listed if isinstance(provider, Indexed) else provider.find
    found = (find(dict(zip(layout.keys, path, strict=True))) for path in paths)
    # A record that two spellings of its keys name is one.
    return {id(record): record for record in found if record is not None}.values()


def _key_values(layout: Layout, name: str, equality: Equality) -> Sequence[KeyValue] | None:
    """Return the values of a key that are looked up; None if looking up may miss an instance."""
    declared = layout.keys[name]
    if declared.type in _SPELT_VARIOUSLY:
        return None
    with suppress(ValueError):
        return [typed_key(declared, value) for value in equality.values]
    return None


def _by_index(provider: Provider, wanted: Wanted) -> Iterable[Record] | None:
    if not isinstance(provider, Indexed):
        return None
    name = next((name for name in provider.indexes if name in wanted), None)
    if name is None:
        return None
    return chain.from_iterable(
        [provider.records_where(name, value) for value in wanted[name].values]
    )


@dataclass(frozen=True, slots=True)
class Selecting:
    """What selects instances: nothing at all when there is no test."""

    test: Test | None = None
    wanted: Wanted = field(default_factory=dict)

    @classmethod
    def by(cls, query: Filter | Select, namespace: Namespace, class_name: str | None) -> Self:
        """Return what a query selects of a class; raises InvalidQuery."""
        test = matcher(query, namespace.repository, class_name)
        return cls(None if query.where is None else test, _wanted(query))

    def of(self, providers: Iterable[Provider]) -> Iterator[Sequence[Record]]:
        """Yield what is selected of the instances that the providers have at this moment."""
        looked_at = [candidates(provider, self.wanted) for provider in providers]
        return self.among(chain.from_iterable(looked_at))

    def among(self, records: Iterable[Record]) -> Iterator[Sequence[Record]]:
        """Yield what is selected of the records, and may be seen; a batch may be empty.

        Who asks is the caller of now, whoever has the batches made.
        """
        keep = CALLER.get().keep
        if keep is not None:
            records = (r for r in records if keep(r.namespace, r.layout.class_name))
        return _batches(records, self.test)


def _batches(records: Iterable[Record], test: Test | None) -> Iterator[Sequence[Record]]:
    rest = iter(records)
    while looked_at := tuple(islice(rest, BATCH)):
        yield looked_at if test is None else [r for r in looked_at if test(RecordRow(r))]
