"""Names of what a host shares with its domains, as HostResource has them.

A thing that has an instance is named by its WBEM URI (DSP0207), so that a client can ask for it;
anything else by what libvirt calls it: a path, a device, an address.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Record
from virtcim.wbem.uri import format_uri

STORAGE_VOLUME, NETWORK_SWITCH = "Virt_StorageVolume", "Virt_VirtualEthernetSwitch"

URIs = Mapping[object, str]
_NONE: URIs = MappingProxyType({})


def volume_uris(model: HostModel) -> URIs:
    """Return the URIs of storage volumes by their paths; the same object as long as they last."""
    return _uris(model, STORAGE_VOLUME, "Path")


def switch_uris(model: HostModel) -> URIs:
    """Return the URIs of virtual switches by the names of their networks."""
    return _uris(model, NETWORK_SWITCH, "ElementName")


def _uris(model: HostModel, family: str, name: str) -> URIs:
    try:
        records = model.provider(family).records()
    except KeyError:
        return _NONE  # a host that does not show them
    key = (_uris, family)
    made = model.derive(key, records, lambda: _of_records(records, name))
    return model.derive((*key, "steady"), made, lambda: made)


def _of_records(records: Iterable[Record], name: str) -> URIs:
    found: dict[object, str] = {}
    for record in records:
        found.setdefault(record[name], format_uri(record.path))
    return MappingProxyType(found)
