"""The host of the domains as a computer system: one instance for each hypervisor."""

from collections.abc import Mapping

from virtcim.providers.families import HostFamily, itself
from virtcim.providers.host_state import STATE_PROPERTIES
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import Dedicated

FAMILY = "Virt_HostSystem"


def _identity(m: HostModel) -> tuple[str, ...]:
    """URI, hypervisor and UUID; empty when unknown, since wbemcli cannot read NULL in arrays."""
    facts = m.host.facts
    if facts is None:
        return (m.hypervisor_uri, "", "")
    hypervisor = f"{facts.hypervisor_type} {facts.hypervisor_version}"
    return (m.hypervisor_uri, hypervisor, facts.uuid or "")


PROPERTIES: Mapping[str, Getter] = {
    **STATE_PROPERTIES,
    "CreationClassName":       lambda m: m.class_name(FAMILY),
    "Name":                    lambda m: m.system_name,
    "ElementName":             lambda m: m.system_name,
    "NameFormat":              lambda _: "IP",
    "Dedicated":               lambda _: (Dedicated.NOT_DEDICATED,),
    "Caption":                 lambda m: f"Virtualization host ({m.host.prefix})",
    "Description":             lambda m: f"Host of the domains of {m.hypervisor_uri}",
    "IdentifyingDescriptions": lambda _: ("URI", "Hypervisor", "UUID"),
    "OtherIdentifyingInfo":    _identity,
}  # fmt: skip


FAMILIES = (HostFamily(name=FAMILY, getters=PROPERTIES, parts=itself),)
