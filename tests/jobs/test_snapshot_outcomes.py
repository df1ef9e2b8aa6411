"""What became of work on snapshots that broke off, by every way a domain can be found."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.inventory.scripted import A, Scripted, Store, facts
from virtcim.hypervisors.actions import IsBusy
from virtcim.hypervisors.errors import Busy, DomainNotFound, InvalidState
from virtcim.hypervisors.model import (
    DomainFacts,
    DomainState,
    DomainUUID,
    SnapshotFacts,
    StateReason,
    Verb,
)
from virtcim.infostore.jobs import JobKind, JobRecord
from virtcim.inventory import Host
from virtcim.jobs.phrases import STATES
from virtcim.jobs.snapshot_outcomes import OUTCOMES, Assignment, Outcome, Seen, Task, outcome
from virtcim.jobs.snapshots import _DO, _FINISH, _NAMES, _PHRASES

DONE, UNDONE, AGAIN = Outcome.DONE, Outcome.UNDONE, Outcome.TO_BE_DONE
CRASH, WATCHED, SAVED = Seen(), Seen(watched=True), Seen(saved=True)
RUN = 7
"""The domain's id before the work."""


def snapshot(name: str = "s", *, current: bool = False, parent: str | None = None) -> SnapshotFacts:
    """Return a snapshot that was begun just now."""
    return SnapshotFacts(
        name=name,
        parent=parent,
        current=current,
        created=datetime.now(UTC),
        state="running",
        description=None,
        xml="",
    )


OLD = replace(snapshot(), created=datetime.now(UTC) - timedelta(days=1))


def on(number: int, reason: StateReason, *snapshots: SnapshotFacts) -> DomainFacts:
    """Return a domain that runs."""
    return replace(facts(A), id=number, reason=reason, snapshots=snapshots)


def off(reason: StateReason, *snapshots: SnapshotFacts, saved: bool = False) -> DomainFacts:
    """Return a domain that is off."""
    return replace(
        facts(A, DomainState.SHUTOFF),
        id=None,
        reason=reason,
        snapshots=snapshots,
        managed_save=saved,
    )


BOOTED, RESTORED, FROM, UNKNOWN, SHUT = (
    StateReason.BOOTED,
    StateReason.RESTORED,
    StateReason.FROM_SNAPSHOT,
    StateReason.UNKNOWN,
    StateReason.SHUTDOWN,
)
CURRENT = snapshot(current=True)

# fmt: off
CASES: list[tuple[Task, int | None, Seen, DomainFacts, Outcome]] = [
    # task               before, seen    found                                outcome
    (Task.CREATE,         RUN,  CRASH,   on(RUN, BOOTED),                      UNDONE),
    (Task.CREATE,         RUN,  CRASH,   on(RUN, BOOTED, CURRENT),             DONE),
    (Task.CREATE,         RUN,  CRASH,   on(RUN, BOOTED, snapshot()),          DONE),
    (Task.CREATE,         None, CRASH,   off(SHUT),                            UNDONE),
    (Task.CREATE,         None, CRASH,   off(SHUT, CURRENT),                   DONE),
    (Task.CREATE,         None, CRASH,   off(SHUT, OLD),                       DONE),
    (Task.CREATE,         None, CRASH,
     off(SHUT, snapshot(), snapshot("t", parent="s")),                         DONE),
    (Task.APPLY,          RUN,  CRASH,   on(RUN, BOOTED, CURRENT),             UNDONE),
    (Task.APPLY,          RUN,  CRASH,   on(RUN, FROM, CURRENT),               UNDONE),
    (Task.APPLY,          RUN,  CRASH,   on(8, FROM, CURRENT),                 DONE),
    (Task.APPLY,          RUN,  CRASH,   on(8, FROM, snapshot()),              UNDONE),
    (Task.APPLY,          RUN,  CRASH,   on(8, BOOTED, CURRENT),               UNDONE),
    (Task.APPLY,          RUN,  CRASH,   on(RUN, BOOTED),                      UNDONE),
    (Task.APPLY,          RUN,  CRASH,   off(FROM, CURRENT),                   AGAIN),
    (Task.APPLY,          RUN,  CRASH,   off(SHUT, CURRENT),                   UNDONE),
    (Task.APPLY,          RUN,  CRASH,   off(UNKNOWN, CURRENT),                UNDONE),
    (Task.APPLY,          RUN,  WATCHED, off(UNKNOWN, CURRENT),                AGAIN),
    (Task.APPLY,          RUN,  WATCHED, off(SHUT, CURRENT),                   UNDONE),
    (Task.APPLY,          None, CRASH,   off(SHUT, snapshot()),                AGAIN),
    (Task.APPLY,          None, CRASH,   on(1, FROM, CURRENT),                 DONE),
    (Task.DELETE,         RUN,  CRASH,   on(RUN, BOOTED),                      DONE),
    (Task.DELETE,         RUN,  CRASH,   on(RUN, BOOTED, snapshot()),          AGAIN),
    (Task.SAVE,           RUN,  CRASH,   on(RUN, BOOTED),                      UNDONE),
    (Task.SAVE,           RUN,  CRASH,   off(UNKNOWN, saved=True),             DONE),
    (Task.SAVE,           RUN,  CRASH,   off(UNKNOWN),                         UNDONE),
    (Task.SAVE,           RUN,  SAVED,   on(8, RESTORED),                      DONE),
    (Task.SAVE_AND_GO_ON, RUN,  CRASH,   on(RUN, BOOTED),                      UNDONE),
    (Task.SAVE_AND_GO_ON, RUN,  CRASH,   off(UNKNOWN, saved=True),             AGAIN),
    (Task.SAVE_AND_GO_ON, RUN,  CRASH,   off(UNKNOWN),                         UNDONE),
    (Task.SAVE_AND_GO_ON, RUN,  CRASH,   on(8, RESTORED),                      DONE),
    (Task.SAVE_AND_GO_ON, RUN,  SAVED,   on(RUN, RESTORED),                    DONE),
    (Task.RESTORE,        None, CRASH,   off(UNKNOWN, saved=True),             AGAIN),
    (Task.RESTORE,        None, CRASH,   off(UNKNOWN),                         UNDONE),
    (Task.RESTORE,        None, CRASH,   on(1, RESTORED),                      DONE),
]
# fmt: on


def assignment(task: Task, run: int | None = RUN) -> Assignment:
    """Return an assignment on a domain that ran, or was off."""
    return Assignment(
        task=task, uuid=A, domain="a", run=run, running=run is not None, snapshot="s", state="x"
    )


@pytest.mark.parametrize(("task", "run", "seen", "found", "expected"), CASES)
def test_outcomes(
    task: Task, run: int | None, seen: Seen, found: DomainFacts, expected: Outcome
) -> None:
    """What the hypervisor says decides, and nothing is done twice that has had an effect."""
    assert OUTCOMES[task](assignment(task, run), found, seen) is expected


def test_a_snapshot_that_is_being_made_is_not_judged() -> None:
    """Libvirt lists one of a domain that is off before it is whole."""
    with pytest.raises(Busy, match="being made"):
        OUTCOMES[Task.CREATE](assignment(Task.CREATE, None), off(SHUT, snapshot()), CRASH)


@pytest.mark.parametrize("table", [OUTCOMES, _DO, _FINISH, _NAMES, _PHRASES])
def test_tables_are_total(table: dict[Task, object]) -> None:
    """Each task has a row everywhere."""
    assert set(table) == set(Task)


def test_every_state_has_its_word() -> None:
    """What a domain is can always be said."""
    assert set(STATES) == set(DomainState)


@pytest.mark.parametrize("run", [RUN, None])
def test_an_assignment_is_found_again_in_its_record(run: int | None) -> None:
    """All that an outcome depends on is durable."""
    told = assignment(Task.APPLY, run)
    now = datetime.now(UTC)
    record = JobRecord(
        id="1", host="h", kind=JobKind.SNAPSHOT, domain=A, domain_name="a", name="", method="",
        owner="", state=4, status="", submitted=now, changed=now, parameters=told.parameters(),
    )  # fmt: skip
    assert Assignment.of(record) == told


# Asking a hypervisor


class Asked(Scripted):
    """A hypervisor that says whether it is busy, and remembers what is done to domains."""

    actions = Scripted.actions | {IsBusy}

    def __init__(self, *domains: DomainFacts) -> None:
        super().__init__(*domains)
        self.busy: bool | Exception = False
        self.verbs_done: list[Verb] = []
        self.refusal: Exception | None = None

    async def perform(self, action: Any, *, deadline: float | None = None) -> Any:
        """Say it."""
        if not isinstance(action, IsBusy):
            return await super().perform(action, deadline=deadline)
        if isinstance(self.busy, Exception):
            raise self.busy
        return self.busy

    async def change(
        self,
        uuid: DomainUUID,  # noqa: ARG002 - the port's names
        verb: Verb,
        *,
        deadline: float | None = None,  # noqa: ARG002
    ) -> None:
        """Remember it."""
        self.verbs_done.append(verb)
        if self.refusal is not None:
            raise self.refusal


def asked(
    found: DomainFacts | None, arrange: Callable[[Asked], None] = lambda _one: None
) -> tuple[Outcome, list[Verb]]:
    """Return the outcome of making a snapshot, and what was put right."""

    async def scene() -> tuple[Outcome, list[Verb]]:
        hypervisor = Asked(*([] if found is None else [found]))
        host = Host("h", hypervisor, Store(), prefix="S", namespace="root/virt")
        await host.start()
        try:
            arrange(hypervisor)
            return await outcome(host, assignment(Task.CREATE), CRASH), hypervisor.verbs_done
        finally:
            await host.close()

    return asyncio.run(scene())


def test_nothing_is_judged_while_the_hypervisor_is_at_it() -> None:
    """The facts would be those of half the work."""

    def arrange(hypervisor: Asked) -> None:
        hypervisor.busy = True

    with pytest.raises(Busy, match="still at it"):
        asked(on(RUN, BOOTED), arrange)


def test_a_domain_that_has_gone_has_no_snapshot() -> None:
    """Whether the hypervisor says so when it is asked, or when it is read."""

    def arrange(hypervisor: Asked) -> None:
        hypervisor.busy = DomainNotFound("gone")

    assert asked(None) == asked(None, arrange) == (UNDONE, [])


@pytest.mark.parametrize(
    ("reason", "resumed"),
    [(StateReason.SAVE, True), (StateReason.SNAPSHOT, True), (StateReason.USER, False)],
)
def test_a_guest_that_was_left_paused_runs_on(reason: StateReason, *, resumed: bool) -> None:
    """A daemon that died meanwhile does not resume it; what somebody paused stays so."""
    paused = replace(facts(A, DomainState.PAUSED), id=RUN, reason=reason)
    assert asked(paused) == (UNDONE, [Verb.RESUME] * resumed)


def test_somebody_may_be_faster() -> None:
    """Then it runs, which is what was wanted."""

    def arrange(hypervisor: Asked) -> None:
        hypervisor.refusal = InvalidState("already running")

    paused = replace(facts(A, DomainState.PAUSED), id=RUN, reason=StateReason.SAVE)
    assert asked(paused, arrange) == (UNDONE, [Verb.RESUME])
