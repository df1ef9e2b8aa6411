"""Several providers of one class in one namespace, behind the face of one.

Two hypervisors of the same kind have the same classes; in the namespaces that they share, their
associations are answered together.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from virtcim.broker.provider import (
    AssociationProvider,
    End,
    Keys,
    MethodBody,
    Provider,
    is_association,
)
from virtcim.schema.layouts import Record
from virtcim.schema.records import RecordSet


class UnitedAssociation:
    """Association providers of one class as one."""

    def __init__(self, namespace: str, members: tuple[AssociationProvider, ...]) -> None:
        self._members = members
        self.layout = members[0].layout
        self.namespaces = (namespace,)
        self.methods: Mapping[str, MethodBody] = {}
        self.rehearsed: frozenset[str] = frozenset()
        self.ends: tuple[End, End] = members[0].ends

    def records(self) -> RecordSet:
        """All instances of all members, as they are at this moment."""
        sets = [one.records() for one in self._members]
        return RecordSet(self.layout, chain.from_iterable(sets))

    def find(self, keys: Keys) -> Record | None:
        """Return the instance with these keys."""
        return next((r for one in self._members if (r := one.find(keys)) is not None), None)

    def partners(self, end: int, source: Record) -> Iterator[Record]:
        """Yield the partners that any member knows."""
        for one in self._members:
            yield from one.partners(end, source)

    def link(self, first: Record, second: Record) -> Record:
        """Return the association instance between two that are related."""
        homes = {first.namespace, second.namespace}
        member = next((m for m in self._members if m.namespaces[0] in homes), self._members[0])
        return member.link(first, second)


def united(providers: Iterable[Provider]) -> Iterator[tuple[Provider, str]]:
    """Yield each provider with each of its namespaces, associations of one class united."""
    groups: dict[tuple[str, str], list[Provider]] = {}
    for provider in providers:
        for namespace in provider.namespaces:
            groups.setdefault((namespace, provider.layout.class_name), []).append(provider)
    for (namespace, _), group in groups.items():
        associations = tuple(one for one in group if is_association(one))
        if len(group) > 1 and len(associations) == len(group):
            yield UnitedAssociation(namespace, associations), namespace
        else:
            yield from ((one, namespace) for one in group)
