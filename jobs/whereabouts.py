"""Where a domain is after a migration of which nobody knows how it ended: one table.

The rule: what both hypervisors say decides, and whatever had been done is completed or undone so
that the domain exists exactly once. Where they say what no migration leaves, nothing is touched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType

from virtcim.hypervisors.model import DomainState, StateReason


class Place(StrEnum):
    """How a domain is at one end."""

    ABSENT = "not there"
    OFF = "off"
    WAITING = "paused by the migration"  # for its memory, or for word of its arrival
    HALF = "in the middle of post-copy"
    ALIVE = "active"
    UNKNOWN = "unknown"  # the hypervisor does not answer


class Outcome(Enum):
    """What became of the migration."""

    MOVED = "moved"
    STAYED = "stayed"
    BROKEN = "broken"  # nothing that could be put right without harm
    OPEN = "open"  # it is not known yet


class Repair(Enum):
    """What has to be done so that the domain exists once."""

    NONE = "none"
    CLEAR_SOURCE = "clear source"
    RESUME_SOURCE = "resume source"
    CLEAR_DESTINATION = "clear destination"


@dataclass(frozen=True, slots=True)
class Finding:
    """What follows from the places of a domain."""

    outcome: Outcome
    repair: Repair = Repair.NONE


_MOVED, _STAYED = Finding(Outcome.MOVED), Finding(Outcome.STAYED)
_BROKEN, OPEN = Finding(Outcome.BROKEN), Finding(Outcome.OPEN)
_LEFT = Finding(Outcome.MOVED, Repair.CLEAR_SOURCE)
_CAUGHT = Finding(Outcome.STAYED, Repair.RESUME_SOURCE)
_CLEAR = Finding(Outcome.STAYED, Repair.CLEAR_DESTINATION)

# Total over Place twice, for a migration that no hypervisor works on any more, whose destination
# did not have the domain before.
# fmt: off
_TABLE: Mapping[Place, tuple[Finding, ...]] = {
    # source        at the destination:
    #               ABSENT   OFF     WAITING HALF     ALIVE    UNKNOWN
    Place.ABSENT:  (_BROKEN, _MOVED, OPEN,   _BROKEN, _MOVED,  OPEN),
    Place.OFF:     (_STAYED, _LEFT,  _CLEAR, _BROKEN, _LEFT,   OPEN),
    Place.WAITING: (_CAUGHT, _LEFT,  OPEN,   _BROKEN, _LEFT,   OPEN),
    Place.HALF:    (_BROKEN, _LEFT,  OPEN,   _BROKEN, _LEFT,   OPEN),
    Place.ALIVE:   (_STAYED, _CLEAR, _CLEAR, _BROKEN, _BROKEN, _STAYED),
    Place.UNKNOWN: (OPEN,    OPEN,   OPEN,   OPEN,    OPEN,    OPEN),
}
# fmt: on

FINDINGS: Mapping[tuple[Place, Place], Finding] = MappingProxyType(
    {
        (here, there): finding
        for here, row in _TABLE.items()
        for there, finding in zip(Place, row, strict=True)
    }
)

_POST_COPY = frozenset({StateReason.POSTCOPY, StateReason.POSTCOPY_FAILED})


def place_of(state: DomainState, reason: StateReason, *, active: bool) -> Place:
    """Return how a domain that is there is."""
    if not active:
        return Place.OFF
    if reason in _POST_COPY:
        return Place.HALF
    if (state, reason) == (DomainState.PAUSED, StateReason.MIGRATION):
        return Place.WAITING
    return Place.ALIVE
