"""Migrations of domains to other hosts, as jobs."""

from virtcim.infostore.jobs import JobKind
from virtcim.providers.concrete_job import FAMILIES_OF, job_family

FAMILY = FAMILIES_OF[JobKind.MIGRATION]

FAMILIES = (job_family(JobKind.MIGRATION),)
