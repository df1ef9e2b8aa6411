"""Durable records as providers write them: after the effect, before the reply."""

from dataclasses import replace

import structlog

from virtcim.hypervisors.model import DomainUUID
from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.records import DomainRecord
from virtcim.inventory.host import Host
from virtcim.wbem.status import Failed

log = structlog.get_logger("virtcim.providers")


async def remember_request(host: Host, uuid: DomainUUID, requested: int) -> None:
    """Record the state that was reached at a client's request.

    Raises Failed when it cannot be recorded: the change was made, and the client must know both.
    """
    domain = host.listing.domains.get(uuid)
    if domain is None:
        return  # a transient domain is gone with its last state; there is nothing to remember
    record: DomainRecord = replace(domain.record, requested_state=requested)
    try:
        await host.record(uuid, record)
    except InfostoreError as error:
        log.warning("record_not_written", host=host.name, domain=uuid, error=str(error))
        raise Failed("the state was changed, but RequestedState could not be recorded") from error
