"""Changes of one domain while it runs, and of what its definition does not hold."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import libvirt

from virtcim.hypervisors.actions import (
    AttachDevice,
    DetachDevice,
    DomainChange,
    Note,
    RenameDomain,
    SetAutostart,
    SetBlockLimits,
    SetMemory,
    SetNote,
    SetShares,
    SetVCPUs,
    UpdateDevice,
)
from virtcim.hypervisors.libvirt.actions.performing import Performer, Performers
from virtcim.hypervisors.libvirt.native import NativeConnection, NativeDomain, translated
from virtcim.hypervisors.libvirt.schemes import Scheme

_LIVE: int = libvirt.VIR_DOMAIN_AFFECT_LIVE

_NOTES: Mapping[Note, int] = {
    Note.TITLE: libvirt.VIR_DOMAIN_METADATA_TITLE,
    Note.DESCRIPTION: libvirt.VIR_DOMAIN_METADATA_DESCRIPTION,
}

_SHARES: Mapping[str, str] = {
    # driver    its name for them
    "qemu": "cpu_shares",
    "lxc":  "cpu_shares",
    "xen":  "weight",
}  # fmt: skip


def _on_domain(call: Callable[[NativeDomain, Any], object]) -> Performer:
    """Return what performs an action by one call of the domain."""

    def perform(connection: NativeConnection, _scheme: Scheme, action: DomainChange) -> None:
        with translated(connection):
            call(connection.lookupByUUIDString(action.uuid), action)

    return perform


def set_shares(connection: NativeConnection, scheme: Scheme, action: SetShares) -> None:
    """Set them under the driver's own name."""
    with translated(connection):
        domain = connection.lookupByUUIDString(action.uuid)
        domain.setSchedulerParametersFlags({_SHARES[scheme.driver]: action.shares}, _LIVE)


# fmt: off
_OF_ALL: Performers = {
    SetAutostart: _on_domain(lambda d, a: d.setAutostart(int(a.on))),
    SetNote:      _on_domain(lambda d, a: d.setMetadata(_NOTES[a.note], a.text, None, None, _LIVE)),
    SetMemory:    _on_domain(lambda d, a: d.setMemoryFlags(a.size // 1024, _LIVE)),
}
_OF_DEVICES: Performers = {
    AttachDevice: _on_domain(lambda d, a: d.attachDeviceFlags(a.xml, _LIVE)),
    DetachDevice: _on_domain(lambda d, a: d.detachDeviceFlags(a.xml, _LIVE)),
    UpdateDevice: _on_domain(lambda d, a: d.updateDeviceFlags(a.xml, _LIVE)),
}
_RENAME: Performers = {RenameDomain: _on_domain(lambda d, a: d.rename(a.name, 0))}
_VCPUS: Performers = {SetVCPUs: _on_domain(lambda d, a: d.setVcpusFlags(a.count, _LIVE))}
_BLOCKS: Performers = {
    SetBlockLimits: _on_domain(lambda d, a: d.setBlockIoTune(a.target, dict(a.limits), _LIVE)),
}

PERFORMERS: Mapping[str, Performers] = MappingProxyType({
    "qemu": {**_OF_ALL, **_OF_DEVICES, **_RENAME, **_VCPUS, **_BLOCKS, SetShares: set_shares},
    "lxc":  {**_OF_ALL, **_OF_DEVICES, SetShares: set_shares},
    "xen":  {**_OF_ALL, **_OF_DEVICES, **_RENAME, **_VCPUS, SetShares: set_shares},
    "test": {**_OF_ALL, **_RENAME, **_VCPUS},
})
# fmt: on
