"""Steps that are taken side by side, each after those that it needs.

A server has time for others while one step waits for its disk, and there can be thousands of steps.
The rule: after a failure no further step is begun.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter

SIDE_BY_SIDE = 4


@dataclass(frozen=True, slots=True)
class Step:
    """What is done, how, and the numbers of the steps of its stage that come before it."""

    what: str
    do: Callable[[], object]
    after: frozenset[int] = frozenset()


Stage = Sequence[Step]


def one_by_one(work: Iterable[tuple[str, Callable[[], object]]]) -> Stage:
    """Return a stage of which each step waits for the one before it."""
    return [
        Step(what, do, frozenset({number - 1} if number else ()))
        for number, (what, do) in enumerate(work)
    ]


class StepFailed(Exception):
    """A step failed, by the error that is the cause of this; `done` were taken before."""

    def __init__(self, step: Step, done: int) -> None:
        super().__init__(step.what)
        self.what, self.done = step.what, done


def take(stage: Stage) -> None:
    """Take all steps of a stage; raises StepFailed."""
    order = TopologicalSorter({number: step.after for number, step in enumerate(stage)})
    order.prepare()
    running: dict[Future[object], int] = {}
    done = 0
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        try:
            while order.is_active():
                running |= {pool.submit(stage[number].do): number for number in order.get_ready()}
                for one in wait(running, return_when=FIRST_COMPLETED).done:
                    number = running.pop(one)
                    _taken(one, stage[number], done)
                    order.done(number)
                    done += 1
        finally:
            pool.shutdown(cancel_futures=True)


def _taken(one: Future[object], step: Step, done: int) -> None:
    try:
        one.result()
    except Exception as error:
        raise StepFailed(step, done) from error
