"""What all devices of domains have in common, and the devices that have no class of their own."""

from collections.abc import Callable, Iterable, Mapping

from virtcim.broker.provider import Keys
from virtcim.hypervisors.definition.peripherals import Watchdog
from virtcim.inventory.snapshots import Domain
from virtcim.providers import computer_system
from virtcim.providers.device_states import (
    device_state,
    operational_status,
    status_descriptions,
)
from virtcim.providers.families import DomainFamily, owner, view_key
from virtcim.providers.model import HostModel, domain_named
from virtcim.providers.views import GENERIC, WATCHDOG, DeviceView, device_views
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import (
    DetailedStatus,
    EnabledDefault,
    MonitoredEntity,
    RequestedState,
    WatchdogAction,
)

COMMON: Mapping[str, Getter] = {
    # v is a DeviceView
    "SystemCreationClassName": lambda v: v.model.class_name(computer_system.FAMILY),
    "SystemName":              lambda v: v.domain.name,
    "DeviceID":                lambda v: v.device_id,
    "ElementName":             lambda v: v.id,
    "Name":                    lambda v: v.id,
    "EnabledState":            lambda v: device_state(v).enabled,
    "EnabledDefault":          lambda _: EnabledDefault.ENABLED,
    "RequestedState":          lambda _: RequestedState.NOT_APPLICABLE,
    "TransitioningToState":    lambda _: RequestedState.NOT_APPLICABLE,
    "HealthState":             lambda v: device_state(v).health,
    "OperationalStatus":       operational_status,
    "StatusDescriptions":      status_descriptions,
    "OperatingStatus":         lambda v: device_state(v).operating,
    "PrimaryStatus":           lambda v: device_state(v).primary,
    "DetailedStatus":          lambda _: DetailedStatus.NO_ADDITIONAL_INFORMATION,
    "CommunicationStatus":     lambda v: v.state.communication_status,
    "OtherIdentifyingInfo":    lambda v: _identity(v)[1],
    "IdentifyingDescriptions": lambda v: _identity(v)[0],
}  # fmt: skip
"""Getters of the properties that all devices have."""


def _identity(v: DeviceView) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return how libvirt names the device beside its id: its alias while the domain runs."""
    alias = None if v.device is None else v.device.alias
    return (None, None) if alias is None else (("Alias",), (alias,))


def device_family(
    name: str,
    getters: Mapping[str, Getter],
    given: Callable[[HostModel], object] = view_key,
) -> DomainFamily:
    """Return the family of the devices that views.py gives this name."""

    def parts(model: HostModel, domain: Domain) -> Iterable[DeviceView]:
        return device_views(model, domain).get(name, ())

    class_name: Callable[[DeviceView], str] = lambda v: v.model.class_name(name)  # noqa: E731
    return DomainFamily(
        name=name,
        getters={**COMMON, "CreationClassName": class_name, **getters},
        parts=parts,
        owners=owner("systemname"),
        given=given,
        absent=absent,
    )


def absent(model: HostModel, keys: Keys) -> str:
    """Say whether the domain or the device is missing; clients look for these words."""
    device_id = keys["deviceid"]
    domain = domain_named(model, keys["systemname"])
    if domain is None:
        return f"No such instance (no domain for {device_id})"
    return f"No such instance (no device {device_id})"


def kind(v: DeviceView) -> str:
    """Return the name of the element that libvirt describes the device by."""
    return "" if v.device is None else v.device.element


def model_of(v: DeviceView) -> str | None:
    """Return the model that the guest sees; None where libvirt has no such notion."""
    return getattr(v.device, "model", None)


GENERIC_PROPERTIES: Mapping[str, Getter] = {
    "Caption":     lambda v: f"{kind(v)} {model_of(v) or ''}".strip()[:64],
    "Description": lambda v: f"Device `{kind(v)}' of a domain",
    "DeviceType":  kind,
    "Model":       model_of,
}  # fmt: skip

_ACTIONS: Mapping[str | None, WatchdogAction | None] = {
    # libvirt       CIM; None where CIM has no number
    None:           WatchdogAction.SYSTEM_RESET,  # libvirt's default
    "reset":        WatchdogAction.SYSTEM_RESET,
    "shutdown":     WatchdogAction.SYSTEM_POWER_OFF,
    "poweroff":     WatchdogAction.SYSTEM_POWER_OFF,
    "pause":        None,
    "none":         WatchdogAction.NONE_STATUS_ONLY,
    "dump":         None,
    "inject-nmi":   WatchdogAction.GENERATE_SYSTEM_NONMASKABLEINTERRUPT_NMI,
}  # fmt: skip


def _watchdog_action(v: DeviceView) -> WatchdogAction | None:
    return _ACTIONS.get(v.device.action) if isinstance(v.device, Watchdog) else None


WATCHDOG_PROPERTIES: Mapping[str, Getter] = {
    "Caption":            lambda v: f"watchdog {model_of(v) or ''}".strip(),
    "Description":        lambda _: "Watchdog of a domain",
    "MonitoredEntity":    lambda _: MonitoredEntity.OPERATING_SYSTEM,
    "ActionOnExpiration": _watchdog_action,
}  # fmt: skip

FAMILIES = (
    device_family(GENERIC, GENERIC_PROPERTIES),
    device_family(WATCHDOG, WATCHDOG_PROPERTIES),
)
