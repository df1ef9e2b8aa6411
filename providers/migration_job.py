"""Migrations of domains to other hosts, as jobs."""

from collections.abc import Mapping

from virtcim.infostore.jobs import JobKind
from virtcim.providers.concrete_job import FAMILIES_OF, JobView, job_family
from virtcim.schema.layouts import Getter

FAMILY = FAMILIES_OF[JobKind.MIGRATION]


def _detail(name: str) -> Getter:
    """Return a getter of what a hypervisor's job has told; 0 before it has."""

    def read(view: JobView) -> int:
        told = view.record.details.get(name)
        return told if isinstance(told, int) else 0

    return read


PROGRESS: Mapping[str, Getter] = {
    # property          field of JobStatistics
    "DestinationHost": lambda v: v.record.parameters.get("DestinationHost"),
    "DataTotal":       _detail("data_total"),
    "DataProcessed":   _detail("data_processed"),
    "DataRemaining":   _detail("data_remaining"),
    "MemoryRate":      _detail("memory_rate"),
    "DirtyPagesRate":  _detail("dirty_pages_rate"),
    "Iteration":       _detail("iteration"),
    "Downtime":        _detail("downtime_ms"),
}  # fmt: skip

FAMILIES = (job_family(JobKind.MIGRATION, PROGRESS),)
