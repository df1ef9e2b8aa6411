"""The state of a device, from that of its domain and what its definition says of it.

The rule: a device has no state of its own that a hypervisor tells in bulk, so the domain's state
decides, in one table that is total over it; link state and online processors narrow it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from virtcim.hypervisors.definition import DomainDefinition
from virtcim.hypervisors.definition.interfaces import Interface
from virtcim.providers.views import DeviceView
from virtcim.schema.valuemaps import (
    EnabledState,
    HealthState,
    OperatingStatus,
    OperationalStatus,
    PrimaryStatus,
)


@dataclass(frozen=True, slots=True)
class DeviceState:
    """The state properties of one device; operational None means that the domain's hold."""

    enabled: EnabledState
    operational: OperationalStatus | None
    operating: OperatingStatus
    health: HealthState
    primary: PrimaryStatus
    description: str


_UNKNOWN = DeviceState(
    EnabledState.UNKNOWN, None, OperatingStatus.UNKNOWN,
    HealthState.UNKNOWN, PrimaryStatus.UNKNOWN, "",
)  # fmt: skip
_IN_USE = DeviceState(
    EnabledState.ENABLED, OperationalStatus.OK, OperatingStatus.IN_SERVICE,
    HealthState.OK, PrimaryStatus.OK, "in use",
)  # fmt: skip
_OFF = DeviceState(
    EnabledState.DISABLED, OperationalStatus.STOPPED, OperatingStatus.STOPPED,
    HealthState.UNKNOWN, PrimaryStatus.UNKNOWN, "domain is off",
)  # fmt: skip
_STOPPING = DeviceState(
    EnabledState.SHUTTING_DOWN, OperationalStatus.STOPPING, OperatingStatus.STOPPING,
    HealthState.OK, PrimaryStatus.OK, "domain is shutting down",
)  # fmt: skip
_ASLEEP = DeviceState(
    EnabledState.ENABLED_BUT_OFFLINE, OperationalStatus.DORMANT, OperatingStatus.DORMANT,
    HealthState.OK, PrimaryStatus.OK, "domain sleeps or is saved",
)  # fmt: skip
_PAUSED = DeviceState(
    EnabledState.QUIESCE, OperationalStatus.DORMANT, OperatingStatus.DORMANT,
    HealthState.OK, PrimaryStatus.OK, "domain is paused",
)  # fmt: skip
_UNPLUGGED = replace(_ASLEEP, description="link is down")
_OFFLINE = replace(_ASLEEP, enabled=EnabledState.DISABLED, description="processor is offline")

# Total over the states that a domain can be enabled in (states.py).
_STATES: Mapping[EnabledState, DeviceState] = MappingProxyType({
    EnabledState.UNKNOWN:             _UNKNOWN,
    EnabledState.ENABLED:             _IN_USE,
    EnabledState.DISABLED:            _OFF,
    EnabledState.SHUTTING_DOWN:       _STOPPING,
    EnabledState.ENABLED_BUT_OFFLINE: _ASLEEP,
    EnabledState.QUIESCE:             _PAUSED,
})  # fmt: skip


def device_state(view: DeviceView) -> DeviceState:
    """Return the state of a device."""
    state = _STATES[view.state.enabled_state]
    if state.enabled is EnabledState.ENABLED:
        if isinstance(view.device, Interface) and view.device.link_state == "down":
            return _UNPLUGGED
        if view.number is not None and view.number >= online(view.definition):
            return _OFFLINE
    return state


def operational_status(view: DeviceView) -> tuple[OperationalStatus, ...]:
    """Return the statuses; where nothing is known of a device, those of its domain."""
    own = device_state(view).operational
    return view.state.operational_status if own is None else (own,)


def status_descriptions(view: DeviceView) -> tuple[str, ...]:
    """Return one text for each status."""
    state = device_state(view)
    return view.state.status_descriptions if state.operational is None else (state.description,)


def online(definition: DomainDefinition) -> int:
    """Return how many processors a domain has now; the others can be plugged."""
    return definition.current_vcpus or definition.vcpus or 0
