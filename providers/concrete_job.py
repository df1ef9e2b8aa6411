"""CIM_ConcreteJob: jobs as clients see them, and what clients ask of them (DSP1103).

The rule: everything here is said of the job's record; how a job lives is the engine's business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from virtcim.broker.calling import CALLER
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.jobs import JobKind, JobRecord
from virtcim.jobs import Job, NoSuchJob
from virtcim.jobs.states import JobRequest
from virtcim.providers.facts import instance_of
from virtcim.providers.families import HostFamily
from virtcim.providers.job_edits import EDITS
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter, Record
from virtcim.schema.valuemaps import (
    CommunicationStatus,
    DetailedStatus,
    ErrorType,
    HealthState,
    JobErrorCode,
    JobKillCode,
    JobState,
    JobStateChangeCode,
    OperatingStatus,
    OperationalStatus,
    PrimaryStatus,
)
from virtcim.wbem.objects import Instance
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import Failed, NotFound, Status
from virtcim.wbem.types import NO_TIME, interval, timestamp
from virtcim.wbem.uri import format_uri

FAMILIES_OF: Mapping[JobKind, str] = {
    # kind                    family
    JobKind.MIGRATION:        "Virt_MigrationJob",
    JobKind.SNAPSHOT:         "Virt_SnapshotJob",
    JobKind.CONFIGURATION:    "Virt_ConfigurationJob",
}  # fmt: skip
"""Total over JobKind."""

_UTC_TIME = 2  # CIM_Job.LocalOrUtcTime
_DO_NOT_CONTINUE = 2  # CIM_Job.RecoveryAction
_MAJOR = 5  # CIM_Error.PerceivedSeverity
_OBJECT_PATH = 2  # CIM_Error.ErrorSourceFormat


@dataclass(frozen=True, slots=True)
class StateRow:
    """How a job in some state is."""

    health: HealthState
    operational: tuple[OperationalStatus, ...]
    operating: OperatingStatus
    primary: PrimaryStatus


_Health, _Op, _Run, _Primary = HealthState, OperationalStatus, OperatingStatus, PrimaryStatus

# Total over JobState (DSP1103, table of OperationalStatus).
STATES: Mapping[JobState, StateRow] = {
    JobState.NEW: StateRow(
        _Health.OK, (_Op.DORMANT,), _Run.DORMANT, _Primary.OK),
    JobState.STARTING: StateRow(
        _Health.OK, (_Op.STARTING,), _Run.STARTING, _Primary.OK),
    JobState.RUNNING: StateRow(
        _Health.OK, (_Op.OK,), _Run.IN_SERVICE, _Primary.OK),
    JobState.SUSPENDED: StateRow(
        _Health.OK, (_Op.DORMANT,), _Run.DORMANT, _Primary.OK),
    JobState.SHUTTING_DOWN: StateRow(
        _Health.OK, (_Op.STOPPING,), _Run.STOPPING, _Primary.OK),
    JobState.COMPLETED: StateRow(
        _Health.OK, (_Op.COMPLETED, _Op.OK), _Run.COMPLETED, _Primary.OK),
    JobState.TERMINATED: StateRow(
        _Health.OK, (_Op.COMPLETED, _Op.STOPPED), _Run.STOPPED, _Primary.OK),
    JobState.KILLED: StateRow(
        _Health.DEGRADED_WARNING, (_Op.COMPLETED, _Op.STOPPED), _Run.STOPPED, _Primary.DEGRADED),
    JobState.EXCEPTION: StateRow(
        _Health.MAJOR_FAILURE, (_Op.COMPLETED, _Op.ERROR), _Run.ABORTED, _Primary.ERROR),
    JobState.SERVICE: StateRow(
        _Health.OK, (_Op.IN_SERVICE,), _Run.IN_SERVICE, _Primary.OK),
    JobState.QUERY_PENDING: StateRow(
        _Health.DEGRADED_WARNING, (_Op.DEGRADED,), _Run.IN_SERVICE, _Primary.DEGRADED),
}  # fmt: skip

_ERROR_TYPES: Mapping[Status, ErrorType] = {
    Status.ACCESS_DENIED: ErrorType.SECURITY_ERROR,
    Status.NOT_SUPPORTED: ErrorType.UNSUPPORTED_OPERATION_ERROR,
    Status.NOT_FOUND:     ErrorType.UNAVAILABLE_RESOURCE_ERROR,
}  # fmt: skip
"""What kind of error a CIM status is; all others are the software's."""


@dataclass(frozen=True, slots=True)
class JobView:
    """A job and the model that shows it."""

    model: HostModel
    job: Job

    @property
    def record(self) -> JobRecord:
        """The job's record."""
        return self.job.record

    @property
    def state(self) -> StateRow:
        """How it is."""
        return STATES[JobState(self.record.state)]

    @property
    def elapsed(self) -> timedelta:
        """How long it ran, as of when it was last heard of."""
        began = self.record.started
        return timedelta() if began is None else (self.record.ended or self.job.seen) - began

    @property
    def sentence(self) -> str:
        """How it is getting on, or why it failed."""
        return self.record.error or self.record.status


PROPERTIES: Mapping[str, Getter] = {
    # v is a JobView
    "InstanceID":            lambda v: v.record.id,
    "Name":                  lambda v: v.record.name,
    "ElementName":           lambda v: v.record.name,
    "Caption":               lambda v: f"{v.record.name} of {v.record.domain_name}"[:64],
    "Description":           lambda v: f"{v.record.method} of {v.record.domain_name}",
    "JobState":              lambda v: v.record.state,
    "JobStatus":             lambda v: v.sentence,
    "Status":                lambda v: v.sentence,
    "StatusDescriptions":    lambda v: (v.sentence,) * len(v.state.operational),
    "OperationalStatus":     lambda v: v.state.operational,
    "OperatingStatus":       lambda v: v.state.operating,
    "HealthState":           lambda v: v.state.health,
    "PrimaryStatus":         lambda v: v.state.primary,
    "CommunicationStatus":   lambda _: CommunicationStatus.NOT_AVAILABLE,
    "DetailedStatus":        lambda _: DetailedStatus.NO_ADDITIONAL_INFORMATION,
    "TimeSubmitted":         lambda v: timestamp(v.record.submitted),
    "InstallDate":           lambda v: timestamp(v.record.submitted),
    "StartTime":             lambda v: v.record.started and timestamp(v.record.started),
    "TimeOfLastStateChange": lambda v: timestamp(v.record.changed),
    "ElapsedTime":           lambda v: interval(v.elapsed),
    "TimeBeforeRemoval":     lambda v: interval(timedelta(seconds=v.record.removal_seconds)),
    "DeleteOnCompletion":    lambda v: v.record.delete_on_completion,
    "PercentComplete":       lambda v: v.record.percent,
    "ErrorCode":             lambda v: v.record.error_code,
    "ErrorDescription":      lambda v: v.record.error,
    "Owner":                 lambda v: v.record.owner,
    "Notify":                lambda v: v.record.notify,
    "Priority":              lambda v: v.record.priority,
    "JobRunTimes":           lambda _: 1,
    "LocalOrUtcTime":        lambda _: _UTC_TIME,
    "RecoveryAction":        lambda _: _DO_NOT_CONTINUE,
    "JobInParameters":       lambda v: instance_of(v.record.parameters),
    "JobOutParameters":      lambda v: (
        instance_of(v.record.result) if v.record.state == JobState.COMPLETED else None
    ),
}  # fmt: skip


def job_family(kind: JobKind, details: Mapping[str, Getter] | None = None) -> HostFamily:
    """Return the family of the jobs of a kind; `details` are the properties that only it has."""

    def parts(model: HostModel) -> Iterable[JobView]:
        return (JobView(model, job) for job in model.jobs if job.record.kind is kind)

    return HostFamily(
        name=FAMILIES_OF[kind],
        getters={**PROPERTIES, **(details or {})},
        parts=parts,
        given=lambda model: model.jobs,
        edits=EDITS,
        methods={
            "RequestStateChange": request_state_change,
            "KillJob": kill_job,
            "GetError": get_error,
            "GetErrors": get_errors,
        },
    )


def path_of(model: HostModel, record: JobRecord) -> ObjectPath:
    """Return the path of a job."""
    class_name = model.class_name(FAMILIES_OF[record.kind])
    return ObjectPath(class_name, (("InstanceID", record.id),), model.namespace)


def started(model: HostModel, record: JobRecord, **out: ObjectPath) -> MethodResult:
    """Return the result of a method that has started a job."""
    code = JobStateChangeCode.METHOD_PARAMETERS_CHECKED_TRANSITION_STARTED.value
    return MethodResult(code, {"Job": path_of(model, record), **out})


# What clients ask of a job


async def request_state_change(
    model: HostModel, record: Record, arguments: Arguments
) -> MethodResult:
    """Hold a job, let it go on, or end it (CIM_ConcreteJob.RequestStateChange)."""
    wanted = arguments.get("requestedstate")
    if not isinstance(wanted, int) or wanted not in set(JobRequest):
        return MethodResult(JobStateChangeCode.INVALID_PARAMETER.value)
    if arguments.get("timeoutperiod") not in {None, NO_TIME}:
        return MethodResult(JobStateChangeCode.USE_OF_TIMEOUT_PARAMETER_NOT_SUPPORTED.value)
    return MethodResult((await _request(model, record, JobRequest(wanted))).value)


async def _request(model: HostModel, record: Record, wanted: JobRequest) -> JobStateChangeCode:
    try:
        return await model.engine.request(_id(record), wanted, CALLER.get().user)
    except NoSuchJob as error:
        raise NotFound(f"job {error} is not there any more") from None
    except InfostoreError as error:
        raise Failed("the request could not be recorded; the job goes on") from error


_KILLED: Mapping[JobStateChangeCode, JobKillCode] = {
    JobStateChangeCode.COMPLETED_WITH_NO_ERROR: JobKillCode.SUCCESS,
    JobStateChangeCode.METHOD_PARAMETERS_CHECKED_TRANSITION_STARTED: JobKillCode.TIMEOUT,
    JobStateChangeCode.NOT_SUPPORTED: JobKillCode.NOT_SUPPORTED,
}
"""What KillJob answers; all else has failed."""


async def kill_job(model: HostModel, record: Record, arguments: Arguments) -> MethodResult:
    """End a job at once, and forget it where that is asked for (CIM_Job.KillJob)."""
    code = _KILLED.get(await _request(model, record, JobRequest.KILL), JobKillCode.FAILED)
    if code is JobKillCode.SUCCESS and arguments.get("deleteonkill"):
        try:
            await model.engine.delete(_id(record))
        except (NoSuchJob, InfostoreError):
            code = JobKillCode.FAILED
    return MethodResult(code.value)


async def get_error(model: HostModel, record: Record, _arguments: Arguments) -> MethodResult:
    """Return why a job failed; NULL when it did not (CIM_ConcreteJob.GetError)."""
    return MethodResult(JobErrorCode.SUCCESS.value, {"Error": _error(model, record)})


async def get_errors(model: HostModel, record: Record, _arguments: Arguments) -> MethodResult:
    """Return all reasons for which a job failed; there is one at most."""
    error = _error(model, record)
    return MethodResult(JobErrorCode.SUCCESS.value, {"Errors": error and (error,)})


def _error(model: HostModel, record: Record) -> Instance | None:
    try:
        job = model.engine.record(_id(record))
    except NoSuchJob as error:
        raise NotFound(f"job {error} is not there any more") from None
    if not job.error_code:
        return None
    status = Status(job.error_code)
    return model.embedded(
        "CIM_Error",
        {
            "ErrorType": _ERROR_TYPES.get(status, ErrorType.SOFTWARE_ERROR).value,
            "OwningEntity": "virtcim",
            "MessageID": f"{job.kind.upper()}:{status.name}",
            "Message": job.error,
            "PerceivedSeverity": _MAJOR,
            "ErrorSource": format_uri(path_of(model, job)),
            "ErrorSourceFormat": _OBJECT_PATH,
            "CIMStatusCode": status.value,
            "CIMStatusCodeDescription": job.error,
        },
    )


def _id(record: Record) -> str:
    return str(record["InstanceID"])
