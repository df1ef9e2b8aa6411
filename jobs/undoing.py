"""Taking back what was done to a hypervisor: each way back is data, so that it outlives a server.

The rules: to take back twice is as good as once, and what was not done is left as it is. A
definition, or a device, that is somebody else's by now is theirs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from virtcim.hypervisors import errors
from virtcim.hypervisors.actions import (
    AttachDevice,
    DefineDomain,
    Definitions,
    DetachDevice,
    DomainChange,
    Note,
    ReadDefinitions,
    RenameDomain,
    SetAutostart,
    SetBlockLimits,
    SetMemory,
    SetNote,
    SetShares,
    SetVCPUs,
    UndefineDomain,
    UpdateDevice,
)
from virtcim.hypervisors.definition.editing import DomainEditor
from virtcim.hypervisors.definition.plugged import is_plugged, plugged_since
from virtcim.hypervisors.model import DomainUUID
from virtcim.infostore.jobs import JSON
from virtcim.infostore.records import DomainRecord
from virtcim.inventory.host import Host

DETACH_SECONDS = 20.0
"""How long a guest may take to let go of a device."""
_PAUSE = 0.1  # between two looks at whether it did


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Do this to a domain: its definition alone, or as it runs, which matters while it does."""

    action: DomainChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Undefine:
    """Let a domain be undefined that was made."""

    uuid: DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Redefine:
    """Let a domain be defined as it was; `made`: as we had it defined, None where not known."""

    uuid: DomainUUID
    xml: str = field(repr=False)
    made: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Let a running domain be without a device that it was given.

    device: the id that it was to have. known: where its devices were before (plugged.places).
    """

    uuid: DomainUUID
    device: str
    element: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Let a running domain have a device that was taken from it."""

    uuid: DomainUUID
    device: str
    xml: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember:
    """Let this be what is remembered of a domain."""

    uuid: DomainUUID
    record: DomainRecord


Undo = Change | Undefine | Redefine | Absent | Present | Remember


# Doing it


async def take_back(host: Host, one: Undo) -> None:
    """Do it, unless it is so already; raises HypervisorError, InfostoreError."""
    try:
        await _DONE[type(one)](host, one)
    except errors.DomainNotFound:
        return  # everything has gone with it


async def _change(host: Host, one: Change) -> None:
    action = one.action
    if isinstance(action, RenameDomain):
        if (await _read(host, action.uuid)).name == action.name:
            return
    elif not isinstance(action, SetAutostart) and (await _read(host, action.uuid)).live is None:
        return  # it was a change of what ran
    await host.perform(action)


async def _undefine(host: Host, one: Undefine) -> None:
    if (await _read(host, one.uuid)).live is not None:
        raise errors.HypervisorFailure("somebody has started it")
    await host.perform(UndefineDomain(uuid=one.uuid))


async def _redefine(host: Host, one: Redefine) -> None:
    now = (await _read(host, one.uuid)).persistent
    if now == one.xml:
        return
    if one.made is not None and now != one.made:
        raise errors.HypervisorFailure("somebody else has changed it since")
    await host.perform(DefineDomain(xml=one.xml))


async def _absent(host: Host, one: Absent) -> None:
    live = (await _read(host, one.uuid)).live
    found = () if live is None else plugged_since(live, one.known, one.element, one.device)
    if live is None or not found:
        return
    if len(found) > 1:
        raise errors.HypervisorFailure(
            f"somebody else has added one too: {' and '.join(found)} are new"
        )
    xml = DomainEditor(live).device_text(found[0])
    await host.perform(DetachDevice(uuid=one.uuid, xml=xml))
    await gone(host, one.uuid, found[0], xml)


async def _present(host: Host, one: Present) -> None:
    live = (await _read(host, one.uuid)).live
    if live is not None and not is_plugged(live, one.device, one.xml):
        await host.perform(AttachDevice(uuid=one.uuid, xml=one.xml))


async def _remember(host: Host, one: Remember) -> None:
    await host.record(one.uuid, one.record)


_Doing = Callable[[Host, Any], Awaitable[None]]

# Total over Undo.
_DONE: Mapping[type[Undo], _Doing] = MappingProxyType({
    Change:   _change,
    Undefine: _undefine,
    Redefine: _redefine,
    Absent:   _absent,
    Present:  _present,
    Remember: _remember,
})  # fmt: skip


async def _read(host: Host, uuid: DomainUUID) -> Definitions:
    return await host.perform(ReadDefinitions(uuid=uuid))


async def has_device(host: Host, uuid: DomainUUID, device: str, xml: str) -> bool:
    """Tell whether a domain runs with a device, by its text there; raises HypervisorError."""
    live = (await _read(host, uuid)).live
    return live is not None and is_plugged(live, device, xml)


async def gone(
    host: Host, uuid: DomainUUID, device: str, xml: str, check: Callable[[], None] = lambda: None
) -> None:
    """Wait until a guest has let go of a device; `check` raises to end that.

    Raises HypervisorFailure when it does not.
    """
    end = time.monotonic() + DETACH_SECONDS
    while await has_device(host, uuid, device, xml):
        if time.monotonic() > end:
            raise errors.HypervisorFailure(
                f"the guest was asked to let go of {device} and has not done so within "
                f"{DETACH_SECONDS:.0f} s; it may do so later"
            )
        check()
        await asyncio.sleep(_PAUSE)


# As JSON

_CHANGES: Mapping[str, type[DomainChange]] = MappingProxyType({
    kind.__name__: kind
    for kind in (
        AttachDevice, DetachDevice, RenameDomain, SetAutostart, SetBlockLimits, SetMemory,
        SetNote, SetShares, SetVCPUs, UpdateDevice,
    )
})  # fmt: skip
"""Total over the actions that change a domain."""

_KINDS: Mapping[str, type[Undo]] = MappingProxyType({kind.__name__: kind for kind in _DONE})


def to_json(one: Undo) -> dict[str, JSON]:
    """Return it as it is kept."""
    if isinstance(one, Change):
        return {"undo": type(one.action).__name__, **asdict(one.action)}
    if isinstance(one, Remember):
        return {"undo": "Remember", "uuid": one.uuid, "record": asdict(one.record)}
    return {"undo": type(one).__name__, **asdict(one)}


def from_json(kept: Mapping[str, Any]) -> Undo:
    """Return what was kept; raises LookupError, TypeError for what we have not written."""
    values = {name: value for name, value in kept.items() if name != "undo"}
    if kept["undo"] in _CHANGES:
        kind = _CHANGES[kept["undo"]]
        if kind is SetNote:
            values["note"] = Note(values["note"])
        return Change(action=kind(**values))
    if kept["undo"] == Absent.__name__:
        values["known"] = tuple(values["known"])
    if kept["undo"] == Remember.__name__:
        values["record"] = DomainRecord(**values["record"])
    return _KINDS[kept["undo"]](**values)
