"""Domains by the values of a few properties, so that who asks for a state need not read them all.

The rule: nothing is done before somebody asks. Then what has changed since the last question is
seen by comparing snapshots, which never change, so the answer is that of the listing of the moment.
"""

from collections.abc import Callable, Mapping, Sequence

from virtcim.hypervisors.model import DomainUUID
from virtcim.inventory.snapshots import NOTHING_LISTED, Domain, Listing
from virtcim.wbem.objects import Value

Values = Mapping[str, Value]
"""Values by property, in lower case."""


class DomainIndex:
    """The domains of one listing after another, by what `values` says of each."""

    def __init__(self, values: Callable[[Domain], Values]) -> None:
        self._values = values
        self._listing: Listing = NOTHING_LISTED
        self._given: object = None
        self._held: dict[DomainUUID, tuple[Domain, Values]] = {}
        self._found: dict[tuple[str, Value], dict[DomainUUID, Domain]] = {}

    def domains(self, listing: Listing, given: object, name: str, value: Value) -> Sequence[Domain]:
        """Return the domains of which this is so; `given` is what the values depend on as well."""
        if given != self._given:
            self._held.clear()
            self._found.clear()
            self._listing, self._given = NOTHING_LISTED, given
        if listing is not self._listing:
            self._follow(listing)
        return [*self._found.get((name, value), {}).values()]

    def _follow(self, listing: Listing) -> None:
        held = self._held
        for uuid in held.keys() - listing.domains.keys():
            self._drop(uuid)
        for uuid, domain in listing.domains.items():
            known = held.get(uuid)
            if known is None or known[0] is not domain:
                self._drop(uuid)
                self._add(uuid, domain)
        self._listing = listing

    def _drop(self, uuid: DomainUUID) -> None:
        if (known := self._held.pop(uuid, None)) is not None:
            for pair in known[1].items():
                del self._found[pair][uuid]
                if not self._found[pair]:
                    del self._found[pair]

    def _add(self, uuid: DomainUUID, domain: Domain) -> None:
        values = self._values(domain)
        self._held[uuid] = (domain, values)
        for pair in values.items():
            self._found.setdefault(pair, {})[uuid] = domain
