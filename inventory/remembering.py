"""What is remembered of the domains of one host: the infostore's records, kept at hand.

The rule: a record is at hand here only when it is durable, and is let go only when its domain is
gone for good, not just between two definitions, and no job needs it any more.
"""

import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol

import structlog

from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.records import DomainRecord

log = structlog.get_logger("virtcim.inventory")

NO_RECORD = DomainRecord()


class Records(Protocol):
    """The infostore, as far as the inventory needs it; put is durable when it returns."""

    async def records(self, host: str) -> Mapping[str, DomainRecord]:
        """Every record of a host, by domain UUID."""

    async def put(self, host: str, uuid: str, record: DomainRecord) -> None:
        """Write one; calls take effect in the order in which they were made."""

    async def remove(self, host: str, uuid: str) -> None:
        """Remove one, if it is there."""


class Memory:
    """The records of one host; `seconds`: how long a domain is absent until it is gone for good."""

    def __init__(self, host: str, store: Records, seconds: float) -> None:
        self._host = host
        self._store = store
        self._seconds = seconds
        self._records: dict[str, DomainRecord] = {}
        self._absent_since: dict[str, float] = {}

    async def load(self) -> None:
        """Read all records; raises InfostoreError."""
        self._records = dict(await self._store.records(self._host))

    def of(self, uuid: str) -> DomainRecord:
        """Return what is remembered of a domain."""
        return self._records.get(uuid, NO_RECORD)

    def keep(self, uuid: str, record: DomainRecord) -> None:
        """Have a record at hand that is durable already."""
        self._records[uuid] = record

    async def put(self, uuid: str, record: DomainRecord) -> None:
        """Make a record durable; raises InfostoreError, and then nothing has changed."""
        await self._store.put(self._host, uuid, record)
        self.keep(uuid, record)

    async def forget(self, uuid: str) -> None:
        """Let a record go, if there is one; one that the infostore keeps stays at hand."""
        if uuid not in self._records:
            return
        try:
            await self._store.remove(self._host, uuid)
        except InfostoreError as error:
            log.warning("record_not_removed", host=self._host, domain=uuid, error=str(error))
        else:
            self._records.pop(uuid, None)

    async def forget_absent(self, present: Callable[[], AbstractSet[str]]) -> None:
        """Let the records go of domains that are gone for good; `present` tells those that are."""
        now = time.monotonic()
        gone = self._records.keys() - present()
        absent = {uuid for uuid in gone if not self._records[uuid].migrating}  # a job needs those
        self._absent_since = {uuid: self._absent_since.get(uuid, now) for uuid in absent}
        for uuid, since in tuple(self._absent_since.items()):
            back = uuid in present()  # it may have come while another was forgotten
            if not back and now > since and now - since >= self._seconds:
                await self.forget(uuid)
