"""What can be asked of each resource pool (DSP1043): one instance for each, with its id.

What a request may say stands in templates (templates.py). The states of a domain in which something
can be added or removed are none as long as no method adds or removes anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from virtcim.providers.families import HostFamily
from virtcim.providers.model import HostModel
from virtcim.providers.pools import Pool, other_resource_type, pools, resource_type
from virtcim.schema.layouts import Getter

FAMILY = "Virt_AllocationCapabilities"


@dataclass(frozen=True, slots=True)
class View:
    """A pool, as the table below reads it."""

    model: HostModel
    pool: Pool


PROPERTIES: Mapping[str, Getter] = {
    # v is a View
    "InstanceID":            lambda v: v.pool.id,
    "ElementName":           lambda v: v.pool.title,
    "Caption":               lambda _: "Allocation from a resource pool",
    "Description":           lambda v: f"Allocation from: {v.pool.description}",
    "ResourceType":          lambda v: resource_type(v.model.behaviour, v.pool.kind),
    "OtherResourceType":     lambda v: other_resource_type(v.model.behaviour, v.pool),
    "ResourceSubType":       lambda v: v.pool.sub_type,
    "RequestTypesSupported": lambda v: v.pool.kind.requests,
    "SharingMode":           lambda v: v.pool.kind.sharing,
    "SupportedAddStates":    lambda _: (),
    "SupportedRemoveStates": lambda _: (),
}  # fmt: skip


def _parts(model: HostModel) -> Iterator[View]:
    return (View(model, pool) for pool in pools(model))


def _given(model: HostModel) -> object:
    return (model.view_key, pools(model))


FAMILIES = (HostFamily(name=FAMILY, getters=PROPERTIES, parts=_parts, given=_given),)
