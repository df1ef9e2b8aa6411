"""Recording what clients make: what is said when the infostore does not do it.

The rule: who records has the keeper's turn, and shows nothing before it is durable.
"""

from collections.abc import Iterable

from virtcim.infostore.errors import InfostoreError, Late
from virtcim.infostore.objects import CIMObject, Keeper, ObjectKey
from virtcim.wbem.status import Failed

NOT_RECORDED = "the change could not be recorded; nothing was changed"
MAYBE_RECORDED = (
    "the change could not be recorded in time; it is not made now, but may be there when the server"
    " has been started again"
)


async def record(
    keeper: Keeper, made: Iterable[CIMObject] = (), removed: Iterable[ObjectKey] = ()
) -> None:
    """Remove objects and write others; raises Failed."""
    try:
        await keeper.write(made, removed)
    except Late as error:
        raise Failed(MAYBE_RECORDED) from error
    except InfostoreError as error:
        raise Failed(NOT_RECORDED) from error
