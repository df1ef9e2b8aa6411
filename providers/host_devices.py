"""Processors, memory and network interfaces of the host itself (DSP1022, DSP1026, DSP1014).

They are devices of the host's system; DeviceIDs are the names that Linux gives them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from virtcim.hypervisors.resources import (
    MachineFacts,
    NodeMemoryFacts,
    PortFacts,
    ProcessorFacts,
)
from virtcim.providers.conditions import (
    CONDITION_PROPERTIES,
    ON_HOST,
    Condition,
    class_name_of,
)
from virtcim.providers.families import HostFamily
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import CPUStatus, LinkTechnology, PortType

PROCESSOR, MEMORY, PORT = "Virt_HostProcessor", "Virt_HostMemory", "Virt_HostEthernetPort"

# CIM_Processor.Family
_OTHER_FAMILY, _UNKNOWN_FAMILY = 1, 2
_CAPABLE_OF_64_BITS, _CAPABLE_OF_32_BITS = 2, 3  # CIM_Processor.Characteristics

_READ_WRITE = 3  # CIM_StorageExtent.Access
_FIXED_BLOCK = 2  # CIM_StorageExtent.DataOrganization

PAGE_SIZE = 4096
"""Bytes of the blocks in which memory is counted."""

_MEGAHERTZ = 10**6

_WIDTHS: Mapping[str, int] = MappingProxyType({
    # architecture   bits of a processor's words and addresses
    "aarch64":       64,
    "alpha":         64,
    "armv6l":        32,
    "armv7b":        32,
    "armv7l":        32,
    "i686":          32,
    "ia64":          64,
    "loongarch64":   64,
    "mips":          32,
    "mips64":        64,
    "mips64el":      64,
    "mipsel":        32,
    "ppc":           32,
    "ppc64":         64,
    "ppc64le":       64,
    "riscv32":       32,
    "riscv64":       64,
    "s390":          32,
    "s390x":         64,
    "sparc":         32,
    "sparc64":       64,
    "x86_64":        64,
})  # fmt: skip

_CHARACTERISTICS: Mapping[int | None, tuple[int, ...] | None] = {
    None: None,
    32: (_CAPABLE_OF_32_BITS,),
    64: (_CAPABLE_OF_64_BITS,),
}


def digits_of(mac: str | None) -> str | None:
    """Return a MAC address as twelve digits, the form of CIM_EthernetPort; None stays None."""
    return None if mac is None else mac.replace(":", "").replace("-", "").upper()


@dataclass(frozen=True, slots=True)
class Processor:
    """A logical processor of the host."""

    model: HostModel
    machine: MachineFacts
    facts: ProcessorFacts

    @property
    def condition(self) -> Condition:
        """Hypervisors tell only of those that are on line."""
        return Condition.WORKING

    @property
    def width(self) -> int | None:
        """Bits; None means that the architecture is not known here."""
        return _WIDTHS.get(self.machine.architecture)


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of a NUMA node; number None stands for a host without nodes."""

    model: HostModel
    number: int | None
    size: int

    @property
    def condition(self) -> Condition:
        """Memory that is told of works."""
        return Condition.WORKING


@dataclass(frozen=True, slots=True)
class Port:
    """A network interface of the host."""

    model: HostModel
    facts: PortFacts

    @property
    def condition(self) -> Condition:
        """Its link's state, as far as it is told."""
        return _LINKS[self.facts.up]


_LINKS: Mapping[bool | None, Condition] = {
    True: Condition.WORKING,
    False: Condition.OFF,
    None: Condition.UNTOLD,
}


def _machine(model: HostModel) -> MachineFacts | None:
    return model.host.resources.machine


def _given(model: HostModel) -> object:
    return (model.host.resources.machine, model.view_key)


def processors(model: HostModel) -> Iterator[Processor]:
    """Yield the processors of a host."""
    machine = _machine(model)
    if machine is not None:
        for facts in machine.processors:
            yield Processor(model, machine, facts)


def memories(model: HostModel) -> Iterator[Memory]:
    """Yield the memory of each node of a host; of a host without nodes, all of it as one."""
    machine = _machine(model)
    if machine is None:
        return
    nodes: tuple[NodeMemoryFacts, ...] = machine.nodes
    for node in nodes:
        yield Memory(model, node.node, node.size)
    if not nodes and machine.memory:
        yield Memory(model, None, machine.memory)


def ports(model: HostModel) -> Iterator[Port]:
    """Yield the network interfaces of a host."""
    machine = _machine(model)
    if machine is not None:
        for facts in machine.ports:
            yield Port(model, facts)


def _maker(v: Processor) -> str | None:
    """Return how the processor is called."""
    words = (v.machine.processor_vendor, v.machine.processor_model)
    return " ".join(word for word in words if word)[:64] or None


def _clock(v: Processor) -> int | None:
    return None if v.machine.clock is None else v.machine.clock // _MEGAHERTZ


def _node(v: Memory) -> str:
    return "memory" if v.number is None else f"node{v.number}"


def _address(v: Port) -> tuple[str, ...] | None:
    digits = digits_of(v.facts.mac)
    return None if digits is None else (digits,)


PROCESSOR_PROPERTIES: Mapping[str, Getter] = {
    # v is a Processor
    **ON_HOST,
    **CONDITION_PROPERTIES,
    "CreationClassName":      class_name_of(PROCESSOR),
    "DeviceID":               lambda v: f"cpu{v.facts.number}",
    "Name":                   lambda v: f"cpu{v.facts.number}",
    "ElementName":            lambda v: f"Processor {v.facts.number}",
    "Caption":                lambda _: "Processor of a virtualization host",
    "Description":            lambda v: f"Logical processor, {v.machine.architecture}",
    "Role":                   lambda _: "Central Processor",
    "Family":                 lambda v: _OTHER_FAMILY if _maker(v) else _UNKNOWN_FAMILY,
    "OtherFamilyDescription": _maker,
    "CurrentClockSpeed":      _clock,
    "DataWidth":              lambda v: v.width,
    "AddressWidth":           lambda v: v.width,
    "Characteristics":        lambda v: _CHARACTERISTICS[v.width],
    "CPUStatus":              lambda _: CPUStatus.CPU_ENABLED,
    "NumberOfEnabledCores":   lambda _: 1,
    "NodeNumber":             lambda v: v.facts.node,
    "SocketNumber":           lambda v: v.facts.socket,
    "CoreNumber":             lambda v: v.facts.core,
}  # fmt: skip

MEMORY_PROPERTIES: Mapping[str, Getter] = {
    # v is a Memory
    **ON_HOST,
    **CONDITION_PROPERTIES,
    "CreationClassName": class_name_of(MEMORY),
    "DeviceID":          _node,
    "Name":              _node,
    "ElementName":       lambda v: "Memory" if v.number is None
                                   else f"Memory of NUMA node {v.number}",
    "Caption":           lambda _: "Memory of a virtualization host",
    "Description":       lambda _: "Memory of a virtualization host",
    "NodeNumber":        lambda v: v.number,
    "Volatile":          lambda _: True,
    "Access":            lambda _: _READ_WRITE,
    "DataOrganization":  lambda _: _FIXED_BLOCK,
    "SequentialAccess":  lambda _: False,
    "Primordial":        lambda _: True,
    "IsComposite":       lambda _: False,
    "BlockSize":         lambda _: PAGE_SIZE,
    "NumberOfBlocks":    lambda v: v.size // PAGE_SIZE,
    "ConsumableBlocks":  lambda v: v.size // PAGE_SIZE,
}  # fmt: skip

PORT_PROPERTIES: Mapping[str, Getter] = {
    # v is a Port
    **ON_HOST,
    **CONDITION_PROPERTIES,
    "CreationClassName": class_name_of(PORT),
    "DeviceID":          lambda v: v.facts.name,
    "Name":              lambda v: v.facts.name,
    "ElementName":       lambda v: v.facts.name,
    "Caption":           lambda v: "Bridge of a virtualization host" if v.facts.bridge
                                   else "Network interface of a virtualization host",
    "Description":       lambda v: f"Network interface {v.facts.name}",
    "PermanentAddress":  lambda v: digits_of(v.facts.mac),
    "NetworkAddresses":  _address,
    "Speed":             lambda v: v.facts.speed,
    "LinkTechnology":    lambda _: LinkTechnology.ETHERNET,
    "PortType":          lambda v: PortType.OTHER if v.facts.bridge else PortType.UNKNOWN,
    "OtherPortType":     lambda v: "bridge" if v.facts.bridge else None,
}  # fmt: skip

FAMILIES = (
    HostFamily(name=PROCESSOR, getters=PROCESSOR_PROPERTIES, parts=processors, given=_given),
    HostFamily(name=MEMORY, getters=MEMORY_PROPERTIES, parts=memories, given=_given),
    HostFamily(name=PORT, getters=PORT_PROPERTIES, parts=ports, given=_given),
)
