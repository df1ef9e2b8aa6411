"""Steps side by side: each after those that it needs, and none after a failure."""

import threading
from collections.abc import Callable

import pytest

from virtcim.commands.stepping import SIDE_BY_SIDE, Step, StepFailed, one_by_one, take


def noting(done: list[str], name: str) -> Callable[[], object]:
    """Return work that notes its name when it is done."""
    return lambda: done.append(name)


def test_a_step_waits_for_those_that_it_needs() -> None:
    """The order of the list does not matter, only what is needed."""
    done: list[str] = []
    take([
        Step("leaf", noting(done, "leaf"), frozenset({1, 2})),
        Step("branch", noting(done, "branch"), frozenset({2})),
        Step("root", noting(done, "root")),
    ])  # fmt: skip
    assert done == ["root", "branch", "leaf"]


def test_steps_without_needs_are_under_way_together() -> None:
    """As many as there may be meet at a barrier that none passes alone."""
    barrier = threading.Barrier(SIDE_BY_SIDE)
    take([Step("meet", lambda: barrier.wait(60)) for _ in range(SIDE_BY_SIDE)])
    assert not barrier.broken


def test_one_by_one_keeps_the_order() -> None:
    """Each waits for the one before."""
    done: list[str] = []
    names = [str(number) for number in range(50)]
    take(one_by_one((name, noting(done, name)) for name in names))
    assert done == names


def test_after_a_failure_nothing_further_is_begun() -> None:
    """What failed is raised, and who needs it is never asked."""
    done: list[str] = []

    def fail() -> None:
        raise RuntimeError("no")

    work = [("first", noting(done, "first")), ("fail", fail), ("later", noting(done, "later"))]
    with pytest.raises(StepFailed) as failed:
        take(one_by_one(work))
    assert (failed.value.what, failed.value.done) == ("fail", 1)
    assert isinstance(failed.value.__cause__, RuntimeError)
    assert done == ["first"]


def test_nothing_to_do_is_done() -> None:
    """An empty stage ends."""
    take([])
