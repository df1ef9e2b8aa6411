"""The state of a host and of its services: that of the hypervisor's connection, in one table."""

from collections.abc import Mapping

from virtcim.inventory.host import Communication
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import (
    DetailedStatus,
    EnabledState,
    HealthState,
    OperatingStatus,
    OperationalStatus,
    PrimaryStatus,
    RequestedState,
)
from virtcim.wbem.objects import Value

_UP, _LOST, _NEVER = Communication.OK, Communication.LOST, Communication.NEVER

STATES: Mapping[str, Mapping[Communication, Value]] = {
    # What is known of a host is what its hypervisor's connection tells.
    "EnabledState":       {_UP: EnabledState.ENABLED, _LOST: EnabledState.UNKNOWN,
                           _NEVER: EnabledState.UNKNOWN},
    "HealthState":        {_UP: HealthState.OK, _LOST: HealthState.UNKNOWN,
                           _NEVER: HealthState.UNKNOWN},
    "OperatingStatus":    {_UP: OperatingStatus.IN_SERVICE, _LOST: OperatingStatus.UNKNOWN,
                           _NEVER: OperatingStatus.UNKNOWN},
    "OperationalStatus":  {_UP: (OperationalStatus.OK,),
                           _LOST: (OperationalStatus.LOST_COMMUNICATION,),
                           _NEVER: (OperationalStatus.NO_CONTACT,)},
    "StatusDescriptions": {_UP: ("hypervisor answers",),
                           _LOST: ("connection to the hypervisor lost",),
                           _NEVER: ("hypervisor not reached yet",)},
    "PrimaryStatus":      {_UP: PrimaryStatus.OK, _LOST: PrimaryStatus.UNKNOWN,
                           _NEVER: PrimaryStatus.UNKNOWN},
    "DetailedStatus":     {_UP: DetailedStatus.NO_ADDITIONAL_INFORMATION,
                           _LOST: DetailedStatus.NOT_AVAILABLE,
                           _NEVER: DetailedStatus.NOT_AVAILABLE},
}  # fmt: skip


def _state(name: str) -> Getter:
    values = STATES[name]
    return lambda m: values[m.host.communication]


STATE_PROPERTIES: Mapping[str, Getter] = {
    # m is a model
    "RequestedState":          lambda _: RequestedState.NOT_APPLICABLE,
    "TransitioningToState":    lambda _: RequestedState.NOT_APPLICABLE,
    "CommunicationStatus":     lambda m: m.communication(),
    **{name: _state(name) for name in STATES},
}  # fmt: skip
"""Getters of the properties that a host and its services have in common."""
