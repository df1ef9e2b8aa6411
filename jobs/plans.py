"""What the engine is given: a plan of work, and how to find it again after a crash."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from virtcim.hypervisors.model import DomainFacts, DomainUUID
from virtcim.infostore.jobs import (
    JSON,
    NO_FACTS,
    Facts,
    JobKind,
    JobRecord,
)
from virtcim.inventory.host import Host


class Run(Protocol):
    """What work gets from the engine."""

    @property
    def record(self) -> JobRecord:
        """The job as it is."""

    async def note(self, status: str | None = None, **notes: JSON) -> None:
        """Remember this, durable on return; what recovery must know is noted before it is done.

        status: the sentence that clients see as JobStatus; None leaves it. Raises InfostoreError.
        """

    def progress(self, percent: int, **details: JSON) -> None:
        """Show how far it is; kept now and then."""


Work = Callable[[Run], Awaitable[Facts | None]]
"""Does it and returns what came of it; raises HypervisorError, InfostoreError or JobFailed."""

Stop = Callable[[], Awaitable[None]]
"""Asks the work to end; raises HypervisorError when that is not possible now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One job to be started.

    domain: whose turn it holds; None means that it changes no domain.
    stop: None means that the work cannot be ended once it has begun.
    migrating: the domain's record says so exactly while the job lives.
    seen: what the plan was made from; None means that it fits the domain in any state.
    held: domains whose turns who starts it holds already; the job gives them back.
    """

    kind: JobKind
    host: Host
    domain: DomainUUID | None
    domain_name: str
    name: str
    method: str
    owner: str
    work: Work
    stop: Stop | None = None
    parameters: Facts = field(default_factory=lambda: NO_FACTS)
    migrating: bool = False
    seen: DomainFacts | None = None
    held: tuple[DomainUUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Completed:
    """The work had been done."""

    result: Facts = field(default_factory=lambda: NO_FACTS)


@dataclass(frozen=True, slots=True)
class Failed:
    """The work had not been done, and will not be."""

    reason: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """The work goes on; `work` follows it to its end."""

    work: Work
    stop: Stop | None = None


Verdict = Completed | Failed | Adopted

Recoverer = Callable[[JobRecord, Host], Awaitable[Verdict]]
"""Says what became of a job whose server ended under it, by what the hypervisors say.

It puts right what it finds half done. Raises HypervisorError, InfostoreError when that cannot be
known or done now; it is asked again later.
"""
