"""A change of one domain before it is made: its definitions, edited, and what is done as it runs.

The rule: a draft begins with what the hypervisor says at this moment, under the domain's turn, and
touches nothing until it is committed. What is addressed is changed in the definition of the next
start; where the domain runs, and its present state was addressed, there too.
"""

from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from virtcim.hypervisors.actions import DefineDomain, Definitions, ReadDefinitions
from virtcim.hypervisors.definition import Disk
from virtcim.hypervisors.definition.editing import DomainEditor, difference
from virtcim.hypervisors.definition.plugged import counterpart
from virtcim.hypervisors.errors import NotSupported
from virtcim.inventory.snapshots import Domain
from virtcim.jobs.transactions import Transaction
from virtcim.jobs.undoing import Redefine, Remember
from virtcim.providers.changes import Changes, Given, Target, changed, write
from virtcim.providers.changing import (
    OF_DOMAIN,
    New,
    Resource,
    configuration_of,
    resource,
    setting_families,
    view_of,
)
from virtcim.providers.committing import refusal
from virtcim.providers.configurations import DEFINED_PATH, Configuration, Kind, configurations
from virtcim.providers.disk_changes import LIMITS
from virtcim.providers.live_changes import LiveChanges, Outcome
from virtcim.providers.model import HostModel
from virtcim.providers.new_devices import new_device, settable
from virtcim.providers.system_changes import CHANGES as SYSTEM_CHANGES
from virtcim.providers.system_settings import SystemView
from virtcim.wbem.objects import Value
from virtcim.wbem.status import InvalidParameter, NotFound

Step = Callable[[Transaction], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be changed: `values` of what was `given`, of the resource with this id."""

    id: str
    changes: Changes
    view: object
    given: Given
    values: Mapping[str, Value]

    def only(self, names: Container[str], *, others: bool = False) -> "_Wanted":
        """Return it with these values alone, or with the others."""
        values = {
            name: value for name, value in self.values.items() if (name in names) is not others
        }
        return replace(self, values=values)

    @property
    def old(self) -> Mapping[str, Value]:
        """The values as they are."""
        return {name: self.changes.getters[name](self.view) for name in self.values}


class Draft:
    """A change of one domain; `before` was read under its turn.

    further: what is done beside the definitions, after them; notes: the same in words.
    """

    def __init__(self, model: HostModel, domain: Domain, before: Definitions) -> None:
        self.model = model
        self.domain = domain
        self.before = before
        self.live = None if before.live is None else DomainEditor(before.live)
        self.defined = None if before.persistent is None else DomainEditor(before.persistent)
        self.record: dict[str, int] = {}
        self.further: list[Step] = []
        self.notes: list[str] = []
        self._running = LiveChanges(model.host, domain.uuid, before)

    def addressed(self, *, pending: bool) -> DomainEditor:
        """The definition that a setting is of; raises NotFound where there is none of that kind."""
        found = self.defined if pending else (self.live or self.defined)
        if found is None:
            raise NotFound(f"domain `{self.domain.name}' has no definition of its next start")
        return found

    # Changes

    def modify(
        self, resource_id: str, given: Given, *, pending: bool, class_name: str | None = None
    ) -> Outcome:
        """Change a resource to what a client gave; `pending`: of the next start alone.

        `class_name` is the one that the client took it to be of.
        Raises NotFound, InvalidParameter.
        """
        shown = self.addressed(pending=pending)
        found = resource(shown.definition, resource_id)
        if found is None:
            raise self._absent(resource_id)
        if class_name is not None:
            self._check_class(found, class_name)
        wanted = self._wanted(self._shown(shown, pending=pending), found, given)
        outcome = Outcome(resource_id, pending=pending and self.live is not None)
        if wanted.values and self.live is not None and not pending:
            self._modify_live(self.live, found, wanted, outcome)
        twin = self._twin(resource_id, pending=pending)
        if wanted.values and self.defined is not None and twin is not None:
            written = self._write(self.defined, replace(wanted, id=twin))
            outcome.id = written if twin == resource_id or outcome.pending else resource_id
        return outcome

    def _twin(self, resource_id: str, *, pending: bool) -> str | None:
        """Return the id that what is addressed has at the next start; None: it is not there."""
        if pending or self.live is None or self.defined is None or resource_id in OF_DOMAIN:
            return resource_id
        own, others = self.live.definition.devices, self.defined.definition.devices
        return counterpart(own, others, resource_id)

    def modify_system(self, given: Given, *, pending: bool) -> None:
        """Change the settings of the system as a whole; raises InvalidParameter."""
        shown = self.addressed(pending=pending)
        view = SystemView(self.model, self._shown(shown, pending=pending))
        values = changed(SYSTEM_CHANGES, view, settable(self.model, SYSTEM_CHANGES, given))
        wanted = _Wanted("", SYSTEM_CHANGES, view, given, values)
        if values and self.live is not None and not pending:
            self._act(self.live, wanted, Outcome(""))
        if values and self.defined is not None:
            self._write(self.defined, wanted)

    def add(self, wanted: New, *, pending: bool) -> Outcome:
        """Add a device; raises InvalidParameter."""
        place = self.addressed(pending=pending) if self.defined is None else self.defined
        made = new_device(self.model, self.domain, place, wanted.element, wanted.given)
        outcome = Outcome(made.id, pending=pending and self.live is not None)
        if self.live is not None and not pending:
            text = place.device_text(made.id)
            if place is not self.live:
                self.live.adopt(text)
            self._running.attach(text, outcome)
        return outcome

    def remove(self, wanted: Iterable[tuple[str, bool]]) -> None:
        """Remove devices, by id and whether that is of the next start alone; raises NotFound.

        What a running domain has to keep is not removed.
        """
        running: set[str] = set()
        defined: set[str] = set()
        for device_id, pending in wanted:
            shown = self.addressed(pending=pending)
            if resource(shown.definition, device_id) is None:
                raise self._absent(device_id)
            twin = self._twin(device_id, pending=pending)
            if self.defined is None or resource(self.defined.definition, twin or "") is None:
                twin = None
            if shown is self.live and device_id not in running:
                alone = None if twin is None else f"{self.domain.name}/{DEFINED_PATH}/{twin}"
                self._running.detach(device_id, shown.device_text(device_id), alone)
                running.add(device_id)
            if twin is not None:
                defined.add(twin)
        _remove(self.live, running)
        _remove(self.defined, defined)

    def _check_class(self, one: Resource, given: str) -> None:
        """Raise InvalidParameter for settings of another kind than the one that is named."""
        own = [self.model.class_name(family) for family in setting_families(self.model, one)]
        if not any(self.model.is_a(name, given) for name in own):
            name = f"{self.domain.name}/{one.id}"
            raise InvalidParameter(f"{name} is a {own[0]}, and no {given}")

    def _absent(self, resource_id: str) -> NotFound:
        text = "No such instance" if self.model.behaviour.legacy_errors else "no such device"
        return NotFound(f"No such instance ({self.domain.name}/{resource_id}): {text}")

    def _shown(self, editor: DomainEditor, *, pending: bool) -> Configuration:
        """Return a definition as clients are shown it."""
        shown = configurations(self.domain, pending=self.model.behaviour.pending_settings)
        kind = Kind.DEFINED if pending else shown[0].kind
        return configuration_of(self.domain, editor.definition, kind)

    def _wanted(self, shown: Configuration, one: Resource, given: Given) -> _Wanted:
        view = view_of(self.model, shown, one)
        given = one.changes.prepare(self.model, given, is_new=False)
        values = changed(one.changes, view, settable(self.model, one.changes, given))
        return _Wanted(one.id, one.changes, view, given, values)

    def _write(self, editor: DomainEditor, wanted: _Wanted) -> str:
        """Write into a definition, and return the id that the resource then has."""
        is_device = wanted.id not in {"", *OF_DOMAIN}
        if is_device and resource(editor.definition, wanted.id) is None:
            return wanted.id  # the next start will not have it
        edit = editor.device(wanted.id) if is_device else editor.system
        target = Target(
            model=self.model, editor=editor, edit=edit, given=wanted.given, record=self.record
        )
        write(wanted.changes, target, wanted.values)
        return editor.found(edit).id if is_device else wanted.id

    # Running domains

    def _modify_live(
        self, live: DomainEditor, one: Resource, wanted: _Wanted, outcome: Outcome
    ) -> None:
        if one.device is None:
            self._act(live, wanted, outcome)
            return
        if wanted.changes.waits(wanted.view, wanted.values):
            self._leave(outcome, one.id)
            return
        limits = wanted.only(LIMITS if isinstance(one.device, Disk) else ())
        rest = wanted.only(limits.values, others=True)
        if rest.values:
            before = live.device_text(one.id)
            self._running.update(before, live.device_text(self._write(live, rest)), outcome)
        if limits.values and isinstance(one.device, Disk):
            self._running.limit(one.device, limits.old, limits.values, outcome)

    def _act(self, live: DomainEditor, wanted: _Wanted, outcome: Outcome) -> None:
        """Plan what is no device; what there is no action for has to wait."""
        definition = live.definition
        later = wanted.changes.later(wanted.view, wanted.values)
        for name, value in wanted.values.items():
            make = wanted.changes.live.get(name)
            if make is None or name in later:
                self._leave(outcome, name)
                continue
            self._write(live, wanted.only({name}))
            old: Any = wanted.old[name]
            do, undo = (make(self.domain.uuid, definition, one) for one in (value, old))
            self._running.act(do, undo, f"{name} of {wanted.id or self.domain.name}", outcome)

    def _leave(self, outcome: Outcome, what: str) -> None:
        """Leave a change to the next start; raises the CIM error where there will be none."""
        if self.defined is None:
            reason = NotSupported("it cannot be changed while the domain runs, which is transient")
            raise refusal(self.model, reason, f"Unable to change {what} of `{self.domain.name}'")
        outcome.pending = True

    # Making it so

    def difference(self) -> str:
        """What would be changed: of the next start, or of what runs where nothing else is.

        What stands in no definition is a line of its own.
        """
        return self._texts() + "".join(f"{note}\n" for note in self.notes)

    def _texts(self) -> str:
        if self.defined is not None and self.before.persistent is not None:
            found = difference(self.before.persistent, self.defined.text)
            if found or self.live is None:
                return found
        if self.live is not None and self.before.live is not None:
            return difference(self.before.live, self.live.text)
        return ""

    @property
    def steps(self) -> int:
        """How many steps the change has."""
        define = self.defined is not None and self.defined.text != self.before.persistent
        return define + len(self._running.steps) + len(self.further) + bool(self.record)

    @property
    def waits(self) -> bool:
        """A guest is waited for."""
        return self._running.waits

    async def commit(self, transaction: Transaction) -> None:
        """Make the change; raises HypervisorError, upon which the transaction is to be undone."""
        old = self.before.persistent
        if self.defined is not None and old is not None and self.defined.text != old:
            await self._define(transaction, self.defined.text, old)
        for step in (*self._running.steps, *self.further):
            await step(transaction)
        if self.record:
            await self._remember(transaction)

    async def _define(self, transaction: Transaction, new: str, old: str) -> None:
        host, uuid = self.model.host, self.domain.uuid
        back = Redefine(uuid=uuid, xml=old)
        async with transaction.step(f"the new definition of `{self.domain.name}'", back) as step:
            await host.perform(DefineDomain(xml=new))
        if transaction.outlives_us:  # what others change from now on is not ours to take back
            made = await host.perform(ReadDefinitions(uuid=uuid))
            step.undo = replace(back, made=made.persistent)

    async def _remember(self, transaction: Transaction) -> None:
        """Keep what the hypervisor cannot hold."""
        host, uuid = self.model.host, self.domain.uuid
        old = host.record_of(uuid)
        what = f"what is remembered of `{self.domain.name}'"
        async with transaction.step(what, Remember(uuid=uuid, record=old)):
            await host.record(uuid, replace(old, **self.record))  # type: ignore[arg-type]


def _remove(editor: DomainEditor | None, ids: Container[str]) -> None:
    """Remove devices, the last first: ids may be counted from the first."""
    devices = () if editor is None else editor.definition.devices
    for one in reversed(devices):
        if editor is not None and one.id in ids:
            editor.remove(one.id)
