"""What became of work on snapshots that nobody saw the end of, by what the hypervisor says.

The rules: nothing is judged while the hypervisor is still at it. Work is taken up again only where
nothing has run since, so that nothing is lost by doing it twice.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from types import MappingProxyType

from virtcim.hypervisors.actions import Content, IsBusy
from virtcim.hypervisors.errors import Busy, DomainNotFound, InvalidState
from virtcim.hypervisors.model import (
    DomainFacts,
    DomainState,
    DomainUUID,
    SnapshotFacts,
    StateReason,
    Verb,
)
from virtcim.infostore.jobs import Facts, JobRecord
from virtcim.inventory.host import Host

LONGEST_MAKING = timedelta(minutes=30)
"""How long libvirt may need for a snapshot of a domain that is off, which it lists meanwhile."""


class Task(StrEnum):
    """What is done; durable, so that a later release must know the words."""

    CREATE = "create"
    APPLY = "apply"
    DELETE = "delete"
    SAVE = "save"  # memory, and the domain stays off
    SAVE_AND_GO_ON = "save_and_go_on"
    RESTORE = "restore"  # memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One piece of work on a domain.

    run: the domain's id before the work; None means that it was off. running: it was not paused.
    snapshot: the name of one; of memory there is none. state: of the snapshot that is applied.
    """

    task: Task
    uuid: DomainUUID
    domain: str
    run: int | None
    running: bool
    snapshot: str = ""
    state: str = ""
    description: str | None = None
    content: Content = Content.FULL

    def parameters(self) -> Facts:
        """Return what must be known after a crash."""
        return {
            "task": self.task.value,
            "run": self.run,
            "running": self.running,
            "snapshot": self.snapshot,
            "state": self.state,
        }

    @classmethod
    def of(cls, record: JobRecord) -> "Assignment":
        """Return the assignment of a job; raises KeyError, ValueError for what was not ours."""
        given = record.parameters
        run = given["run"]
        return cls(
            task=Task(str(given["task"])),
            uuid=DomainUUID(record.domain or ""),
            domain=record.domain_name,
            run=run if isinstance(run, int) else None,
            running=bool(given["running"]),
            snapshot=str(given["snapshot"]),
            state=str(given["state"]),
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known beside the hypervisor's facts.

    saved: the memory was saved. watched: we were there all the time, so that the domain cannot have
    run long, and been switched off, since.
    """

    saved: bool = False
    watched: bool = False


class Outcome(Enum):
    """What became of it."""

    DONE = "it has been done"
    UNDONE = "it has not been done, and will not be"
    TO_BE_DONE = "it was ended half-way, and can be done again, or the rest of it"


async def outcome(host: Host, task: Assignment, seen: Seen) -> Outcome:
    """Say what became of it, and put right what it left behind.

    Raises Busy while the hypervisor is at it, and what else it raises when that cannot be known
    now.
    """
    if IsBusy in host.hypervisor.actions:
        try:
            busy = await host.hypervisor.perform(IsBusy(uuid=task.uuid))
        except DomainNotFound:
            return Outcome.UNDONE
        if busy:
            raise Busy("the hypervisor is still at it")
    await host.refresh(task.uuid)
    domain = host.listing.domains.get(task.uuid)
    if domain is None:
        return Outcome.UNDONE
    found = OUTCOMES[task.task](task, domain.facts, seen)
    if found is Outcome.UNDONE and task.running and _is_left_paused(domain.facts):
        await _resume(host, task.uuid)
    return found


# Why libvirt pauses a running guest for a while; a daemon that dies meanwhile can leave it so.
_LEFT_PAUSED = frozenset({StateReason.SAVE, StateReason.SNAPSHOT})


def _is_left_paused(facts: DomainFacts) -> bool:
    return facts.state is DomainState.PAUSED and facts.reason in _LEFT_PAUSED


async def _resume(host: Host, uuid: DomainUUID) -> None:
    try:
        await host.change(uuid, Verb.RESUME)
    except InvalidState:  # somebody else was faster
        await host.refresh(uuid)


# A daemon that was started anew does not know why a domain is off.
_NO_REASON = frozenset({StateReason.UNKNOWN, StateReason.DAEMON})


def created(task: Assignment, facts: DomainFacts, _seen: Seen) -> Outcome:
    """Judge by the snapshot: libvirt takes it from its list when it could not make it."""
    made = _snapshot(task, facts)
    if made is None:
        return Outcome.UNDONE
    finished = facts.active or made.current or any(_children(made, facts))
    if not finished and datetime.now(UTC) - made.created < LONGEST_MAKING:
        raise Busy("the snapshot is being made")
    return Outcome.DONE


def applied(task: Assignment, facts: DomainFacts, seen: Seen) -> Outcome:
    """Judge by the run of the domain: applying a snapshot always ends it."""
    snapshot = _snapshot(task, facts)
    if snapshot is None:
        return Outcome.UNDONE
    if facts.active:
        begun_anew = facts.id != task.run and facts.reason is StateReason.FROM_SNAPSHOT
        return Outcome.DONE if begun_anew and snapshot.current else Outcome.UNDONE
    nothing_ran = task.run is None or facts.reason is StateReason.FROM_SNAPSHOT
    if nothing_ran or (seen.watched and facts.reason in _NO_REASON):
        return Outcome.TO_BE_DONE
    return Outcome.UNDONE


def deleted(task: Assignment, facts: DomainFacts, _seen: Seen) -> Outcome:
    """Judge by the snapshot; one that is still there can be deleted now."""
    return Outcome.DONE if _snapshot(task, facts) is None else Outcome.TO_BE_DONE


def memory_saved(_task: Assignment, facts: DomainFacts, seen: Seen) -> Outcome:
    """Judge by the image, which libvirt lists when it is whole."""
    done = seen.saved or (not facts.active and facts.managed_save)
    return Outcome.DONE if done else Outcome.UNDONE


def gone_on(task: Assignment, facts: DomainFacts, seen: Seen) -> Outcome:
    """Judge by the run of the domain: saving its memory ends it, restoring begins another."""
    if not facts.active:
        return Outcome.TO_BE_DONE if facts.managed_save else Outcome.UNDONE
    return Outcome.DONE if seen.saved or facts.id != task.run else Outcome.UNDONE


def restored(_task: Assignment, facts: DomainFacts, _seen: Seen) -> Outcome:
    """Judge by the domain: it was off."""
    if facts.active:
        return Outcome.DONE
    return Outcome.TO_BE_DONE if facts.managed_save else Outcome.UNDONE


_Judge = Callable[[Assignment, DomainFacts, Seen], Outcome]

OUTCOMES: Mapping[Task, _Judge] = MappingProxyType({
    Task.CREATE:         created,
    Task.APPLY:          applied,
    Task.DELETE:         deleted,
    Task.SAVE:           memory_saved,
    Task.SAVE_AND_GO_ON: gone_on,
    Task.RESTORE:        restored,
})  # fmt: skip
"""How each task is judged; total over Task."""


def _snapshot(task: Assignment, facts: DomainFacts) -> SnapshotFacts | None:
    return next((one for one in facts.snapshots if one.name == task.snapshot), None)


def _children(parent: SnapshotFacts, facts: DomainFacts) -> Iterator[SnapshotFacts]:
    return (one for one in facts.snapshots if one.parent == parent.name)
