"""What domains take from resource pools: kept for each domain, summed when one has changed.

The rule: only active domains take anything, and only their definitions are read. The texts of
inactive ones are read where they name a bridge or a device of the host, which is looked up in the
text first: thousands of domains must not be parsed because somebody asks for a pool.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from types import MappingProxyType

from virtcim.hypervisors.definition import DomainDefinition
from virtcim.hypervisors.definition.interfaces import Interface
from virtcim.hypervisors.definition.storage import Disk, Filesystem
from virtcim.hypervisors.resources import PoolFacts, VolumeFacts
from virtcim.inventory.snapshots import Domain
from virtcim.providers.configurations import current_definition, parsed
from virtcim.providers.model import HostModel
from virtcim.providers.pool_index import pool_index, pool_of

_NO_DEVICES: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What active domains have.

    memory: bytes. devices: how many are made from a pool, by PoolID.
    """

    vcpus: int = 0
    memory: int = 0
    devices: Mapping[str, int] = field(default_factory=lambda: _NO_DEVICES)

    def of_kind(self, word: str) -> int:
        """Return how many devices are made from all pools of one type together."""
        prefix = f"{word}/"
        return sum(count for pool, count in self.devices.items() if pool.startswith(prefix))


def usage(model: HostModel) -> Usage:
    """Return what the active domains of a host have together."""
    given = (model.host.listing, pool_index(model))
    return model.derive(usage, given, lambda: _sum(model))


def _sum(model: HostModel) -> Usage:
    index, taken_by = pool_index(model), partial(_taken_by, model)
    taken = [
        domain.derive(_taken_by, taken_by, index)
        for domain in model.host.listing.domains.values()
        if domain.facts.active
    ]
    devices: Counter[str] = Counter()
    for one in taken:
        devices.update(one.devices)
    return Usage(
        vcpus=sum(one.vcpus for one in taken),
        memory=sum(one.memory for one in taken),
        devices=MappingProxyType(dict(devices)),
    )


def _taken_by(model: HostModel, domain: Domain) -> Usage:
    definition = current_definition(domain)
    shown = model.behaviour.devices
    pools = (
        pool_of(model, device)
        for device in definition.devices
        if shown is None or device.element in shown
    )
    return Usage(
        vcpus=definition.current_vcpus or definition.vcpus or 0,
        memory=definition.current_memory or definition.memory or 0,
        devices=MappingProxyType(Counter(pool for pool in pools if pool is not None)),
    )


# Volumes


def is_in_use(model: HostModel, pool: PoolFacts, volume: VolumeFacts) -> bool:
    """Tell whether a running domain has the volume, or another volume continues it."""
    volumes = (known for pools in model.host.resources.pools for known in pools.volumes)
    if any(known.backing_path == volume.path for known in volumes):
        return True
    return any(
        isinstance(device, Disk | Filesystem)
        and (
            device.path == volume.path
            or (device.source_pool, device.source_volume) == (pool.name, volume.name)
        )
        for domain in model.host.listing.domains.values()
        if domain.facts.active
        for device in current_definition(domain).devices
    )


# Devices of the host that domains are connected to


class WireKind(StrEnum):
    """How a domain is connected to a device of the host; libvirt's types of interfaces."""

    BRIDGE = "bridge"
    DIRECT = "direct"


Wire = tuple[WireKind, str]
"""A kind with the name of the device."""

_TELLING = re.compile(r"""type=['"](?:bridge|direct)['"]""")


def wires(model: HostModel) -> frozenset[Wire]:
    """Return the devices of the host that domains are or will be connected to."""
    return model.derive(wires, model.host.listing, lambda: _all_wires(model))


def _all_wires(model: HostModel) -> frozenset[Wire]:
    domains = model.host.listing.domains.values()
    return frozenset().union(*(domain.derive(_wires_of, _wires_of) for domain in domains))


def _wires_of(domain: Domain) -> frozenset[Wire]:
    texts = {domain.facts.live_xml, domain.facts.persistent_xml}
    return frozenset(
        wire
        for text in texts
        if text and _TELLING.search(text)
        for wire in _wires_in(domain.read(text, parsed))
    )


def _wires_in(definition: DomainDefinition) -> set[Wire]:
    found: set[Wire] = set()
    for device in definition.devices:
        if isinstance(device, Interface):
            if device.defined_kind == WireKind.BRIDGE and device.source_bridge:
                found.add((WireKind.BRIDGE, device.source_bridge))
            if device.defined_kind == WireKind.DIRECT and device.source_device:
                found.add((WireKind.DIRECT, device.source_device))
    return found
