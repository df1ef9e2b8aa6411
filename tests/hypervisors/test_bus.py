"""The event bus against a model of its contract."""

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from structlog.testing import capture_logs

from virtcim.hypervisors.errors import ConnectionLost, InvalidArgument, NotSupported
from virtcim.hypervisors.events import DomainEvent, EventBus, EventId
from virtcim.hypervisors.model import DomainUUID

UNSUPPORTED = EventId.CHANNEL_LIFECYCLE
EVENTS = (EventId.LIFECYCLE, EventId.REBOOT, EventId.JOB_COMPLETED)
DOMAINS = tuple(map(DomainUUID, "abc"))


class Source:
    """A driver that counts its registrations."""

    def __init__(self) -> None:
        self.registered: list[EventId] = []

    async def listen(self, event: EventId) -> None:
        """Refuse one kind, accept the others after a while."""
        await asyncio.sleep(0)
        if event is UNSUPPORTED:
            raise NotSupported("no such event")
        self.registered.append(event)

    async def forget(self, event: EventId) -> None:
        """Drop it after a while."""
        await asyncio.sleep(0)
        self.registered.remove(event)


def event_of(domain: DomainUUID, event: EventId, number: int = 0) -> DomainEvent:
    """An event that can be told apart by its number."""
    return DomainEvent(event=event, uuid=domain, name=domain, arguments=(number,), at=0.0)


class BusContract(RuleBasedStateMachine):
    """Any sequence of registrations, deregistrations and events."""

    subscriptions = Bundle("subscriptions")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.source = Source()
        self.bus = EventBus(self.source)
        self.alive: dict[int, tuple[DomainUUID | None, EventId]] = {}
        self.expected: dict[int, list[int]] = {}
        self.got: dict[int, list[int]] = {}
        self.freed: list[int] = []
        self.opaques = iter(range(10**6))
        self.numbers = iter(range(10**6))

    def heard(self, event: DomainEvent, opaque: object) -> None:
        """The one callback of all subscriptions; its opaque tells them apart."""
        assert isinstance(opaque, int)
        (number,) = event.arguments
        assert isinstance(number, int)
        self.got.setdefault(opaque, []).append(number)
        if opaque % 5 == 4:
            raise RuntimeError("this subscriber fails at every event")

    def freeing(self, opaque: object) -> None:
        """The free callback."""
        assert isinstance(opaque, int)
        self.freed.append(opaque)

    @rule(
        target=subscriptions,
        domain=st.sampled_from((None, *DOMAINS)),
        event=st.sampled_from(EVENTS),
    )
    def register(self, domain: DomainUUID | None, event: EventId) -> tuple[int, int]:
        """The same callback again, with an id of its own."""
        opaque = next(self.opaques)
        number = self.loop.run_until_complete(
            self.bus.register_any(domain, event, self.heard, opaque, self.freeing)
        )
        assert number not in self.alive
        self.alive[number] = (domain, event)
        self.expected[opaque] = []
        return number, opaque

    @rule(subscription=consumes(subscriptions))
    def deregister(self, subscription: tuple[int, int]) -> None:
        """Once; a second time is an error, and so is an id never given."""
        number, opaque = subscription
        assert opaque not in self.freed
        self.loop.run_until_complete(self._deregister(number))
        del self.alive[number]
        assert self.freed.count(opaque) == 1
        for unknown in (number, -1):
            with pytest.raises(InvalidArgument):
                self.bus.deregister_any(unknown)

    async def _deregister(self, number: int) -> None:
        self.bus.deregister_any(number)
        if self.bus._tasks:
            await asyncio.wait(tuple(self.bus._tasks))

    @rule(
        domain=st.sampled_from(DOMAINS),
        event=st.sampled_from(EVENTS),
    )
    def deliver(self, domain: DomainUUID, event: EventId) -> None:
        """Every live subscription that wants it gets it, in order, whatever others do with it."""
        number = next(self.numbers)
        opaques = dict(self._opaques())
        for subscription, (wanted_domain, wanted_event) in self.alive.items():
            if wanted_event is event and wanted_domain in (None, domain):
                self.expected[opaques[subscription]].append(number)
        with capture_logs():
            self.bus.deliver(event_of(domain, event, number))

    @rule()
    def refuse(self) -> None:
        """An event that the driver lacks leaves nothing behind."""
        with pytest.raises(NotSupported):
            self.loop.run_until_complete(
                self.bus.register_any(None, UNSUPPORTED, self.heard, -1, self.freeing)
            )
        assert -1 not in self.freed

    def _opaques(self) -> Iterator[tuple[int, int]]:
        # Ids and opaques are given out together and never reused.
        for number, subscriber in self.bus._subscribers.items():
            assert isinstance(subscriber.opaque, int)
            yield number, subscriber.opaque

    @invariant()
    def delivered_what_was_expected(self) -> None:
        """No event too many, none missing, none out of order."""
        assert {o: n for o, n in self.expected.items() if n} == self.got

    @invariant()
    def one_driver_registration_per_wanted_event(self) -> None:
        """None without a subscriber."""
        assert sorted(self.source.registered) == sorted({event for _, event in self.alive.values()})

    def teardown(self) -> None:
        """Closing frees what is left, each exactly once."""
        self.loop.run_until_complete(self.bus.close())
        assert sorted(self.freed) == sorted(self.expected)
        assert self.source.registered == []
        self.loop.close()


BusContract.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_bus_contract = BusContract.TestCase


def test_a_callback_may_end_itself_and_others() -> None:
    """Nobody hears after the end, and what is freed is freed after the delivery."""

    async def scene() -> None:
        bus = EventBus(Source())
        told: list[str] = []
        ids: list[int] = []

        def ends_all(event: DomainEvent, opaque: object) -> None:
            for number in ids:
                bus.deregister_any(number)
            told.append(f"heard {opaque}")

        def frees(opaque: object) -> None:
            told.append(f"freed {opaque}")

        register = partial(bus.register_any, None, EventId.REBOOT, ends_all)
        ids += [await register("first", frees), await register("second", frees)]
        bus.deliver(event_of(DOMAINS[0], EventId.REBOOT))
        assert told == ["heard first", "freed first", "freed second"]
        await bus.close()

    asyncio.run(scene())


def test_registering_on_a_closed_bus_is_refused() -> None:
    """Raises ConnectionLost, also for one that was being made while the bus closed."""

    async def scene() -> None:
        bus = EventBus(Source())
        late = asyncio.ensure_future(bus.register_any(None, EventId.REBOOT, lambda _e, _o: None))
        await asyncio.sleep(0)
        await bus.close()
        for attempt in (late, bus.register_any(None, EventId.REBOOT, lambda _e, _o: None)):
            with pytest.raises(ConnectionLost):
                await attempt

    asyncio.run(scene())
