"""Where a domain is: the table over both ends, and what follows from each row of it."""

import pytest

from virtcim.hypervisors.model import REASONS, DomainState, StateReason
from virtcim.jobs.finding import REPAIRS
from virtcim.jobs.whereabouts import FINDINGS, OPEN, Outcome, Place, Repair, place_of

S, R = DomainState, StateReason


def test_the_tables_are_total() -> None:
    """Whatever both ends say, something follows; each repair can be made."""
    assert FINDINGS.keys() == {(here, there) for here in Place for there in Place}
    assert REPAIRS.keys() == set(Repair)


@pytest.mark.parametrize(("here", "there"), FINDINGS)
def test_no_finding_loses_or_doubles_a_domain(here: Place, there: Place) -> None:
    """Where a finding is acted on, the domain then exists once, and a running one runs on."""
    finding = FINDINGS[here, there]
    if finding.outcome in {Outcome.OPEN, Outcome.BROKEN}:
        assert finding.repair is Repair.NONE
        return
    after = {"here": here, "there": there}
    if finding.repair is Repair.CLEAR_SOURCE:
        after["here"] = Place.ABSENT
    if finding.repair is Repair.CLEAR_DESTINATION:
        after["there"] = Place.ABSENT
    if finding.repair is Repair.RESUME_SOURCE:
        after["here"] = Place.ALIVE
    left = after["here"] if finding.outcome is Outcome.STAYED else after["there"]
    other = after["there"] if finding.outcome is Outcome.STAYED else after["here"]
    assert left in {Place.OFF, Place.ALIVE}
    # A destination out of reach cannot take a domain that its source still runs.
    assert other is Place.ABSENT or (here is Place.ALIVE and there is Place.UNKNOWN)
    assert Place.ALIVE not in {here, there} or left is Place.ALIVE


def test_what_is_not_known_is_left_alone() -> None:
    """Without an answer of the source nothing is done."""
    assert {FINDINGS[Place.UNKNOWN, there] for there in Place} == {OPEN}


def test_places() -> None:
    """Only what a migration leaves is told from what runs."""
    assert place_of(S.SHUTOFF, R.MIGRATED, active=False) is Place.OFF
    assert place_of(S.PAUSED, R.MIGRATION, active=True) is Place.WAITING
    assert place_of(S.PAUSED, R.POSTCOPY_FAILED, active=True) is Place.HALF
    assert place_of(S.RUNNING, R.POSTCOPY, active=True) is Place.HALF
    alive = {
        (state, reason)
        for state, reasons in REASONS.items()
        for reason in reasons
        if place_of(state, reason, active=True) is Place.ALIVE
    }
    assert (S.PAUSED, R.USER) in alive
    assert (S.CRASHED, R.PANICKED) in alive
    assert (S.RUNNING, R.MIGRATED) in alive
