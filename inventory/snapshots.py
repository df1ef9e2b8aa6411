"""Snapshots: what is known of a domain, and of all domains of a host, at one moment.

The rule: a snapshot never changes. What is derived from it is kept on it and dies with it, so no
cache needs invalidating. Snapshots live on the event loop's thread.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, cast

from virtcim.hypervisors.model import DomainFacts, DomainUUID
from virtcim.infostore.records import DomainRecord

if TYPE_CHECKING:
    from virtcim.inventory.host import Host

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Domain:
    """One domain of one host; equal only to itself.

    version: grows with every change on the host.
    state_since: UTC; None until the server has seen the state change.
    """

    facts: DomainFacts
    record: DomainRecord
    host: "Host"
    version: int
    state_since: datetime | None
    _derived: dict[Hashable, tuple[object, object]] = field(
        init=False, default_factory=dict, repr=False
    )

    @property
    def uuid(self) -> DomainUUID:
        """The hypervisor's UUID of it."""
        return self.facts.uuid

    @property
    def name(self) -> str:
        """The hypervisor's name of it."""
        return self.facts.name

    def derive(self, key: Hashable, build: Callable[["Domain"], T], given: object = None) -> T:
        """What build makes of this snapshot, once for each key as long as `given` is the same."""
        kept = self._derived.get(key)
        if kept is None or kept[0] != given:
            kept = self._derived[key] = (given, build(self))
        return cast("T", kept[1])

    def recall(self, key: Hashable, build: Callable[["Domain"], T], given: object = None) -> T:
        """As `derive`, of what is big and seldom wanted: it is kept for a while (recent.py)."""
        return self.host.recent.get((self, key), given, lambda: build(self))

    def read(self, text: str, parse: Callable[[str], T]) -> T:
        """What parse makes of a text of this domain; kept for a while, also over its changes."""
        return self.host.recent.get((text, parse), None, lambda: parse(text))


Change = tuple[Domain | None, Domain | None]
"""What was and what is; None means that the domain did not or does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listing:
    """All domains of a host.

    version: that of its latest change; 0 means that the host was never read.
    """

    domains: Mapping[DomainUUID, Domain]
    names: Mapping[str, Domain]
    version: int

    def changed(self, changes: Iterable[Change], version: int) -> "Listing":
        """The next listing, with these changes."""
        domains, names = dict(self.domains), dict(self.names)
        for old, new in changes:
            if old is not None and names.get(old.name) is old:
                del names[old.name]
            if new is not None:
                domains[new.uuid] = names[new.name] = new
            elif old is not None:
                del domains[old.uuid]
        return Listing(
            domains=MappingProxyType(domains), names=MappingProxyType(names), version=version
        )


NOTHING_LISTED = Listing(domains=MappingProxyType({}), names=MappingProxyType({}), version=0)
