"""Domains as computer systems: every property, and every way through RequestStateChange."""

from dataclasses import replace

import pytest

from tests.clients.expected import DOMAINS
from tests.providers.stage import SYSTEM, Stage, play
from virtcim.hypervisors import errors
from virtcim.hypervisors.model import Verb
from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.records import DomainRecord
from virtcim.providers.computer_system import PROPERTIES
from virtcim.wbem.status import (
    AccessDenied,
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
    WBEMError,
)
from virtcim.wbem.types import parse_datetime

# Properties


@pytest.mark.parametrize("name", DOMAINS)
def test_every_property(name: str) -> None:
    """Each domain of the node file has the values of the specification in every property."""
    seen = DOMAINS[name]
    wanted = {
        "CreationClassName": SYSTEM,
        "Name": name,
        "ElementName": name,
        "UUID": seen.uuid,
        "Description": "Virtual System",
        "NameFormat": "Other",
        "Dedicated": (0,),
        "IdentifyingDescriptions": ("Type", "Model", "UUID"),
        "OtherIdentifyingInfo": ("Virtual System", "Test Virtual System", seen.uuid),
        "RequestedState": 0,
        "TimeOfLastStateChange": None,
        "CommunicationStatus": 2,
        "EnabledState": seen.enabled,
        "OperatingStatus": seen.operating,
        "OperationalStatus": seen.operational,
        "HealthState": seen.health,
        "PrimaryStatus": seen.primary,
        "DetailedStatus": seen.detailed,
        "TransitioningToState": seen.transitioning,
        "AvailableRequestedStates": seen.available,
    }

    async def scene(stage: Stage) -> None:
        record = stage.system(name)
        assert {p: record[p] for p in wanted} == wanted
        descriptions = record["StatusDescriptions"]
        assert isinstance(descriptions, tuple)
        assert len(descriptions) == len(seen.operational)
        assert {*wanted, "Caption", "StatusDescriptions"} == set(PROPERTIES)

    play(scene)


def test_captions() -> None:
    """The caption has the console that clients read, and never more than 64 characters."""

    async def scene(stage: Stage) -> None:
        assert stage.host.facts is not None
        stage.host.facts = replace(stage.host.facts, hostname="host")
        caption_of_running = stage.system("running")["Caption"]
        assert caption_of_running == "Virtual System (Console on vnc://host.example.org:5904)"
        assert stage.system("paused")["Caption"] == "Virtual System (No console)"
        stage.host.facts = replace(stage.host.facts, hostname="h" * 80)
        longest = stage.system("running")["Caption"]
        assert longest == f"Virtual System (Console on vnc://{'h' * 80}"[:64]

    play(scene)


def test_records_are_kept_until_something_changes() -> None:
    """The same snapshot is the same record; a change of one domain leaves the others."""

    async def scene(stage: Stage) -> None:
        one, other = stage.system("running"), stage.system("paused")
        assert stage.system("running") is one
        await stage.request("running", "9")
        assert stage.system("running") is not one
        assert stage.system("paused") is other
        assert one["EnabledState"] == 2

    play(scene)


def test_a_change_shows_at_once() -> None:
    """When the reply is there, so are the states, the time and the request."""

    async def scene(stage: Stage) -> None:
        assert await stage.request("running", "9", "00000000000000.000000:000") == 0
        record = stage.system("running")
        assert (record["EnabledState"], record["RequestedState"]) == (9, 9)
        moment = record["TimeOfLastStateChange"]
        assert isinstance(moment, str)
        assert parse_datetime(moment).endswith("+000")
        uuid = DOMAINS["running"].uuid
        assert stage.store.kept[uuid] == DomainRecord(requested_state=9, migrating=False)

    play(scene)


# RequestStateChange: domain, request, code, verbs, EnabledState afterwards
CHANGES: tuple[tuple[str, str | None, int, list[Verb], int], ...] = (
    ("shutoff", "2", 0, [Verb.START], 2),
    ("paused", "2", 0, [Verb.RESUME], 2),
    ("running", "3", 0, [Verb.DESTROY], 3),
    ("crashed", "3", 0, [Verb.DESTROY], 3),
    ("running", "4", 0, [Verb.SHUTDOWN], 3),
    ("running", "6", 0, [Verb.SAVE], 6),
    ("running", "9", 0, [Verb.SUSPEND], 9),
    ("blocked", "9", 0, [Verb.SUSPEND], 9),
    ("running", "10", 0, [Verb.REBOOT], 2),
    ("running", "2", 4097, [], 2),
    ("shutoff", "3", 4097, [], 3),
    ("nostate", "2", 4097, [], 0),
    ("running", "7", 1, [], 2),
    ("running", "8", 1, [], 2),
    ("running", "0", 5, [], 2),
    ("running", "12", 5, [], 2),
    ("running", "1000", 5, [], 2),
    ("running", None, 5, [], 2),
)


@pytest.mark.parametrize(("name", "state", "code", "verbs", "afterwards"), CHANGES)
def test_requests(
    name: str, state: str | None, code: int, verbs: list[Verb], afterwards: int
) -> None:
    """Each request does what the table says, or nothing, and says so by its code."""

    async def scene(stage: Stage) -> None:
        before = stage.system(name)["RequestedState"]
        assert await stage.request(name, state) == code
        assert stage.driver.done == verbs
        record = stage.system(name)
        assert record["EnabledState"] == afterwards
        assert record["RequestedState"] == (before if code else int(state or 0))

    play(scene)


PERIODS = ("00000000000010.000000:000", "20260102030405.000006+000")


@pytest.mark.parametrize("period", PERIODS)
def test_time_outs_are_not_supported(period: str) -> None:
    """A period other than none is 4098, whatever is asked; nothing is done."""

    async def scene(stage: Stage) -> None:
        assert await stage.request("running", "9", period) == 4098
        assert stage.driver.done == []

    play(scene)


def test_saved_domains() -> None:
    """A saved domain can be started from its image, or the image be dropped."""

    async def scene(stage: Stage) -> None:
        for state, verb, afterwards in (
            ("2", Verb.START, 2),
            ("3", Verb.DROP_SAVED_STATE, 3),
        ):
            assert await stage.request("running", "6") == 0
            assert stage.system("running")["AvailableRequestedStates"] == (2, 3)
            assert await stage.request("running", state) == 0
            assert stage.driver.done[-1] is verb
            assert stage.system("running")["EnabledState"] == afterwards

    play(scene)


FAULTS: dict[str, tuple[Exception, int | type[WBEMError], str]] = {
    "state": (errors.InvalidState("d"), 4097, ""),
    "busy": (errors.Busy("d"), 4099, ""),
    "verb": (errors.NotSupported("d"), 1, ""),
    "domain": (errors.DomainNotFound("detail"), NotFound,
               "Referenced domain `running' does not exist: detail"),
    "access": (errors.AccessDenied("detail"), AccessDenied,
               "Unable to suspend domain `running': detail"),
    "lost": (errors.ConnectionLost("detail"), Failed, "Unable to suspend domain `running': detail"),
    "deadline": (errors.DeadlineExceeded("detail"), Failed,
                 "Unable to suspend domain `running': detail"),
    "anything": (errors.HypervisorFailure("detail"), Failed,
                 "Unable to suspend domain `running': detail"),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "outcome", "text"), FAULTS.values(), ids=FAULTS)
def test_failures_of_the_hypervisor(
    fault: Exception, outcome: int | type[WBEMError], text: str
) -> None:
    """A failure is the method's code where it has one, else a CIM error with the reason."""

    async def scene(stage: Stage) -> None:
        stage.driver.fault = fault
        if isinstance(outcome, int):
            assert await stage.request("running", "9") == outcome
        else:
            with pytest.raises(outcome) as caught:
                await stage.request("running", "9")
            assert caught.value.reason == text
        assert stage.system("running")["RequestedState"] == 0
        assert stage.store.kept == {}

    play(scene)


def test_a_request_that_cannot_be_recorded() -> None:
    """The client hears that the change was made, and that it is not remembered."""

    async def scene(stage: Stage) -> None:
        stage.store.fault = InfostoreError("disk full")
        with pytest.raises(
            Failed, match="the state was changed, but RequestedState could not be recorded"
        ):
            await stage.request("running", "9")
        record = stage.system("running")
        assert (record["EnabledState"], record["RequestedState"]) == (9, 0)

    play(scene)


def test_unknown_domains() -> None:
    """There is nothing to call a method on."""

    async def scene(stage: Stage) -> None:
        with pytest.raises(NotFound):
            await stage.request("nobody", "9")
        with pytest.raises(InvalidParameter):
            await stage.request("running", "9x")

    play(scene)


def test_a_domain_that_goes_meanwhile() -> None:
    """The record that was found may be of a domain that is gone when the method begins."""

    async def scene(stage: Stage) -> None:
        provider = stage.namespaces.get("root/virt").provider(SYSTEM)
        assert provider is not None
        record = stage.system("running")
        stage.host.listing = stage.host.listing.changed(
            [(stage.host.listing.names["running"], None)], 99
        )
        with pytest.raises(NotFound, match="domain running does not exist any more"):
            await provider.methods["RequestStateChange"](record, {"requestedstate": 9})

    play(scene)


# The switch

REFUSED: dict[str, tuple[str, str | None, str | None, type[WBEMError], str]] = {
    "transition": ("shutoff", "3", None, Failed, "Invalid state transition"),
    "same state": ("running", "2", None, Failed, "Invalid state transition"),
    "unreachable": ("running", "8", None, NotSupported, "State not supported"),
    "no state": ("running", "1000", None, NotSupported, "State not supported"),
    "nothing": ("running", None, None, InvalidParameter, "Invalid RequestedState"),
}


@pytest.mark.parametrize(
    ("name", "state", "period", "error", "text"), REFUSED.values(), ids=REFUSED
)
def test_errors_instead_of_codes(
    name: str, state: str | None, period: str | None, error: type[WBEMError], text: str
) -> None:
    """With the switch a refused request is an error with libvirt-cim's text."""

    async def scene(stage: Stage) -> None:
        with pytest.raises(error) as caught:
            await stage.request(name, state, period)
        assert caught.value.reason == text
        assert stage.driver.done == []

    play(scene, compat=True)


def test_requests_that_succeed_are_the_same_with_the_switch() -> None:
    """Success is 0 in both modes."""

    async def scene(stage: Stage) -> None:
        assert await stage.request("running", "9") == 0
        assert stage.system("running")["EnabledState"] == 9

    play(scene, compat=True)


def test_a_reset_of_a_paused_domain_lets_it_run() -> None:
    """The client that asked for a reset waits for the domain to run."""

    async def scene(stage: Stage) -> None:
        done: list[Verb] = []

        async def change(_uuid: object, verb: Verb) -> None:
            done.append(verb)

        stage.host.change = change  # type: ignore[method-assign, assignment]
        assert await stage.request("paused", "11") == 0
        assert done == [Verb.RESET, Verb.RESUME]

    play(scene)
