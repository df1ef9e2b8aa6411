"""Texts that are made: what the readers read of them is what was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wbem.strategies import TEXTS
from virtcim.hypervisors.definition import parse_network, parse_pool
from virtcim.hypervisors.definition.making import made
from virtcim.hypervisors.definition.network_texts import (
    BASES,
    Base,
    Forward,
    NewAddress,
    NewNetwork,
    network_text,
)
from virtcim.hypervisors.definition.pool_texts import NewPool, NewVolume, pool_text, volume_text
from virtcim.hypervisors.definition.xml import parse
from virtcim.hypervisors.errors import InvalidArgument
from virtcim.hypervisors.libvirt.resource_xml import volume

# The parser of readers leaves out blanks at ends and characters that libvirt never writes.
NAMES = TEXTS.map(str.strip).filter(bool)


@given(NAMES, NAMES, NAMES, st.lists(NAMES, max_size=3).map(tuple))
def test_pools(name: str, target: str, host: str, devices: tuple[str, ...]) -> None:
    """Whatever their names are."""
    text = pool_text(
        NewPool(name=name, kind="iscsi", target=target, host=host, devices=devices, directory="/d")
    )
    read = parse_pool(text)
    assert (read.kind, read.name, read.target, read.hosts[0].name) == ("iscsi", name, target, host)
    assert (read.source_devices, read.source_directory) == (devices, "/d")


def test_adapters() -> None:
    """A SCSI adapter has a name, one of Fibre Channel has two numbers and perhaps a parent."""
    plain = parse_pool(pool_text(NewPool(name="p", kind="scsi", adapter="host5")))
    assert (plain.adapter_type, plain.adapter) == ("scsi_host", "host5")
    fibre = parse_pool(
        pool_text(NewPool(name="p", kind="scsi", wwpn="a", wwnn="b", adapter="host6"))
    )
    assert (fibre.adapter_type, fibre.wwpn, fibre.wwnn, fibre.adapter_parent) == (
        "fc_host", "a", "b", "host6",
    )  # fmt: skip


def test_a_pool_of_nothing() -> None:
    """What is not given is not written."""
    assert pool_text(NewPool(name="p", kind="logical")) == (
        '<pool type="logical"><name>p</name></pool>'
    )
    named = NewPool(name="p", kind="logical", source_name="vg")
    assert parse_pool(pool_text(named)).source_name == "vg"


@given(NAMES, st.integers(0, 2**64 - 1), st.none() | st.integers(0, 2**64 - 1))
def test_volumes(name: str, capacity: int, allocation: int | None) -> None:
    """Sizes are in bytes, all 64 bits of them."""
    text = volume_text(
        NewVolume(name=name, capacity=capacity, allocation=allocation, format="qcow2")
    )
    read = volume(name, "key", text)
    assert (read.capacity, read.allocation, read.format) == (capacity, allocation or 0, "qcow2")
    assert parse(text).findtext("name") == name


def test_bases_are_total() -> None:
    """Every mode is built on something."""
    assert set(BASES) == set(Forward)


@pytest.mark.parametrize("forward", Forward)
def test_networks(forward: Forward) -> None:
    """Each mode has what it is built on."""
    base = BASES[forward]
    read = parse_network(
        network_text(NewNetwork(name="n", forward=forward, device="eth0", bridge="br0"))
    )
    assert read.forward_mode == (None if forward is Forward.NONE else forward.value)
    assert read.bridge == (None if base is Base.HOST_DEVICE else "br0")
    assert read.forward_devices == (("eth0",) if base is Base.HOST_DEVICE else ())


@pytest.mark.parametrize(("version", "address", "prefix"), [(4, "10.0.0.1", 8), (6, "fd00::1", 64)])
def test_addresses(version: int, address: str, prefix: int) -> None:
    """Both families, with and without addresses for guests."""
    one = NewAddress(address=address, prefix=prefix, version=version, start="a", end="b")
    network = NewNetwork(name="n", forward=Forward.NAT, address=one)
    (read,) = parse_network(network_text(network)).addresses
    assert (read.address, read.prefix) == (address, prefix)
    assert read.family == ("ipv6" if version == 6 else None)
    assert [(found.start, found.end) for found in read.ranges] == [("a", "b")]


def test_what_xml_cannot_carry() -> None:
    """It is refused and not written as something else."""
    with pytest.raises(InvalidArgument, match="cannot carry"):
        pool_text(NewPool(name="a\0b", kind="dir"))
    with pytest.raises(InvalidArgument, match="cannot carry"):
        made("x", y="\x07")
