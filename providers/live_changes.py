"""What a change of a domain's definition means for the domain while it runs.

The rule: a step is planned when the definition is edited and taken when all is edited. What the
hypervisor cannot change in a running domain is pending: its next start will have it. A transient
domain has none, so there it is a failure.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from virtcim.hypervisors import errors
from virtcim.hypervisors.actions import (
    AttachDevice,
    Definitions,
    DetachDevice,
    DomainChange,
    ReadDefinitions,
    SetBlockLimits,
    UpdateDevice,
)
from virtcim.hypervisors.definition import Disk, parse_domain
from virtcim.hypervisors.definition.editing import DomainEditor, without_address
from virtcim.hypervisors.definition.plugged import element_of, places
from virtcim.hypervisors.model import DomainUUID
from virtcim.inventory.host import Host
from virtcim.jobs.transactions import UNCERTAIN, Transaction
from virtcim.jobs.undoing import Absent, Change, Present, gone, has_device
from virtcim.providers.changing import resource
from virtcim.providers.disk_changes import LIMITS
from virtcim.wbem.objects import Value

Step = Callable[[Transaction], Awaitable[None]]


@dataclass(slots=True)
class Outcome:
    """What came of one setting: the id of its resource; pending: its next start will have it."""

    id: str
    pending: bool = False


@dataclass(slots=True)
class LiveChanges:
    """What is done to a running domain.

    before: its definitions as they were. steps: in the order in which they are taken.
    waits: a guest is waited for.
    """

    host: Host
    uuid: DomainUUID
    before: Definitions
    steps: list[Step] = field(default_factory=list)
    waits: bool = False

    # Planning

    def act(self, do: DomainChange, undo: DomainChange, what: str, outcome: Outcome) -> None:
        """Do something that another action takes back."""
        self.steps.append(partial(self._act, do, undo, what, outcome))

    def update(self, before: str, after: str, outcome: Outcome) -> None:
        """Change a device, from one text to another."""
        do, undo = (UpdateDevice(uuid=self.uuid, xml=text) for text in (after, before))
        self.act(do, undo, f"the change of {outcome.id}", outcome)

    def limit(
        self, disk: Disk, old: Mapping[str, Value], new: Mapping[str, Value], outcome: Outcome
    ) -> None:
        """Limit what a disk may do; by the names of properties."""
        do, undo = (
            SetBlockLimits(uuid=self.uuid, target=disk.target or disk.id, limits=_limits(found))
            for found in (new, old)
        )
        self.act(do, undo, f"the limits of {disk.id}", outcome)

    def attach(self, text: str, outcome: Outcome) -> None:
        """Give it a device."""
        self.steps.append(partial(self._attach, text, outcome))

    def detach(self, device_id: str, text: str, defined: str | None) -> None:
        """Take a device away, and wait until the guest has let go of it.

        `defined` is the setting of the same device at the next start.
        """
        self.steps.append(partial(self._detach, device_id, text, defined))
        self.waits = True

    # Doing

    async def _act(
        self,
        do: DomainChange,
        undo: DomainChange,
        what: str,
        outcome: Outcome,
        transaction: Transaction,
    ) -> None:
        async with transaction.step(what, Change(action=undo)) as step:
            step.taken = await self._done(do, outcome)

    async def _done(self, do: DomainChange, outcome: Outcome) -> bool:
        """Do it if the hypervisor can while the domain runs; otherwise it is pending."""
        try:
            if type(do) not in self.host.hypervisor.actions:
                raise errors.NotSupported("the hypervisor cannot change it while the domain runs")
            await self.host.perform(do)
        except (errors.NotSupported, errors.InvalidState):
            if self.before.persistent is None:
                raise
            outcome.pending = True
            return False
        return True

    async def _attach(self, text: str, outcome: Outcome, transaction: Transaction) -> None:
        read = await self.host.perform(ReadDefinitions(uuid=self.uuid))
        if self.before.persistent is not None:
            text = self._completed(text, read.persistent or self.before.persistent, outcome)
        bare = without_address(text)
        known = () if read.live is None else places(read.live)
        element = element_of(bare)
        undo = Absent(uuid=self.uuid, device=outcome.id, element=element, known=known)
        async with transaction.step(f"the addition of {outcome.id}", undo) as step:
            step.taken = await self._attached(text, bare, outcome)

    async def _attached(self, text: str, bare: str, outcome: Outcome) -> bool:
        try:
            return await self._done(AttachDevice(uuid=self.uuid, xml=text), outcome)
        except UNCERTAIN:
            raise
        except errors.HypervisorError:
            # The place that it has at the next start may be taken now, or not be there yet.
            if bare == text:
                raise
            return await self._done(AttachDevice(uuid=self.uuid, xml=bare), outcome)

    def _completed(self, text: str, made: str, outcome: Outcome) -> str:
        """Return a device as the hypervisor completed it when it was defined."""
        editor = DomainEditor(made)
        outcome.id = completed_id(self.before.persistent or made, editor, outcome.id)
        known = resource(editor.definition, outcome.id)
        return text if known is None else editor.device_text(outcome.id)

    async def _detach(
        self, device_id: str, text: str, defined: str | None, transaction: Transaction
    ) -> None:
        undo = Present(uuid=self.uuid, device=device_id, xml=text)
        async with transaction.step(f"the removal of {device_id}", undo):
            await self._let_go(device_id, text, defined)
            transaction.unsettled = True
            rest = f"; the guest was asked to let go of {device_id} and may do so later"
            await gone(self.host, self.uuid, device_id, text, partial(transaction.check, rest))
            transaction.unsettled = False

    async def _let_go(self, device_id: str, text: str, defined: str | None) -> None:
        """Ask for a device; raises NotSupported, which names what can be removed instead."""
        try:
            if DetachDevice not in self.host.hypervisor.actions:
                raise errors.NotSupported("the hypervisor cannot do that while the domain runs")
            await self.host.perform(DetachDevice(uuid=self.uuid, xml=text))
        except (errors.NotSupported, errors.InvalidState) as error:
            if await has_device(self.host, self.uuid, device_id, text):
                instead = f"; {defined} can be removed, for the next start" if defined else ""
                told = f"{device_id} cannot be taken from the running domain: {error.detail}"
                raise errors.NotSupported(f"{told}{instead}") from error


def _limits(values: Mapping[str, Value]) -> Mapping[str, int]:
    found: dict[str, Any] = {LIMITS[name]: value or 0 for name, value in values.items()}
    return found


def completed_id(before: str, after: DomainEditor, wanted: str) -> str:
    """Return the id of a device that was added, as the hypervisor completed it."""
    known = {one.id for one in parse_domain(before).devices}
    added = [one.id for one in after.definition.devices if one.id not in known]
    element = wanted.partition(":")[0]
    alike = [one for one in added if one.partition(":")[0] == element]
    return wanted if wanted in added or not added else (alike or added)[-1]
