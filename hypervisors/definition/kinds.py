"""Which element is which class of device, and what its id is.

The ids are libvirt-cim's where it has one. The rule: no two devices of a definition have the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from sys import intern
from types import MappingProxyType
from typing import Any

from virtcim.hypervisors.definition.characters import Channel, Console, Parallel, Serial
from virtcim.hypervisors.definition.devices import Device, OtherDevice
from virtcim.hypervisors.definition.displays import Graphics, Video
from virtcim.hypervisors.definition.interfaces import Interface
from virtcim.hypervisors.definition.peripherals import (
    TPM,
    Controller,
    HostDevice,
    Input,
    MemoryBalloon,
    MemoryDevice,
    RandomGenerator,
    Sound,
    Vsock,
    Watchdog,
)
from virtcim.hypervisors.definition.readers import Reader, Values, reader
from virtcim.hypervisors.definition.storage import Disk, Filesystem
from virtcim.hypervisors.definition.xml import Element

KINDS: Mapping[str, type[Device]] = MappingProxyType(
    {
        cls.element: cls
        for cls in (
            Channel,
            Console,
            Controller,
            Disk,
            Filesystem,
            Graphics,
            HostDevice,
            Input,
            Interface,
            MemoryBalloon,
            MemoryDevice,
            Parallel,
            RandomGenerator,
            Serial,
            Sound,
            TPM,
            Video,
            Vsock,
            Watchdog,
        )
    }
)

# What is a domain's own, and looks like a device in ids of settings.
RESERVED = ("mem", "proc")


def _field(name: str) -> Callable[[Values, int], str | None]:
    return lambda values, _: values.get(name)


def _numbered(prefix: str, name: str) -> Callable[[Values, int], str | None]:
    """By a field, or else by the number of the device among those of its element."""
    return lambda values, number: f"{prefix}:{values.get(name) or number}"


def _graphics(values: Values, _: int) -> str | None:
    kind, display = values.get("kind"), values.get("display")
    return f"{kind}:{display}" if kind == "sdl" and display else kind


def _input(values: Values, _: int) -> str | None:
    kind, bus = values.get("kind"), values.get("bus")
    return f"{kind}:{bus}" if kind and bus else kind


def _controller(values: Values, number: int) -> str | None:
    index = values.get("index")
    return f"controller:{values.get('kind')}:{number if index is None else index}"


# The others, and those without what they are named by, are `<element>:<number>`.
# fmt: off
IDS: Mapping[str, Callable[[Values, int], str | None]] = MappingProxyType({
    "channel":    _numbered("channel", "target_name"),
    "console":    lambda _, number: f"charconsole:{number}",  # its port, see Console
    "controller": _controller,
    "disk":       _field("target"),
    "filesystem": _field("target"),
    "graphics":   _graphics,
    "input":      _input,
    "interface":  _field("mac"),
    "parallel":   _numbered("parallel", "target_port"),
    "serial":     _numbered("serial", "target_port"),
})
# fmt: on


@dataclass(frozen=True, slots=True)
class _Kind:
    """How the devices of one element are read."""

    reader: Reader[Any]
    id: Callable[[Values, int], str | None]


@lru_cache(maxsize=256)
def _kind(element: str) -> _Kind:
    prefix = intern(f"{element}:")
    named = IDS.get(element, lambda _, number: f"{prefix}{number}")
    return _Kind(reader(KINDS.get(element, OtherDevice)), named)


def read_devices(elements: Sequence[Element], source: str) -> tuple[Device, ...]:
    """The devices among what stands in a `<devices>`; source: the text it stands in."""
    counts: dict[str, int] = {}
    taken = set(RESERVED)
    read = []
    for position, element in enumerate(elements):
        name = intern(str(element.tag))
        if name == "emulator":
            continue
        kind = _kind(name)
        number = counts.get(name, 0)
        counts[name] = number + 1
        values = kind.reader.values(element)
        one = kind.id(values, number) or f"{name}:{number}"
        if one in taken:
            one = _another(one, taken)
        taken.add(one)
        values["id"] = intern(one)
        if name not in KINDS:
            values["element"] = name
        values["source"] = source
        values["position"] = position
        read.append(kind.reader.made(values))
    return tuple(read)


def _another(wanted: str, taken: set[str]) -> str:
    return next(one for number in count(1) if (one := f"{wanted}:{number}") not in taken)
