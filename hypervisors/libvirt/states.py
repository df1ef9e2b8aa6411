"""libvirt's (state, reason) numbers → DomainState and StateReason, one literal table.

Source: virDomainState and the virDomain*Reason enumerations. SHUTDOWN_ACPI_POWER_BTN and its like
are flags of a call, not reasons.
"""

from collections.abc import Mapping
from types import MappingProxyType

from virtcim.hypervisors.model import DomainState, StateReason

_S, _R = DomainState, StateReason

# fmt: off
STATES: Mapping[tuple[int, int], tuple[DomainState, StateReason]] = MappingProxyType({
    (0, 0):  (_S.NOSTATE,     _R.UNKNOWN),
    (1, 0):  (_S.RUNNING,     _R.UNKNOWN),
    (1, 1):  (_S.RUNNING,     _R.BOOTED),
    (1, 2):  (_S.RUNNING,     _R.MIGRATED),
    (1, 3):  (_S.RUNNING,     _R.RESTORED),
    (1, 4):  (_S.RUNNING,     _R.FROM_SNAPSHOT),
    (1, 5):  (_S.RUNNING,     _R.UNPAUSED),
    (1, 6):  (_S.RUNNING,     _R.MIGRATION_CANCELED),
    (1, 7):  (_S.RUNNING,     _R.SAVE_CANCELED),
    (1, 8):  (_S.RUNNING,     _R.WAKEUP),
    (1, 9):  (_S.RUNNING,     _R.CRASHED),
    (1, 10): (_S.RUNNING,     _R.POSTCOPY),
    (1, 11): (_S.RUNNING,     _R.POSTCOPY_FAILED),
    (2, 0):  (_S.BLOCKED,     _R.UNKNOWN),
    (3, 0):  (_S.PAUSED,      _R.UNKNOWN),
    (3, 1):  (_S.PAUSED,      _R.USER),
    (3, 2):  (_S.PAUSED,      _R.MIGRATION),
    (3, 3):  (_S.PAUSED,      _R.SAVE),
    (3, 4):  (_S.PAUSED,      _R.DUMP),
    (3, 5):  (_S.PAUSED,      _R.IOERROR),
    (3, 6):  (_S.PAUSED,      _R.WATCHDOG),
    (3, 7):  (_S.PAUSED,      _R.FROM_SNAPSHOT),
    (3, 8):  (_S.PAUSED,      _R.SHUTTING_DOWN),
    (3, 9):  (_S.PAUSED,      _R.SNAPSHOT),
    (3, 10): (_S.PAUSED,      _R.CRASHED),
    (3, 11): (_S.PAUSED,      _R.STARTING_UP),
    (3, 12): (_S.PAUSED,      _R.POSTCOPY),
    (3, 13): (_S.PAUSED,      _R.POSTCOPY_FAILED),
    (3, 14): (_S.PAUSED,      _R.API_ERROR),  # libvirt 10
    (4, 0):  (_S.SHUTDOWN,    _R.UNKNOWN),
    (4, 1):  (_S.SHUTDOWN,    _R.USER),
    (5, 0):  (_S.SHUTOFF,     _R.UNKNOWN),
    (5, 1):  (_S.SHUTOFF,     _R.SHUTDOWN),
    (5, 2):  (_S.SHUTOFF,     _R.DESTROYED),
    (5, 3):  (_S.SHUTOFF,     _R.CRASHED),
    (5, 4):  (_S.SHUTOFF,     _R.MIGRATED),
    (5, 5):  (_S.SHUTOFF,     _R.SAVED),
    (5, 6):  (_S.SHUTOFF,     _R.FAILED),
    (5, 7):  (_S.SHUTOFF,     _R.FROM_SNAPSHOT),
    (5, 8):  (_S.SHUTOFF,     _R.DAEMON),
    (6, 0):  (_S.CRASHED,     _R.UNKNOWN),
    (6, 1):  (_S.CRASHED,     _R.PANICKED),
    (7, 0):  (_S.PMSUSPENDED, _R.UNKNOWN),
})
# fmt: on


def state_and_reason(
    state: int, reason: int, *, nostate: DomainState
) -> tuple[DomainState, StateReason]:
    """Our names for libvirt's numbers.

    nostate: what NOSTATE means for this driver. A reason that no table knows is UNKNOWN, so is a
    state.
    """
    if state == 0:
        return nostate, StateReason.UNKNOWN
    known = STATES.get((state, reason)) or STATES.get((state, 0))
    return known or (DomainState.UNKNOWN, StateReason.UNKNOWN)
