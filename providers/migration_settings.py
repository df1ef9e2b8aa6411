"""CIM_VirtualSystemMigrationSettingData as a client sends it: what it asks for, typed.

The rule: an unknown value is refused, never replaced by another. What libvirt-cim ignored is
ignored for its clients only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from virtcim.broker.embedded import Embedded
from virtcim.hypervisors.actions import MigrationFlag
from virtcim.hypervisors.destinations import Transport, check_stream_uri
from virtcim.jobs.moves import MoveType
from virtcim.providers.compatibility import Behaviour
from virtcim.schema.valuemaps import MigrationType, StorageCopy, TransportType
from virtcim.wbem.objects import Value
from virtcim.wbem.status import Failed, InvalidParameter, WBEMError

T = TypeVar("T")

MOVE_TYPES: Mapping[int, MoveType] = {
    MigrationType.OTHER:   MoveType.OFFLINE,
    MigrationType.LIVE:    MoveType.LIVE,
    MigrationType.RESUME:  MoveType.RESUME,
    MigrationType.RESTART: MoveType.RESTART,
}  # fmt: skip
"""Total over MigrationType but for UNKNOWN, which is nothing to ask for."""

LEGACY_UNIX = 32768
"""libvirt-cim's number for Unix sockets."""

TRANSPORTS: Mapping[int, Transport] = {
    TransportType.SSH:        Transport.SSH,
    TransportType.TLS:        Transport.TLS,
    TransportType.TLS_STRICT: Transport.TLS_STRICT,
    TransportType.TCP:        Transport.TCP,
    TransportType.IPC:        Transport.UNIX,
    LEGACY_UNIX:              Transport.UNIX,
}  # fmt: skip
"""Total over TransportType but for UNKNOWN and OTHER, which name none."""

_F = MigrationFlag
FLAGS: Mapping[str, frozenset[MigrationFlag]] = {
    # property       what it asks for
    "PeerToPeer":    frozenset({_F.PEER2PEER}),
    "Tunnelled":     frozenset({_F.PEER2PEER, _F.TUNNELLED}),
    "PostCopy":      frozenset({_F.POSTCOPY}),
    "AutoConverge":  frozenset({_F.AUTO_CONVERGE}),
    "Compressed":    frozenset({_F.COMPRESSED}),
    "Encrypted":     frozenset({_F.TLS}),
    "Unsafe":        frozenset({_F.UNSAFE}),
    "StartPaused":   frozenset({_F.PAUSED}),
}  # fmt: skip

STORAGE: Mapping[int, frozenset[MigrationFlag]] = {
    StorageCopy.NONE:      frozenset(),
    StorageCopy.ALL:       frozenset({_F.NON_SHARED_DISK}),
    StorageCopy.INCREMENT: frozenset({_F.NON_SHARED_INC}),
}  # fmt: skip
"""Total over StorageCopy."""

_UNIT = re.compile(
    r"(?P<unit>bit|byte)s?(?P<before>\s*\*\s*(?:2|10)\s*\^\s*\d{1,2})?"
    r"\s*(?:/|per)\s*seconds?(?P<after>\s*\*\s*(?:2|10)\s*\^\s*\d{1,2})?"
)
_MIB = 2**20
BANDWIDTH_UNIT = "byte*2^20/second"
"""Of a Bandwidth whose unit is not given, since libvirt counts so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a client asks for; None leaves it to the hypervisor."""

    type: MoveType = MoveType.LIVE
    transport: Transport = Transport.SSH
    flags: frozenset[MigrationFlag] = frozenset()
    bandwidth_mib: int | None = None
    downtime_ms: int | None = None
    stream_uri: str | None = None
    new_name: str | None = None
    check_parameters: tuple[str, ...] = ()


def read_wishes(given: Embedded | None, behaviour: Behaviour) -> Wishes:
    """Return what is asked for; raises InvalidParameter, or Failed where libvirt-cim did."""
    if given is None:
        return Wishes()
    return Wishes(
        type=_of(MOVE_TYPES, given, "MigrationType", "Unsupported migration type", behaviour),
        transport=_of(TRANSPORTS, given, "TransportType", "Unsupported transport", behaviour),
        flags=_flags(given, behaviour),
        bandwidth_mib=_bandwidth(given, behaviour),
        downtime_ms=_number(given, "MaximumDowntime"),
        stream_uri=_stream_uri(given),
        new_name=_text(given, "NewName"),
        check_parameters=_texts(given.get("CheckParameters")),
    )


_DEFAULTS: Mapping[str, int] = {
    "MigrationType": MigrationType.LIVE,
    "TransportType": TransportType.SSH,
    "StorageCopy":   StorageCopy.NONE,
}  # fmt: skip


def _of(
    table: Mapping[int, T], given: Embedded, name: str, refusal: str, behaviour: Behaviour
) -> T:
    number = _number(given, name)
    wanted = _DEFAULTS[name] if number is None else number
    if wanted not in table:
        raise refused(behaviour, f"{refusal} {wanted}")
    return table[wanted]


def refused(behaviour: Behaviour, reason: str) -> WBEMError:
    """Return the error for what nobody can ask for; libvirt-cim says FAILED whatever it is."""
    return (Failed if behaviour.legacy_migration else InvalidParameter)(reason)


def _flags(given: Embedded, behaviour: Behaviour) -> frozenset[MigrationFlag]:
    storage = _of(STORAGE, given, "StorageCopy", "Unsupported copy of storage", behaviour)
    wanted = [flags for name, flags in FLAGS.items() if given.get(name) is True]
    return storage.union(*wanted)


def _bandwidth(given: Embedded, behaviour: Behaviour) -> int | None:
    """Return MiB/s, at least 1: 0 would mean no bound to libvirt, as it does to clients."""
    number = _number(given, "Bandwidth")
    if not number:
        return None
    try:
        return max(1, round(number * bytes_a_second(_text(given, "BandwidthUnit")) / _MIB))
    except ValueError as error:
        if behaviour.legacy_migration:
            return None  # libvirt-cim never looked at it
        raise InvalidParameter(f"BandwidthUnit: {error}") from None


def bytes_a_second(unit: str | None) -> float:
    """Return what a programmatic unit of bandwidth is (DSP0004 annex C); raises ValueError."""
    found = _UNIT.fullmatch((unit or BANDWIDTH_UNIT).strip().lower())
    if found is None:
        raise ValueError(f"{unit!r} is no unit of bytes or bits a second, as {BANDWIDTH_UNIT}")
    factor = 1.0 if found["unit"] == "byte" else 0.125
    for part in (found["before"], found["after"]):
        if part is not None:
            base, _, power = part.replace("*", "").partition("^")
            factor *= int(base) ** int(power)
    return factor


def _stream_uri(given: Embedded) -> str | None:
    text = _text(given, "MigrationURI")
    if text is None:
        return None
    try:
        return check_stream_uri(text)
    except ValueError as error:
        raise InvalidParameter(f"MigrationURI: {error}") from None


def _number(given: Embedded, name: str) -> int | None:
    value = given.get(name)
    return value if isinstance(value, int) else None


def _text(given: Embedded, name: str) -> str | None:
    value = given.get(name)
    return value if isinstance(value, str) and value.strip() else None


def _texts(value: Value) -> tuple[str, ...]:
    found = value if isinstance(value, tuple) else (value,)
    return tuple(one for one in found if isinstance(one, str))
