"""The methods of the snapshot service (DSP1042): making, applying and destroying snapshots.

Beside the snapshots that a hypervisor keeps there is the memory of a domain, saved by libvirt-cim's
types 32768 and 32769: the domain has at most one such image, and its own setting stands for that.

The rule: what cannot be done is refused before a job begins, as far as we can know it; what only
the hypervisor knows is said by the job.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from secrets import token_hex

from virtcim.broker.calling import CALLER
from virtcim.broker.embedded import Embedded
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.hypervisors.actions import (
    Action,
    Content,
    DeleteSnapshot,
    RestoreMemory,
    RevertToSnapshot,
)
from virtcim.hypervisors.definition.snapshots import unfit
from virtcim.hypervisors.errors import HypervisorError
from virtcim.hypervisors.model import Verb
from virtcim.infostore.errors import InfostoreError
from virtcim.inventory.snapshots import Domain
from virtcim.jobs.failures import wbem_error
from virtcim.jobs.snapshot_outcomes import Assignment, Task
from virtcim.jobs.snapshots import plan
from virtcim.providers.addresses import affected_system
from virtcim.providers.concrete_job import started
from virtcim.providers.configurations import Configuration
from virtcim.providers.device_links import SYSTEM
from virtcim.providers.families import Method
from virtcim.providers.model import HostModel
from virtcim.providers.snapshot_types import (
    GUEST_RUNS,
    LEGACY_TYPES,
    MEMORY,
    MEMORY_TERMINAL,
    TYPES,
    MadeAs,
    has_memory,
)
from virtcim.providers.system_settings import FAMILY as SETTING
from virtcim.providers.walks import configuration_of
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import SnapshotCode
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import (
    AlreadyExists,
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
    WBEMError,
)


class _Refusal(Exception):
    """Nothing was begun: `code` is returned, but clients of libvirt-cim are told the error."""

    def __init__(self, code: SnapshotCode, error: WBEMError) -> None:
        super().__init__(error.reason)
        self.code = code
        self.error = error


def _refusing(method: Method) -> Method:
    """Turn refusals into what the client expects of them."""

    async def refusing(model: HostModel, service: Record, arguments: Arguments) -> MethodResult:
        try:
            return await method(model, service, arguments)
        except _Refusal as refusal:
            if model.behaviour.refusals_are_errors:
                raise refusal.error from refusal
            return MethodResult(refusal.code.value)

    return refusing


# Making


async def create_snapshot(model: HostModel, _service: Record, arguments: Arguments) -> MethodResult:
    """Start a job that makes one; its setting can be named before it is there."""
    wanted = arguments.get("snapshottype")
    if not isinstance(wanted, int):
        raise InvalidParameter("Missing SnapshotType")
    domain = _affected_system(model, arguments)
    settings = arguments.get("snapshotsettings")
    if settings is None and model.behaviour.legacy_snapshots:
        raise InvalidParameter("Missing SnapshotSettings")
    kind = _type(model, wanted)
    if kind.task is Task.CREATE:
        name, description = _words(domain, settings)
    else:
        name, description = "", None
        if not has_memory(domain):
            reason = (
                f"domain `{domain.name}' has no memory that could be saved: it is off, or transient"
            )
            raise _Refusal(SnapshotCode.INVALID_STATE, Failed(reason))
    task = _assignment(
        domain, kind.task, snapshot=name, description=description, content=kind.content
    )
    return await _start(model, task, "CreateSnapshot", ResultingSnapshot=_path(model, domain, name))


def _type(model: HostModel, wanted: int) -> MadeAs:
    if wanted not in TYPES or (model.behaviour.legacy_snapshots and wanted not in LEGACY_TYPES):
        reason = f"Only memory({MEMORY},{MEMORY_TERMINAL}) snapshots are supported"
        raise _Refusal(SnapshotCode.INVALID_TYPE, NotSupported(reason))
    kind = TYPES[wanted]
    _need(model, kind.action)
    return kind


def _need(model: HostModel, action: type[Action[None]]) -> None:
    if action not in model.host.hypervisor.actions:
        reason = f"the hypervisor {model.hypervisor_uri} cannot do that"
        raise _Refusal(SnapshotCode.NOT_SUPPORTED, NotSupported(reason))


def _words(domain: Domain, settings: object) -> tuple[str, str | None]:
    """Return the name and the description of a new snapshot; raises InvalidParameter."""
    given = settings if isinstance(settings, Embedded) else Embedded("", {})
    name = given.get("ElementName")
    if not isinstance(name, str) or not name.strip():
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{token_hex(3)}"
    problem = unfit(name)
    if problem is not None:
        raise InvalidParameter(f"ElementName cannot be the name of a snapshot: {problem}")
    if any(one.name == name for one in domain.facts.snapshots):
        raise AlreadyExists(f"domain `{domain.name}' has a snapshot `{name}' already")
    return name, _text(given.get("Notes")) or _text(given.get("Description"))


def _text(value: object) -> str | None:
    """Return what a person wrote: one text, or its lines."""
    lines = value if isinstance(value, tuple) else (value,)
    text = "\n".join(line for line in lines if isinstance(line, str))
    if any(not (letter.isprintable() or letter in "\n\t") for letter in text):
        raise InvalidParameter("Notes of a snapshot have characters that cannot be printed")
    return text or None


# Applying and destroying


async def apply_snapshot(model: HostModel, _service: Record, arguments: Arguments) -> MethodResult:
    """Start a job that takes a domain back, to the state too that the snapshot was made in."""
    one = _snapshot(model, arguments, "Snapshot")
    if one.snapshot is None:
        _need(model, RestoreMemory)
        _need_image(one.domain)
        task = _assignment(one.domain, Task.RESTORE)
    else:
        _need(model, RevertToSnapshot)
        task = _assignment(
            one.domain, Task.APPLY, snapshot=one.snapshot.name, state=one.snapshot.state
        )
    return await _start(model, task, "ApplySnapshot")


async def destroy_snapshot(
    model: HostModel, _service: Record, arguments: Arguments
) -> MethodResult:
    """Start a job that deletes one; saved memory is removed at once."""
    one = _snapshot(model, arguments, "AffectedSnapshot")
    if one.snapshot is None:
        _need(model, RestoreMemory)
        return await _forget_memory(model, one.domain)
    _need(model, DeleteSnapshot)
    task = _assignment(one.domain, Task.DELETE, snapshot=one.snapshot.name)
    return await _start(model, task, "DestroySnapshot")


async def _forget_memory(model: HostModel, domain: Domain) -> MethodResult:
    sentence = f"Unable to remove snapshot of domain `{domain.name}'"
    try:
        async with model.host.turns.held(domain.uuid, "DestroySnapshot"):
            _need_image(model.host.listing.domains.get(domain.uuid, domain))
            await model.host.change(domain.uuid, Verb.DROP_SAVED_STATE)
    except HypervisorError as error:
        raise wbem_error(error, sentence) from error
    return MethodResult(SnapshotCode.COMPLETED_WITH_NO_ERROR.value)


def _need_image(domain: Domain) -> None:
    facts = domain.facts
    if facts.active or not facts.managed_save:
        reason = f"domain `{domain.name}' has no saved memory"
        raise _Refusal(SnapshotCode.INVALID_STATE, Failed(reason))


# Arguments and replies


def _affected_system(model: HostModel, arguments: Arguments) -> Domain:
    """Return the domain that AffectedSystem names; raises InvalidParameter, NotFound."""
    path = arguments.get("affectedsystem")
    record = _resolved(model, path) if isinstance(path, ObjectPath) else None
    if record is not None and record.layout.class_name != model.class_name(SYSTEM):
        raise InvalidParameter("AffectedSystem is no domain")
    domain = affected_system(
        model,
        path,
        missing="Missing AffectedSystem",
        nameless="Missing Name property of AffectedSystem",
    )
    if record is None:
        raise NotFound(f"AffectedSystem is not the path of domain `{domain.name}'")
    return domain


def _snapshot(model: HostModel, arguments: Arguments, name: str) -> Configuration:
    """Return the configuration that an argument names; raises InvalidParameter, NotFound."""
    path = arguments.get(name.lower())
    if not isinstance(path, ObjectPath):
        raise InvalidParameter(f"Missing {name}")
    record = _resolved(model, path)
    if record is None:
        if model.behaviour.legacy_snapshots:
            raise Failed(f"Invalid InstanceID in {name}")
        raise NotFound(f"{name} does not exist")
    one = None
    if record.layout.class_name == model.class_name(SETTING):
        _, one = configuration_of(model, record)
    if one is None or (one.snapshot is None and not one.kind.is_current):
        raise InvalidParameter(f"{name} is no snapshot")
    return one


def _resolved(model: HostModel, path: ObjectPath) -> Record | None:
    at_home = path.at(model.namespace).namespace == model.namespace
    return model.resolve(path) if at_home else None


def _path(model: HostModel, domain: Domain, snapshot: str) -> ObjectPath:
    """Return the path that the setting of a snapshot has; of memory it is the domain's own."""
    name = f"{domain.name}/snapshot/{snapshot}" if snapshot else domain.name
    keys = (("InstanceID", f"{model.host.prefix}:{name}"),)
    return ObjectPath(model.class_name(SETTING), keys, model.namespace)


async def _start(
    model: HostModel, task: Assignment, method: str, **out: ObjectPath
) -> MethodResult:
    try:
        job = await model.engine.start(
            plan(model.host, task, method=method, owner=CALLER.get().user)
        )
    except HypervisorError as error:
        raise wbem_error(error, f"{method} of domain `{task.domain}' was not begun") from error
    except InfostoreError as error:
        raise Failed("the job could not be recorded; nothing was changed") from error
    return started(model, job, **out)


def _assignment(
    domain: Domain,
    task: Task,
    *,
    snapshot: str = "",
    state: str = "",
    description: str | None = None,
    content: Content = Content.FULL,
) -> Assignment:
    return Assignment(
        task=task,
        uuid=domain.uuid,
        domain=domain.name,
        run=domain.facts.id,
        running=domain.facts.state in GUEST_RUNS,
        snapshot=snapshot,
        state=state,
        description=description,
        content=content,
    )


METHODS: Mapping[str, Method] = {
    "CreateSnapshot": _refusing(create_snapshot),
    "ApplySnapshot": _refusing(apply_snapshot),
    "DestroySnapshot": _refusing(destroy_snapshot),
}
