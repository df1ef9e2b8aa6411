"""What every device of a definition has in common.

The rule: a device is what libvirt's text says of it, and nothing of the text is lost: what no field
declares still stands in `attributes`.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from virtcim.hypervisors.definition.converters import (
    element,
    integer,
    lines_of,
    shared,
    word,
)
from virtcim.hypervisors.definition.fields import Declared, at, declared
from virtcim.hypervisors.definition.markup import Node
from virtcim.hypervisors.definition.xml import devices_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a device sits: the attributes of its `<address>`, in document order.

    names, values: parallel.
    """

    names: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def kind(self) -> str | None:
        """What it is an address of: "pci", "usb", "drive", ..."""
        return self.get("type")

    def get(self, name: str) -> str | None:
        """One of its values; None means that it has none of that name."""
        return self.values[self.names.index(name)] if name in self.names else None


@lru_cache(maxsize=4096)
def _address(pairs: tuple[tuple[str, str], ...]) -> Address:
    # Guests of one template have the same addresses; they are kept once.
    return Address(
        names=shared(tuple(name for name, _ in pairs)), values=tuple(value for _, value in pairs)
    )


def _put_address(node: Node, address: Address) -> None:
    for name in node.names:
        if name not in address.names:
            node.put(name, None)
    for name, value in zip(address.names, address.values, strict=True):
        node.put(name, value)


address_converter = element(lambda found: _address(tuple(found.items())), _put_address, whole=True)


@declared
class Device(Declared):
    """One device of a domain.

    element: name of its XML element.
    id: unique in its definition.
    source: the text in which it stands; position: counts the devices there from 0.
    """

    element: str
    id: str
    source: str = field(default="", repr=False, compare=False)
    position: int = field(default=0, repr=False, compare=False)
    alias: str | None = at("alias/@name", word, filled=True)
    address: Address | None = at("address", address_converter, filled=True)
    boot_order: int | None = at("boot/@order", integer)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Every attribute and text of its element as `path=value`, in document order.

        An empty element is `path=`, and a password is masked. Read from the text each time.
        """
        if not self.source:
            return ()
        return tuple(lines_of(devices_of(self.source)[self.position]))


# What the hypervisor adds to a device when the domain starts.
_ADDED = ("alias/", "address/", "source/@tls=no")


@declared
class OtherDevice(Device):
    """A device of a kind that has no class of its own.

    model: its attribute `model`; else `type`, `mode` or that of its `<model>`.
    """

    model: str | None = at("@model", word, also=("@type", "@mode", "model/@type"))

    def differs_from(self, other: Self) -> bool:
        """Whether the two are different definitions, by all that is written."""
        mine, theirs = (
            tuple(line for line in one.attributes if not line.startswith(_ADDED))
            for one in (self, other)
        )
        return self.element != other.element or mine != theirs
