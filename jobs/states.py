"""The states of a job and how they follow each other, one table (DSP1103, CIM_ConcreteJob).

The rule: the engine takes no step that is not in TRANSITIONS.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from virtcim.schema.valuemaps import JobState


class JobRequest(IntEnum):
    """What a job can be asked for: RequestedState of CIM_ConcreteJob.RequestStateChange."""

    START = 2
    SUSPEND = 3
    TERMINATE = 4
    KILL = 5
    SERVICE = 6


_S = JobState

# Total over JobState. A state without successors is final.
# fmt: off
TRANSITIONS: Mapping[JobState, frozenset[JobState]] = MappingProxyType({
    # it waits until other jobs of the host have ended
    _S.NEW:           frozenset({_S.STARTING, _S.SUSPENDED, _S.TERMINATED, _S.KILLED,
                                 _S.EXCEPTION}),
    # it is durable, and nothing was done yet
    _S.STARTING:      frozenset({_S.RUNNING, _S.COMPLETED, _S.TERMINATED, _S.KILLED,
                                 _S.EXCEPTION}),
    _S.RUNNING:       frozenset({_S.SHUTTING_DOWN, _S.COMPLETED, _S.TERMINATED, _S.KILLED,
                                 _S.EXCEPTION}),
    # it was held while it waited
    _S.SUSPENDED:     frozenset({_S.NEW, _S.TERMINATED, _S.KILLED, _S.EXCEPTION}),
    # it was asked to end, and may have been done before it heard
    _S.SHUTTING_DOWN: frozenset({_S.COMPLETED, _S.TERMINATED, _S.KILLED, _S.EXCEPTION}),
    _S.COMPLETED:     frozenset(),
    _S.TERMINATED:    frozenset(),
    _S.KILLED:        frozenset(),
    _S.EXCEPTION:     frozenset(),
    # no job of ours is ever in these
    _S.SERVICE:       frozenset(),
    _S.QUERY_PENDING: frozenset(),
})

UNUSED = frozenset({_S.SERVICE, _S.QUERY_PENDING})

# The sentence for each state that has nothing better to say. Clients of libvirt-cim compare three
# of them: Queued, Running, Completed. Total over JobState.
STATUS: Mapping[JobState, str] = MappingProxyType({
    _S.NEW:           "Queued",
    _S.STARTING:      "Queued",
    _S.RUNNING:       "Running",
    _S.SUSPENDED:     "Suspended",
    _S.SHUTTING_DOWN: "Stopping",
    _S.COMPLETED:     "Completed",
    _S.TERMINATED:    "Terminated",
    _S.KILLED:        "Killed",
    _S.EXCEPTION:     "Failed",
    _S.SERVICE:       "In service",
    _S.QUERY_PENDING: "Waiting for an answer",
})
# fmt: on

FINAL = frozenset(state for state, after in TRANSITIONS.items() if not after) - UNUSED
UNFINISHED = frozenset(JobState) - FINAL - UNUSED


class IllegalTransition(Exception):
    """A step that the table does not have: a defect of the engine, never of a client."""


def check_transition(before: JobState, after: JobState) -> None:
    """Raise IllegalTransition for a step that the table does not have; to stay is none."""
    if after is not before and after not in TRANSITIONS[before]:
        raise IllegalTransition(f"{before.name} cannot be followed by {after.name}")
