"""Changing properties: of every setting of the corpus, to every value that it has elsewhere.

What is changed is read back; what else is read is what it was; and back again, so is the text.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from tests.hypervisors.definition.test_editing import tree
from tests.providers.corpus import facts, model_of
from virtcim.hypervisors.definition.editing import DomainEditor
from virtcim.inventory.snapshots import Domain
from virtcim.providers.changes import FIXED, Changes, Target, changed, same, write
from virtcim.providers.changing import (
    CHANGES_OF,
    OF_DOMAIN,
    configuration_of,
    resource,
    view_of,
)
from virtcim.providers.model import HostModel
from virtcim.providers.system_changes import BY_SERVICE
from virtcim.providers.system_changes import CHANGES as SYSTEM
from virtcim.providers.system_settings import SystemView
from virtcim.wbem.objects import Value
from virtcim.wbem.status import InvalidParameter

ALL: Mapping[str, Changes] = {
    "system": SYSTEM,
    **OF_DOMAIN,
    **{cls.__name__: one for cls, one in CHANGES_OF.items()},
}
"""Every table of changes, by what it is of."""

Place = tuple[str, str]
"""Something that can be changed: the name of its text, and its id there; "" is the system."""


@cache
def model(name: str) -> HostModel:
    """The host of a domain of the corpus."""
    return asyncio.run(model_of(facts()[name]))


def domain_of(name: str) -> Domain:
    """The domain itself."""
    (domain,) = model(name).host.listing.domains.values()
    return domain


def text_of(name: str) -> str:
    """Its definition, of the next start if there is one."""
    one = facts()[name]
    return one.persistent_xml or one.live_xml or ""


def view(name: str, text: str, place: str) -> Any:
    """What getters read of a place in a text."""
    definition = DomainEditor(text).definition
    if not place:
        return SystemView(model(name), configuration_of(domain_of(name), definition))
    found = resource(definition, place)
    assert found is not None
    return view_of(model(name), configuration_of(domain_of(name), definition), found)


def read(changes: Changes, one: Any) -> Mapping[str, Value]:
    """All properties."""
    return {name: getter(one) for name, getter in changes.getters.items() if name != "Attributes"}


@cache
def told_of(table: str, name: str, place: str) -> Mapping[str, Value]:
    """All properties as they are in the corpus."""
    return read(ALL[table], view(name, text_of(name), place))


def places() -> Iterator[tuple[str, Place]]:
    """Everything of the corpus that can be changed, by its table."""
    for name in facts():
        yield "system", (name, "")
        for one in OF_DOMAIN:
            yield one, (name, one)
        for device in DomainEditor(text_of(name)).definition.devices:
            yield type(device).__name__, (name, device.id)


PLACES: dict[str, list[Place]] = defaultdict(list)
for _table, _place in places():
    PLACES[_table].append(_place)


@cache
def values(table: str) -> Mapping[str, list[Value]]:
    """All values that a property has in the corpus, in the places of a table."""
    found: dict[str, list[Value]] = defaultdict(list)
    for name, place in PLACES[table]:
        told = told_of(table, name, place)
        for key in ALL[table].setters:
            if told[key] is not None and told[key] not in found[key]:
                found[key].append(told[key])
    return found


def edited(name: str, place: str, table: str, text: str, wanted: Mapping[str, Value]) -> str:
    """The text with these values."""
    changes = ALL[table]
    given = {key.lower(): value for key, value in wanted.items()}
    editor = DomainEditor(text)
    edit = editor.device(place) if place and place not in OF_DOMAIN else editor.system
    target = Target(model=model(name), editor=editor, edit=edit, given=given)
    seen = changed(changes, view(name, text, place), given)
    write(changes, target, seen)
    moved.append(editor.found(edit).id if place and place not in OF_DOMAIN else place)
    return editor.text


MOST_PLACES, MOST_VALUES = 2, 2
"""Of each table, spread over the corpus; of each property there."""
MOST_SAME = 10

moved: list[str] = []
"""The id that the place last edited has then."""


@pytest.mark.parametrize("table", ALL)
def test_every_property_has_a_setter_or_a_reason(table: str) -> None:
    """Total over the getters; a property that is set has no reason why not."""
    one = ALL[table]
    assert one.setters.keys() <= one.getters.keys()
    assert one.fixed.keys() == one.getters.keys() - one.setters.keys()
    assert one.live.keys() <= one.setters.keys()
    assert all(one.fixed.values())
    assert not BY_SERVICE & one.getters.keys() or table != "system"
    assert FIXED


@pytest.mark.parametrize("table", PLACES)
def test_what_is_so_already_is_no_change(table: str) -> None:
    """A setting that is given back as it was read changes nothing, byte for byte."""
    places = PLACES[table]
    for name, place in places[:: -(-len(places) // MOST_SAME)]:
        text = text_of(name)
        told = {
            key: value for key, value in told_of(table, name, place).items() if value is not None
        }
        assert edited(name, place, table, text, told) == text


@pytest.mark.parametrize("table", PLACES)
def test_one_property_is_changed_and_no_other(table: str) -> None:
    """To each value that it has elsewhere; what follows from it is in FOLLOWS; and back again."""
    places = PLACES[table]
    for name, place in places[:: -(-len(places) // MOST_PLACES)]:
        before = told_of(table, name, place)
        for key, others in values(table).items():
            for other in others[:MOST_VALUES]:
                if not same(other, before[key]):
                    _check(table, (name, place), before, key, other)


def _check(table: str, place: Place, before: Mapping[str, Value], key: str, other: Value) -> None:
    name, one = place
    text = text_of(name)
    try:
        after = edited(name, one, table, text, {key: other})
    except InvalidParameter as refused:
        if not refused.reason.startswith(f"{key} cannot be "):
            raise
        return
    there = moved[-1]
    told = read(ALL[table], view(name, after, there))
    if (table, key) not in MASKED:
        assert same(other, told[key]), (place, key, other, told[key])
    different = {each for each in told if not same(told[each], before[each])} - {key}
    assert different <= FOLLOWS.get((table, key), set()) | ALWAYS, (place, key, other, different)
    alone = not different & ALL[table].setters.keys() and key not in TYPES
    if before[key] is not None and alone:
        again = edited(name, there, table, after, {key: before[key]})
        assert tree(again) == tree(text), (place, key, other)


ALWAYS = {"InstanceID", "ElementName", "Caption", "Description"}
"""What tells of the others."""

TYPES = {"SourceType", "FilesystemType", "AutoPort"}
"""What goes with one of these does not come back with it."""

_FOLLOWS: Mapping[str, Mapping[str, str]] = {
    # table: property, and what follows from it
    "system": {
        "Description": "Notes",
        "HypervisorType": "IsFullVirt",
        "OnPowerOff": "AutomaticShutdownAction",
        "OnCrash": "AutomaticRecoveryAction",
        "AutomaticRecoveryAction": "OnCrash",
        "EnableACPI": "Features",
        "EnableAPIC": "Features",
        "EnablePAE": "Features",
    },
    "proc": {
        "Placement": "MappingBehavior",
        "CPUSet": "MappingBehavior",
        "VCPUPins": "MappingBehavior",
        "NUMACells": "",
    },
    "mem": {
        "BalloonPeriod": "Balloon",
        "VirtualQuantity": "Reservation",
        "Reservation": "VirtualQuantity",
        "HugePageSizes": "HugePages",
        "NodeMode": "MappingBehavior",
    },
    "Disk": {
        "EmulatedType": "ConsumerVisibility ResourceSubType",
        "ResourceSubType": "ConsumerVisibility EmulatedType",
        "BusType": "AddressOnParent AddressProperties AddressValues Parent",
        "SourceType": "Address HostResource SourcePool SourceVolume",
        "Address": "SourceName HostResource SourcePool SourceType SourceVolume",
        "HostResource": "Address SourcePool SourceType SourceVolume",
        "SourceName": "Address HostResource",
        "SourcePool": "Address HostResource SourceType",
        "SourceVolume": "Address HostResource SourceType",
    },
    "Controller": {
        "ResourceSubType": "Parent",
    },
    "Serial": {
        "TargetType": "ResourceSubType",
        "SourceType": "Append BindURL ConnectURL HostResource Protocol SourcePath",
        "SourcePath": "HostResource",
        "HostResource": "SourcePath",
    },
    "Parallel": {
        "SourceType": "Append BindURL ConnectURL HostResource Protocol SourcePath",
    },
    "Console": {
        "SourceType": "Append BindURL ConnectURL HostResource Protocol SourcePath",
        "SourcePath": "HostResource",
        "HostResource": "SourcePath",
        "TargetType": "ResourceSubType",
        "ResourceSubType": "TargetType",
    },
    "Channel": {
        "SourceType": "Append BindURL ConnectURL HostResource Protocol SourcePath",
        "TargetType": "ResourceSubType",
        "ResourceSubType": "TargetType",
    },
    "Filesystem": {
        "VirtualDevice": "MountPoint",
        "MountPoint": "VirtualDevice",
        "Address": "FilesystemSource HostResource",
        "FilesystemSource": "Address HostResource",
        "HostResource": "Address FilesystemSource",
        "DriverType": "FilesystemDriver",
        "FilesystemDriver": "DriverType",
        "SourceVolume": "Address FilesystemSource HostResource",
    },
    "Interface": {
        "NetworkType": "Bridge Connection ConsumerVisibility HostResource MappingBehavior "
        "NetworkMode NetworkName PoolID PortGroup PortID SourceDevice SourceMode",
        "NetworkName": "Bridge Connection HostResource PoolID",
        "Connection": "Bridge HostResource NetworkName PoolID",
        "Bridge": "Connection HostResource NetworkName PoolID",
        "InboundAverage": "AllocationUnits Reservation",
        "Reservation": "AllocationUnits InboundAverage",
        "Limit": "InboundPeak",
        "VLANTags": "NativeVLAN",
        "HostDeviceAddress": "ConsumerVisibility HostResource MappingBehavior",
        "PoolID": "Connection HostResource NetworkName",
    },
    "Graphics": {
        "ResourceSubType": "Address",
        "Address": "AutoPort ListenAddress ListenNetwork ListenType Port",
        "ListenType": "Address ListenAddress ListenNetwork",
        "AutoPort": "Address Port",
        "Port": "Address AutoPort",
        "ListenAddress": "Address ListenNetwork ListenType",
        "TLSPort": "Address",
        "ListenNetwork": "Address ListenAddress ListenType",
        "ListenSocket": "Address ListenAddress ListenNetwork ListenType",
    },
    "Video": {
        "ResourceSubType": "VideoModel",
        "VideoModel": "ResourceSubType",
    },
    "MemoryDevice": {
        "DeviceModel": "ResourceSubType",
        "ResourceSubType": "DeviceModel",
        "Limit": "Reservation VirtualQuantity",
        "VirtualQuantity": "Limit Reservation",
        "Reservation": "Limit VirtualQuantity",
    },
}
FOLLOWS: Mapping[tuple[str, str], set[str]] = {
    (table, key): set(names.split())
    for table, rows in _FOLLOWS.items()
    for key, names in rows.items()
}

MASKED = {
    ("proc", "Weight"),  # this hypervisor cannot hold it
    ("Graphics", "Password"),
    ("Filesystem", "MountPoint"),  # of containers alone
}
