"""XML of snapshots, volumes and of the machine → facts.

The rule: as in xml.py, no parsed tree leaves this file. It knows only what no call tells, and no
definition.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from sys import intern

from virtcim.hypervisors.definition.converters import scaled
from virtcim.hypervisors.definition.xml import Element, parse
from virtcim.hypervisors.model import SnapshotFacts
from virtcim.hypervisors.resources import (
    GuestFacts,
    NodeMemoryFacts,
    PortFacts,
    ProcessorFacts,
    VolumeFacts,
)

_MEGABIT = 10**6
# The kernel has no speed for a link that is down or virtual, and says so with a large number.
_NO_SPEED = 2**32 - 1
_NO_ADDRESS = "00:00:00:00:00:00"
_LATEST = 253_402_300_799  # the last second of the year 9999: who redefines a snapshot dates it


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What we read of the host's capabilities; domain_types: "kvm", "qemu", "lxc", ..."""

    architecture: str | None
    model: str | None
    vendor: str | None
    processors: tuple[ProcessorFacts, ...]
    nodes: tuple[NodeMemoryFacts, ...]
    guest_types: tuple[str, ...]
    guests: tuple[GuestFacts, ...]
    domain_types: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A network interface, and whether it is a bridge by its definition."""

    name: str
    mac: str | None
    speed: int | None
    up: bool | None
    bridge: bool

    def port(self, bridges: frozenset[str]) -> PortFacts:
        """The port that it is on a host with these bridges."""
        return PortFacts(
            name=self.name,
            mac=self.mac,
            speed=self.speed,
            up=self.up,
            bridge=self.bridge or self.name in bridges,
        )


def snapshot(text: str, current: str | None) -> SnapshotFacts:
    """The facts of a snapshot; `current` is the name of the domain's current one."""
    root = parse(text)
    name = root.findtext("name", "")
    return SnapshotFacts(
        name=name,
        parent=root.findtext("parent/name") or None,
        current=name == current,
        created=_moment(root.findtext("creationTime", "")),
        state=intern(root.findtext("state", "")),
        description=root.findtext("description") or None,
        xml=text,
    )


def volume(name: str, key: str, text: str) -> VolumeFacts:
    """The facts of a volume."""
    root = parse(text)
    return VolumeFacts(
        name=name,
        key=key,
        path=root.findtext("target/path", ""),
        kind=intern(root.get("type", "")),
        capacity=_size(root.find("capacity")),
        allocation=_size(root.find("allocation")),
        format=_interned(_attribute(root, "target/format", "type")),
        backing_path=root.findtext("backingStore/path") or None,
    )


def capabilities(text: str) -> Capabilities:
    """The machine, as its hypervisor's capabilities describe it."""
    root = parse(text)
    cells = root.findall("host/topology/cells/cell")
    guest_types = (element.text or "" for element in root.iterfind("guest/os_type"))
    return Capabilities(
        architecture=root.findtext("host/cpu/arch") or None,
        model=root.findtext("host/cpu/model") or None,
        vendor=root.findtext("host/cpu/vendor") or None,
        processors=tuple(processor for cell in cells for processor in _processors(cell)),
        nodes=tuple(
            NodeMemoryFacts(node=_number(cell, "id") or 0, size=_size(cell.find("memory")))
            for cell in cells
        ),
        guest_types=tuple(dict.fromkeys(guest_types)),
        guests=tuple(_guests(root)),
        domain_types=frozenset(
            element.get("type", "") for element in root.iterfind("guest/arch/domain")
        ),
    )


def _guests(root: Element) -> Iterator[GuestFacts]:
    for guest in root.iterfind("guest"):
        for arch in guest.iterfind("arch"):
            yield GuestFacts(
                os_type=guest.findtext("os_type", ""),
                architecture=arch.get("name", ""),
                domain_types=tuple(one.get("type", "") for one in arch.iterfind("domain")),
            )


def net_device(text: str) -> Interface:
    """The network interface that a node device is."""
    (net,) = parse(text).iterfind("capability[@type='net']")
    return Interface(
        name=net.findtext("interface", ""),
        mac=_address(net.findtext("address")),
        speed=_speed(net),
        up=_up(net),
        bridge=False,
    )


def interface(text: str, *, active: bool) -> Interface:
    """A host's network interface as libvirt's interface driver describes it."""
    root = parse(text)
    up = _up(root)
    return Interface(
        name=root.get("name", ""),
        mac=_address(_attribute(root, "mac", "address")),
        speed=_speed(root),
        up=active if up is None else up,
        bridge=root.get("type") == "bridge",
    )


def _processors(cell: Element) -> Iterator[ProcessorFacts]:
    for processor in cell.iterfind("cpus/cpu"):
        yield ProcessorFacts(
            number=_number(processor, "id") or 0,
            node=_number(cell, "id") or 0,
            socket=_number(processor, "socket_id"),
            core=_number(processor, "core_id"),
        )


def _moment(seconds: str) -> datetime:
    """The time; the epoch where it is not told."""
    return datetime.fromtimestamp(min(int(seconds), _LATEST) if seconds.isdecimal() else 0, UTC)


def _address(text: str | None) -> str | None:
    return None if not text or text == _NO_ADDRESS else text


def _speed(element: Element) -> int | None:
    link = element.find("link")
    speed = None if link is None else _number(link, "speed")
    return None if not speed or speed == _NO_SPEED else speed * _MEGABIT


def _up(element: Element) -> bool | None:
    return {"up": True, "down": False}.get(_attribute(element, "link", "state") or "")


def _attribute(root: Element, path: str, name: str) -> str | None:
    element = root.find(path)
    return None if element is None else element.get(name)


def _number(element: Element, name: str) -> int | None:
    text = element.get(name, "")
    return int(text) if text.isdecimal() else None


def _size(element: Element | None) -> int:
    return 0 if element is None else scaled(element.text, element.get("unit"), 1) or 0


def _interned(text: str | None) -> str | None:
    return intern(text) if text else None
