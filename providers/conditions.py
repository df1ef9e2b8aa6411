"""The state of what a host has beside its domains: ports, volumes, switches, consoles.

The rule: what was known of a thing says nothing while its hypervisor does not answer; then it has
the host's state (host_state.py), else that of its own condition.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Protocol

from virtcim.inventory.host import Communication
from virtcim.providers import host_system
from virtcim.providers.host_state import STATE_PROPERTIES
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import (
    DetailedStatus,
    EnabledState,
    HealthState,
    OperatingStatus,
    OperationalStatus,
    PrimaryStatus,
)
from virtcim.wbem.objects import Value


class Condition(Enum):
    """What is known of a thing while its hypervisor answers."""

    WORKING = "working"
    WAITING = "enabled, and nothing is connected"
    STARTING = "being built"
    DEGRADED = "working, not as it should"
    FAILED = "not accessible"
    OFF = "off"
    UNTOLD = "state not told"


class Part(Protocol):
    """What has a condition."""

    @property
    def model(self) -> HostModel:
        """The model that shows it."""

    @property
    def condition(self) -> Condition:
        """Its condition."""


_WORKING, _WAITING, _STARTING = Condition.WORKING, Condition.WAITING, Condition.STARTING
_DEGRADED, _FAILED = Condition.DEGRADED, Condition.FAILED
_OFF, _UNTOLD = Condition.OFF, Condition.UNTOLD

CONDITIONS: Mapping[str, Mapping[Condition, Value]] = {
    "EnabledState":       {_WORKING:  EnabledState.ENABLED,
                           _WAITING:  EnabledState.ENABLED_BUT_OFFLINE,
                           _STARTING: EnabledState.STARTING,
                           _DEGRADED: EnabledState.ENABLED,
                           _FAILED:   EnabledState.ENABLED,
                           _OFF:      EnabledState.DISABLED,
                           _UNTOLD:   EnabledState.UNKNOWN},
    "HealthState":        {_WORKING:  HealthState.OK,
                           _WAITING:  HealthState.OK,
                           _STARTING: HealthState.OK,
                           _DEGRADED: HealthState.DEGRADED_WARNING,
                           _FAILED:   HealthState.MAJOR_FAILURE,
                           _OFF:      HealthState.UNKNOWN,
                           _UNTOLD:   HealthState.UNKNOWN},
    "OperatingStatus":    {_WORKING:  OperatingStatus.IN_SERVICE,
                           _WAITING:  OperatingStatus.IN_SERVICE,
                           _STARTING: OperatingStatus.STARTING,
                           _DEGRADED: OperatingStatus.IN_SERVICE,
                           _FAILED:   OperatingStatus.UNKNOWN,
                           _OFF:      OperatingStatus.STOPPED,
                           _UNTOLD:   OperatingStatus.UNKNOWN},
    "OperationalStatus":  {_WORKING:  (OperationalStatus.OK,),
                           _WAITING:  (OperationalStatus.DORMANT,),
                           _STARTING: (OperationalStatus.STARTING,),
                           _DEGRADED: (OperationalStatus.DEGRADED,),
                           _FAILED:   (OperationalStatus.ERROR,),
                           _OFF:      (OperationalStatus.STOPPED,),
                           _UNTOLD:   (OperationalStatus.UNKNOWN,)},
    "StatusDescriptions": {condition: (condition.value,) for condition in Condition},
    "PrimaryStatus":      {_WORKING:  PrimaryStatus.OK,
                           _WAITING:  PrimaryStatus.OK,
                           _STARTING: PrimaryStatus.OK,
                           _DEGRADED: PrimaryStatus.DEGRADED,
                           _FAILED:   PrimaryStatus.ERROR,
                           _OFF:      PrimaryStatus.UNKNOWN,
                           _UNTOLD:   PrimaryStatus.UNKNOWN},
    "DetailedStatus":     {_WORKING:  DetailedStatus.NO_ADDITIONAL_INFORMATION,
                           _WAITING:  DetailedStatus.NO_ADDITIONAL_INFORMATION,
                           _STARTING: DetailedStatus.NO_ADDITIONAL_INFORMATION,
                           _DEGRADED: DetailedStatus.STRESSED,
                           _FAILED:   DetailedStatus.NON_RECOVERABLE_ERROR,
                           _OFF:      DetailedStatus.NOT_AVAILABLE,
                           _UNTOLD:   DetailedStatus.NOT_AVAILABLE},
}  # fmt: skip


def _of_host(name: str) -> Getter:
    own = STATE_PROPERTIES[name]
    return lambda v: own(v.model)


def _of_condition(name: str) -> Getter:
    values, lost = CONDITIONS[name], STATE_PROPERTIES[name]

    def read(part: Part) -> Value:
        if part.model.host.communication is not Communication.OK:
            return lost(part.model)
        return values[part.condition]

    return read


CONDITION_PROPERTIES: Mapping[str, Getter] = {
    # v is a Part
    **{name: _of_host(name) for name in STATE_PROPERTIES},
    **{name: _of_condition(name) for name in CONDITIONS},
}
"""Getters of the state properties of all enabled logical elements."""

ELEMENT_PROPERTIES: Mapping[str, Getter] = {
    name: getter
    for name, getter in CONDITION_PROPERTIES.items()
    if name not in {"EnabledState", "RequestedState", "TransitioningToState"}
}
"""The same for what cannot be enabled or disabled."""

ON_HOST: Mapping[str, Getter] = {
    "SystemCreationClassName": lambda v: v.model.class_name(host_system.FAMILY),
    "SystemName":              lambda v: v.model.system_name,
}  # fmt: skip
"""Getters of the keys that name the host as the system."""


def class_name_of(family: str) -> Getter:
    """Return a getter of the CreationClassName."""
    return lambda v: v.model.class_name(family)
