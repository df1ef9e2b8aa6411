"""AddResourceSettings, ModifyResourceSettings and RemoveResourceSettings (DSP1042).

The rule: all elements of a request are changed or none is, and nobody else changes these domains
meanwhile.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from virtcim.broker.calling import CALLER
from virtcim.broker.embedded import Embedded
from virtcim.broker.methods import DIFFERENCE
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.hypervisors.actions import ReadDefinitions
from virtcim.hypervisors.errors import Busy, DomainNotFound, HypervisorError
from virtcim.hypervisors.model import DomainUUID
from virtcim.infostore.jobs import Facts
from virtcim.inventory.snapshots import Domain
from virtcim.jobs.configuration import Change
from virtcim.jobs.deeds import Deed, Task
from virtcim.jobs.transactions import Transaction
from virtcim.providers.addresses import (
    Addressed,
    instance_id_of,
    setting_addressed,
    setting_path,
    system_addressed,
)
from virtcim.providers.changing import OF_DOMAIN, New, family_named, new, whole_resource
from virtcim.providers.committing import (
    ANSWER_SECONDS,
    Out,
    answered,
    at_once,
    by_job,
    explaining,
    facts_of,
    refusal,
)
from virtcim.providers.drafts import Draft
from virtcim.providers.live_changes import Outcome
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import ResourceType
from virtcim.wbem.objects import Value
from virtcim.wbem.status import Failed, InvalidParameter, NotFound

Edited = tuple[DomainUUID, Outcome]
Edit = Callable[[Mapping[DomainUUID, Draft]], list[Edited]]


async def add_resource_settings(
    model: HostModel, _service: Record, arguments: Arguments
) -> MethodResult:
    """Give a domain further devices."""
    path = arguments.get("affectedconfiguration")
    addressed = system_addressed(model, instance_id_of(path), "AffectedConfiguration")
    settings = embedded(arguments, "ResourceSettings")
    devices = [_new_device(model, one) for one in settings]

    def edit(drafts: Mapping[DomainUUID, Draft]) -> list[Edited]:
        draft = drafts[addressed.domain.uuid]
        return [
            (addressed.domain.uuid, draft.add(one, pending=addressed.pending)) for one in devices
        ]

    return await _changed(model, [addressed.domain], edit, _ADD)


async def modify_resource_settings(
    model: HostModel, _service: Record, arguments: Arguments
) -> MethodResult:
    """Change settings to what a client gave of them."""
    settings = embedded(arguments, "ResourceSettings")
    addressed = [setting_addressed(model, one.get("InstanceID")) for one in settings]

    def edit(drafts: Mapping[DomainUUID, Draft]) -> list[Edited]:
        return [
            (
                one.domain.uuid,
                _modified(drafts[one.domain.uuid], one, given),
            )
            for one, given in zip(addressed, settings, strict=True)
        ]

    return await _changed(model, _domains(addressed), edit, _MODIFY)


def _modified(draft: Draft, one: Addressed, given: Embedded) -> Outcome:
    return draft.modify(
        one.resource, given.values, pending=one.pending, class_name=given.class_name
    )


async def remove_resource_settings(
    model: HostModel, _service: Record, arguments: Arguments
) -> MethodResult:
    """Take devices away."""
    given = arguments.get("resourcesettings")
    paths = given if isinstance(given, tuple) else ()
    if not paths:
        raise InvalidParameter("Missing argument `ResourceSettings'")
    addressed = [setting_addressed(model, instance_id_of(path)) for path in paths]
    for one in addressed:
        _check_removable(one)

    def edit(drafts: Mapping[DomainUUID, Draft]) -> list[Edited]:
        for uuid, draft in drafts.items():
            draft.remove(
                (one.resource, one.pending) for one in addressed if one.domain.uuid == uuid
            )
        return []

    reply = await _changed(model, _domains(addressed), edit, _REMOVE)
    out = {name: value for name, value in (reply.out or {}).items() if name != _RESULTING}
    return MethodResult(reply.return_value, out or None)


def embedded(arguments: Arguments, name: str) -> tuple[Embedded, ...]:
    """Return the embedded instances of an array; raises InvalidParameter where there are none."""
    given = arguments.get(name.lower())
    found = given if isinstance(given, tuple) else ()
    instances = tuple(one for one in found if isinstance(one, Embedded))
    if not instances or len(instances) != len(found):
        raise InvalidParameter(f"Missing argument `{name}'")
    return instances


_NUMBERS: Mapping[str, int] = {"proc": ResourceType.PROCESSOR, "mem": ResourceType.MEMORY}


def _new_device(model: HostModel, one: Embedded) -> New:
    family = family_named(model, one.class_name)
    whole = whole_resource(family, one.values)
    if whole is not None:
        raise Failed(f"Cannot add resources of type {int(_NUMBERS[whole])}")
    return new(family, one.values)


def _check_removable(one: Addressed) -> None:
    if one.resource in OF_DOMAIN:
        raise Failed(f"Cannot delete resources of type {int(_NUMBERS[one.resource])}")


def _domains(addressed: Iterable[Addressed]) -> list[Domain]:
    return list({one.domain.uuid: one.domain for one in addressed}.values())


@dataclass(frozen=True, slots=True)
class Naming:
    """What a change is called: by the method, and in what is said when it fails."""

    method: str
    failure: str


_ADD = Naming("AddResourceSettings", "Add resource failed")
_MODIFY = Naming("ModifyResourceSettings", "Modify resource failed")
_REMOVE = Naming("RemoveResourceSettings", "Remove resource failed")

_RESULTING = "ResultingResourceSettings"


async def _changed(
    model: HostModel, domains: list[Domain], edit: Edit, naming: Naming
) -> MethodResult:
    """Change domains in their turns, and reply with the paths of what was changed."""
    async with AsyncExitStack() as turns:
        await take_turns(model, turns, domains)
        drafts = {one.uuid: await opened(model, one) for one in domains}
        edited = edit(drafts)
        if CALLER.get().dry_run:
            return rehearsed(drafts.values())

        def out() -> Mapping[str, Value]:
            paths = (setting_path(model, uuid, outcome) for uuid, outcome in edited)
            return {_RESULTING: tuple(path for path in paths if path is not None)}

        return await committed(model, turns, tuple(drafts.values()), naming, out)


async def take_turns(model: HostModel, turns: AsyncExitStack, domains: Iterable[Domain]) -> None:
    """Hold the turns of domains, always in the same order; raises Failed."""
    for one in sorted(domains, key=lambda domain: domain.uuid):
        try:
            await model.host.turns.take(one.uuid, f"a change of domain `{one.name}'")
        except Busy as error:
            raise Failed(f"domain `{one.name}' cannot be changed now: {error.detail}") from error
        turns.callback(model.host.turns.release, one.uuid)


async def opened(model: HostModel, domain: Domain) -> Draft:
    """Return a draft of a domain whose turn is held; raises NotFound and the rest."""
    try:
        read = await model.host.perform(ReadDefinitions(uuid=domain.uuid))
    except DomainNotFound as error:
        name = f"Referenced domain `{domain.name}' does not exist"
        raise NotFound(f"{name}: {error.detail}") from error
    except HypervisorError as error:
        raise refusal(model, error, f"Unable to read domain `{domain.name}'") from error
    return Draft(model, model.host.listing.domains.get(domain.uuid, domain), read)


def rehearsed(drafts: Iterable[Draft]) -> MethodResult:
    """Reply with what would be changed."""
    return MethodResult(0, {DIFFERENCE: "".join(one.difference() for one in drafts)})


async def committed(
    model: HostModel,
    turns: AsyncExitStack,
    drafts: Sequence[Draft],
    naming: Naming,
    out: Out,
    *,
    patience: float | None = ANSWER_SECONDS,
) -> MethodResult:
    """Make all changes, or none; raises the CIM error that says which failed and why.

    patience: seconds after which the reply is a job; None waits for the end.
    """
    at = drafts[0]

    async def body(transaction: Transaction) -> Facts:
        nonlocal at
        for draft in drafts:
            at = draft
            await draft.commit(transaction)
        return facts_of(out())

    explain = explaining(model, lambda: f"{naming.failure} for domain `{at.domain.name}'")
    steps = sum(draft.steps for draft in drafts)
    if steps <= 1 and not any(draft.waits for draft in drafts):
        await at_once(model, body, explain)
        return MethodResult(0, out())
    job = await by_job(
        model,
        turns,
        Change(model.host, body, explain, steps),
        Deed(task=Task.CHANGE, name=at.domain.name),
        method=naming.method,
        domains=tuple(draft.domain.uuid for draft in drafts),
        patience=patience,
    )
    return answered(model, job, out)


Body = Callable[[HostModel, Record, Arguments], Awaitable[MethodResult]]

METHODS: Mapping[str, Body] = {
    "AddResourceSettings": add_resource_settings,
    "ModifyResourceSettings": modify_resource_settings,
    "RemoveResourceSettings": remove_resource_settings,
}
