"""DestroySystem and ModifySystemSettings (DSP1042)."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from virtcim.broker.calling import CALLER
from virtcim.broker.embedded import Embedded
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.hypervisors.actions import RenameDomain, SetAutostart, UndefineDomain
from virtcim.hypervisors.errors import (
    HypervisorError,
    InvalidState,
    NotSupported,
)
from virtcim.hypervisors.model import Verb
from virtcim.inventory.snapshots import Domain
from virtcim.jobs.configuration import Doing
from virtcim.jobs.deeds import Deed, Task
from virtcim.jobs.transactions import Transaction
from virtcim.jobs.undoing import Change
from virtcim.providers.addresses import (
    Addressed,
    affected_system,
    referenced_domain,
    system_addressed,
)
from virtcim.providers.changes import Given
from virtcim.providers.committing import answered, by_job, refusal
from virtcim.providers.drafts import Draft
from virtcim.providers.model import HostModel
from virtcim.providers.resource_methods import (
    Body,
    Naming,
    committed,
    opened,
    rehearsed,
    take_turns,
)
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import AutomaticStartupAction
from virtcim.wbem.status import InvalidParameter, WBEMError

# DestroySystem


async def destroy_system(model: HostModel, _service: Record, arguments: Arguments) -> MethodResult:
    """Switch a domain off and undefine it; its disks stay."""
    nameless = "AffectedSystem has no Name"
    path = arguments.get("affectedsystem")
    domain = affected_system(model, path, missing=nameless, nameless=nameless)
    async with AsyncExitStack() as turns:
        await take_turns(model, turns, [domain])
        end = _End(model, await opened(model, domain))
        if end.draft.live is None:
            await end.come()
            return MethodResult(0)
        deed = Deed(task=Task.DESTROY, name=domain.name, uuid=domain.uuid)
        attempt = Doing(model.host, deed, end.done, end.explain, dict)
        job = await by_job(
            model, turns, attempt, deed, method="DestroySystem", domains=(domain.uuid,)
        )
        return answered(model, job, dict)


class _End:
    """The end of a domain, by what was read just now: events of a start may still be coming."""

    def __init__(self, model: HostModel, draft: Draft) -> None:
        self.draft = draft
        self._model = model
        self._stopped = ""

    async def come(self) -> None:
        """Let it come; raises the CIM error that says how far it has."""
        try:
            await self.done()
        except HypervisorError as error:
            raise self.explain(error, "") from error

    async def done(self) -> None:
        """Let it come; raises HypervisorError."""
        host, uuid = self._model.host, self.draft.domain.uuid
        if self.draft.live is not None:
            await host.change(uuid, Verb.DESTROY)
            self._stopped = " (it was switched off)"
        if self.draft.defined is not None:
            await host.perform(UndefineDomain(uuid=uuid))
        await host.forget(uuid)

    def explain(self, error: HypervisorError, rest: str) -> WBEMError:
        """Return what a client is told."""
        what = f"Unable to destroy domain `{self.draft.domain.name}'{self._stopped}"
        return refusal(self._model, type(error)(f"{error.detail}{rest}"), what)


# ModifySystemSettings


_MODIFY = Naming("ModifySystemSettings", "Modify system failed")


async def modify_system_settings(
    model: HostModel, _service: Record, arguments: Arguments
) -> MethodResult:
    """Change the settings of a system as a whole; another VirtualSystemIdentifier renames it."""
    settings = arguments.get("systemsettings")
    if not isinstance(settings, Embedded):
        raise InvalidParameter("Missing argument `SystemSettings'")
    addressed = _addressed(model, settings)
    async with AsyncExitStack() as turns:
        await take_turns(model, turns, [addressed.domain])
        draft = await opened(model, addressed.domain)
        _check_uuid(addressed.domain, settings.values)
        draft.modify_system(settings.values, pending=addressed.pending)
        _plan_autostart(draft, settings.values)
        _plan_rename(draft, settings.values)
        if CALLER.get().dry_run:
            return rehearsed((draft,))
        return await committed(model, turns, (draft,), _MODIFY, dict)


def _addressed(model: HostModel, settings: Embedded) -> Addressed:
    """Return the domain that is meant; clients of libvirt-cim give no InstanceID."""
    if settings.get("InstanceID") is not None:
        return system_addressed(model, settings.get("InstanceID"), "SystemSettings")
    name = settings.get("VirtualSystemIdentifier")
    if not isinstance(name, str):
        raise InvalidParameter("Missing VirtualSystemIdentifier")
    return Addressed(domain=referenced_domain(model, name), pending=False)


def _check_uuid(domain: Domain, given: Given) -> None:
    uuid = given.get("uuid")
    if isinstance(uuid, str) and uuid and uuid.lower() != domain.uuid:
        raise InvalidParameter(
            f"{domain.name} is already defined with UUID {domain.uuid} - cannot change UUID to "
            f"the UUID specified {uuid}"
        )


_STARTS: Mapping[object, bool] = {
    AutomaticStartupAction.NONE: False,
    AutomaticStartupAction.ALWAYS_STARTUP: True,
}


def wanted_autostart(given: Given) -> bool | None:
    """Return whether a client wants the host to start the system; None means it does not say.

    Raises InvalidParameter.
    """
    action, flag = given.get("automaticstartupaction"), given.get("autostart")
    if flag is not None:
        if flag not in {0, 1}:
            raise InvalidParameter("AutoStart must be 0 or 1")
        return bool(flag)
    if action is None:
        return None
    if action not in _STARTS:
        raise InvalidParameter("AutomaticStartupAction must be 2 (None) or 4 (Always startup)")
    return _STARTS[action]


def _plan_autostart(draft: Draft, given: Given) -> None:
    now = draft.domain.facts.autostart
    wanted = wanted_autostart(given)
    if "autostart" in given and "automaticstartupaction" in given:
        other = wanted_autostart({"automaticstartupaction": given["automaticstartupaction"]})
        wanted = other if wanted == now else wanted
    if wanted is None or wanted == now:
        return
    do, undo = (SetAutostart(uuid=draft.domain.uuid, on=on) for on in (wanted, now))
    _plan(draft, do, undo, f"AutoStart of `{draft.domain.name}'")


def _plan_rename(draft: Draft, given: Given) -> None:
    name = given.get("virtualsystemidentifier")
    old = draft.domain.name
    if not isinstance(name, str) or name == old:
        return
    if not name:
        raise InvalidParameter("VirtualSystemIdentifier cannot be empty: a system has a name")
    if draft.live is not None:
        raise refusal(
            draft.model,
            InvalidState("it is running"),
            f"Unable to rename domain `{old}' to `{name}'",
        )
    do, undo = (RenameDomain(uuid=draft.domain.uuid, name=one) for one in (name, old))
    _plan(draft, do, undo, f"the new name of `{old}'")


def _plan(
    draft: Draft,
    do: SetAutostart | RenameDomain,
    undo: SetAutostart | RenameDomain,
    what: str,
) -> None:
    if type(do) not in draft.model.host.hypervisor.actions:
        raise refusal(draft.model, NotSupported("the hypervisor cannot do that"), what)

    async def step(transaction: Transaction) -> None:
        async with transaction.step(what, Change(action=undo)):
            await draft.model.host.perform(do)

    draft.further.append(step)
    draft.notes.append(what)


METHODS: Mapping[str, Body] = {
    "DestroySystem": destroy_system,
    "ModifySystemSettings": modify_system_settings,
}
