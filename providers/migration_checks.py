"""Whether a domain can migrate: what both hosts say of it, one row for each thing to look at.

The rule: a check looks at facts that were gathered before, and gives a sentence when it objects.
The same checks are made when a client asks and before a migration begins.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from virtcim.hypervisors.actions import DestinationFacts
from virtcim.hypervisors.model import DomainFacts, HostFacts
from virtcim.jobs.moves import MoveType
from virtcim.providers.migration_settings import Wishes
from virtcim.wbem.status import AlreadyExists, Failed, InvalidParameter, WBEMError


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known before a migration.

    is_migrating: a job of ours moves the domain. strictly_newer: libvirt-cim's idea of versions
    holds.
    """

    domain: DomainFacts
    is_migrating: bool
    wishes: Wishes
    here: HostFacts
    there: DestinationFacts
    strictly_newer: bool

    @property
    def name(self) -> str:
        """The domain's name at the destination."""
        return self.wishes.new_name or self.domain.name

    @property
    def copies_memory(self) -> bool:
        """The guest goes on at the destination."""
        return self.wishes.type in {MoveType.LIVE, MoveType.RESUME}


def _not_on_its_way(s: Situation) -> str | None:
    return f"Domain `{s.domain.name}' is busy: Migration is under way" if s.is_migrating else None


def _other_host(s: Situation) -> str | None:
    if s.here.uuid is None or s.here.uuid != s.there.host_uuid:
        return None
    return f"the destination {s.there.hostname} is the host of the domain itself"


def _same_hypervisor(s: Situation) -> str | None:
    if s.here.hypervisor_type.lower() == s.there.hypervisor_type.lower():
        return None
    return f"the hypervisor there is {s.there.hypervisor_type}, not {s.here.hypervisor_type}"


def _version(s: Situation) -> str | None:
    """An older hypervisor does not know the devices of a newer one; bug fixes do not matter."""
    places = 3 if s.strictly_newer else 2
    own = tuple(int(part) for part in s.here.hypervisor_version.split(".") if part.isdecimal())
    if s.there.version[:places] >= own[:places] or not (s.copies_memory or s.strictly_newer):
        return None
    shown = ".".join(map(str, s.there.version))
    return f"the hypervisor there is older: {shown}, here {s.here.hypervisor_version}"


def _right_state(s: Situation) -> str | None:
    if s.wishes.type is MoveType.OFFLINE:
        return "Domain must be shut off for offline migration" if s.domain.active else None
    if s.domain.active:
        return None
    kind = "restart" if s.wishes.type is MoveType.RESTART else "live or resume"
    return f"Domain must be running for {kind} migration"


def _persistent(s: Situation) -> str | None:
    if s.copies_memory or s.domain.persistent:
        return None
    return "the domain has no definition that could be moved: it ends when it is shut down"


def _no_saved_memory(s: Situation) -> str | None:
    if s.domain.managed_save and not s.domain.active:
        return "the memory of the domain is saved here, and would not move with it"
    return None


def _no_snapshots(s: Situation) -> str | None:
    return "the domain has snapshots, which cannot be migrated" if s.domain.has_snapshots else None


def _not_there(s: Situation) -> str | None:
    if s.there.same_uuid is None and s.there.same_name is None:
        return None
    return f"Remote already has domain `{s.name}'"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at; `error` is what a client gets that asked for the migration itself."""

    name: str
    objection: Callable[[Situation], str | None]
    error: type[WBEMError]


# Some texts are libvirt-cim's.
CHECKS: tuple[Check, ...] = (
    Check("at rest",             _not_on_its_way,  Failed),
    Check("another host",        _other_host,      Failed),
    Check("the same hypervisor", _same_hypervisor, Failed),
    Check("no older hypervisor", _version,         Failed),
    Check("a fitting state",     _right_state,     InvalidParameter),
    Check("a definition",        _persistent,      Failed),
    Check("no saved memory",     _no_saved_memory, Failed),
    Check("no snapshots",        _no_snapshots,    Failed),
    Check("a free name",         _not_there,       AlreadyExists),
)  # fmt: skip


def objections(situation: Situation) -> Iterator[WBEMError]:
    """Yield what speaks against a migration, the most telling first."""
    for check in CHECKS:
        reason = check.objection(situation)
        if reason is not None:
            yield check.error(reason)
