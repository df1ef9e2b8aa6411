"""Rows of the association table: what jobs change, whose they are, and how they were called."""

from collections.abc import Iterator, Mapping

from virtcim.hypervisors.model import DomainUUID
from virtcim.infostore.jobs import JobKind, JobRecord
from virtcim.jobs import NoSuchJob
from virtcim.jobs.snapshot_outcomes import Task
from virtcim.providers import management_service, method_results, services
from virtcim.providers.associations import Association, Link, Row, Walk
from virtcim.providers.concrete_job import FAMILIES_OF
from virtcim.providers.device_links import SYSTEM
from virtcim.providers.model import HostModel, domain_named
from virtcim.providers.walks import SETTING, configuration_of, every, named, systems_of
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import ElementEffect

OWNERS: Mapping[JobKind, str] = {
    # kind                    the service whose method started it
    JobKind.MIGRATION:        services.MIGRATION,
    JobKind.SNAPSHOT:         services.SNAPSHOT,
    JobKind.CONFIGURATION:    management_service.FAMILY,
}  # fmt: skip
"""Total over JobKind."""

RESULT = method_results.FAMILY


def _job(model: HostModel, source: Record) -> JobRecord | None:
    try:
        return model.engine.record(str(source["InstanceID"]))
    except NoSuchJob:
        return None


def _changed(model: HostModel, source: Record) -> Iterator[Record]:
    """Yield the systems of the domains that a job changes, as long as they are on the host."""
    job = _job(model, source)
    for uuid in () if job is None else job.domains:
        domain = model.host.listing.domains.get(DomainUUID(uuid))
        if domain is not None:
            yield from model.parts(SYSTEM).records_of(domain)


def _changing(kind: JobKind) -> Walk:
    """Return a walk from the system of a domain to the jobs of a kind that change it."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        domain = domain_named(model, source["Name"])
        provider = model.provider(FAMILIES_OF[kind])
        for job in model.jobs:
            if domain is not None and job.record.kind is kind and domain.uuid in job.record.domains:
                found = provider.find({"instanceid": job.record.id})
                if found is not None:
                    yield found

    return walk


def _made(model: HostModel, source: Record) -> Iterator[Record]:
    """Yield the setting of the snapshot that a job has made."""
    job = _job(model, source)
    name = None if job is None else _to_be_made(job)
    if job is not None and job.domain is not None and name is not None:
        domain = model.host.listing.domains.get(DomainUUID(job.domain))
        for one, record in () if domain is None else systems_of(model, domain):
            if one.snapshot is not None and one.snapshot.name == name:
                yield record


def _making(model: HostModel, source: Record) -> Iterator[Record]:
    """Yield the job that has made a snapshot, from the snapshot's setting."""
    domain, one = configuration_of(model, source)
    provider = model.provider(FAMILIES_OF[JobKind.SNAPSHOT])
    for job in model.jobs:
        if domain is None or one is None or one.snapshot is None:
            return
        if job.record.domain == domain.uuid and _to_be_made(job.record) == one.snapshot.name:
            found = provider.find({"instanceid": job.record.id})
            if found is not None:
                yield found


def _to_be_made(job: JobRecord) -> object:
    """Return the name of the snapshot that a job makes; None for all other jobs."""
    makes = job.kind is JobKind.SNAPSHOT and job.parameters.get("task") == Task.CREATE
    return job.parameters.get("snapshot") if makes else None


def _effects(link: Link) -> tuple[ElementEffect]:
    """A job has its domain for itself, and makes a snapshot (CreateSnapshot's Job parameter)."""
    makes = link.first.layout.class_name == link.model.class_name(SETTING)
    return (ElementEffect.CREATE if makes else ElementEffect.EXCLUSIVE_USE,)


JOB_LINKS: tuple[Association, ...] = (
    # family                       first end, second end, and the walks between them
    Association("Virt_AffectedJobElement", (
        *(Row(SYSTEM, family, _changing(kind), _changed) for kind, family in FAMILIES_OF.items()),
        Row(SETTING, FAMILIES_OF[JobKind.SNAPSHOT], _making, _made),
    ), properties={"ElementEffects": _effects}),
    Association("Virt_OwningJobElement", tuple(
        Row(OWNERS[kind], family, every(family), every(OWNERS[kind]))
        for kind, family in FAMILIES_OF.items()
    )),
    Association("Virt_AssociatedJobMethodResult", tuple(
        Row(family, RESULT, named(RESULT, "instanceid", "InstanceID"),
            named(family, "instanceid", "InstanceID"))
        for family in FAMILIES_OF.values()
    )),
)  # fmt: skip
