"""What can be set of each class of settings, where libvirt has it, and what of it is live.

The rule: the tables of changes say what there is; a description says where it stands, and where
that is DMTF's and does not, the table below does. What neither does is an error, not a gap.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from virtcim.hypervisors.definition.devices import Device
from virtcim.providers.changes import Changes
from virtcim.providers.changing import CHANGES_OF, OF_DOMAIN
from virtcim.providers.disk_changes import LIMITS
from virtcim.providers.system_changes import CHANGES as SYSTEM_CHANGES
from virtcim.providers.system_settings import FAMILY as SYSTEM_SETTING
from virtcim.providers.views import (
    FAMILIES_OF,
    GENERIC_SETTING,
    MEMORY_ID,
    MEMORY_SETTING,
    PROCESSOR_SETTING,
    PROCESSORS_ID,
)

Described = Callable[[str, str], str]
"""Returns the description of a property of a family."""


class When(StrEnum):
    """What becomes of a change while the domain runs."""

    AT_ONCE = "at once"
    TRIED = "tried"  # the device is updated; what the hypervisor refuses waits
    NEXT_START = "next start"
    OFF = "no: only while it is off"
    NEW = "no: only of a new system"


@dataclass(frozen=True, slots=True)
class Settable:
    """One property; place: where libvirt has it, "" beside the definition."""

    name: str
    place: str
    when: When


_CHARACTERS = ("console", "serial", "parallel", "channel")

_PLACES: Mapping[tuple[str, str], str] = {
    ("disk", "ResourceSubType"):       "disk/@device",
    ("disk", "Address"):               "disk/source",
    ("disk", "HostResource"):          "disk/source",
    ("filesystem", "Address"):         "filesystem/source",
    ("filesystem", "HostResource"):    "filesystem/source",
    ("interface", "PoolID"):           "interface/source",
    ("interface", "Connection"):       "interface/source",
    ("interface", "Address"):          "interface/mac/@address",
    ("interface", "ResourceSubType"):  "interface/model/@type",
    ("interface", "Reservation"):      "interface/bandwidth/inbound/@average",
    ("interface", "Limit"):            "interface/bandwidth/inbound/@peak",
    ("graphics", "ResourceSubType"):   "graphics/@type",
    ("graphics", "IsIPv6Only"):        "graphics/listen/@address",
    ("graphics", "Address"):           "graphics/listen/@address, graphics/@port",
    ("video", "ResourceSubType"):      "video/model/@type",
    ("input", "ResourceSubType"):      "input/@type",
    ("input", "HostResource"):         "input/source/@dev",
    ("controller", "ResourceSubType"): "controller/@type",
    ("memory", "ResourceSubType"):     "memory/@model",
    ("memory", "Limit"):               "memory/target/size",
    ("memory", "VirtualQuantity"):     "memory/target/requested, memory/target/size",
    ("memory", "Reservation"):         "memory/target/requested, memory/target/size",
    ("memory", "HostResource"):        "memory/source/path",
    ("memory", "HugePageSizes"):       "memory/source/pagesize",
    ("memory", "NodeSet"):             "memory/source/nodemask",
    ("memory", "Access"):              "memory/@access",
    ("video", "RenderNode"):           "video/model/acceleration/@rendernode",
    ("hostdev", "ResourceSubType"):    "hostdev/@type",
    ("hostdev", "HostResource"):       "hostdev/source",
    ("rng", "HostResource"):           "rng/backend",
    ("tpm", "HostResource"):           "tpm/backend/device/@path",
    ("vsock", "Address"):              "vsock/cid",
    ("tpm", "ResourceSubType"):        "tpm/@model",
    ("vsock", "ResourceSubType"):      "vsock/@model",
    ("rng", "ResourceSubType"):        "rng/@model",
    ("watchdog", "ResourceSubType"):   "watchdog/@model",
    ("sound", "ResourceSubType"):      "sound/@model",
    ("memballoon", "ResourceSubType"): "memballoon/@model",
    ("", "ResourceSubType"):           "@model or model/@*",
    ("", "AddressValues"):             "address/@*",
    **dict.fromkeys([(one, "ResourceSubType") for one in _CHARACTERS], "target"),
    **dict.fromkeys([(one, "HostResource") for one in _CHARACTERS], "source"),
    ("proc", "Limit"):                 "vcpu",
    ("proc", "VirtualQuantity"):       "vcpu/@current",
    ("proc", "Weight"):                "cputune/shares",
    ("mem", "Limit"):                  "memory",
    ("mem", "VirtualQuantity"):        "currentMemory",
    ("mem", "Reservation"):            "currentMemory",
    ("system", "Notes"):               "description",
    ("system", "Description"):         "description",
    ("system", "AutomaticRecoveryAction"): "on_crash",
}  # fmt: skip
"""Where libvirt has a property whose description, being DMTF's, does not say it."""

_OF_SERVICE = (
    Settable("VirtualSystemIdentifier", "name", When.OFF),
    Settable("UUID", "uuid", When.NEW),
    Settable("AutoStart", "", When.AT_ONCE),
    Settable("AutomaticStartupAction", "", When.AT_ONCE),
)
"""What the service sets beside the definition (system_changes.BY_SERVICE)."""


def settables(described: Described) -> Mapping[str, tuple[Settable, ...]]:
    """Return what can be set, by family of settings; each row once."""
    found: dict[str, list[Settable]] = {
        SYSTEM_SETTING: [*_OF_SERVICE, *_of(SYSTEM_SETTING, "system", SYSTEM_CHANGES, described)]
    }
    for family, whole in ((PROCESSOR_SETTING, PROCESSORS_ID), (MEMORY_SETTING, MEMORY_ID)):
        found[family] = [*_of(family, whole, OF_DOMAIN[whole], described)]
    for cls, changes in CHANGES_OF.items():
        element = _element(cls)
        _, family = FAMILIES_OF.get(element, ("", GENERIC_SETTING))
        found.setdefault(family, []).extend(_of(family, element, changes, described))
    return {family: tuple(dict.fromkeys(rows)) for family, rows in found.items()}


def _element(device: type[Device]) -> str:
    """Return the name of a device's element; what we do not know has any."""
    names = (one.default for one in fields(device) if one.name == "element")
    return next((name for name in names if isinstance(name, str)), "")


def _of(family: str, element: str, changes: Changes, described: Described) -> Iterator[Settable]:
    for name in changes.setters:
        known = _PLACES.get((element, name)) or _PLACES.get(("", name))
        place = known or _place(element, described(family, name))
        yield Settable(name, place, _when(element, name, changes))


def _place(element: str, sentence: str) -> str:
    """Return the place that a description names; raises ValueError where it names none."""
    named: list[str] = [
        one for one in re.findall(r"\(([^()]+)\)", sentence) if _IS_PLACE.search(one)
    ]
    if not named:
        raise ValueError(f"nothing says where libvirt has this of {element}: {sentence}")
    return next((one for one in named if one.startswith(f"{element}/")), named[0])


_IS_PLACE = re.compile(r"[/@]|^[a-z]\w*$")


def _when(element: str, name: str, changes: Changes) -> When:
    if name in changes.live or (element == "disk" and name in LIMITS):
        return When.AT_ONCE
    return When.NEXT_START if element in {"system", *OF_DOMAIN} else When.TRIED
