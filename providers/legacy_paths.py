"""Paths as libvirt-cim reads them: key by key, in its order, with its codes and words.

The rule: what is said here is said where keys are read loosely (Behaviour.rules) and nowhere else.
First comes the key that the look-up needs, then the look-up, then the keys that do not fit what was
found. Complete paths that name an instance never come here.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from virtcim.broker.provider import Keys
from virtcim.inventory.snapshots import Domain
from virtcim.providers.model import HostModel, domain_named
from virtcim.schema.layouts import Layout, Record
from virtcim.schema.records import RecordSet
from virtcim.wbem.status import Failed, NotFound, WBEMError

TELLING_KEYS = ("deviceid", "name", "instanceid", "id")
"""The key that tells instances of a class apart; the others name the class and its system."""

Check = Callable[[HostModel, Keys], WBEMError | None]
Report = Callable[[HostModel, Keys], WBEMError]


def telling_key(layout: Layout) -> str:
    """Return the key of a class that tells its instances apart."""
    return next(key for key in TELLING_KEYS if key in layout.keys)


class Served(Protocol):
    """A provider as its paths are read."""

    @property
    def layout(self) -> Layout:
        """The layout of its records."""

    def records(self) -> RecordSet:
        """All instances."""

    def look_up(self, keys: Keys) -> Record | None:
        """Return the instance whose telling key is this, whatever the others of its class say."""

    def absent(self, keys: Keys) -> str:
        """Return why there is no instance with these keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the paths of a class are read.

    check: what is missed before anything is looked up; None where its only instance is looked at.
    unknown: what is said of keys that nothing has; None leaves that to the provider.
    all_judged: the keys that the look-up does not need must fit.
    """

    check: Check | None
    unknown: Report | None = None
    all_judged: bool = True


def _needs(key: str, error: type[Failed | NotFound], reason: str) -> Check:
    def check(_model: HostModel, keys: Keys) -> WBEMError | None:
        return None if keys.get(key) else error(reason)

    return check


# What is said of the classes


def _no_device(model: HostModel, keys: Keys) -> WBEMError:
    device_id = str(keys["deviceid"])
    if "/" not in device_id:
        return NotFound(f"No such instance (bad id {device_id})")
    if domain_named(model, keys["systemname"]) is None:
        return NotFound(f"No such instance (no domain for {device_id})")
    return NotFound(f"No such instance (no device {device_id})")


def _no_setting(_model: HostModel, keys: Keys) -> WBEMError:
    return NotFound(f"No such instance ({keys['instanceid']})")


def _no_pool(kind: str) -> Report:
    def report(_model: HostModel, keys: Keys) -> WBEMError:
        pool_id = str(keys["instanceid"])
        given, _, name = pool_id.partition("/")
        if given != kind:
            return NotFound(f"No such instance ({pool_id}) - resource pool type mismatch")
        return NotFound(f"No such instance ({name})")

    return report


def _no_allocation(_model: HostModel, _keys: Keys) -> WBEMError:
    return NotFound("Instance not found.")


def _no_capabilities(_model: HostModel, keys: Keys) -> WBEMError:
    return NotFound(f"No such instance ({keys['instanceid']}): Domain not found")


_ACCESS = "Virt_KVMRedirectionSAP"
_PORTS = re.compile(r"-?[0-9]+:-?[0-9]+")


def _console(model: HostModel, keys: Keys) -> WBEMError | None:
    """Look at the domain first, then at its console, then at the name of that."""
    system, name = keys.get("systemname"), keys.get("name")
    if not system:
        return NotFound("No such instance (SystemName)")
    domain: Domain | None = domain_named(model, system)
    if domain is None:
        return NotFound(f"No such instance ({system}): Domain not found")
    if not model.parts(_ACCESS).records_of(domain):
        return Failed(f"No console device for this guest: {system}")
    if not name:
        return NotFound("No such instance (Name)")
    if not _PORTS.fullmatch(str(name)):
        return Failed(f"Unable to determine console port for guest '{system}'")
    return None


_SINGLETON = Reading(check=None)
_DEVICE_ID = _needs("deviceid", Failed, "No DeviceID specified")
_INSTANCE_ID = _needs("instanceid", Failed, "Missing InstanceID")
_NAME = _needs("name", NotFound, "No such instance (Name)")
_CAPABILITIES_ID = _needs("instanceid", Failed, "No InstanceID specified")

READINGS: Mapping[str, Reading] = MappingProxyType({
    # class without its prefix
    "ComputerSystem": Reading(check=_needs("name", Failed, "No domain name specified")),
    "VirtualSystemSettingData": Reading(
        check=_needs("instanceid", NotFound, "No such instance (InstanceID)")),
    "EnabledLogicalElementCapabilities": Reading(
        check=_CAPABILITIES_ID, unknown=_no_capabilities),
    "AllocationCapabilities": Reading(check=_INSTANCE_ID, unknown=_no_allocation),
    "KVMRedirectionSAP": Reading(check=_console),
    "FilterList": Reading(check=_NAME, all_judged=False),
    **dict.fromkeys((
        "Processor", "Memory", "LogicalDisk", "NetworkPort", "DisplayController",
        "ConsoleDisplayController", "PointingDevice", "Controller",
    ), Reading(check=_DEVICE_ID, unknown=_no_device)),
    **dict.fromkeys((
        "DiskResourceAllocationSettingData", "NetResourceAllocationSettingData",
        "ProcResourceAllocationSettingData", "MemResourceAllocationSettingData",
        "GraphicsResourceAllocationSettingData", "InputResourceAllocationSettingData",
        "ControllerResourceAllocationSettingData", "ConsoleResourceAllocationSettingData",
    ), Reading(check=_INSTANCE_ID, unknown=_no_setting)),
    **{kind: Reading(check=_INSTANCE_ID, unknown=_no_pool(kind)) for kind in (
        "ProcessorPool", "MemoryPool", "NetworkPool", "DiskPool", "GraphicsPool", "InputPool",
        "ControllerPool",
    )},
    **dict.fromkeys((
        "HostSystem", "VirtualSystemManagementService", "VirtualSystemManagementCapabilities",
        "ResourcePoolConfigurationService", "ResourcePoolConfigurationCapabilities",
        "VirtualSystemMigrationService", "VirtualSystemMigrationCapabilities",
        "VirtualSystemMigrationSettingData", "VirtualSystemSnapshotService",
        "VirtualSystemSnapshotServiceCapabilities", "ConsoleRedirectionService",
        "ConsoleRedirectionServiceCapabilities", "SwitchService",
    ), _SINGLETON),
})  # fmt: skip
"""The classes of libvirt-cim."""

_OTHERS: Mapping[str, Reading] = MappingProxyType({
    # telling key
    "deviceid":   Reading(check=_DEVICE_ID),
    "name":       Reading(check=_NAME),
    "instanceid": Reading(check=_INSTANCE_ID),
    "id":         Reading(check=_needs("id", NotFound, "No such instance (Id)")),
})  # fmt: skip
"""Classes that libvirt-cim does not have."""


def read_path(model: HostModel, provider: Served, keys: Keys) -> Record | WBEMError:
    """Return the instance that the keys of a path name, or what is wrong with them."""
    base = provider.layout.class_name.partition("_")[2]
    reading = READINGS.get(base) or _OTHERS[telling_key(provider.layout)]
    if reading.check is None:
        record = next(iter(provider.records()), None)
        return NotFound("No such instance") if record is None else _judged(record, keys)
    error = reading.check(model, keys)
    if error is not None:
        return error
    wanted = _completed(provider.layout, keys)
    record = provider.look_up(wanted) or provider.look_up(_completed(provider.layout, _bare(keys)))
    if record is not None:
        return _judged(record, keys) if reading.all_judged else record
    if reading.unknown is not None:
        return reading.unknown(model, wanted)
    return NotFound(provider.absent(wanted))


def read_fixed(records: Iterable[Record], layout: Layout, keys: Keys) -> Record | WBEMError:
    """Do the same for a class whose instances never change."""
    telling = telling_key(layout)
    if telling == "instanceid" and not keys.get(telling):
        return Failed("No InstanceID specified")
    for record in records:
        if _fits(record[telling], keys.get(telling)):
            return _judged(record, keys)
    return NotFound(f"No such instance ({layout.keys[telling].name})")


def _completed(layout: Layout, keys: Keys) -> Keys:
    """Return all keys of a class; the domain of a device is the one that its id begins with."""
    complete = {name: keys.get(name, "") for name in layout.keys}
    if "deviceid" in complete and "systemname" in complete:
        device_id = str(complete["deviceid"])
        if not device_id.startswith(f"{complete['systemname']}/"):
            complete["systemname"] = device_id.partition("/")[0]
    return complete


def _bare(keys: Keys) -> Keys:
    return {n: v.strip() if isinstance(v, str) else v for n, v in keys.items()}


_FIRST_JUDGED = ("systemcreationclassname", "systemname", "creationclassname")


def _judged(record: Record, keys: Keys) -> Record | WBEMError:
    """Return the record if all its keys are given and fit, else name the first that does not."""
    declared = record.layout.keys
    for name in (*(key for key in _FIRST_JUDGED if key in declared), *declared):
        if not _fits(record[name], keys.get(name)):
            return NotFound(f"No such instance ({declared[name].name})")
    return record


def _fits(own: object, given: object) -> bool:
    if isinstance(own, str) and isinstance(given, str):
        return own == given or own.lower() == given.strip().lower()
    return own == given
