"""Which pool a device is from, and how pools are named."""

from dataclasses import replace

import pytest

from tests.providers.handmade import domain_text, model_of, network_facts
from tests.providers.shared_resources import (
    DISK,
    POOL,
    REMOTE,
    RESOURCES,
    VNC,
    VOLUME,
    interface,
    pool_facts,
    reread,
)
from virtcim.hypervisors.definition import parse_domain
from virtcim.hypervisors.resources import PoolState, ResourceFacts
from virtcim.providers.model import HostModel
from virtcim.providers.pool_index import disk_pool_id, network_pool_id, pool_index, pool_of


def pools_of(model: HostModel, devices: str) -> list[str | None]:
    """Return the pools of some devices."""
    definition = parse_domain(domain_text("a", devices))
    return [pool_of(model, device) for device in definition.devices]


def shown(resources: ResourceFacts = RESOURCES, *, compat: bool = False) -> HostModel:
    """Return the model of a host with these resources."""
    return model_of(resources=resources, compat=compat)


@pytest.mark.parametrize(
    ("device", "strict", "legacy"),
    [
        (DISK, "DiskPool/default", "DiskPool/default"),
        ("<disk type='file'><source file='/other'/><target dev='vda'/></disk>", None, None),
        ("<disk type='file' device='cdrom'><target dev='hdc'/></disk>", None, None),
        ("<disk type='volume'><source pool='default' volume='new'/><target dev='vda'/></disk>",
         "DiskPool/default", "DiskPool/default"),
        ("<disk type='volume'><source pool='gone' volume='new'/><target dev='vda'/></disk>",
         None, None),
        ("<filesystem><source dir='/images/demo.qcow2'/><target dir='/'/></filesystem>",
         "DiskPool/default", "DiskPool/default"),
        (interface("network", "network='default' bridge='virbr0'"),
         "NetworkPool/default", "NetworkPool/default"),
        (interface("network", "network='gone'"), None, None),
        (interface("bridge", "bridge='virbr0'"), "NetworkPool/default", "NetworkPool/default"),
        (interface("bridge", "bridge='br7'"), "NetworkPool/bridge:br7", None),
        (interface("direct", "dev='eth0' mode='vepa'"), "NetworkPool/direct:eth0", None),
        ("<interface type='user'><mac address='52:54:00:00:00:01'/></interface>", None, None),
        (VNC, "GraphicsPool/0", "GraphicsPool/0"),
        ("<video><model type='virtio'/></video>", "GraphicsPool/0", "GraphicsPool/0"),
        ("<input type='mouse' bus='ps2'/>", "InputPool/0", "InputPool/0"),
        ("<controller type='usb' index='0'/>", "ControllerPool/0", "ControllerPool/0"),
        ("<memory model='dimm'><target><size unit='KiB'>1024</size></target></memory>",
         "MemoryPool/0", "MemoryPool/0"),
        ("<console type='pty'><target port='0'/></console>", None, None),
    ],
)  # fmt: skip
def test_pools_of_devices(device: str, strict: str | None, legacy: str | None) -> None:
    """A device has the pool that its source belongs to; bridges and macvtap are strict alone."""
    assert pools_of(shown(), device) == [strict]
    assert pools_of(shown(compat=True), device) == [legacy]


def test_what_is_off() -> None:
    """A network or storage pool that is off is a pool in strict mode, and none in the other."""
    off = replace(
        RESOURCES,
        networks=(network_facts("default", bridge="virbr0", active=False),),
        pools=(replace(POOL, state=PoolState.INACTIVE, volumes=()),),
    )
    devices = (
        interface("network", "network='default'")
        + "<disk type='volume'><source pool='default' volume='x'/><target dev='vda'/></disk>"
    )
    assert pools_of(shown(off), devices) == ["NetworkPool/default", "DiskPool/default"]
    assert pools_of(shown(off, compat=True), devices) == [None, None]


def test_names_that_would_be_read_as_something_else() -> None:
    """The primordial pools and ours have their ids for themselves."""
    assert [network_pool_id(name) for name in ("a", "0", "bridge:br0", "network:0")] == [
        "NetworkPool/a", "NetworkPool/network:0", "NetworkPool/network:bridge:br0",
        "NetworkPool/network:network:0",
    ]  # fmt: skip
    assert [disk_pool_id(name) for name in ("a", "0", "pool:0")] == [
        "DiskPool/a", "DiskPool/pool:0", "DiskPool/pool:pool:0",
    ]  # fmt: skip


def test_the_index_stays_as_long_as_names_do() -> None:
    """Sizes change it not, a new volume does; the first of two pools with one path has it."""
    model = shown()
    before = pool_index(model)
    reread(model, replace(RESOURCES, pools=(replace(POOL, allocation=1),)))
    assert pool_index(model) is before
    other = pool_facts("other", VOLUME, REMOTE, kind="rbd")
    reread(model, replace(RESOURCES, pools=(POOL, other)))
    after = pool_index(model)
    assert after is not before
    assert after.paths == {VOLUME.path: "default", REMOTE.path: "other"}
    assert after.volumes["other", "far"] == "rbd/far"
