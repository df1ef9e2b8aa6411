"""What a client's setting data asks for: every value of every property, and what is refused."""

from typing import Any

import pytest

from virtcim.broker.embedded import Embedded
from virtcim.hypervisors.actions import MigrationFlag
from virtcim.hypervisors.destinations import Transport
from virtcim.hypervisors.model import DomainUUID
from virtcim.jobs.moves import Move, MoveType, move_of
from virtcim.providers.compatibility import LIBVIRT_CIM, STRICT
from virtcim.providers.migration_settings import (
    FLAGS,
    LEGACY_UNIX,
    MOVE_TYPES,
    STORAGE,
    TRANSPORTS,
    Wishes,
    bytes_a_second,
    read_wishes,
)
from virtcim.schema.families import packaged_schema
from virtcim.schema.valuemaps import MigrationType, StorageCopy, TransportType
from virtcim.wbem.status import Failed, InvalidParameter

CLASS = "Virt_VirtualSystemMigrationSettingData"
F = MigrationFlag


def wishes(*, compat: bool = False, **values: Any) -> Wishes:
    """Return what setting data with these values ask for."""
    given = Embedded(CLASS, {name.lower(): value for name, value in values.items()})
    return read_wishes(given, LIBVIRT_CIM if compat else STRICT)


def test_the_tables_are_total() -> None:
    """Every number of the class means something, or nothing that can be asked for."""
    assert set(MOVE_TYPES) == set(MigrationType) - {MigrationType.UNKNOWN}
    nameless = {TransportType.UNKNOWN, TransportType.OTHER}
    assert set(TRANSPORTS) == (set(TransportType) - nameless) | {LEGACY_UNIX}
    assert set(STORAGE) == set(StorageCopy)
    assert set(MOVE_TYPES.values()) == set(MoveType)
    assert set(TRANSPORTS.values()) == set(Transport)


def test_every_flag_is_a_property() -> None:
    """And every flag that a client may want can be asked for."""
    declared = next(c for c in packaged_schema().classes if c.name == CLASS)
    assert FLAGS.keys() <= {p.name for p in declared.properties}
    asked = frozenset[MigrationFlag]().union(*FLAGS.values(), *STORAGE.values())
    kept = {F.LIVE, F.OFFLINE, F.PERSIST_DEST, F.UNDEFINE_SOURCE}
    assert asked == set(MigrationFlag) - kept


def test_nothing_asked_for() -> None:
    """Live, over SSH, as libvirt-cim does."""
    assert read_wishes(None, STRICT) == wishes() == Wishes()
    assert (Wishes().type, Wishes().transport) == (MoveType.LIVE, Transport.SSH)


@pytest.mark.parametrize("name", FLAGS)
def test_flags(name: str) -> None:
    """True asks for it, false does not."""
    assert wishes(**{name: True}).flags == FLAGS[name]
    assert wishes(**{name: False}).flags == frozenset()


def test_all_else() -> None:
    """Each with its type."""
    found = wishes(
        MigrationType=4, TransportType=32768, StorageCopy=2, Bandwidth=10, MaximumDowntime=300,
        MigrationURI="tcp://b", NewName="n", CheckParameters=("a", "b"), PeerToPeer=True,
    )  # fmt: skip
    assert found == Wishes(
        type=MoveType.RESTART, transport=Transport.UNIX, bandwidth_mib=10, downtime_ms=300,
        flags=frozenset({F.NON_SHARED_INC, F.PEER2PEER}), stream_uri="tcp://b", new_name="n",
        check_parameters=("a", "b"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [{"MigrationType": 0}, {"MigrationType": 5}, {"TransportType": 1}, {"TransportType": 7},
     {"StorageCopy": 3}],
)  # fmt: skip
def test_what_nobody_can_ask_for(values: dict[str, Any]) -> None:
    """It is refused, with the status that libvirt-cim's clients know, or the right one."""
    with pytest.raises(InvalidParameter, match="Unsupported"):
        wishes(**values)
    with pytest.raises(Failed, match="Unsupported"):
        wishes(compat=True, **values)


@pytest.mark.parametrize(
    ("unit", "bytes_"),
    [
        (None, 2**20),
        ("byte*2^20/second", 2**20),
        ("byte / second * 10^6", 10**6),
        ("bit / second * 10^6", 125_000),
        ("Bytes per second", 1),
        ("bit*2^10/second", 128),
    ],
)
def test_units_of_bandwidth(unit: str | None, bytes_: float) -> None:
    """As DSP0004 writes them."""
    assert bytes_a_second(unit) == bytes_


def test_bandwidth() -> None:
    """Never so little that libvirt would take it for no bound."""
    assert wishes(Bandwidth=0).bandwidth_mib is None
    assert wishes(Bandwidth=1, BandwidthUnit="byte/second").bandwidth_mib == 1
    assert wishes(Bandwidth=100, BandwidthUnit="bit*10^6/second").bandwidth_mib == 12
    assert wishes(compat=True, Bandwidth=1, BandwidthUnit="furlong").bandwidth_mib is None
    with pytest.raises(InvalidParameter, match="BandwidthUnit"):
        wishes(Bandwidth=1, BandwidthUnit="furlong")


def test_a_move_is_kept() -> None:
    """What recovery must know survives being written and read."""
    move = Move(
        type=MoveType.RESUME, uuid=DomainUUID("u"), name="n", destination="qemu+tcp://b/system",
        place="b", host="h", flags=frozenset({F.TUNNELLED, F.PEER2PEER}), new_name="m",
        stream_uri="tcp://b", bandwidth_mib=1, downtime_ms=2, was_paused=True, persistent=False,
        autostart=True, shutdown_seconds=1.5,
    )  # fmt: skip
    assert move_of(move.facts()) == move
