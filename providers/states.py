"""What the state of a domain looks like in CIM, and which verb reaches a requested state.

Everything here is a table or reads one; nothing here asks a hypervisor. The tables are total:
every state with each of its reasons has a row, every request in every state has an answer.
Drivers map their own states to DomainState first, so that no table here knows a hypervisor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Final

from virtcim.hypervisors.model import DomainFacts, DomainState, StateReason, Verb
from virtcim.schema.valuemaps import (
    CommunicationStatus,
    DetailedStatus,
    EnabledState,
    HealthState,
    OperatingStatus,
    OperationalStatus,
    PrimaryStatus,
    RequestedState,
    RequestStateChangeCode,
)


@dataclass(frozen=True, slots=True)
class StateRow:
    """The state properties of one CIM_ComputerSystem.

    operational_status: the most important entry first; status_descriptions has one text for each.
    transitioning_to_state: NO_CHANGE means that nothing is under way.
    available_requested_states: what RequestStateChange can be asked for now.
    """

    enabled_state: EnabledState
    operating_status: OperatingStatus
    operational_status: tuple[OperationalStatus, ...]
    health_state: HealthState
    primary_status: PrimaryStatus
    detailed_status: DetailedStatus
    transitioning_to_state: RequestedState
    available_requested_states: tuple[RequestedState, ...]
    communication_status: CommunicationStatus = CommunicationStatus.COMMUNICATION_OK
    status_descriptions: tuple[str, ...] = ()


_Described = tuple[StateRow, tuple[str, ...]]


def _states(*numbers: int) -> tuple[RequestedState, ...]:
    return tuple(RequestedState(number) for number in numbers)


def _row(  # noqa: PLR0917 (the columns of the table below)
    enabled: int,
    operating: int,
    operational: tuple[int, ...],
    health: int,
    primary: int,
    detailed: int,
    to: int,
    available: tuple[int, ...],
) -> StateRow:
    return StateRow(
        EnabledState(enabled),
        OperatingStatus(operating),
        tuple(OperationalStatus(number) for number in operational),
        HealthState(health),
        PrimaryStatus(primary),
        DetailedStatus(detailed),
        RequestedState(to),
        _states(*available),
    )


# The rows that states share, in numbers of the wire (valuemaps.py has their names).
# EnabledState, HealthState and OperationalStatus are those of libvirt-cim where it has one.
# OperatingStatus is fixed by state: 32768 running, 7 blocked or paused, 5 off or going there,
# 6 crashed, 0 all others.
# fmt: off
#                Enabled Operating Operational  Health  Primary  Detailed  To  Available
_RUNNING  = _row(2,      32768,    (2,),        5,      1,       1,        5,  (3, 4, 6, 9, 10, 11))
_PANICKED = _row(2,      32768,    (3,),        20,     3,       4,        5,  (3, 11))
_POSTCOPY = _row(2,      32768,    (2, 19),     5,      1,       1,        5,  (3, 4))
_STRANDED = _row(2,      32768,    (3,),        15,     2,       2,        5,  (3, 4))
_BLOCKED  = _row(2,      7,        (2,),        5,      1,       1,        5,  (3, 4, 6, 9, 10, 11))
_PAUSED   = _row(9,      7,        (2,),        5,      1,       1,        5,  (2, 3, 6, 10, 11))
_MOVING   = _row(9,      7,        (2, 19),     5,      1,       1,        5,  (3,))
_IOERROR  = _row(9,      7,        (16, 6),     20,     3,       5,        5,  (2, 3, 11))
_FAULT    = _row(9,      7,        (6,),        20,     3,       4,        5,  (3, 11))
_SAVING   = _row(9,      7,        (2,),        5,      1,       1,        6,  (3,))
_DUMPING  = _row(9,      7,        (2,),        5,      1,       1,        5,  (3,))
_CLOSING  = _row(9,      7,        (2,),        5,      1,       1,        3,  (3,))
_SHUTDOWN = _row(4,      5,        (15,),       0,      0,       0,        3,  (3,))
_SHUTOFF  = _row(3,      5,        (15,),       0,      0,       0,        5,  (2,))
_DIED     = _row(3,      5,        (15, 6),     20,     3,       4,        5,  (2,))
_CRASHED  = _row(3,      6,        (6,),        20,     3,       4,        5,  (3,))
_ASLEEP   = _row(6,      0,        (15,),       5,      1,       1,        5,  (2, 3))
_NOSTATE  = _row(0,      5,        (15,),       0,      0,       0,        5,  ())
_UNKNOWN  = _row(0,      0,        (0,),        0,      0,       0,        5,  ())
_LOST     = _row(0,      0,        (13,),       0,      0,       0,        5,  ())
_DISTANT  = _row(0,      0,        (12,),       0,      0,       0,        5,  ())

# State and reason to a row and the texts of its OperationalStatus, one for each entry.
STATES: Final[Mapping[DomainState, Mapping[StateReason, _Described]]] = MappingProxyType({
    DomainState.UNKNOWN: {
        StateReason.UNKNOWN:            (_UNKNOWN,  ("state not known",)),
    },
    DomainState.NOSTATE: {                                        # virDomainNostateReason
        StateReason.UNKNOWN:            (_NOSTATE,  ("no state",)),
    },
    DomainState.RUNNING: {                                        # virDomainRunningReason
        StateReason.UNKNOWN:            (_RUNNING,  ("running",)),
        StateReason.BOOTED:             (_RUNNING,  ("booted",)),
        StateReason.MIGRATED:           (_RUNNING,  ("migrated from another host",)),
        StateReason.RESTORED:           (_RUNNING,  ("restored from a saved state",)),
        StateReason.FROM_SNAPSHOT:      (_RUNNING,  ("restored from a snapshot",)),
        StateReason.UNPAUSED:           (_RUNNING,  ("resumed",)),
        StateReason.WAKEUP:             (_RUNNING,  ("woken up",)),
        StateReason.MIGRATION_CANCELED: (_RUNNING,  ("migration canceled",)),
        StateReason.SAVE_CANCELED:      (_RUNNING,  ("saving canceled",)),
        StateReason.CRASHED:            (_PANICKED, ("guest panicked",)),
        StateReason.POSTCOPY:           (_POSTCOPY, ("running", "migrating, memory follows")),
        StateReason.POSTCOPY_FAILED:    (_STRANDED, ("migration failed while memory followed",)),
    },
    DomainState.BLOCKED: {                                        # virDomainBlockedReason
        StateReason.UNKNOWN:            (_BLOCKED,  ("idle",)),
    },
    DomainState.PAUSED: {                                         # virDomainPausedReason
        StateReason.UNKNOWN:            (_PAUSED,   ("paused",)),
        StateReason.USER:               (_PAUSED,   ("paused by a user",)),
        StateReason.SNAPSHOT:           (_PAUSED,   ("paused for a snapshot",)),
        StateReason.FROM_SNAPSHOT:      (_PAUSED,   ("restored from a paused snapshot",)),
        StateReason.STARTING_UP:        (_PAUSED,   ("starting up",)),
        StateReason.MIGRATION:          (_MOVING,   ("paused", "paused for migration")),
        StateReason.POSTCOPY:           (_MOVING,   ("paused", "memory follows to the target")),
        StateReason.IOERROR:            (_IOERROR,  ("storage failed", "paused on an I/O error")),
        StateReason.WATCHDOG:           (_FAULT,    ("paused by its watchdog",)),
        StateReason.CRASHED:            (_FAULT,    ("paused after the guest crashed",)),
        StateReason.POSTCOPY_FAILED:    (_FAULT,    ("paused after a failed migration",)),
        StateReason.API_ERROR:          (_FAULT,    ("paused after an operation failed",)),
        StateReason.SAVE:               (_SAVING,   ("paused while it is saved",)),
        StateReason.DUMP:               (_DUMPING,  ("paused while its memory is dumped",)),
        StateReason.SHUTTING_DOWN:      (_CLOSING,  ("paused while it shuts down",)),
    },
    DomainState.SHUTDOWN: {                                       # virDomainShutdownReason
        StateReason.UNKNOWN:            (_SHUTDOWN, ("shutting down",)),
        StateReason.USER:               (_SHUTDOWN, ("shutting down at a user's request",)),
    },
    DomainState.SHUTOFF: {                                        # virDomainShutoffReason
        StateReason.UNKNOWN:            (_SHUTOFF,  ("off",)),
        StateReason.SHUTDOWN:           (_SHUTOFF,  ("shut down",)),
        StateReason.DESTROYED:          (_SHUTOFF,  ("switched off",)),
        StateReason.MIGRATED:           (_SHUTOFF,  ("migrated to another host",)),
        StateReason.SAVED:              (_SHUTOFF,  ("saved",)),
        StateReason.FROM_SNAPSHOT:      (_SHUTOFF,  ("restored from a snapshot taken while off",)),
        StateReason.DAEMON:             (_SHUTOFF,  ("lost at a restart of the hypervisor",)),
        StateReason.CRASHED:            (_DIED,     ("off", "crashed")),
        StateReason.FAILED:             (_DIED,     ("off", "failed to start")),
    },
    DomainState.CRASHED: {                                        # virDomainCrashedReason
        StateReason.UNKNOWN:            (_CRASHED,  ("crashed; disable it to clear",)),
        StateReason.PANICKED:           (_CRASHED,  ("guest panicked; disable it to clear",)),
    },
    DomainState.PMSUSPENDED: {                                    # virDomainPMSuspendedReason
        StateReason.UNKNOWN:            (_ASLEEP,   ("asleep at the guest's own request",)),
    },
})  # total over hypervisors.model.REASONS

# What replaces the row while the hypervisor cannot be reached; None leaves it. What the state was
# when it was last known says nothing then, and nothing can be requested.
CONNECTION: Final[Mapping[CommunicationStatus, _Described | None]] = MappingProxyType({
    CommunicationStatus.UNKNOWN:            None,
    CommunicationStatus.NOT_AVAILABLE:      None,
    CommunicationStatus.COMMUNICATION_OK:   None,
    CommunicationStatus.LOST_COMMUNICATION: (_LOST,    ("connection to the hypervisor lost",)),
    CommunicationStatus.NO_CONTACT:         (_DISTANT, ("hypervisor not reached yet",)),
})  # total over CommunicationStatus
# fmt: on


def row(
    facts: DomainFacts,
    *,
    migrating: bool,
    communication: CommunicationStatus,
    requested: int | None,
    verbs: frozenset[Verb],
) -> StateRow:
    """Return the state properties of a domain.

    migrating: the infostore says that the domain migrates.
    requested: the last successful request; None means that there was none.
    verbs: what the driver can do.
    """
    return _overlaid(
        facts.state,
        facts.reason,
        facts.managed_save,
        migrating,
        communication,
        requested == RequestedState.SHUT_DOWN,
        verbs,
    )


@cache
def _overlaid(  # noqa: PLR0917 (keywords would cost the cache its speed)
    state: DomainState,
    reason: StateReason,
    saved: bool,  # noqa: FBT001
    migrating: bool,  # noqa: FBT001
    communication: CommunicationStatus,
    asked_to_shut_down: bool,  # noqa: FBT001
    verbs: frozenset[Verb],
) -> StateRow:
    """Return the base row under its overlays, the strongest last."""
    base, texts = STATES[state][reason]
    result = replace(base, status_descriptions=texts, communication_status=communication)
    if state is DomainState.SHUTDOWN and asked_to_shut_down:
        result = replace(result, transitioning_to_state=RequestedState.SHUT_DOWN)
    if state is DomainState.SHUTOFF and saved:
        result = _with_saved_state(result)
    if migrating:
        result = _migrating(result)
    result = _disconnected(result)
    if migrating:  # OperatingStatus alone is the infostore's, whatever else holds
        result = replace(result, operating_status=OperatingStatus.MIGRATING)
    available = tuple(
        wanted
        for wanted in result.available_requested_states
        if verb_for(wanted, state, saved=saved) in verbs
    )
    return replace(result, available_requested_states=available)


def _with_saved_state(base: StateRow) -> StateRow:
    """A managed save image is what the next start continues from; it can also be dropped."""
    return replace(
        base,
        enabled_state=EnabledState.ENABLED_BUT_OFFLINE,
        available_requested_states=_states(2, 3),
        status_descriptions=("saved to disk", *base.status_descriptions[1:]),
    )


def _migrating(base: StateRow) -> StateRow:
    """The domain relocates; its job has its turn, so that all requests are refused."""
    result = replace(
        base,
        transitioning_to_state=RequestedState.NO_CHANGE,
        available_requested_states=(),
    )
    if OperationalStatus.RELOCATING in base.operational_status:
        return result
    return replace(
        result,
        operational_status=(*base.operational_status, OperationalStatus.RELOCATING),
        status_descriptions=(*base.status_descriptions, "migrating"),
    )


def _disconnected(base: StateRow) -> StateRow:
    """Nothing is known for certain while the hypervisor does not answer."""
    overlay = CONNECTION[base.communication_status]
    if overlay is None:
        return base
    row_, texts = overlay
    return replace(row_, status_descriptions=texts, communication_status=base.communication_status)


# fmt: off
# RequestStateChange: the request, and the state in which it comes, to the verb that fulfils it.
# What is absent is an invalid transition, as is a request for what the domain already is: callers
# poll EnabledState and take 0 for "something was done" (libvirt-cim refuses such a request too).
#   RUNNING and BLOCKED differ in nothing here: both have a guest that can answer.
TRANSITIONS: Final[Mapping[RequestedState, Mapping[DomainState, Verb]]] = MappingProxyType({
    RequestedState.ENABLED: {
        DomainState.PAUSED:      Verb.RESUME,
        DomainState.SHUTOFF:     Verb.START,
        DomainState.PMSUSPENDED: Verb.WAKEUP,
    },
    RequestedState.DISABLED: {
        DomainState.RUNNING:     Verb.DESTROY,
        DomainState.BLOCKED:     Verb.DESTROY,
        DomainState.PAUSED:      Verb.DESTROY,
        DomainState.SHUTDOWN:    Verb.DESTROY,
        DomainState.CRASHED:     Verb.DESTROY,
        DomainState.PMSUSPENDED: Verb.DESTROY,
    },
    RequestedState.SHUT_DOWN: {
        DomainState.RUNNING:     Verb.SHUTDOWN,
        DomainState.BLOCKED:     Verb.SHUTDOWN,
    },
    RequestedState.OFFLINE: {
        DomainState.RUNNING:     Verb.SAVE,
        DomainState.BLOCKED:     Verb.SAVE,
        DomainState.PAUSED:      Verb.SAVE,
    },
    RequestedState.QUIESCE: {
        DomainState.RUNNING:     Verb.SUSPEND,
        DomainState.BLOCKED:     Verb.SUSPEND,
    },
    RequestedState.REBOOT: {
        DomainState.RUNNING:     Verb.REBOOT,
        DomainState.BLOCKED:     Verb.REBOOT,
        DomainState.PAUSED:      Verb.REBOOT,
    },
    RequestedState.RESET: {
        DomainState.RUNNING:     Verb.RESET,
        DomainState.BLOCKED:     Verb.RESET,
        DomainState.PAUSED:      Verb.RESET,
    },
})

# The same for SHUTOFF with a managed save image.
SAVED_TRANSITIONS: Final[Mapping[RequestedState, Verb]] = MappingProxyType({
    RequestedState.ENABLED:      Verb.START,             # restores the image
    RequestedState.DISABLED:     Verb.DROP_SAVED_STATE,
})

# What must follow a verb so that the requested state is reached: a reset leaves a paused guest
# paused, and a client that asked for a reset waits for it to run.
FOLLOW_UPS: Final[Mapping[tuple[Verb, DomainState], Verb]] = MappingProxyType({
    (Verb.RESET, DomainState.PAUSED): Verb.RESUME,
})

# Values that the method's ValueMap has and no hypervisor here can reach.
UNREACHABLE: Final = frozenset({RequestedState.TEST, RequestedState.DEFERRED})
# fmt: on


def verb_for(requested: int, state: DomainState, *, saved: bool) -> Verb | RequestStateChangeCode:
    """Return the verb that brings a domain to a requested state, or why there is none.

    saved: the domain has a managed save image.
    INVALID_PARAMETER: no such value; NOT_SUPPORTED: never possible; INVALID_STATE_TRANSITION: not
    from this state.
    """
    if requested in UNREACHABLE:
        return RequestStateChangeCode.NOT_SUPPORTED
    if requested not in TRANSITIONS:
        return RequestStateChangeCode.INVALID_PARAMETER
    wanted = RequestedState(requested)
    if saved and state is DomainState.SHUTOFF:
        verb = SAVED_TRANSITIONS.get(wanted)
    else:
        verb = TRANSITIONS[wanted].get(state)
    return verb or RequestStateChangeCode.INVALID_STATE_TRANSITION


@cache
def requested_states_supported(verbs: frozenset[Verb]) -> tuple[RequestedState, ...]:
    """Return the states that a driver with these verbs can reach from some state."""
    return tuple(
        wanted for wanted, verb_of in TRANSITIONS.items() if not verbs.isdisjoint(verb_of.values())
    )
