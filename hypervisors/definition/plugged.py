"""Devices of a running domain, found again while others come and go beside them.

The rule: an id that is counted (`rng:0`) is another's as soon as one before it goes; where a device
sits in the guest is its own as long as it is plugged.
"""

from collections.abc import Collection, Sequence
from typing import Final

from virtcim.hypervisors.definition.devices import Device
from virtcim.hypervisors.definition.parsing import parse_domain

_NAMED: Final = frozenset({"disk", "filesystem", "interface"})
"""Elements whose ids are names of the devices; disks of two buses can have one address."""


def place_of(device: Device) -> str:
    """Return what tells a device of a running domain from all others of it."""
    if device.element in _NAMED or device.address is None:
        return f"{device.element} {device.id}"
    address = zip(device.address.names, device.address.values, strict=True)
    return " ".join((device.element, *(f"{name}={value}" for name, value in address)))


def places(live: str) -> tuple[str, ...]:
    """Return those of all devices of a running domain."""
    return tuple(place_of(one) for one in parse_domain(live).devices)


def is_plugged(live: str, device_id: str, text: str) -> bool:
    """Tell whether a domain runs with a device that had this id and this text in it."""
    device = _device(text)
    if device.element in _NAMED or device.address is None:
        return any(one.id == device_id for one in parse_domain(live).devices)
    return place_of(device) in places(live)


def plugged_since(
    live: str, known: Collection[str], element: str, device_id: str
) -> tuple[str, ...]:
    """Return the ids of what can be a device that was plugged when these `places` were known.

    device_id: the one that it was expected to have.
    """
    new = [
        one.id
        for one in parse_domain(live).devices
        if one.element == element and place_of(one) not in known
    ]
    return tuple(one for one in new if element not in _NAMED or one == device_id)


def counterpart(own: Sequence[Device], others: Sequence[Device], device_id: str) -> str | None:
    """Return the id that a device of one definition has in another; None where it is not there.

    A counted id says the same in both only where they have as many, and what has it there sits
    nowhere else here.
    """
    device = next(one for one in own if one.id == device_id)
    alike = [one for one in others if one.element == device.element]
    by_id = next((one for one in alike if one.id == device_id), None)
    if device.element in _NAMED:
        return None if by_id is None else device_id
    here = place_of(device)
    exact = next((one.id for one in alike if place_of(one) == here), None)
    if exact is not None or by_id is None:
        return exact
    as_many = len(alike) == sum(one.element == device.element for one in own)
    return device_id if as_many and place_of(by_id) not in map(place_of, own) else None


def element_of(text: str) -> str:
    """Return the element of a device by its text."""
    return _device(text).element


def _device(text: str) -> Device:
    return parse_domain(f"<domain><devices>{text}</devices></domain>").devices[0]
