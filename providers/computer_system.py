"""CIM_ComputerSystem of domains (DSP1057) and RequestStateChange (DSP1052).

What a property is stands in one table; how the state becomes numbers, in states.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from virtcim.broker.provider import Arguments, Keys, MethodResult
from virtcim.hypervisors import errors
from virtcim.hypervisors.model import Verb
from virtcim.inventory.snapshots import Domain
from virtcim.providers.families import CAPTION_LENGTH, DomainFamily, Lookups, owner
from virtcim.providers.model import HostModel, domain_named
from virtcim.providers.records import remember_request
from virtcim.providers.serving import unfitting_key
from virtcim.providers.states import FOLLOW_UPS, StateRow, verb_for
from virtcim.providers.views import state_row
from virtcim.schema.layouts import Getter, Record
from virtcim.schema.valuemaps import Dedicated, RequestStateChangeCode
from virtcim.wbem.objects import Value
from virtcim.wbem.status import (
    AccessDenied,
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
    WBEMError,
)
from virtcim.wbem.types import NO_TIME, timestamp

FAMILY = "Virt_ComputerSystem"


@dataclass(frozen=True, slots=True)
class View:
    """A domain with its state in CIM's numbers, as the table below reads it."""

    model: HostModel
    domain: Domain
    state: StateRow


def view(model: HostModel, domain: Domain) -> View:
    """Return what the properties of a domain are read from."""
    return View(model, domain, state_row(model, domain))


def caption(v: View) -> str:
    """Return the caption with the console's address, which clients of libvirt-cim read."""
    for console in v.domain.facts.consoles:
        port = "" if console.port is None else f":{console.port}"
        where = f"{console.kind}://{v.model.system_name}{port}"
        return f"Virtual System (Console on {where})"[:CAPTION_LENGTH]
    return "Virtual System (No console)"


PROPERTIES: Mapping[str, Getter] = {
    "CreationClassName":        lambda v: v.model.class_name(FAMILY),
    "Name":                     lambda v: v.domain.facts.name,
    "ElementName":              lambda v: v.domain.facts.name,
    "UUID":                     lambda v: v.domain.facts.uuid,
    "Caption":                  caption,
    "Description":              lambda v: v.domain.facts.description or "Virtual System",
    "NameFormat":               lambda _: "Other",
    "Dedicated":                lambda _: (Dedicated.NOT_DEDICATED,),
    "IdentifyingDescriptions":  lambda _: ("Type", "Model", "UUID"),
    "OtherIdentifyingInfo":     lambda v: (
        "Virtual System", f"{v.model.host.prefix} Virtual System", v.domain.facts.uuid,
    ),
    "EnabledState":             lambda v: v.state.enabled_state.value,
    "RequestedState":           lambda v: v.domain.record.requested_state or 0,
    "AvailableRequestedStates": lambda v: v.state.available_requested_states,
    "TransitioningToState":     lambda v: v.state.transitioning_to_state.value,
    "TimeOfLastStateChange":    lambda v: (
        None if v.domain.state_since is None else timestamp(v.domain.state_since)
    ),
    "HealthState":              lambda v: v.state.health_state.value,
    "OperatingStatus":          lambda v: v.state.operating_status.value,
    "OperationalStatus":        lambda v: v.state.operational_status,
    "StatusDescriptions":       lambda v: v.state.status_descriptions,
    "PrimaryStatus":            lambda v: v.state.primary_status.value,
    "DetailedStatus":           lambda v: v.state.detailed_status.value,
    "CommunicationStatus":      lambda v: v.state.communication_status.value,
}  # fmt: skip


def states_of(model: HostModel, domain: Domain) -> Mapping[str, Value]:
    """Return those properties that change with the state and are asked for most."""
    state = state_row(model, domain)
    return {
        "enabledstate": state.enabled_state.value,
        "operatingstatus": state.operating_status.value,
        "healthstate": state.health_state.value,
    }


LOOKUPS = Lookups(
    names=("name", "elementname"),
    values=("enabledstate", "operatingstatus", "healthstate"),
    of=states_of,
)


def parts(model: HostModel, domain: Domain) -> tuple[View]:
    """Return the one part that a domain's system is made from."""
    return (view(model, domain),)


async def request_state_change(
    model: HostModel, record: Record, arguments: Arguments
) -> MethodResult:
    """Do what table 2 of states.py says (CIM_EnabledLogicalElement.RequestStateChange)."""
    domain = domain_named(model, record["Name"])
    if domain is None:
        raise NotFound(f"domain {record['Name']} does not exist any more")
    requested = arguments.get("requestedstate")
    code = await change_state(model, domain, requested, arguments.get("timeoutperiod"))
    if code and model.behaviour.refusals_are_errors:
        raise _compat_error(code, requested)
    return MethodResult(code.value)


async def change_state(
    model: HostModel, domain: Domain, requested: object, period: object
) -> RequestStateChangeCode:
    """Bring a domain to a state in its turn; what it was when others had theirs says nothing."""
    if not isinstance(requested, int):
        return RequestStateChangeCode.INVALID_PARAMETER
    if period not in {None, NO_TIME}:
        return RequestStateChangeCode.USE_OF_TIMEOUT_PARAMETER_NOT_SUPPORTED
    uuid = domain.facts.uuid
    try:
        async with model.host.turns.held(uuid, f"a change of the state of `{domain.name}'"):
            current = model.host.listing.domains.get(uuid)
            if current is None:
                raise NotFound(f"domain {domain.name} does not exist any more")
            return await _change_in_turn(model, current, requested)
    except errors.Busy:
        return RequestStateChangeCode.BUSY


async def _change_in_turn(
    model: HostModel, domain: Domain, requested: int
) -> RequestStateChangeCode:
    facts = domain.facts
    verb = verb_for(requested, facts.state, saved=facts.managed_save)
    if isinstance(verb, RequestStateChangeCode):
        return verb
    try:
        await model.host.change(facts.uuid, verb)
        follow_up = FOLLOW_UPS.get((verb, facts.state))
        if follow_up is not None:
            await model.host.change(facts.uuid, follow_up)
    except errors.HypervisorError as error:
        return code_of(error, verb, domain)
    await remember_request(model.host, facts.uuid, requested)
    return RequestStateChangeCode.COMPLETED_WITH_NO_ERROR


def absent(model: HostModel, keys: Keys) -> str:
    """Say whether the domain is missing, or which other key does not fit it.

    Clients of libvirt-cim match parts of both texts.
    """
    domain = domain_named(model, keys["name"])
    if domain is None:
        return f"Referenced domain `{keys['name']}' does not exist: Domain not found"
    record = model.parts(FAMILY).records_of(domain)[0]
    return f"No such instance ({unfitting_key(record, keys)})"


FAMILIES = (
    DomainFamily(
        name=FAMILY,
        getters=PROPERTIES,
        parts=parts,
        owners=owner("name"),
        methods={"RequestStateChange": request_state_change},
        absent=absent,
        lookups=LOOKUPS,
    ),
)


_CODES: Mapping[type[errors.HypervisorError], RequestStateChangeCode] = {
    errors.InvalidState: RequestStateChangeCode.INVALID_STATE_TRANSITION,
    errors.Busy:         RequestStateChangeCode.BUSY,
    errors.NotSupported: RequestStateChangeCode.NOT_SUPPORTED,
}  # fmt: skip
"""Failures that the method has codes for; all others are CIM errors, which carry the reason."""


def code_of(error: errors.HypervisorError, verb: Verb, domain: Domain) -> RequestStateChangeCode:
    """Return the method's code for a failure, or raise the CIM error that says more."""
    code = _CODES.get(type(error))
    if code is not None:
        return code
    reason = f"Unable to {verb} domain `{domain.name}': {error.detail}"
    if isinstance(error, errors.DomainNotFound):
        raise NotFound(
            f"Referenced domain `{domain.name}' does not exist: {error.detail}"
        ) from error
    if isinstance(error, errors.AccessDenied):
        raise AccessDenied(reason) from error
    raise Failed(reason) from error


def _compat_error(code: RequestStateChangeCode, requested: object) -> WBEMError:
    """Return what libvirt-cim's clients expect in place of a return code."""
    if code is RequestStateChangeCode.NOT_SUPPORTED:
        return NotSupported("State not supported")
    if code is RequestStateChangeCode.BUSY:
        return Failed("Domain is busy: another operation is under way")
    if code is RequestStateChangeCode.INVALID_PARAMETER:
        if isinstance(requested, int):
            return NotSupported("State not supported")
        return InvalidParameter("Invalid RequestedState")
    return Failed("Invalid state transition")
