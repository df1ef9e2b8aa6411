"""Changes of definitions and of running domains, as jobs."""

from virtcim.infostore.jobs import JobKind
from virtcim.providers.concrete_job import FAMILIES_OF, job_family

FAMILY = FAMILIES_OF[JobKind.CONFIGURATION]

FAMILIES = (job_family(JobKind.CONFIGURATION),)
