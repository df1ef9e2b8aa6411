"""DestroySystem and ModifySystemSettings (DSP1042)."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from virtcim.broker.calling import CALLER
from virtcim.broker.embedded import Embedded
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.hypervisors.actions import RenameDomain, SetAutostart, UndefineDomain
from virtcim.hypervisors.errors import HypervisorError, InvalidState, NotSupported
from virtcim.hypervisors.model import Verb
from virtcim.inventory.snapshots import Domain
from virtcim.providers.addresses import (
    Addressed,
    affected_system,
    referenced_domain,
    system_addressed,
)
from virtcim.providers.changes import Given
from virtcim.providers.committing import Transaction, refusal
from virtcim.providers.drafts import Draft
from virtcim.providers.model import HostModel
from virtcim.providers.resource_methods import (
    Body,
    committed,
    opened,
    rehearsed,
    take_turns,
)
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import AutomaticStartupAction
from virtcim.wbem.status import InvalidParameter

# DestroySystem


async def destroy_system(model: HostModel, _service: Record, arguments: Arguments) -> MethodResult:
    """Switch a domain off and undefine it; its disks stay."""
    nameless = "AffectedSystem has no Name"
    path = arguments.get("affectedsystem")
    domain = affected_system(model, path, missing=nameless, nameless=nameless)
    async with AsyncExitStack() as turns:
        await take_turns(model, turns, [domain])
        await _destroyed(model, await opened(model, domain))
        await model.host.forget(domain.uuid)
    return MethodResult(0)


async def _destroyed(model: HostModel, draft: Draft) -> None:
    """Do it by what was read just now: events of a domain that has just started may be coming."""
    stopped, domain = "", draft.domain
    try:
        if draft.live is not None:
            await model.host.change(domain.uuid, Verb.DESTROY)
            stopped = " (it was switched off)"
        if draft.defined is not None:
            await model.host.perform(UndefineDomain(uuid=domain.uuid))
    except HypervisorError as error:
        what = f"Unable to destroy domain `{domain.name}'{stopped}"
        raise refusal(model, error, what) from error


# ModifySystemSettings


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
        await committed(model, (draft,), "Modify system failed")
    return MethodResult(0)


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
        await transaction.do(do, what, undo)

    draft.further.append(step)
    draft.notes.append(what)


METHODS: Mapping[str, Body] = {
    "DestroySystem": destroy_system,
    "ModifySystemSettings": modify_system_settings,
}
