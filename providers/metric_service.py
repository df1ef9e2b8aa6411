"""The service for measurements and what it can do (DSP1053): so far nothing can be controlled."""

from collections.abc import Mapping

from virtcim.inventory.host import Communication
from virtcim.providers import host_system
from virtcim.providers.families import HostFamily, itself, view_key
from virtcim.providers.host_state import STATE_PROPERTIES
from virtcim.schema.layouts import Getter

SERVICE, CAPABILITIES = "Virt_MetricService", "Virt_MetricServiceCapabilities"
NAME = "MetricService"
CAPABILITIES_ID = "MetricCapabilities"

SERVICE_PROPERTIES: Mapping[str, Getter] = {
    # m is a model
    **STATE_PROPERTIES,
    "SystemCreationClassName": lambda m: m.class_name(host_system.FAMILY),
    "SystemName":              lambda m: m.system_name,
    "CreationClassName":       lambda m: m.class_name(SERVICE),
    "Name":                    lambda _: NAME,
    "ElementName":             lambda _: NAME,
    "Caption":                 lambda _: "Measurements of domains",
    "Description":             lambda m: f"Measurements of the domains of {m.hypervisor_uri}",
    "Started":                 lambda m: m.host.communication is Communication.OK,
}  # fmt: skip

CAPABILITIES_PROPERTIES: Mapping[str, Getter] = {
    "InstanceID":                  lambda _: CAPABILITIES_ID,
    "ElementName":                 lambda _: CAPABILITIES_ID,
    "Caption":                     lambda _: "Capabilities of the metric service",
    "Description":                 lambda _: "Every metric is always measured and shown",
    "ElementNameEditSupported":    lambda _: False,
    "RequestedStatesSupported":    lambda _: (),
    "SupportedMethods":            lambda _: (),
    "ControllableMetrics":         lambda _: (),
    "MetricsControlTypes":         lambda _: (),
    "ControllableManagedElements": lambda _: (),
    "ManagedElementControlTypes":  lambda _: (),
}  # fmt: skip

FAMILIES = (
    HostFamily(name=SERVICE, getters=SERVICE_PROPERTIES, parts=itself, given=view_key),
    HostFamily(name=CAPABILITIES, getters=CAPABILITIES_PROPERTIES, parts=itself, given=view_key),
)
