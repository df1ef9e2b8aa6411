"""Settings of pools and volumes: what each type asks for, and what is wrong with others."""

import pytest

from virtcim.broker.embedded import Embedded
from virtcim.hypervisors.definition.network_texts import Forward, NewAddress
from virtcim.providers import pool_settings
from virtcim.providers.pool_settings import (
    POOL_KINDS,
    missing_of_volume,
    new_network,
    new_pool,
    new_volume,
)
from virtcim.providers.quantities import bytes_of
from virtcim.schema.valuemaps import DiskPoolType, NetworkPoolForwardMode, VolumeFormatType
from virtcim.wbem.objects import Value


def settings(**values: Value) -> Embedded:
    """Return an embedded instance with these values."""
    return Embedded("X", {name.lower(): value for name, value in values.items()})


def test_tables_are_total() -> None:
    """Every type, mode and format that the schema knows has its row."""
    assert set(POOL_KINDS) == set(DiskPoolType) - {DiskPoolType.UNKNOWN}
    assert set(pool_settings._FORWARDS) == set(NetworkPoolForwardMode)
    assert set(pool_settings._FORMATS) == set(VolumeFormatType)


FULL = settings(
    Path=" /p ", DevicePaths=("/dev/x", " "), Host="h", SourceDirectory="/d", AdapterName="host1"
)

KINDS = (
    # type, kind, what is missing without all else
    (1, "dir", "Path"),
    (2, "fs", "Path"),
    (3, "netfs", "Path"),
    (4, "disk", "DevicePaths"),
    (5, "iscsi", "Host"),
    (6, "logical", None),
    (7, "scsi", "AdapterName"),
)


@pytest.mark.parametrize(("number", "kind", "missing"), KINDS)
def test_kinds(number: int, kind: str, missing: str | None) -> None:
    """Each type has its name, and says what it misses."""
    needs_no_device = POOL_KINDS[DiskPoolType(number)].devices == (0, 0)
    devices: tuple[str, ...] = () if needs_no_device else ("/dev/x",)
    given = settings(**{**FULL.values, "type": number, "devicepaths": devices})
    pool, _ = new_pool(given, "n", path_needed=True)
    assert (pool.name, pool.kind, pool.target, pool.devices) == ("n", kind, "/p", devices)
    if missing is None:
        assert new_pool(settings(Type=number), "n", path_needed=False)[0].target is None
    else:
        with pytest.raises(ValueError, match=f"Missing `{missing}' property"):
            new_pool(settings(Type=number), "n", path_needed=False)
    with pytest.raises(ValueError, match="Missing `Path' property"):
        new_pool(settings(Type=number), "n", path_needed=True)


def test_only_directories_are_built() -> None:
    """What would format a device is never done unasked."""
    assert {row.name for row in POOL_KINDS.values() if row.builds} == {"dir", "fs", "netfs"}


def test_devices() -> None:
    """A type of one device has no more; one of none has none; volume groups have any number."""
    many = ("/dev/a", "/dev/b")
    with pytest.raises(ValueError, match="2 paths where 1 can be"):
        new_pool(settings(Type=4, DevicePaths=many), "n", path_needed=False)
    with pytest.raises(ValueError, match="2 paths where 0 can be"):
        new_pool(settings(Type=1, Path="/p", DevicePaths=many), "n", path_needed=False)
    pool, _ = new_pool(settings(Type=6, DevicePaths=many), "n", path_needed=False)
    assert pool.devices == many


def test_fibre_channel() -> None:
    """An adapter is named by itself or by both of its numbers."""
    pool, _ = new_pool(settings(Type=7, PortName="a", NodeName="b"), "n", path_needed=False)
    assert (pool.wwpn, pool.wwnn, pool.target) == ("a", "b", "/dev/disk/by-path")
    with pytest.raises(ValueError, match="Missing `AdapterName'"):
        new_pool(settings(Type=7, PortName="a"), "n", path_needed=False)


PRESET = NewAddress(
    address="192.168.122.1", prefix=24, version=4, start="192.168.122.2", end="192.168.122.254"
)

NETWORKS: tuple[tuple[dict[str, Value], Forward, NewAddress | None], ...] = (
    ({}, Forward.NAT, PRESET),
    ({"ForwardMode": 0}, Forward.NONE, PRESET),
    ({"ForwardMode": 2}, Forward.ROUTE, PRESET),
    ({"ForwardMode": 3}, Forward.OPEN, None),
    ({"ForwardMode": 4, "Bridge": "br0"}, Forward.BRIDGE, None),
    ({"ForwardMode": 5, "ForwardDevice": "eth0"}, Forward.PRIVATE, None),
    ({"Address": ""}, Forward.NAT, None),
    ({"Address": "10.0.0.1"}, Forward.NAT,
     NewAddress(address="10.0.0.1", prefix=24, version=4)),
    ({"Address": "10.0.0.1", "Netmask": "255.0.0.0"}, Forward.NAT,
     NewAddress(address="10.0.0.1", prefix=8, version=4)),
    ({"Address": "10.0.0.1", "Netmask": "16", "IPRangeStart": "10.0.0.5", "IPRangeEnd": "10.0.9.9"},
     Forward.NAT,
     NewAddress(address="10.0.0.1", prefix=16, version=4, start="10.0.0.5", end="10.0.9.9")),
    ({"Address": "fd00::1"}, Forward.NAT, NewAddress(address="fd00::1", prefix=64, version=6)),
)  # fmt: skip


@pytest.mark.parametrize(("values", "forward", "address"), NETWORKS)
def test_networks(values: dict[str, Value], forward: Forward, address: NewAddress | None) -> None:
    """Who says nothing of addresses gets libvirt-cim's, where the mode has any."""
    network = new_network(settings(**values), "n")
    assert (network.forward, network.address) == (forward, address)


WRONG: tuple[tuple[dict[str, Value], str], ...] = (
    ({"ForwardMode": 8}, "not supported"),
    ({"ForwardMode": 4}, "Missing `Bridge'"),
    ({"ForwardMode": 6}, "Missing `ForwardDevice'"),
    ({"ForwardMode": 4, "Bridge": "b", "Address": "10.0.0.1"}, "no `Address' of its own"),
    ({"ForwardMode": 5, "ForwardDevice": "d", "IPRangeStart": "10.0.0.1"}, "no `IPRangeStart'"),
    ({"Address": "", "Netmask": "24"}, "`Netmask' is nothing without `Address'"),
    ({"Address": "here"}, "are no address"),
    ({"Address": "10.0.0.1", "Netmask": "255.0.255.0"}, "are no address"),
    ({"Address": "10.0.0.1", "IPRangeStart": "10.0.0.2"}, "both or not at all"),
    ({"Address": "10.0.0.1", "IPRangeStart": "a", "IPRangeEnd": "b"}, "is no address"),
    ({"Address": "10.0.0.1", "IPRangeStart": "10.0.0.2", "IPRangeEnd": "10.0.1.2"}, "not in"),
    ({"Address": "10.0.0.1", "IPRangeStart": "10.0.0.3", "IPRangeEnd": "10.0.0.2"}, "end before"),
    ({"Address": "10.0.0.1", "IPRangeStart": "fd00::1", "IPRangeEnd": "fd00::2"}, "not in"),
)


@pytest.mark.parametrize(("values", "reason"), WRONG)
def test_wrong_networks(values: dict[str, Value], reason: str) -> None:
    """Addresses are judged before the hypervisor makes half a network of them."""
    with pytest.raises(ValueError, match=reason):
        new_network(settings(**values), "n")


def test_volumes() -> None:
    """Both sizes are in the unit that the settings name."""
    volume = new_volume(
        settings(
            VolumeName="v", Capacity=2, AllocationQuantity=1, AllocationUnits="GiB", FormatType=2
        )
    )
    assert (volume.capacity, volume.allocation, volume.format) == (2**31, 2**30, "qcow2")
    assert [*missing_of_volume(settings(FormatType=1, Capacity=0))] == [
        "VolumeName", "Path", "AllocationQuantity", "AllocationUnits",
    ]  # fmt: skip


UNITS = (
    (None, 1), (" ", 1), ("byte", 1), ("Bytes", 1), ("bytes", 1), ("B", 1),
    ("K", 2**10), ("k", 2**10), ("KiB", 2**10), ("KB", 1000), ("M", 2**20), ("G", 2**30),
    ("KiloBytes", 2**10), ("Megabytes", 2**20), ("GigaBytes", 2**30), ("TeraBytes", 2**40),
    ("byte*2^10", 2**10), ("byte * 2^20", 2**20), ("BYTE*10^9", 10**9), ("byte*1024", 1024),
    ("byte*4*1024", 4096), ("bytes*2", 2),
)  # fmt: skip


@pytest.mark.parametrize(("unit", "factor"), UNITS)
def test_units(unit: str | None, factor: int) -> None:
    """Programmatic units, libvirt's, and libvirt-cim's words."""
    assert bytes_of(3, unit) == 3 * factor


@pytest.mark.parametrize("unit", ["bit", "furlong", "byte*", "byte*x", "byte^2", "count", "hertz"])
def test_units_of_something_else(unit: str) -> None:
    """What is no number of bytes is refused."""
    with pytest.raises(ValueError, match="no unit of bytes"):
        bytes_of(1, unit)


def test_the_largest_amount() -> None:
    """What 64 bits cannot hold is refused, and not cut."""
    assert bytes_of(2**64 - 1, None) == 2**64 - 1
    for amount, unit in ((2**54, "KiB"), (1, "byte*9999^99*9999^99"), (-1, None)):
        with pytest.raises(ValueError, match="64 bits"):
            bytes_of(amount, unit)
