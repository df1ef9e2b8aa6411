"""DefineSystem (DSP1042): a new domain, made of settings, of a copy of another, or of both.

The rule: what a client gave wins over the configuration that it refers to, and that over defaults.
Defaults are libvirt's own, but for what clients of libvirt-cim rely on.
"""

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

from virtcim.broker.calling import CALLER
from virtcim.broker.embedded import Embedded
from virtcim.broker.methods import DIFFERENCE
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.hypervisors.actions import (
    DefineDomain,
    ReadDefinitions,
    SetAutostart,
)
from virtcim.hypervisors.definition import Interface
from virtcim.hypervisors.definition.editing import DomainEditor, difference
from virtcim.hypervisors.errors import DomainNotFound, HypervisorError
from virtcim.hypervisors.model import DomainFacts, DomainState, DomainUUID, StateReason
from virtcim.hypervisors.resources import GuestFacts
from virtcim.infostore.jobs import Facts
from virtcim.infostore.records import DomainRecord
from virtcim.inventory.remembering import NO_RECORD
from virtcim.inventory.snapshots import Domain
from virtcim.jobs.configuration import Change
from virtcim.jobs.deeds import Deed, Task
from virtcim.jobs.transactions import Transaction
from virtcim.jobs.undoing import Undefine
from virtcim.providers.addresses import instance_id_of, system_addressed
from virtcim.providers.changes import TOLD_ANYWAY, Changes, Given, Target, same, write
from virtcim.providers.changing import (
    OF_DOMAIN,
    New,
    configuration_of,
    family_named,
    new,
    resource,
    whole_resource,
)
from virtcim.providers.committing import answered, at_once, by_job, explaining, facts_of, refusal
from virtcim.providers.device_links import SYSTEM
from virtcim.providers.model import HostModel
from virtcim.providers.new_devices import new_device, new_mac
from virtcim.providers.resource_methods import Body, opened, take_turns
from virtcim.providers.system_changes import CHANGES as SYSTEM_CHANGES
from virtcim.providers.system_methods import wanted_autostart
from virtcim.providers.system_settings import SystemView
from virtcim.schema.layouts import Record
from virtcim.wbem.objects import Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import AlreadyExists, Failed, InvalidParameter, WBEMError

_START = "<domain>\n  <name>{name}</name>\n</domain>\n"


async def define_system(model: HostModel, _service: Record, arguments: Arguments) -> MethodResult:
    """Define a domain; it is not started."""
    system, resources = _given(model, arguments)
    name, uuid = _identity(model, system.values)
    reference = await _reference(model, arguments.get("referenceconfiguration"))
    made = _Made(model, name, uuid, reference)
    made.set_system(system.values)
    made.add_resources(resources)
    made.complete()
    domain = made.domain
    async with AsyncExitStack() as turns:
        await take_turns(model, turns, [domain])
        await _check_free(model, name, uuid)
        if CALLER.get().dry_run:
            return MethodResult(0, {DIFFERENCE: difference("", made.editor.text)})
        return await _define(model, turns, made, autostart=bool(wanted_autostart(system.values)))


def _given(model: HostModel, arguments: Arguments) -> tuple[Embedded, tuple[Embedded, ...]]:
    """Return what is to be made; raises InvalidParameter."""
    system = arguments.get("systemsettings")
    given = arguments.get("resourcesettings")
    found = given if isinstance(given, tuple) else ()
    resources = tuple(one for one in found if isinstance(one, Embedded))
    if len(resources) != len(found):
        raise InvalidParameter("ResourceSettings has elements that are no settings")
    if not isinstance(system, Embedded):
        raise InvalidParameter("Missing argument `SystemSettings'")
    if model.behaviour.legacy_errors and not resources:
        raise Failed("ResourceSettings Error: No resources specified, (null)")
    return system, resources


def _identity(model: HostModel, given: Given) -> tuple[str, DomainUUID]:
    name = given.get("virtualsystemidentifier") or given.get("elementname")
    if not isinstance(name, str) or not name.strip():
        if model.behaviour.legacy_errors:
            raise Failed("SystemSettings Error")
        raise InvalidParameter("Missing VirtualSystemIdentifier")
    wanted = given.get("uuid") or str(uuid4())
    try:
        return name, DomainUUID(str(UUID(str(wanted))))
    except ValueError:
        raise InvalidParameter(f"UUID cannot be {wanted!r}") from None


async def _reference(model: HostModel, path: object) -> str | None:
    """Return the definition that is copied."""
    if path is None:
        return None
    instance_id = instance_id_of(path)
    if instance_id is None:
        raise InvalidParameter("Missing `InstanceID' from ReferenceConfiguration")
    try:
        addressed = system_addressed(model, instance_id, "ReferenceConfiguration")
    except InvalidParameter:
        raise InvalidParameter("Invalid `InstanceID' from ReferenceConfiguration") from None
    draft = await opened(model, addressed.domain)
    return draft.before.persistent or draft.before.live


async def _check_free(model: HostModel, name: str, uuid: DomainUUID) -> None:
    """Raise AlreadyExists for a UUID in use: to define it would change that domain."""
    try:
        await model.host.perform(ReadDefinitions(uuid=uuid))
    except DomainNotFound:
        return
    except HypervisorError as error:
        raise refusal(model, error, f"Unable to define domain `{name}'") from error
    text = f"Guest '{name}' is already defined with UUID {uuid}"
    raise Failed(text) if model.behaviour.legacy_errors else AlreadyExists(text)


async def _define(
    model: HostModel, turns: AsyncExitStack, made: "_Made", *, autostart: bool
) -> MethodResult:
    """Define it with all that belongs to it, or leave nothing."""
    host, uuid, name = model.host, made.domain.uuid, made.domain.name

    def out() -> Mapping[str, Value]:
        return {"ResultingSystem": _system_path(model, name)}

    async def body(transaction: Transaction) -> Facts:
        async with transaction.step("its definition", Undefine(uuid=uuid)):
            await host.perform(DefineDomain(xml=made.editor.text))
        transaction.check()
        if autostart:
            await host.perform(SetAutostart(uuid=uuid, on=True))
        if made.record:
            await host.record(uuid, replace(NO_RECORD, **made.record))  # type: ignore[arg-type]
        return facts_of(out())

    explain = explaining(model, lambda: "Failed to define domain")
    if not (autostart or made.record):
        await at_once(model, body, explain)
        return MethodResult(0, out())
    attempt = Change(host, body, explain, steps=1)
    deed = Deed(task=Task.CHANGE, name=name)
    job = await by_job(model, turns, attempt, deed, method="DefineSystem", domains=(uuid,))
    return answered(model, job, out)


def _system_path(model: HostModel, name: str) -> ObjectPath:
    class_name = model.class_name(SYSTEM)
    keys = (("CreationClassName", class_name), ("Name", name))
    return ObjectPath(class_name, keys, model.namespace)


class _Made:
    """A domain that is being made."""

    def __init__(
        self, model: HostModel, name: str, uuid: DomainUUID, reference: str | None
    ) -> None:
        self.model = model
        self.editor = DomainEditor(reference or _START.format(name="new"))
        self.is_copy = reference is not None
        self.record: dict[str, int] = {}
        self._given: frozenset[str] = frozenset()
        if reference is not None:
            self._scrub()
        self.editor.system.set("name", name)
        self.editor.system.set("uuid", uuid)
        self.domain = _pending_domain(model, name, uuid)

    def _scrub(self) -> None:
        """Take away what must not be twice: addresses of interfaces, state of the firmware."""
        self.editor.system.set_all(gen_id=None, nvram=None)
        for device in self.editor.definition.devices:
            if isinstance(device, Interface):
                edit = self.editor.device(device.id)
                edit.set_all(mac=new_mac(self.model), target=None, port_id=None)

    def set_system(self, given: Given) -> None:
        """Write what a client gave of the system."""
        if not self.is_copy:
            self._choose_guest(given)
        self._write("", SYSTEM_CHANGES, given)
        if not self.is_copy:
            self._default_features(given)

    def _write(self, resource_id: str, changes: Changes, given: Given) -> None:
        given = changes.prepare(self.model, given, is_new=True)
        target = Target(
            model=self.model,
            editor=self.editor,
            edit=self.editor.system,
            given=given,
            is_new=not self.is_copy,
            record=self.record,
        )
        values = {name: given[name.lower()] for name in changes.setters if name.lower() in given}
        write(changes, target, values)
        if not self.model.behaviour.fixed_are_ignored:
            self._check_fixed(changes, given, resource_id)

    def _check_fixed(self, changes: Changes, given: Given, resource_id: str) -> None:
        if resource_id:
            return  # of processors and memory nothing else is told that matters
        view = SystemView(self.model, configuration_of(self.domain, self.editor.definition))
        for name, reason in changes.fixed.items():
            key = name.lower()
            if key in TOLD_ANYWAY or key in _TOLD or key not in given:
                continue
            if not same(given[key], changes.getters[name](view)):
                raise InvalidParameter(f"{name} cannot be set: {reason}")

    # What is chosen

    def _choose_guest(self, given: Given) -> None:
        """Set what kind of guest it is: of the host's kinds the one that the client means."""
        guest = _guest(self.model, given)
        if guest is None:
            raise Failed("the hypervisor does not tell what kinds of guests it can run")
        self.editor.system.set_all(domain_type=_domain_type(guest), os_type=guest.os_type)
        self.editor.system.set("architecture", guest.architecture or None)

    def _default_features(self, given: Given) -> None:
        """Give a whole machine what operating systems expect of one."""
        definition = self.editor.definition
        if definition.os_type == "hvm" and definition.architecture in {"x86_64", "i686"}:
            if "enableacpi" not in given:
                self.editor.system.set_all(acpi=True)
            if "enableapic" not in given and not self.model.behaviour.legacy_defaults:
                self.editor.system.set_all(apic=True)
        if definition.os_type == "exe" and definition.init is None:
            self.editor.system.set_all(init=_INIT[self.model.behaviour.legacy_defaults])

    # Resources

    def add_resources(self, resources: Iterable[Embedded]) -> None:
        """Add what a client gave; a device of the copied configuration with the same id goes."""
        for one in resources:
            try:
                self._add(one)
            except WBEMError as error:
                if not self.model.behaviour.legacy_errors:
                    raise
                raise Failed(f"ResourceSettings Error: {error.reason}") from error

    def _add(self, one: Embedded) -> None:
        family = family_named(self.model, one.class_name)
        whole = whole_resource(family, one.values)
        if whole is not None:
            self._write(whole, OF_DOMAIN[whole], one.values)
            return
        device = new(family, one.values)
        self._given |= {device.element}
        if self.is_copy:
            self._make_room(device)
        new_device(self.model, self.domain, self.editor, device.element, device.given)

    def _make_room(self, device: New) -> None:
        alone = DomainEditor("<domain><devices/></domain>")
        made = new_device(self.model, self.domain, alone, device.element, device.given)
        known = resource(self.editor.definition, made.id)
        if known is not None and known.device is not None and known.device.element == made.element:
            self.editor.remove(made.id)

    def complete(self) -> None:
        """Add what every domain has; raises InvalidParameter for what nobody can guess."""
        definition = self.editor.definition
        if definition.memory is None:
            raise InvalidParameter("ResourceSettings has no memory, and there is no default")
        if definition.vcpus is None:
            self.editor.system.set_all(vcpus=1)
        if self.is_copy or self._given & {"graphics", "console", "serial", "video"}:
            return
        if definition.os_type == "hvm":
            add = partial(new_device, self.model, self.domain, self.editor)
            if (definition.architecture or "").startswith("s390"):
                add("console", {})
                return
            add("graphics", {"resourcesubtype": "vnc"})
            if "input" not in self._given:
                add("input", {"resourcesubtype": "mouse"})
        elif definition.os_type == "exe":
            new_device(self.model, self.domain, self.editor, "console", {})


_TOLD = frozenset({"virtualsystemtype", "configurationid", "creationtime", "persistent", "genid"})

_INIT: Mapping[bool, str] = {True: "/bin/false", False: "/sbin/init"}  # by what old clients know

_PREFERRED = ("kvm", "qemu")


def _guest(model: HostModel, given: Given) -> GuestFacts | None:
    """Return the kind of guest: of the architecture asked for or the host's, whole machines first.

    Raises InvalidParameter for an architecture that the host cannot run.
    """
    machine = model.host.resources.machine
    guests = () if machine is None else machine.guests
    arch = given.get("arch")
    if arch is not None and all(one.architecture != arch for one in guests):
        raise InvalidParameter(f"Arch cannot be {arch!r}: the host runs no such guests")
    own = machine.architecture if machine is not None else None
    wanted = _os_type(given)
    ranked = sorted(
        guests,
        key=lambda one: (
            arch is not None and one.architecture != arch,
            one.os_type != wanted,
            one.architecture != own,
            not set(one.domain_types) & set(_PREFERRED[:1]),
        ),
    )
    return next(iter(ranked), None)


def _os_type(given: Given) -> str:
    """Return libvirt's word for whole machines, or for those that know that they are guests."""
    return "xen" if given.get("isfullvirt") is False else "hvm"


def _domain_type(guest: GuestFacts) -> str | None:
    known = [one for one in _PREFERRED if one in guest.domain_types]
    return next(iter([*known, *guest.domain_types]), None)


def _pending_domain(model: HostModel, name: str, uuid: DomainUUID) -> Domain:
    """Return a domain that is not there yet, as getters and turns want one."""
    facts = DomainFacts(
        uuid=uuid, name=name, id=None, state=DomainState.SHUTOFF, reason=StateReason.UNKNOWN,
        persistent=True, autostart=False, managed_save=False, has_snapshots=False, live_xml=None,
        persistent_xml=None, title=None, description=None, os_type=None, consoles=(),
    )  # fmt: skip
    return Domain(
        facts=facts, record=DomainRecord(), host=model.host, version=0,
        state_since=datetime.now(UTC),
    )  # fmt: skip


METHODS: Mapping[str, Body] = {"DefineSystem": define_system}
