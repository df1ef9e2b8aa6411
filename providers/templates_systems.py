"""Templates of systems: settings of a new domain, one for each type of guest of the machine.

InstanceIDs are `<prefix>:template/<type of guest>`; no configuration of a domain has such a path.
Clients of libvirt-cim get what it gives, but under ids that do not change.
"""

import uuid
from collections.abc import Iterator, Mapping

from virtcim.providers.families import Values
from virtcim.providers.model import HostModel
from virtcim.providers.templates_flavours import Template
from virtcim.schema.valuemaps import AutomaticStartupAction, ClockOffset

FAMILY = "Virt_VirtualSystemSettingData"

_X86 = frozenset({"x86_64", "i686"})
_CONTAINER, _FULL = "exe", "hvm"

_BY_GUEST: Mapping[str, Values] = {
    # type of guest: what a domain of it needs to start
    _CONTAINER: {"InitPath": "/sbin/init"},
    _FULL:      {"BootDevices": ("hd",)},
}  # fmt: skip


def machine_systems(model: HostModel) -> Iterator[Template]:
    """Yield a template for each type of guest; the actions are libvirt's defaults."""
    machine = model.host.resources.machine
    if machine is None:
        return
    for guest in dict.fromkeys(machine.guest_types):
        whole = guest == _FULL
        firmware = whole and machine.architecture in _X86
        yield Template(FAMILY, {
            "InstanceID": f"{model.host.prefix}:template/{guest}",
            "ElementName": f"{model.host.prefix} {guest} guest",
            "Caption": "Template of a virtual system",
            "Description": f"Default settings of a {guest} guest",
            "VirtualSystemType": model.host.prefix,
            "Arch": machine.architecture,
            "IsFullVirt": whole,
            "AutomaticStartupAction": AutomaticStartupAction.NONE,
            "AutoStart": 0,
            "ClockOffset": ClockOffset.UTC,
            "EnableACPI": firmware,
            "EnableAPIC": firmware,
            "OnPowerOff": "destroy",
            "OnReboot": "restart",
            "OnCrash": "destroy",
            **_BY_GUEST.get(guest, {}),
        })  # fmt: skip


_PARAVIRTUAL: Values = {
    "VirtualSystemIdentifier": "Xen_Paravirt_Guest",
    "Bootloader": "/usr/bin/pygrub",
    "IsFullVirt": False,
}
_WHOLE: Values = {
    "VirtualSystemIdentifier": "Xen_Fullvirt_Guest",
    "BootDevices": ("hda",),
    "IsFullVirt": True,
}
_KVM: Values = {"VirtualSystemIdentifier": "KVM_guest", "BootDevices": ("hda",)}
_LXC: Values = {"VirtualSystemIdentifier": "LXC_guest", "InitPath": "/sbin/init"}


def legacy_systems(model: HostModel) -> Iterator[Template]:
    """Yield what libvirt-cim offers for the prefix."""
    prefix, machine = model.host.prefix, model.host.resources.machine
    guests = () if machine is None else machine.guest_types
    found: Mapping[str, tuple[Values, ...]] = {
        "Xen": (_PARAVIRTUAL, _WHOLE) if _FULL in guests else (_PARAVIRTUAL,),
        "LXC": (_LXC,),
    }
    for values in found.get(prefix, (_KVM,)):
        name = f"{model.namespace}/{values['VirtualSystemIdentifier']}"
        yield Template(FAMILY, {
            "InstanceID": f"{prefix}:{uuid.uuid5(uuid.NAMESPACE_URL, name)}",
            "VirtualSystemType": prefix,
            **values,
        })  # fmt: skip
