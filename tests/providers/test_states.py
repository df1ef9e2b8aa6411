"""The state tables: total, and as the specification has them."""

from dataclasses import astuple
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtcim.hypervisors.model import (
    REASONS,
    DomainFacts,
    DomainState,
    DomainUUID,
    StateReason,
    Verb,
)
from virtcim.providers import states
from virtcim.providers.states import StateRow, requested_states_supported, row, verb_for
from virtcim.schema.valuemaps import (
    CommunicationStatus,
    EnabledState,
    OperatingStatus,
    RequestedState,
    RequestStateChangeCode,
)

EVERY_VERB = frozenset(Verb)
EVERY_PAIR = [(state, reason) for state, reasons in REASONS.items() for reason in sorted(reasons)]


def facts(
    state: DomainState, reason: StateReason = StateReason.UNKNOWN, *, saved: bool = False
) -> DomainFacts:
    """Return a domain in a state."""
    return DomainFacts(
        uuid=DomainUUID("00000000-0000-0000-0000-000000000001"),
        name="guest",
        id=None,
        state=state,
        reason=reason,
        persistent=True,
        autostart=False,
        managed_save=saved,
        has_snapshots=False,
        live_xml=None,
        persistent_xml="<domain/>",
        title=None,
        description=None,
        os_type=None,
        consoles=(),
    )


def shown(
    state: DomainState,
    reason: StateReason = StateReason.UNKNOWN,
    *,
    saved: bool = False,
    migrating: bool = False,
    communication: CommunicationStatus = CommunicationStatus.COMMUNICATION_OK,
    requested: int | None = None,
    verbs: frozenset[Verb] = EVERY_VERB,
) -> StateRow:
    """Return the row of a domain in a state."""
    return row(
        facts(state, reason, saved=saved),
        migrating=migrating,
        communication=communication,
        requested=requested,
        verbs=verbs,
    )


def test_every_state_and_reason_has_a_row() -> None:
    """The table has exactly the states and reasons that drivers may report."""
    assert {state: set(rows) for state, rows in states.STATES.items()} == dict(REASONS)


def test_every_communication_status_is_known() -> None:
    """The table of overlays is total over its enumeration."""
    assert set(states.CONNECTION) == set(CommunicationStatus)


@pytest.mark.parametrize(("state", "reason"), EVERY_PAIR)
def test_rows_are_whole(state: DomainState, reason: StateReason) -> None:
    """Under every overlay a row has one text a status and offers only what can be requested."""
    for saved, migrating, communication, requested in product(
        (False, True), (False, True), CommunicationStatus, (None, 4)
    ):
        result = shown(
            state,
            reason,
            saved=saved,
            migrating=migrating,
            communication=communication,
            requested=requested,
        )
        assert len(result.status_descriptions) == len(result.operational_status) > 0
        assert all(result.status_descriptions)
        assert len(set(result.operational_status)) == len(result.operational_status)
        assert result.communication_status is communication
        for wanted in result.available_requested_states:
            assert isinstance(verb_for(wanted, state, saved=saved), Verb)


# Written out from the specification, in numbers, apart from the table under test:
# EnabledState, OperatingStatus, OperationalStatus, HealthState, PrimaryStatus, DetailedStatus,
# TransitioningToState, AvailableRequestedStates, CommunicationStatus.
R, S = StateReason, DomainState
# fmt: off
SPECIFIED = [
    (S.NOSTATE, R.UNKNOWN,         (0, 5, (15,), 0, 0, 0, 5, (), 2)),
    (S.RUNNING, R.BOOTED,          (2, 32768, (2,), 5, 1, 1, 5, (3, 4, 6, 9, 10, 11), 2)),
    (S.RUNNING, R.SAVE_CANCELED,   (2, 32768, (2,), 5, 1, 1, 5, (3, 4, 6, 9, 10, 11), 2)),
    (S.RUNNING, R.CRASHED,         (2, 32768, (3,), 20, 3, 4, 5, (3, 11), 2)),
    (S.RUNNING, R.POSTCOPY,        (2, 32768, (2, 19), 5, 1, 1, 5, (3, 4), 2)),
    (S.RUNNING, R.POSTCOPY_FAILED, (2, 32768, (3,), 15, 2, 2, 5, (3, 4), 2)),
    (S.BLOCKED, R.UNKNOWN,         (2, 7, (2,), 5, 1, 1, 5, (3, 4, 6, 9, 10, 11), 2)),
    (S.PAUSED, R.USER,             (9, 7, (2,), 5, 1, 1, 5, (2, 3, 6, 10, 11), 2)),
    (S.PAUSED, R.MIGRATION,        (9, 7, (2, 19), 5, 1, 1, 5, (3,), 2)),
    (S.PAUSED, R.IOERROR,          (9, 7, (16, 6), 20, 3, 5, 5, (2, 3, 11), 2)),
    (S.PAUSED, R.WATCHDOG,         (9, 7, (6,), 20, 3, 4, 5, (3, 11), 2)),
    (S.PAUSED, R.SAVE,             (9, 7, (2,), 5, 1, 1, 6, (3,), 2)),
    (S.PAUSED, R.SHUTTING_DOWN,    (9, 7, (2,), 5, 1, 1, 3, (3,), 2)),
    (S.SHUTDOWN, R.UNKNOWN,        (4, 5, (15,), 0, 0, 0, 3, (3,), 2)),
    (S.SHUTOFF, R.SHUTDOWN,        (3, 5, (15,), 0, 0, 0, 5, (2,), 2)),
    (S.SHUTOFF, R.FAILED,          (3, 5, (15, 6), 20, 3, 4, 5, (2,), 2)),
    (S.CRASHED, R.PANICKED,        (3, 6, (6,), 20, 3, 4, 5, (3,), 2)),
    (S.PMSUSPENDED, R.UNKNOWN,     (6, 0, (15,), 5, 1, 1, 5, (2, 3), 2)),
    (S.UNKNOWN, R.UNKNOWN,         (0, 0, (0,), 0, 0, 0, 5, (), 2)),
]
# fmt: on


@pytest.mark.parametrize(("state", "reason", "expected"), SPECIFIED)
def test_rows_are_as_specified(
    state: DomainState, reason: StateReason, expected: tuple[object, ...]
) -> None:
    """The columns of representative rows."""
    assert astuple(shown(state, reason))[:-1] == expected


@pytest.mark.parametrize(
    ("state", "operating"),
    [
        (S.RUNNING, 32768),
        (S.BLOCKED, 7),
        (S.PAUSED, 7),
        (S.NOSTATE, 5),
        (S.SHUTDOWN, 5),
        (S.SHUTOFF, 5),
        (S.CRASHED, 6),
        (S.PMSUSPENDED, 0),
        (S.UNKNOWN, 0),
    ],
)
def test_operating_status_is_fixed_by_state(state: DomainState, operating: int) -> None:
    """No reason and no saved state changes it; a migration changes it in every state."""
    for reason, saved in product(REASONS[state], (False, True)):
        assert shown(state, reason, saved=saved).operating_status == operating
        for communication in CommunicationStatus:
            moving = shown(state, reason, saved=saved, migrating=True, communication=communication)
            assert moving.operating_status is OperatingStatus.MIGRATING


def test_saved_state_makes_a_domain_offline() -> None:
    """A domain that is off with a managed save image can be continued or really disabled."""
    result = shown(S.SHUTOFF, R.SAVED, saved=True)
    assert result.enabled_state is EnabledState.ENABLED_BUT_OFFLINE
    assert result.available_requested_states == (2, 3)
    assert result.status_descriptions == ("saved to disk",)


def test_dropped_image_leaves_a_domain_disabled() -> None:
    """The image decides, not the reason, which stays "saved" when the image is dropped."""
    assert shown(S.SHUTOFF, R.SAVED).enabled_state is EnabledState.DISABLED


def test_failed_restore_stays_visible() -> None:
    """A saved domain that failed to start keeps its failure."""
    result = shown(S.SHUTOFF, R.FAILED, saved=True)
    assert (result.enabled_state, result.health_state) == (6, 20)
    assert result.operational_status == (15, 6)


def test_migration_adds_relocating() -> None:
    """A migrating domain relocates beside what else it is; its job has its turn."""
    result = shown(S.RUNNING, R.BOOTED, migrating=True)
    assert result.operational_status == (2, 19)
    assert result.status_descriptions == ("booted", "migrating")
    assert result.available_requested_states == ()
    assert result.enabled_state is EnabledState.ENABLED
    closing = shown(S.SHUTDOWN, migrating=True)
    assert closing.transitioning_to_state is RequestedState.NO_CHANGE


@pytest.mark.parametrize(
    ("communication", "operational"),
    [(CommunicationStatus.LOST_COMMUNICATION, 13), (CommunicationStatus.NO_CONTACT, 12)],
)
def test_connection_outweighs_the_state(
    communication: CommunicationStatus, operational: int
) -> None:
    """Without the hypervisor every column is unknown and nothing can be requested."""
    for state, reason in EVERY_PAIR:
        result = shown(state, reason, communication=communication)
        assert astuple(result)[:-1] == (0, 0, (operational,), 0, 0, 0, 5, (), communication)


def test_orderly_shutdown_is_told_from_a_forced_one() -> None:
    """The state that is being entered is the one that was asked for."""
    assert shown(S.SHUTDOWN, requested=4).transitioning_to_state is RequestedState.SHUT_DOWN
    assert shown(S.SHUTDOWN, requested=3).transitioning_to_state is RequestedState.DISABLED
    assert shown(S.RUNNING, requested=4).transitioning_to_state is RequestedState.NO_CHANGE


def test_a_driver_offers_only_its_verbs() -> None:
    """Requests that a driver cannot fulfil are not offered."""
    result = shown(S.RUNNING, verbs=frozenset({Verb.DESTROY, Verb.REBOOT}))
    assert result.available_requested_states == (3, 10)


def test_supported_states_follow_from_verbs() -> None:
    """A driver supports a requested state when one of its verbs can reach it."""
    assert requested_states_supported(EVERY_VERB) == (2, 3, 4, 6, 9, 10, 11)
    assert requested_states_supported(frozenset({Verb.START, Verb.SHUTDOWN})) == (2, 4)
    assert requested_states_supported(frozenset()) == ()


# Requests in the columns' states; "-" is an invalid transition.
# fmt: off
COLUMNS = (S.UNKNOWN, S.NOSTATE, S.RUNNING, S.BLOCKED, S.PAUSED, S.SHUTDOWN, S.SHUTOFF, S.CRASHED, S.PMSUSPENDED)  # noqa: E501
SPECIFIED_REQUESTS = {
    2:  "- - - - resume - start - wakeup",
    3:  "- - destroy destroy destroy destroy - destroy destroy",
    4:  "- - shutdown shutdown - - - - -",
    6:  "- - save save save - - - -",
    9:  "- - suspend suspend - - - - -",
    10: "- - reboot reboot reboot - - - -",
    11: "- - reset reset reset - - - -",
}
# fmt: on


@pytest.mark.parametrize("requested", range(13))
def test_every_request_in_every_state(requested: int) -> None:
    """Each of the values 0 to 12 has its answer in each state."""
    for index, state in enumerate(COLUMNS):
        answer = verb_for(requested, state, saved=False)
        if requested in {7, 8}:
            assert answer is RequestStateChangeCode.NOT_SUPPORTED
        elif requested not in SPECIFIED_REQUESTS:
            assert answer is RequestStateChangeCode.INVALID_PARAMETER
        else:
            cell = SPECIFIED_REQUESTS[requested].split()[index]
            illegal = RequestStateChangeCode.INVALID_STATE_TRANSITION
            assert answer is (illegal if cell == "-" else Verb(cell))


def test_columns_are_every_state() -> None:
    """The columns written out above leave no state out."""
    assert set(COLUMNS) == set(DomainState)


def test_saved_state_matters_only_while_off() -> None:
    """A domain that is off starts from its image or drops it; in other states nothing changes."""
    for requested, state in product(range(13), DomainState):
        if state is not S.SHUTOFF:
            assert verb_for(requested, state, saved=True) is verb_for(requested, state, saved=False)
    saved = {n: verb_for(n, S.SHUTOFF, saved=True) for n in SPECIFIED_REQUESTS}
    assert saved == {
        2: Verb.START,
        3: Verb.DROP_SAVED_STATE,
        **dict.fromkeys((4, 6, 9, 10, 11), 4097),
    }


@given(
    requested=st.integers().filter(lambda n: not 0 <= n <= 12),
    state=st.sampled_from(DomainState),
    saved=st.booleans(),
)
def test_unknown_requests_are_invalid(requested: int, state: DomainState, *, saved: bool) -> None:
    """A number that the method does not define is an invalid parameter, whatever the state."""
    assert verb_for(requested, state, saved=saved) is RequestStateChangeCode.INVALID_PARAMETER


def test_every_verb_is_reachable() -> None:
    """Each verb of the drivers fulfils some request."""
    reached = {
        verb_for(n, s, saved=v) for n in range(13) for s in DomainState for v in (False, True)
    }
    assert set(Verb) <= reached


def test_follow_ups_complete_a_request() -> None:
    """What follows a verb is asked of a state in which that verb was legal, and is legal too."""
    assert states.FOLLOW_UPS == {(Verb.RESET, S.PAUSED): Verb.RESUME}
    for (verb, state), follow_up in states.FOLLOW_UPS.items():
        assert verb in {verb_for(n, state, saved=False) for n in SPECIFIED_REQUESTS}
        assert follow_up in {verb_for(n, state, saved=False) for n in SPECIFIED_REQUESTS}
