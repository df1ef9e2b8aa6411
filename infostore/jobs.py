"""What is remembered of one job: enough to show it, and to find out after a crash how it ended.

A record is the job at one moment. It is written before anyone can see that moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

JSON = str | int | float | bool | None | list["JSON"] | dict[str, "JSON"]
Facts = Mapping[str, JSON]

NO_FACTS: Facts = MappingProxyType({})

DEFAULT_REMOVAL_SECONDS = 300  # CIM_ConcreteJob.TimeBeforeRemoval has it as its default


class JobKind(StrEnum):
    """What a job does; each kind has its class in CIM, and its own way to be found again."""

    MIGRATION = "migration"
    SNAPSHOT = "snapshot"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """The durable record of one job; times are UTC.

    domain: UUID; None means that the job changes no domain.
    method: the CIM method that made it.
    state: number of CIM_ConcreteJob.JobState.
    status: a sentence on how it is getting on.
    percent: 0 to 100.
    priority: None means that nobody asked for one. notify: who is to be told; None means nobody.
    error_code: CIM status code; 0 means success so far. error: the sentence for it.
    removal_seconds: how long it is kept after its end, where delete_on_completion.
    parameters: what was asked for. notes: what the work must know of itself after a crash.
    details: how far it is, in the words of its kind. result: what came of it.
    """

    id: str
    host: str
    kind: JobKind
    domain: str | None
    domain_name: str
    name: str
    method: str
    owner: str
    state: int
    status: str
    submitted: datetime
    changed: datetime
    started: datetime | None = None
    ended: datetime | None = None
    percent: int = 0
    priority: int | None = None
    notify: str | None = None
    error_code: int = 0
    error: str | None = None
    delete_on_completion: bool = True
    removal_seconds: int = DEFAULT_REMOVAL_SECONDS
    parameters: Facts = field(default_factory=lambda: NO_FACTS)
    notes: Facts = field(default_factory=lambda: NO_FACTS)
    details: Facts = field(default_factory=lambda: NO_FACTS)
    result: Facts = field(default_factory=lambda: NO_FACTS)

    @property
    def domains(self) -> tuple[str, ...]:
        """Every domain that it changes, by UUID; further ones are `others` of its parameters."""
        if self.domain is None:
            return ()
        others = self.parameters.get("others")
        return (self.domain, *map(str, others if isinstance(others, list) else ()))
