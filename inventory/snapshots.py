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
    _derived: dict[Hashable, object] = field(init=False, default_factory=dict, repr=False)

    @property
    def uuid(self) -> DomainUUID:
        """The hypervisor's UUID of it."""
        return self.facts.uuid

    @property
    def name(self) -> str:
        """The hypervisor's name of it."""
        return self.facts.name

    def derive(self, key: Hashable, build: Callable[["Domain"], T]) -> T:
        """What build makes of this snapshot, built once per key."""
        if key not in self._derived:
            self._derived[key] = build(self)
        return cast("T", self._derived[key])


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
    _derived: dict[Hashable, object] = field(init=False, default_factory=dict, repr=False)

    def derive(self, key: Hashable, build: Callable[["Listing"], T]) -> T:
        """What build makes of this listing, built once per key."""
        if key not in self._derived:
            self._derived[key] = build(self)
        return cast("T", self._derived[key])

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
