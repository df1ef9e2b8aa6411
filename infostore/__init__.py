"""Durable records per domain: what a hypervisor cannot hold and no restart may lose."""

from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.facade import Infostore
from virtcim.infostore.job_table import JobWrite
from virtcim.infostore.jobs import JobKind, JobRecord
from virtcim.infostore.looking import JobWindow
from virtcim.infostore.opening import prepare_directory
from virtcim.infostore.records import DomainRecord

__all__ = [
    "DomainRecord",
    "Infostore",
    "InfostoreError",
    "JobKind",
    "JobRecord",
    "JobWindow",
    "JobWrite",
    "prepare_directory",
]
