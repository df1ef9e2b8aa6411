"""Making, applying and deleting of snapshots, as jobs."""

from virtcim.infostore.jobs import JobKind
from virtcim.providers.concrete_job import FAMILIES_OF, job_family

FAMILY = FAMILIES_OF[JobKind.SNAPSHOT]

FAMILIES = (job_family(JobKind.SNAPSHOT),)
