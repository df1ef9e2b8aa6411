"""The configurations of a domain: what runs, what the next start will be, its snapshots.

The rule: the running definition and the defined one are one configuration as long as nothing but
what libvirt adds at a start tells them apart (DSP1057, state and defined configurations).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from virtcim.hypervisors.definition import (
    DomainDefinition,
    parse_domain,
    parse_snapshot,
    rests,
)
from virtcim.hypervisors.errors import HypervisorFailure
from virtcim.hypervisors.model import SnapshotFacts
from virtcim.inventory.snapshots import Domain


class Kind(Enum):
    """When a configuration holds; `current`: the domain runs, or ran last, with it."""

    ONLY = "as it is now, and will be at the next start"
    STATE = "as it is now"
    DEFINED = "as it will be at the next start"
    SNAPSHOT = "as it was when a snapshot was taken"

    @property
    def is_current(self) -> bool:
        """It holds now."""
        return self in {Kind.ONLY, Kind.STATE}

    @property
    def is_next(self) -> bool:
        """It holds at the next start."""
        return self in {Kind.ONLY, Kind.DEFINED}


DEFINED_PATH = "defined"
SNAPSHOT_PATH = "snapshot"


@dataclass(frozen=True, slots=True)
class Configuration:
    """One configuration of a domain.

    system, devices: definitions that the system's own settings and those of its devices are read
    from; they are one, but for clients of libvirt-cim, which read the former from the defined one.
    path: of its ids: "", "defined" or "snapshot/<name>".
    snapshot: None means that it is none.
    """

    domain: Domain
    system: DomainDefinition
    devices: DomainDefinition
    path: str
    kind: Kind
    snapshot: SnapshotFacts | None

    def setting_id(self, device_id: str) -> str:
        """Return the InstanceID of a device's setting."""
        return "/".join(part for part in (self.domain.name, self.path, device_id) if part)

    def system_id(self, prefix: str) -> str:
        """Return the InstanceID of the system's setting."""
        return f"{prefix}:{self.setting_id('')}"


def current_definition(domain: Domain) -> DomainDefinition:
    """Return the running definition, of an inactive domain the defined one."""
    facts = domain.facts
    return domain.read(facts.live_xml or facts.persistent_xml or "", parsed)


def defined(domain: Domain) -> DomainDefinition:
    """Return the definition of the next start, of a transient domain the running one.

    Where the two are plainly the same, it is the running one: to read both is twice the work.
    """
    live, persistent = domain.facts.live_xml, domain.facts.persistent_xml
    if live is not None and (persistent is None or rests(live, persistent)):
        return current_definition(domain)
    return domain.read(persistent or "", parsed)


def parsed(text: str) -> DomainDefinition:
    """Read a text; one that cannot be read says nothing, and must not cost other domains a reply.

    Drivers refuse a running definition of that kind, but not all look at the one of the next start.
    """
    try:
        return parse_domain(text)
    except HypervisorFailure:
        return DomainDefinition()


def _parsed_snapshot(text: str) -> DomainDefinition | None:
    try:
        return parse_snapshot(text)
    except HypervisorFailure:
        return None


def configurations(domain: Domain, *, pending: bool) -> tuple[Configuration, ...]:
    """Return the configurations of a domain: that of its state first, then pending, then snapshots.

    `pending` as in Behaviour.pending_settings.
    """
    key = (configurations, pending)
    return domain.recall(key, lambda one: tuple(_configurations(one, pending=pending)))


def _configurations(domain: Domain, *, pending: bool) -> Iterator[Configuration]:
    current, later = current_definition(domain), defined(domain)
    if not pending:
        yield Configuration(domain, later, current, "", Kind.ONLY, None)
        return
    differs = current is not later and current.differs_from(later)
    only = domain.facts.persistent and not differs
    yield Configuration(domain, current, current, "", Kind.ONLY if only else Kind.STATE, None)
    if differs:
        yield Configuration(domain, later, later, DEFINED_PATH, Kind.DEFINED, None)
    for snapshot in domain.facts.snapshots:
        then = domain.read(snapshot.xml, _parsed_snapshot)
        if then is not None:
            path = f"{SNAPSHOT_PATH}/{snapshot.name}"
            yield Configuration(domain, then, then, path, Kind.SNAPSHOT, snapshot)
