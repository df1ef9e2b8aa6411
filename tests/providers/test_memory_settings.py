"""Settings of memory and of memory devices."""

from tests.providers.handmade import told
from tests.providers.settings_made import settings_in
from virtcim.providers.views import MEMORY_SETTING

HEAD = "<domain type='kvm'><name>web</name><uuid>11111111-2222-3333-4444-555555555501</uuid>"
TAIL = "<vcpu>1</vcpu><os><type>hvm</type></os>"

RICH = f"""{HEAD}
<maxMemory slots='16' unit='GiB'>4</maxMemory>
<memory unit='MiB' dumpCore='off'>2048</memory><currentMemory unit='KiB'>1048576</currentMemory>
<memoryBacking><hugepages><page size='2' unit='MiB' nodeset='0'/><page size='1' unit='GiB'/>
  </hugepages><nosharepages/><locked/><source type='memfd'/><access mode='shared'/>
  <allocation mode='immediate'/></memoryBacking>
<memtune><hard_limit unit='KiB'>8</hard_limit><soft_limit unit='KiB'>7</soft_limit>
  <swap_hard_limit unit='KiB'>9</swap_hard_limit>
  <min_guarantee unit='KiB'>6</min_guarantee></memtune>
<numatune><memory mode='strict' nodeset='0-1'/></numatune>{TAIL}
<devices><memballoon model='virtio'><stats period='10'/></memballoon>
<memory model='dimm' access='private'><source><pagesize unit='KiB'>2048</pagesize>
  <nodemask>1</nodemask></source><target><size unit='KiB'>524288</size><node>0</node></target>
</memory><memory model='nvdimm'><source><path>/pmem</path></source>
  <target><size unit='KiB'>1024</size><node>1</node></target></memory>
<memory model='virtio-mem'><target><size unit='KiB'>4096</size><node>0</node>
  <requested unit='KiB'>2048</requested></target></memory>
</devices></domain>"""

PLAIN = f"{HEAD}<memory unit='KiB'>1024</memory>{TAIL}</domain>"


def test_amounts_are_kibibytes() -> None:
    """Numbers are KiB whatever the definition counts in, and the unit says so."""
    record = settings_in(MEMORY_SETTING, RICH)["mem"]
    names = ("VirtualQuantity", "Reservation", "Limit", "MaximumQuantity")
    assert told(record, *names) == (1048576, 1048576, 2097152, 4194304)
    assert told(record, "AllocationUnits", "VirtualQuantityUnits") == ("byte*2^10", "byte*2^10")
    assert told(record, "InstanceID", "ResourceType", "PoolID") == ("web/mem", 4, "MemoryPool/0")
    compat = settings_in(MEMORY_SETTING, RICH, compat=True)["mem"]
    assert compat["AllocationUnits"] == "KiloBytes"
    assert told(compat, *names) == told(record, *names)


def test_a_domain_without_a_balloon_has_all() -> None:
    """Without a current size the whole memory is the guest's."""
    record = settings_in(MEMORY_SETTING, PLAIN)["mem"]
    assert told(record, "VirtualQuantity", "Limit", "MaximumQuantity") == (1024, 1024, None)
    assert told(record, "dumpCore", "Balloon", "BalloonPeriod") == (None, None, None)
    assert told(record, "HugePages", "Locked", "NoSharePages") == (False, False, False)
    assert told(record, "HugePageSizes", "NodeMode", "MappingBehavior") == (None, None, None)


def test_where_it_comes_from() -> None:
    """Backing, limits and NUMA nodes are there."""
    record = settings_in(MEMORY_SETTING, RICH)["mem"]
    assert told(record, "dumpCore", "HugePages", "Locked", "NoSharePages") == (
        False, True, True, True,
    )  # fmt: skip
    assert record["HugePageSizes"] == ("2048 KiB:0", "1048576 KiB")
    assert told(record, "SourceType", "Access", "Allocation") == ("memfd", "shared", "immediate")
    assert told(record, "HardLimit", "SoftLimit", "SwapHardLimit", "MinimumGuarantee") == (
        8, 7, 9, 6,
    )  # fmt: skip
    assert told(record, "NodeMode", "NodeSet", "MappingBehavior", "Slots") == (
        "strict", "0-1", 5, 16,
    )  # fmt: skip
    assert told(record, "Balloon", "BalloonPeriod") == ("virtio", 10)


def test_memory_devices() -> None:
    """A module is memory with a model, a node and a size of its own."""
    found = settings_in(MEMORY_SETTING, RICH)
    dimm, nvdimm, virtio = (found[f"memory:{number}"] for number in range(3))
    assert told(dimm, "DeviceModel", "ResourceSubType", "TargetNode", "NodeSet", "Access") == (
        "dimm", "dimm", 0, "1", "private",
    )  # fmt: skip
    assert told(dimm, "VirtualQuantity", "Limit", "PoolID") == (524288, 524288, "MemoryPool/0")
    assert dimm["HugePageSizes"] == ("2048 KiB",)
    assert told(nvdimm, "HostResource", "TargetNode", "HugePageSizes") == (("/pmem",), 1, None)
    assert told(virtio, "VirtualQuantity", "Limit") == (2048, 4096)
    assert dimm["HugePages"] is None


def test_old_clients_see_no_modules() -> None:
    """libvirt-cim knew none."""
    assert [*settings_in(MEMORY_SETTING, RICH, compat=True)] == ["mem"]
