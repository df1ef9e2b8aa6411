"""The host of the domains as a computer system: one instance for each hypervisor."""

from collections.abc import Mapping

from virtcim.providers.host_provider import STATE_PROPERTIES, HostProvider
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter

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
    "Caption":                 lambda m: f"Virtualization host ({m.host.prefix})",
    "Description":             lambda m: f"Host of the domains of {m.hypervisor_uri}",
    "IdentifyingDescriptions": lambda _: ("URI", "Hypervisor", "UUID"),
    "OtherIdentifyingInfo":    _identity,
}  # fmt: skip


class HostSystemProvider(HostProvider):
    """The host system of one hypervisor."""

    def __init__(self, model: HostModel) -> None:
        super().__init__(model, FAMILY, PROPERTIES)
