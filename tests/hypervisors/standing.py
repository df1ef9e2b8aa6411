"""A hypervisor that stands still: it has the facts that a test gives it, and never changes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from virtcim.hypervisors.actions import Action
from virtcim.hypervisors.errors import NotSupported
from virtcim.hypervisors.events import EventBus, EventId
from virtcim.hypervisors.libvirt.xml import definition
from virtcim.hypervisors.model import (
    EVERY_DOMAIN,
    ConnectionChange,
    DomainFacts,
    DomainState,
    DomainUUID,
    HostFacts,
    ListFlag,
    SnapshotFacts,
    StateReason,
    Verb,
)
from virtcim.hypervisors.resources import NO_RESOURCES, DomainStatistics, ResourceFacts

T = TypeVar("T")

HOST = HostFacts(
    hostname="host.example.org",
    hypervisor_type="QEMU",
    hypervisor_version="7.2.22",
    library_version="9.0.0",
    uuid="00000000-0000-0000-0000-00000000000f",
)


class _Silence:
    """An event source without events."""

    async def listen(self, event: EventId) -> None:
        """Deliver nothing."""

    async def forget(self, event: EventId) -> None:
        """Deliver nothing any more."""


class StandingHypervisor:
    """A driver of its own; `facts` may be replaced between two readings."""

    def __init__(
        self,
        facts: tuple[DomainFacts, ...] = (),
        resources: ResourceFacts = NO_RESOURCES,
        statistics: Mapping[DomainUUID, DomainStatistics] | None = None,
    ) -> None:
        self.uri = "standing:///"
        self.connected = True
        self.verbs = frozenset(Verb)
        self.actions: frozenset[type[Action[Any]]] = frozenset()
        self.events = EventBus(_Silence())
        self.facts = facts
        self.shared = resources
        self.counters = statistics or {}

    async def open(self) -> None:
        """Be open."""

    async def close(self) -> None:
        """Be closed."""

    def on_connection(self, callback: Callable[[ConnectionChange], None]) -> None:
        """Never lose a connection."""

    def on_resources(self, callback: Callable[[], None]) -> None:
        """Never change."""

    async def host(self) -> HostFacts:
        """Return the facts of the host."""
        return HOST

    async def domains(
        self,
        flags: ListFlag = EVERY_DOMAIN,  # noqa: ARG002
        known: Mapping[DomainUUID, DomainFacts] | None = None,  # noqa: ARG002
    ) -> list[DomainFacts]:
        """Return all domains."""
        return list(self.facts)

    async def domain(
        self,
        uuid: DomainUUID,
        known: DomainFacts | None = None,  # noqa: ARG002
    ) -> DomainFacts | None:
        """Return one domain."""
        return next((facts for facts in self.facts if facts.uuid == uuid), None)

    async def resources(self) -> ResourceFacts:
        """Return what the domains share."""
        return self.shared

    async def statistics(self) -> Mapping[DomainUUID, DomainStatistics]:
        """Return the counters."""
        return self.counters

    async def change(self, uuid: DomainUUID, verb: Verb, *, deadline: float | None = None) -> None:
        """Change nothing."""

    async def perform(
        self,
        action: Action[T],
        *,
        deadline: float | None = None,  # noqa: ARG002 - the port's name
    ) -> T:
        """Do nothing."""
        raise NotSupported(type(action).__name__)


def facts_of(
    live: str | None, persistent: str | None, *snapshots: SnapshotFacts, number: int = 1
) -> DomainFacts:
    """Return the facts of a domain with these texts; a live one runs."""
    text = live or persistent or ""
    read = definition(text)
    name = text.partition("<name>")[2].partition("</name>")[0]
    return replace(
        _NOTHING,
        uuid=DomainUUID(text.partition("<uuid>")[2].partition("</uuid>")[0]),
        name=name,
        id=None if live is None else number,
        state=DomainState.SHUTOFF if live is None else DomainState.RUNNING,
        reason=StateReason.SHUTDOWN if live is None else StateReason.BOOTED,
        persistent=persistent is not None,
        has_snapshots=bool(snapshots),
        live_xml=live,
        persistent_xml=persistent,
        title=read.title,
        description=read.description,
        os_type=read.os_type,
        consoles=read.consoles,
        snapshots=snapshots,
    )


_NOTHING = DomainFacts(
    uuid=DomainUUID(""),
    name="",
    id=None,
    state=DomainState.SHUTOFF,
    reason=StateReason.SHUTDOWN,
    persistent=True,
    autostart=False,
    managed_save=False,
    has_snapshots=False,
    live_xml=None,
    persistent_xml=None,
    title=None,
    description=None,
    os_type=None,
    consoles=(),
)
