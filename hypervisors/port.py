"""The port: what a driver must offer so that the rest of the server can live on it.

The rule: every method is a coroutine that ends under the driver's own deadline, raises only
HypervisorError, and never blocks the event loop. Rooms above know this page and never a driver.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from virtcim.hypervisors.actions import Action
from virtcim.hypervisors.events import EventBus
from virtcim.hypervisors.model import (
    EVERY_DOMAIN,
    ConnectionChange,
    DomainFacts,
    DomainUUID,
    HostFacts,
    ListFlag,
    Verb,
)
from virtcim.hypervisors.resources import DomainStatistics, ResourceFacts

Result = TypeVar("Result")

CallObserver = Callable[[str, float, str], None]
"""Told, on the event loop, of every driver call: name, seconds, "ok" or the error's class."""


class Hypervisor(Protocol):
    """One hypervisor, local or remote."""

    @property
    def uri(self) -> str:
        """Where it is, without secrets."""

    @property
    def connected(self) -> bool:
        """Calls have a chance and events flow."""

    @property
    def verbs(self) -> frozenset[Verb]:
        """What this driver can do to a domain in some state."""

    @property
    def actions(self) -> frozenset[type[Action[Any]]]:
        """The kinds of actions that this driver can do to something in some state."""

    @property
    def events(self) -> EventBus:
        """Its events; subscriptions survive the loss of the connection."""

    async def open(self) -> None:
        """Connect, and reconnect for ever; returns after the first attempt, whatever its result."""

    async def close(self) -> None:
        """Disconnect; ends within the driver's deadlines."""

    def on_connection(self, callback: Callable[[ConnectionChange], None]) -> None:
        """Tell this callback, on the event loop, when the connection is lost or (re)made."""

    async def host(self) -> HostFacts:
        """Facts of the host itself."""

    async def domains(
        self,
        flags: ListFlag = EVERY_DOMAIN,
        known: Mapping[DomainUUID, DomainFacts] | None = None,
    ) -> list[DomainFacts]:
        """One atomic listing.

        known: facts whose definitions may be reused where the domain is still the same one in the
        same incarnation; a domain that is absent here is read afresh. A domain that vanishes
        meanwhile is left out.
        Raises InvalidArgument for a bit that is no ListFlag.
        """

    async def domain(
        self, uuid: DomainUUID, known: DomainFacts | None = None
    ) -> DomainFacts | None:
        """Everything of one domain; None means that it does not exist.

        known: as in `domains`.
        """

    def on_resources(self, callback: Callable[[], None]) -> None:
        """Tell this callback, on the event loop, when `resources` has reason to be read again.

        What has no event at the hypervisor (volumes, filters) is found by reading now and then.
        """

    async def resources(self) -> ResourceFacts:
        """What the domains share; a kind that the hypervisor does not have is empty."""

    async def statistics(self) -> Mapping[DomainUUID, DomainStatistics]:
        """Counters of the active domains, in one bulk call.

        A domain whose counters cannot be told now, because it hangs or the hypervisor has none, is
        left out or has None; it never keeps the others waiting.
        """

    async def change(self, uuid: DomainUUID, verb: Verb, *, deadline: float | None = None) -> None:
        """Do one thing to a domain.

        deadline: seconds; None means the driver's own for this verb.
        Raises DomainNotFound, InvalidState, NotSupported, Busy, DeadlineExceeded, ConnectionLost
        and the rest.
        """

    async def perform(self, action: Action[Result], *, deadline: float | None = None) -> Result:
        """Do what an action says.

        deadline: seconds; None means the action's own. Raises NotSupported for a kind that is not
        in `actions`, and what the action's class and `change` name.
        """
