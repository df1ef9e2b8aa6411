"""The driver's tables against libvirt's own constants."""

import re
from collections.abc import Iterator
from enum import IntEnum, IntFlag

import libvirt
import pytest

from virtcim.hypervisors.errors import HypervisorFailure, InvalidArgument
from virtcim.hypervisors.events import EventId, Lifecycle
from virtcim.hypervisors.libvirt.driver import CHANGE_DEADLINES
from virtcim.hypervisors.libvirt.failures import FAILURES, failure
from virtcim.hypervisors.libvirt.native import EVENT_IDS
from virtcim.hypervisors.libvirt.schemes import SCHEMES, public_uri, scheme_of
from virtcim.hypervisors.libvirt.states import STATES, state_and_reason
from virtcim.hypervisors.libvirt.verbs import SENSIBLE, VERBS
from virtcim.hypervisors.model import (
    REASONS,
    DomainState,
    ListFlag,
    StateReason,
    Verb,
)
from virtcim.inventory.invalidation import LIFECYCLE_SCOPES, SCOPES

# Names that look like reasons of a state and are not.
NOT_REASONS = re.compile(
    "SHUTDOWN_(DEFAULT|ACPI_POWER_BTN|GUEST_AGENT|INITCTL|SIGNAL|PARAVIRT)|PMSUSPENDED_DISK_.*"
)
STATE_NAMES = [state.name for state in DomainState if state is not DomainState.UNKNOWN]


def native_reasons(state: str) -> Iterator[tuple[int, str]]:
    """Every reason that the binding knows for a state."""
    prefix = f"VIR_DOMAIN_{state}_"
    for name, number in vars(libvirt).items():
        short = name.removeprefix("VIR_DOMAIN_")
        if name.startswith(prefix) and not NOT_REASONS.fullmatch(short):
            yield number, name.removeprefix(prefix).lower()


@pytest.mark.parametrize("state", STATE_NAMES)
def test_every_native_state_and_reason_has_its_row(state: str) -> None:
    """The table has the binding's number, and the reason's own name, for every constant."""
    number = getattr(libvirt, f"VIR_DOMAIN_{state}")
    rows = {reason: STATES[number, code] for code, reason in native_reasons(state)}
    assert rows
    for native, (ours, reason) in rows.items():
        assert ours.name == state
        assert reason.value == native


def test_every_row_is_a_legal_pair_and_every_legal_pair_has_a_row() -> None:
    """The driver's table and the model's table of reasons say the same."""
    ours = {(state, reason) for state, reasons in REASONS.items() for reason in reasons}
    assert ours == {*STATES.values(), (DomainState.UNKNOWN, StateReason.UNKNOWN)}
    assert REASONS.keys() == set(DomainState)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((8, 0), (DomainState.UNKNOWN, StateReason.UNKNOWN)),
        ((-1, 3), (DomainState.UNKNOWN, StateReason.UNKNOWN)),
        ((1, 99), (DomainState.RUNNING, StateReason.UNKNOWN)),
        ((0, 0), (DomainState.NOSTATE, StateReason.UNKNOWN)),
    ],
)
def test_numbers_of_the_future_are_unknown(
    numbers: tuple[int, int], expected: tuple[DomainState, StateReason]
) -> None:
    """A state no table knows is UNKNOWN; a reason no table knows leaves its state known."""
    assert state_and_reason(*numbers, nostate=DomainState.NOSTATE) == expected


def test_only_xen_takes_nostate_for_running() -> None:
    """A Xen domain that does not use a CPU reports NOSTATE."""
    meaning = {
        driver: state_and_reason(0, 0, nostate=s.nostate)[0] for driver, s in SCHEMES.items()
    }
    assert meaning.pop("xen") is DomainState.RUNNING
    assert set(meaning.values()) == {DomainState.NOSTATE}


@pytest.mark.parametrize(
    ("ours", "prefix"),
    [
        (DomainState, "VIR_DOMAIN_"),
        (EventId, "VIR_DOMAIN_EVENT_ID_"),
        (Lifecycle, "VIR_DOMAIN_EVENT_"),
        (ListFlag, "VIR_CONNECT_LIST_DOMAINS_"),
    ],
)
def test_our_numbers_are_libvirts(ours: type[IntEnum] | type[IntFlag], prefix: str) -> None:
    """Each member has the value of the constant of its name, where the binding has it."""
    checked = 0
    for member in ours:
        native = getattr(libvirt, f"{prefix}{member.name}", None)
        if native is not None:
            assert native == member.value
            checked += 1
    assert checked >= min(len(ours) - 1, 27)


def test_events_and_flags_of_the_binding_are_all_named() -> None:
    """No event id and no listing bit of the installed library is missing."""
    assert set(EventId) >= EVENT_IDS
    flags = {n for k, n in vars(libvirt).items() if k.startswith("VIR_CONNECT_LIST_DOMAINS_")}
    assert flags == {flag.value for flag in ListFlag}


def test_every_error_code_of_the_binding_has_a_situation() -> None:
    """FAILURES is total over virErrorNumber."""
    levels = {"VIR_ERR_WARNING", "VIR_ERR_ERROR", "VIR_ERR_NONE"}
    codes = {
        number
        for name, number in vars(libvirt).items()
        if name.startswith("VIR_ERR_") and name not in levels
    }
    assert codes <= FAILURES.keys()


def test_an_unknown_error_code_is_a_failure() -> None:
    """A code of the future is reported as HypervisorFailure with its text, as a sentence has it."""

    class Future:
        def get_error_code(self) -> int:
            return 9999

        def __str__(self) -> str:
            return "something new\n"  # as a program said it

    error = failure(Future())
    assert type(error) is HypervisorFailure
    assert error.detail == "something new"


def test_tables_of_verbs_are_total() -> None:
    """Every scheme has its verbs, every verb its driver, its deadline and its sensible states."""
    assert VERBS.keys() == SCHEMES.keys()
    assert set().union(*VERBS.values()) == set(Verb)
    assert CHANGE_DEADLINES.keys() == SENSIBLE.keys() == set(Verb)


def test_tables_of_invalidation_are_total() -> None:
    """Every event and every lifecycle says what it invalidates."""
    assert SCOPES.keys() == set(EventId)
    assert LIFECYCLE_SCOPES.keys() == set(Lifecycle)


@pytest.mark.parametrize(
    ("uri", "driver"),
    [
        ("qemu:///system", "qemu"),
        ("qemu+tls://host/system?pkipath=/x", "qemu"),
        ("lxc+ssh://root@host/system", "lxc"),
        ("xen+libssh2://host/", "xen"),
        ("test+tcp://host/default", "test"),
        ("test:///file.xml", "test"),
    ],
)
def test_a_uri_names_its_driver(uri: str, driver: str) -> None:
    """Whatever the transport."""
    assert scheme_of(uri).driver == driver


@pytest.mark.parametrize("uri", ["", "bhyve:///system", "qemu+smoke://host/", "/etc/passwd"])
def test_an_unknown_uri_is_refused(uri: str) -> None:
    """Raises InvalidArgument."""
    with pytest.raises(InvalidArgument):
        scheme_of(uri)


def test_a_public_uri_has_no_password() -> None:
    """The user stays, the password goes, all else is untouched."""
    assert public_uri("qemu+tcp://me:secret@h:1/system?x=1") == "qemu+tcp://me@h:1/system?x=1"
    assert public_uri("test:///default") == "test:///default"
