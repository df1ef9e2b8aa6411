"""One host: its facts, the current listing of its domains, and how the listing is kept true.

The rules: only `_apply` replaces the listing, in one step, and tells the listeners after it.
A listing that was being read while a domain was touched has no say on that domain. Events are
only reasons to read; what they missed, a full listing finds every `interval` seconds.

A redefinition without an event (or with a lost one) is found too: each reconciliation reads the
definitions of AUDIT_SIZE domains or so afresh, of all of them in as many rounds as that takes.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from typing import TypeVar, cast

import structlog

from virtcim.hypervisors.actions import Action, Changed
from virtcim.hypervisors.errors import HypervisorError, NotSupported
from virtcim.hypervisors.events import DomainEvent, EventId
from virtcim.hypervisors.model import ConnectionChange, DomainFacts, DomainUUID, HostFacts, Verb
from virtcim.hypervisors.port import Hypervisor
from virtcim.hypervisors.resources import ResourceFacts, Sample
from virtcim.infostore.records import DomainRecord
from virtcim.inventory.invalidation import SCOPES, Scope, scope_of
from virtcim.inventory.recent import Recent
from virtcim.inventory.refresh import Outcome, Refresher, Request
from virtcim.inventory.remembering import Memory, Records
from virtcim.inventory.resources import ResourceKeeper, Sampler
from virtcim.inventory.snapshots import NOTHING_LISTED, Change, Domain, Listing
from virtcim.inventory.telling import tell
from virtcim.inventory.turns import Turns

log = structlog.get_logger("virtcim.inventory")

AUDIT_SIZE = 500
"""Definitions that a reconciliation reads afresh: some tenth of a second of a worker."""

RETRY_SECONDS = 1.0

Result = TypeVar("Result")

ChangeListener = Callable[[Domain | None, Domain | None], None]
LagObserver = Callable[[float], None]
"""Told the seconds from the driver's event to the replaced snapshot."""


class Communication(Enum):
    """Whether the hypervisor can be reached."""

    OK = "ok"
    LOST = "lost"  # the listing is the last one known
    NEVER = "never"  # nothing is known yet


def _ignore_lag(_seconds: float) -> None:
    pass


class Host:
    """One hypervisor and what is known of it.

    facts: None until it was reached once. interval: seconds between reconciliations; a domain's
    record is removed when the domain has been absent for so long. sample_interval: seconds between
    samples; None means that none are taken.
    """

    def __init__(
        self,
        name: str,
        hypervisor: Hypervisor,
        records: Records,
        *,
        prefix: str,
        namespace: str,
        interval: float = 30.0,
        sample_interval: float | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        observe_lag: LagObserver = _ignore_lag,
    ) -> None:
        self.name = name
        self.prefix = prefix
        self.namespace = namespace
        self.hypervisor = hypervisor
        self.facts: HostFacts | None = None
        self.listing: Listing = NOTHING_LISTED
        self.communication = Communication.NEVER
        self.recent = Recent()
        self.turns = Turns()
        self._interval = interval
        self._now = now
        self._observe_lag = observe_lag
        self._memory = Memory(name, records, interval)
        self._refresher = Refresher(self._read)
        self._resources = ResourceKeeper(name, hypervisor)
        self._sampler = Sampler(name, hypervisor, sample_interval, now)
        self._subscriptions: list[int] = []
        self._change_listeners: list[ChangeListener] = []
        self._communication_listeners: list[Callable[[], None]] = []
        self._listing_lock = asyncio.Lock()
        self._version = self._round = self._touches = 0
        self._touched: dict[DomainUUID, int] = {}  # uuid → touch that a running listing missed
        self._stale: set[DomainUUID] = set()  # their definitions must be read, not reused
        self._reload = True  # read every definition
        self._listed = False  # the first listing is no change
        self._wake = asyncio.Event()
        self._follower: asyncio.Task[None] | None = None

    @property
    def resources(self) -> ResourceFacts:
        """What the domains share; the same object as long as nothing has changed."""
        return self._resources.facts

    @property
    def sample(self) -> Sample:
        """The latest counters of the domains; of a lost hypervisor the last ones."""
        return self._sampler.sample

    def on_change(self, listener: ChangeListener) -> None:
        """Tell (old, new) of every change after the first listing, once each, in order."""
        self._change_listeners.append(listener)

    def on_communication(self, listener: Callable[[], None]) -> None:
        """Tell when `communication` has changed."""
        self._communication_listeners.append(listener)

    def on_resources(self, listener: Callable[[], None]) -> None:
        """Tell when `resources` has been replaced."""
        self._resources.listeners.append(listener)

    async def start(self) -> None:
        """Read the records, connect, list, and follow; a host out of reach is followed as well.

        What domains share is read, and the first sample taken, after the return.
        """
        await self._memory.load()
        self.hypervisor.on_connection(self._connection_changed)
        self.hypervisor.on_resources(self._resources_changed)
        for event, scope in SCOPES.items():
            if scope is not Scope.NOTHING:
                with suppress(NotSupported):  # this hypervisor never tells: reconciling finds it
                    await self._subscribe(event)
        await self.hypervisor.open()
        await self._try_to_reconcile()
        if self._listed:  # the connection that was just told of is the one that was read
            self._reload = False
            self._wake.clear()
        elif self.hypervisor.connected:
            self._wake.set()
        self._follower = asyncio.create_task(self._follow())
        self._sampler.start()

    async def close(self) -> None:
        """Stop following and disconnect; the last listing stays."""
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.wait([self._follower])
        await self._sampler.close()
        await self._resources.close()
        await self._refresher.close()
        for subscription in self._subscriptions:
            self.hypervisor.events.deregister_any(subscription)
        self._subscriptions.clear()
        await self.hypervisor.close()

    async def change(self, uuid: DomainUUID, verb: Verb, *, deadline: float | None = None) -> None:
        """Do one thing to a domain; when it returns, the listing shows it.

        Raises what the hypervisor raises.
        """
        try:
            await self.hypervisor.change(uuid, verb, deadline=deadline)
        except HypervisorError:
            self._request(uuid, Scope.STATE)  # what we believed of it may be wrong
            raise
        # A failure to read is repaired by the next listing; the change was made all the same.
        await asyncio.shield(self._request(uuid, Scope.STATE))

    async def perform(self, action: Action[Result], *, deadline: float | None = None) -> Result:
        """Do what an action says; when it returns, what it changed has been read again.

        Raises what the hypervisor raises.
        """
        try:
            result = await self.hypervisor.perform(action, deadline=deadline)
        except HypervisorError:
            self._read_changed(action, None)  # what we believed may be wrong
            raise
        reading = self._read_changed(action, result)
        if reading is not None:
            await asyncio.shield(reading)
        return result

    def _read_changed(self, action: Action[Result], result: Result | None) -> Outcome | None:
        if action.changed is Changed.DOMAIN:
            uuid = cast("DomainUUID | None", getattr(action, "uuid", result))
            return None if uuid is None else self._request(uuid, Scope.DEFINITION)
        if action.changed is Changed.RESOURCES:
            return self._resources.request()
        return None

    async def refresh(self, uuid: DomainUUID) -> None:
        """Read everything of a domain again; raises what the hypervisor raises."""
        error = await asyncio.shield(self._request(uuid, Scope.DEFINITION))
        if error is not None:
            raise error

    async def refresh_resources(self) -> None:
        """Read what domains share again; raises what the hypervisor raises."""
        error = await asyncio.shield(self._resources.request())
        if error is not None:
            raise error

    async def record(self, uuid: DomainUUID, record: DomainRecord) -> None:
        """Remember this of a domain; durable, and in the listing, on return.

        Raises InfostoreError; then nothing has changed.
        """
        await self._memory.put(uuid, record)
        self._show(uuid, record)

    def record_of(self, uuid: DomainUUID) -> DomainRecord:
        """What is remembered of a domain, also while the hypervisor does not list it."""
        return self._memory.of(uuid)

    def recorded(self, uuid: DomainUUID, record: DomainRecord) -> None:
        """Show a record that is durable already."""
        self._memory.keep(uuid, record)
        self._show(uuid, record)

    def _show(self, uuid: DomainUUID, record: DomainRecord) -> None:
        old = self.listing.domains.get(uuid)
        if old is not None and old.record != record:
            self._replace([(old, replace(old, record=record, version=self._next_version()))])

    async def forget(self, uuid: DomainUUID) -> None:
        """Remember nothing of a domain that is gone for good.

        What the infostore does not let go of now is tried again after a reconciliation.
        """
        if uuid not in self.listing.domains:
            await self._memory.forget(uuid)

    async def reconcile(self) -> None:
        """Compare the listing with a full one of the hypervisor; raises what it raises."""
        async with self._listing_lock:
            reload, self._reload = self._reload, False
            began = self._touches
            try:
                if reload:
                    self.facts = await self.hypervisor.host()
                facts = await self.hypervisor.domains(known={} if reload else self._known())
            except HypervisorError:
                self._reload |= reload
                raise
            self._apply_listing({one.uuid: one for one in facts}, began)
        self._resources.request()
        if self.hypervisor.connected:
            self._communicate(Communication.OK)
        await self._memory.forget_absent(self._present)

    def _present(self) -> AbstractSet[str]:
        return self.listing.domains.keys()

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._wake.wait()
            self._wake.clear()
            await self._try_to_reconcile()

    async def _try_to_reconcile(self) -> None:
        if self.hypervisor.connected:
            try:
                await self.reconcile()
            except HypervisorError as error:
                self._retry_soon()
                log.warning("reconcile_failed", host=self.name, error=str(error))
            except Exception:  # a defect of a driver must not end the following
                self._retry_soon()
                log.exception("driver_defect", host=self.name)

    def _known(self) -> dict[DomainUUID, DomainFacts]:
        """The facts whose definitions the next listing may reuse: all but those under audit."""
        rounds = -(-len(self.listing.domains) // AUDIT_SIZE) or 1
        self._round = (self._round + 1) % rounds
        return {
            uuid: domain.facts
            for uuid, domain in self.listing.domains.items()
            if hash(uuid) % rounds != self._round and uuid not in self._stale
        }

    def _apply_listing(self, listed: Mapping[DomainUUID, DomainFacts], began: int) -> None:
        uuids = dict.fromkeys((*self.listing.domains, *listed))  # in an order that stays
        settled = {
            uuid: listed.get(uuid)
            for uuid in uuids
            if self._touched.get(uuid, 0) <= began and not self._refresher.busy(uuid)
        }
        self._touched.clear()  # only one listing runs, and it is done
        self._stale -= settled.keys()
        self._apply(settled)
        self._listed = True

    async def _subscribe(self, event: EventId) -> None:
        self._subscriptions.append(
            await self.hypervisor.events.register_any(None, event, self._heard)
        )

    def _heard(self, event: DomainEvent, _opaque: object) -> None:
        scope = scope_of(event)
        if scope is not Scope.NOTHING:
            self._request(event.uuid, scope, event.at)

    def _request(self, uuid: DomainUUID, scope: Scope, since: float | None = None) -> Outcome:
        self._touch(uuid)
        return self._refresher.request(uuid, scope, since)

    async def _read(self, uuid: DomainUUID, request: Request) -> None:
        held = self.listing.domains.get(uuid)
        reuse = held is not None and request.scope is Scope.STATE and uuid not in self._stale
        try:
            facts = await self.hypervisor.domain(uuid, held.facts if held and reuse else None)
        except HypervisorError:
            self._touch(uuid)
            self._stale.add(uuid)
            self._retry_soon()
            raise
        self._touch(uuid)
        self._stale.discard(uuid)
        self._apply({uuid: facts})
        if request.since is not None:
            self._observe_lag(time.monotonic() - request.since)

    def _touch(self, uuid: DomainUUID) -> None:
        self._touches += 1
        self._touched[uuid] = self._touches

    def _apply(self, read: Mapping[DomainUUID, DomainFacts | None]) -> None:
        changes: list[Change] = []
        for uuid, facts in read.items():
            old = self.listing.domains.get(uuid)
            if facts is None:
                if old is not None:
                    changes.append((old, None))
            elif old is None:
                changes.append((None, self._first(facts)))
            elif facts is not old.facts and facts != old.facts:
                changes.append((old, self._later(old, facts)))
        self._replace(changes)

    def _first(self, facts: DomainFacts) -> Domain:
        record, version = self._memory.of(facts.uuid), self._next_version()
        return Domain(facts=facts, record=record, host=self, state_since=None, version=version)

    def _later(self, old: Domain, facts: DomainFacts) -> Domain:
        since = old.state_since if facts.state is old.facts.state else self._now()
        return replace(old, facts=facts, state_since=since, version=self._next_version())

    def _next_version(self) -> int:
        self._version += 1
        return self._version

    def _replace(self, changes: list[Change]) -> None:
        if changes:
            self.listing = self.listing.changed(changes, self._version)
        if self._listed:
            for old, new in changes:
                tell(self._change_listeners, old, new)

    def _connection_changed(self, change: ConnectionChange) -> None:
        if change is ConnectionChange.RESTORED:
            self._reload = True
            self._wake.set()
            self._sampler.wake()
        elif self.communication is Communication.OK:
            self._communicate(Communication.LOST)

    def _resources_changed(self) -> None:
        self._resources.request()

    def _communicate(self, communication: Communication) -> None:
        if communication is not self.communication:
            self.communication = communication
            log.info("communication", host=self.name, communication=communication.value)
            tell(self._communication_listeners)

    def _retry_soon(self) -> None:
        asyncio.get_running_loop().call_later(RETRY_SECONDS, self._wake.set)
