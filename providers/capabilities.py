"""Capabilities of domains: which states can be requested (DSP1052)."""

from collections.abc import Mapping
from typing import Any

from virtcim.inventory.snapshots import Domain
from virtcim.providers.families import DomainFamily, owner
from virtcim.providers.model import HostModel
from virtcim.providers.states import requested_states_supported
from virtcim.schema.layouts import Getter

FAMILY = "Virt_EnabledLogicalElementCapabilities"

View = tuple[HostModel, Domain]


def _supported(view: Any) -> tuple[int, ...]:
    model: HostModel = view[0]
    return requested_states_supported(model.host.hypervisor.verbs)


PROPERTIES: Mapping[str, Getter] = {
    # v is a model with a domain
    "InstanceID":               lambda v: v[1].facts.name,
    "ElementName":              lambda v: v[1].facts.name,
    "Caption":                  lambda _: "Capabilities of a virtual system",
    "ElementNameEditSupported": lambda _: False,
    "RequestedStatesSupported": _supported,
    "StateAwareness":           lambda _: (2, 3),  # implicit changes and RequestStateChange
}  # fmt: skip


def _parts(model: HostModel, domain: Domain) -> tuple[View]:
    return ((model, domain),)


FAMILIES = (
    DomainFamily(name=FAMILY, getters=PROPERTIES, parts=_parts, owners=owner("instanceid")),
)
