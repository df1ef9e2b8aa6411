"""Jobs: the engine for long work, which tells the truth until the end and after a crash."""

from virtcim.jobs.book import Job, NoSuchJob
from virtcim.jobs.engine import Engine
from virtcim.jobs.failures import JobFailed
from virtcim.jobs.plans import Adopted, Completed, Failed, Plan, Recoverer, Run, Verdict

__all__ = [
    "Adopted",
    "Completed",
    "Engine",
    "Failed",
    "Job",
    "JobFailed",
    "NoSuchJob",
    "Plan",
    "Recoverer",
    "Run",
    "Verdict",
]
