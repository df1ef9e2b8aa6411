"""CIM_VirtualSystemMigrationService (DSP1081): asks whether domains can migrate, and lets them.

The rule: what is refused is refused before there is a job, for a reason that is said; what is begun
is the job's. The checks are the same for both questions.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from virtcim.broker.arguments import instance, reference, text
from virtcim.broker.calling import CALLER
from virtcim.broker.methods import DIFFERENCE
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.hypervisors.actions import InspectDestination, Migrate
from virtcim.hypervisors.errors import Busy, HypervisorError
from virtcim.hypervisors.model import DomainState
from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.jobs import JSON, JobKind
from virtcim.inventory.host import Communication
from virtcim.inventory.snapshots import Domain
from virtcim.jobs import Plan
from virtcim.jobs.migration import Migration
from virtcim.jobs.moves import Move
from virtcim.providers import computer_system, migration_checks, migration_programs
from virtcim.providers.concrete_job import started
from virtcim.providers.families import Method
from virtcim.providers.migration_destinations import Destination, destination
from virtcim.providers.migration_keys import copy_key, delete_key
from virtcim.providers.migration_settings import Wishes, read_wishes, refused
from virtcim.providers.model import HostModel, domain_named
from virtcim.schema.layouts import Record
from virtcim.wbem.paths import ObjectPath, canonical_namespace
from virtcim.wbem.status import (
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
    WBEMError,
)

log = structlog.get_logger("virtcim.providers")

Place = Callable[[HostModel, Arguments], str]
"""Reads from the arguments where to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client wants of a domain."""

    domain: Domain
    wishes: Wishes
    destination: Destination


# Where to


def to_host(_model: HostModel, arguments: Arguments) -> str:
    """Return the DestinationHost."""
    place = text(arguments, "DestinationHost")
    if not place:
        raise InvalidParameter("parameter DestinationHost is missing")
    return place


def to_system(model: HostModel, arguments: Arguments) -> str:
    """Return the Name of the DestinationSystem."""
    path = reference(arguments, "DestinationSystem")
    if path is None:
        raise InvalidParameter("parameter DestinationSystem is missing")
    return _name_in(model, path, "DestinationSystem")


def _name_in(model: HostModel, path: ObjectPath, parameter: str) -> str:
    name = path.key("Name")
    if not isinstance(name, str) or not name:
        raise refused(model.behaviour, f"Missing key (Name) in {parameter}")
    return name


# What


def _request(model: HostModel, arguments: Arguments, place: Place) -> Request:
    if Migrate not in model.host.hypervisor.actions:
        raise NotSupported(f"domains of {model.hypervisor_uri} cannot be migrated")
    _refuse_new_settings(model, arguments)
    domain = _domain(model, arguments)
    wishes = read_wishes(instance(arguments, "MigrationSettingData"), model.behaviour)
    where = destination(
        model,
        place(model, arguments),
        wishes,
        special_key=arguments.get("migrationwithoutrootkey") is True,
    )
    return Request(domain=domain, wishes=wishes, destination=where)


def _refuse_new_settings(model: HostModel, arguments: Arguments) -> None:
    """Libvirt-cim takes settings for the destination and forgets them; we say that we cannot."""
    if model.behaviour.legacy_migration:
        return
    for name in ("NewSystemSettingData", "NewResourceSettingData"):
        if arguments.get(name.lower()):
            raise NotSupported(f"{name}: a domain migrates as it is; change it before or after")


def _domain(model: HostModel, arguments: Arguments) -> Domain:
    path = reference(arguments, "ComputerSystem")
    if path is None:
        raise InvalidParameter("parameter ComputerSystem is missing")
    own = model.class_name(computer_system.FAMILY).lower()
    given = path.key("CreationClassName")
    named = own if given is None else str(given).lower()
    elsewhere = canonical_namespace(path.namespace or model.namespace) != model.namespace
    if {path.class_name.lower(), named} != {own} or elsewhere:
        raise refused(model.behaviour, "Invalid REF in ComputerSystem")
    name = _name_in(model, path, "ComputerSystem")
    domain = domain_named(model, name)
    if domain is None:
        raise NotFound(f"No such domain: Referenced domain `{name}' does not exist")
    return domain


# Whether


async def _objections(model: HostModel, request: Request) -> list[WBEMError]:
    """Ask both hosts, and the operator's programs when nothing else objects."""
    facts, wishes, here = request.domain.facts, request.wishes, model.host.facts
    if here is None or model.host.communication is not Communication.OK:
        raise Failed("the hypervisor of the domain does not answer")
    name = wishes.new_name or facts.name
    try:
        there = await model.host.perform(
            InspectDestination(uri=request.destination.uri, uuid=facts.uuid, name=name)
        )
    except HypervisorError as error:
        where = request.destination.shown
        raise Failed(f"Failed to connect to remote host ({where}): {error.detail}") from error
    situation = migration_checks.Situation(
        domain=facts,
        is_migrating=request.domain.record.migrating,
        wishes=wishes,
        here=here,
        there=there,
        strictly_newer=model.behaviour.legacy_migration,
    )
    found = list(migration_checks.objections(situation))
    return found or await _asked_programs(model, request)


async def _asked_programs(model: HostModel, request: Request) -> list[WBEMError]:
    options = model.server.migration
    if options.checks is None:
        return []
    question = migration_programs.Question(
        request.domain.name, model.hypervisor_uri, request.wishes.check_parameters
    )
    found = await migration_programs.objections(options.checks, options.check_seconds, question)
    return [Failed(objection) for objection in found]


def check(place: Place) -> Method:
    """Return the method that says whether a domain can migrate."""

    async def run(model: HostModel, _record: Record, arguments: Arguments) -> MethodResult:
        request = _request(model, arguments, place)
        reasons = tuple(error.reason for error in await _objections(model, request))
        if reasons:
            _log_refusal(request, reasons)
        said = {} if model.behaviour.legacy_migration else {"Reasons": reasons}
        return MethodResult(0, {"IsMigratable": not reasons, **said})

    return run


def _log_refusal(request: Request, reasons: tuple[str, ...]) -> None:
    log.info(
        "not_migratable",
        domain=request.domain.name,
        destination=request.destination.place,
        reasons="; ".join(reasons),
    )


# And now


def migrate(method: str, place: Place) -> Method:
    """Return the method that migrates a domain."""

    async def run(model: HostModel, _record: Record, arguments: Arguments) -> MethodResult:
        request = _request(model, arguments, place)
        objections = await _objections(model, request)
        if objections:
            _log_refusal(request, tuple(error.reason for error in objections))
            raise objections[0]
        if CALLER.get().dry_run:
            return MethodResult(0, {DIFFERENCE: _rehearsed(model, request)})
        return await _started(model, method, request)

    return run


def _rehearsed(model: HostModel, request: Request) -> str:
    """Say what would be; of its definition nothing would change."""
    where = f"{request.destination.place} ({request.destination.shown})"
    return f"Domain `{request.domain.name}' would move from {model.system_name} to {where}\n"


async def _started(model: HostModel, method: str, request: Request) -> MethodResult:
    move = move_for(model, request)
    migration = Migration(move, model.host, request.destination.host)
    plan = Plan(
        kind=JobKind.MIGRATION,
        host=model.host,
        domain=request.domain.uuid,
        domain_name=request.domain.name,
        name="Migration",
        method=method,
        owner=CALLER.get().user,
        parameters=_parameters(request),
        work=migration.work,
        stop=migration.stop,
        migrating=True,
        seen=request.domain.facts,
    )
    try:
        return started(model, await model.engine.start(plan))
    except Busy as error:
        raise Failed(f"Domain `{request.domain.name}' is busy: {error.detail}") from error
    except InfostoreError as error:
        raise Failed("the job could not be recorded; nothing was changed") from error


def move_for(model: HostModel, request: Request) -> Move:
    """Return the move that does what a client wants."""
    facts, wishes, where = request.domain.facts, request.wishes, request.destination
    return Move(
        type=wishes.type,
        uuid=facts.uuid,
        name=facts.name,
        destination=where.uri,
        place=where.place,
        host=None if where.host is None else where.host.name,
        flags=wishes.flags,
        new_name=wishes.new_name,
        stream_uri=wishes.stream_uri,
        bandwidth_mib=wishes.bandwidth_mib,
        downtime_ms=wishes.downtime_ms,
        was_paused=facts.state is DomainState.PAUSED,
        persistent=facts.persistent,
        autostart=facts.autostart and facts.persistent,
        shutdown_seconds=model.server.migration.shutdown_seconds,
    )


def _parameters(request: Request) -> Mapping[str, JSON]:
    """Return what was asked for, as the job shows it."""
    wishes = request.wishes
    given: dict[str, JSON] = {
        "ComputerSystem": request.domain.name,
        "DestinationHost": request.destination.place,
        "MigrationType": wishes.type.value,
        "Flags": [*sorted(flag.value for flag in wishes.flags)],
        "Bandwidth": wishes.bandwidth_mib,
        "MaximumDowntime": wishes.downtime_ms,
        "MigrationURI": wishes.stream_uri,
        "NewName": wishes.new_name,
    }
    return {name: value for name, value in given.items() if value is not None}


REHEARSED = frozenset({
    "CheckVirtualSystemIsMigratableToHost", "CheckVirtualSystemIsMigratableToSystem",
    "MigrateVirtualSystemToHost", "MigrateVirtualSystemToSystem",
})  # fmt: skip
"""The former change nothing, the latter say whether they would be refused."""

METHODS: Mapping[str, Callable[[HostModel, Record, Arguments], Awaitable[MethodResult]]] = {
    "CheckVirtualSystemIsMigratableToHost":   check(to_host),
    "CheckVirtualSystemIsMigratableToSystem": check(to_system),
    "MigrateVirtualSystemToHost":   migrate("MigrateVirtualSystemToHost", to_host),
    "MigrateVirtualSystemToSystem": migrate("MigrateVirtualSystemToSystem", to_system),
    "MigrateSSHKeyCopy":            copy_key,
    "MigrateSSHKeyDelete":          delete_key,
}  # fmt: skip
