"""Rows of the association table: what jobs change, whose they are, and how they were called."""

from collections.abc import Iterator, Mapping

from virtcim.hypervisors.model import DomainUUID
from virtcim.infostore.jobs import JobKind, JobRecord
from virtcim.jobs import NoSuchJob
from virtcim.providers import management_service, method_results, services
from virtcim.providers.associations import Association, Row, Walk
from virtcim.providers.concrete_job import FAMILIES_OF
from virtcim.providers.device_links import SYSTEM
from virtcim.providers.model import HostModel, domain_named
from virtcim.providers.walks import every, named
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
    """Yield the system of the domain that a job changes, as long as it is on the host."""
    job = _job(model, source)
    if job is not None and job.domain is not None:
        domain = model.host.listing.domains.get(DomainUUID(job.domain))
        if domain is not None:
            yield from model.parts(SYSTEM).records_of(domain)


def _changing(kind: JobKind) -> Walk:
    """Return a walk from the system of a domain to the jobs of a kind that change it."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        domain = domain_named(model, source["Name"])
        provider = model.provider(FAMILIES_OF[kind])
        for job in model.jobs:
            if domain is not None and job.record.kind is kind and job.record.domain == domain.uuid:
                found = provider.find({"instanceid": job.record.id})
                if found is not None:
                    yield found

    return walk


JOB_LINKS: tuple[Association, ...] = (
    # family                       first end, second end, and the walks between them
    Association("Virt_AffectedJobElement", tuple(
        Row(SYSTEM, family, _changing(kind), _changed) for kind, family in FAMILIES_OF.items()
    ), properties={"ElementEffects": lambda _: (ElementEffect.EXCLUSIVE_USE,)}),
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
