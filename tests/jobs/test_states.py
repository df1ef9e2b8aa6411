"""The tables of job states: total, and nothing leads out of an end."""

import pytest

from virtcim.hypervisors.errors import AlreadyExists, HypervisorError
from virtcim.jobs.failures import STATUS_OF, wbem_error
from virtcim.jobs.states import (
    FINAL,
    STATUS,
    TRANSITIONS,
    UNFINISHED,
    UNUSED,
    IllegalTransition,
    check_transition,
)
from virtcim.schema.valuemaps import JobState


def test_the_tables_are_total() -> None:
    """Every state has its successors and its word, and is of one kind."""
    assert TRANSITIONS.keys() == STATUS.keys() == set(JobState)
    assert {JobState(number) for number in (7, 8, 9, 10)} == FINAL
    assert set(JobState) == FINAL | UNFINISHED | UNUSED


def test_every_unfinished_state_can_end_in_every_failure() -> None:
    """A job can always be ended, killed, or found to have failed."""
    failures = {JobState.TERMINATED, JobState.KILLED, JobState.EXCEPTION}
    assert all(failures <= TRANSITIONS[state] for state in UNFINISHED)


@pytest.mark.parametrize("before", JobState)
@pytest.mark.parametrize("after", JobState)
def test_only_what_the_table_has_is_taken(before: JobState, after: JobState) -> None:
    """To stay is no step."""
    if after is before or after in TRANSITIONS[before]:
        check_transition(before, after)
    else:
        with pytest.raises(IllegalTransition):
            check_transition(before, after)


def test_every_failure_of_a_hypervisor_has_a_status() -> None:
    """The table is total, and the text has both what was tried and why it failed."""
    assert set(STATUS_OF) == set(HypervisorError.__subclasses__())
    found = wbem_error(AlreadyExists("it is there"), "Unable to x")
    assert found.description == "CIM_ERR_ALREADY_EXISTS: Unable to x: it is there"
