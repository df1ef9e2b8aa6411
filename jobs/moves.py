"""A migration as data: what was asked for, as it is kept with the job."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, cast

from virtcim.hypervisors.actions import Migrate, MigrationFlag
from virtcim.hypervisors.model import DomainUUID
from virtcim.infostore.jobs import JSON


class MoveType(StrEnum):
    """What the guest notices."""

    OFFLINE = "offline"  # it is off: its definition moves
    LIVE = "live"  # it runs on
    RESUME = "resume"  # it stands still while its memory is copied
    RESTART = "restart"  # it is shut down, moves, and starts


_F = MigrationFlag
_KEEP = frozenset({_F.PERSIST_DEST, _F.UNDEFINE_SOURCE})
MOVE_DEFINITION = _KEEP | {_F.OFFLINE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A migration of one domain.

    destination: URI. place: the destination as the client named it. host: the name of the host of
    ours that it is; None means that it is none. flags, stream_uri, bandwidth_mib, downtime_ms: of
    the copying of memory and disks. new_name: None keeps the name.
    was_paused, persistent, autostart: of the domain before.
    shutdown_seconds: how long a guest that is to restart may take to end.
    """

    type: MoveType
    uuid: DomainUUID
    name: str
    destination: str
    place: str
    host: str | None = None
    flags: frozenset[MigrationFlag] = frozenset()
    new_name: str | None = None
    stream_uri: str | None = None
    bandwidth_mib: int | None = None
    downtime_ms: int | None = None
    was_paused: bool = False
    persistent: bool = True
    autostart: bool = False
    shutdown_seconds: float = 120.0

    @property
    def copies_memory(self) -> bool:
        """The guest goes on at the destination."""
        return self.type in {MoveType.LIVE, MoveType.RESUME}

    @property
    def restarts(self) -> bool:
        """The guest is ended before, and started after."""
        return self.type is MoveType.RESTART

    def action(self) -> Migrate:
        """Return the action that moves it, or its definition."""
        if not self.copies_memory:
            flags = MOVE_DEFINITION | (self.flags & {_F.PEER2PEER})
            return Migrate(
                uuid=self.uuid, destination=self.destination, flags=flags, name=self.new_name
            )
        live = {_F.LIVE} if self.type is MoveType.LIVE else set[MigrationFlag]()
        return Migrate(
            uuid=self.uuid,
            destination=self.destination,
            flags=self.flags | live | (_KEEP if self.persistent else frozenset()),
            name=self.new_name,
            stream_uri=self.stream_uri,
            bandwidth_mib=self.bandwidth_mib,
            downtime_ms=self.downtime_ms,
        )

    def facts(self) -> dict[str, JSON]:
        """Return it as it is kept."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        plain["type"] = self.type.value
        plain["flags"] = sorted(flag.value for flag in self.flags)
        return plain


def move_of(facts: Mapping[str, JSON]) -> Move:
    """Return the move that was kept."""
    given = cast("dict[str, Any]", dict(facts))
    given["type"] = MoveType(given["type"])
    given["flags"] = frozenset(MigrationFlag(flag) for flag in given["flags"])
    return Move(**given)
