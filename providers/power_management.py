"""CIM_PowerManagementService.RequestPowerStateChange (DSP1027) over RequestStateChange.

The rule: a power state is reached by the state change that leads to it (POWER_STATES), through the
same machine, so that both methods agree on what is possible and on what was requested.
"""

from collections.abc import Mapping

from virtcim.broker.arguments import reference
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.providers import computer_system
from virtcim.providers.families import Method
from virtcim.providers.model import HostModel, domain_named
from virtcim.providers.service_capabilities import POWER_STATES
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import RequestedState, RequestStateChangeCode
from virtcim.wbem.status import InvalidParameter, NotFound
from virtcim.wbem.types import NO_TIME

REQUESTS: Mapping[int, RequestedState] = {
    power.value: requested for requested, power in POWER_STATES.items()
}
"""What RequestStateChange is asked for, by the power state that is wanted."""


async def request_power_state_change(
    model: HostModel, _service: Record, arguments: Arguments
) -> MethodResult:
    """Bring a domain to a power state; its codes are numbered as those of RequestStateChange."""
    code = await _changed(model, arguments)
    return MethodResult(code.value)


async def _changed(model: HostModel, arguments: Arguments) -> RequestStateChangeCode:
    wanted, time = arguments.get("powerstate"), arguments.get("time")
    record = _system(model, arguments)
    if not isinstance(wanted, int):
        return RequestStateChangeCode.INVALID_PARAMETER
    if wanted not in REQUESTS or time not in {None, NO_TIME}:
        return RequestStateChangeCode.NOT_SUPPORTED
    domain = domain_named(model, record["Name"])
    if domain is None:
        raise NotFound(f"domain {record['Name']} does not exist any more")
    period = arguments.get("timeoutperiod")
    return await computer_system.change_state(model, domain, REQUESTS[wanted].value, period)


def _system(model: HostModel, arguments: Arguments) -> Record:
    path = reference(arguments, "ManagedElement")
    if path is None:
        raise InvalidParameter("Missing argument `ManagedElement'")
    record = model.resolve(path)
    if record is None:
        raise NotFound("the ManagedElement does not exist")
    if record.layout.class_name != model.class_name(computer_system.FAMILY):
        raise InvalidParameter(f"a {record.layout.class_name} has no power state of its own")
    return record


METHODS: Mapping[str, Method] = {"RequestPowerStateChange": request_power_state_change}
