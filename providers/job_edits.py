"""What clients change of a job, and how they forget one (the Write properties of CIM_ConcreteJob).

The rule: what a job tells of itself is its own; a client that sends it back as it was shown changes
nothing by that.
"""

from collections.abc import Callable, Mapping
from typing import Any

from virtcim.broker.provider import InstanceValues
from virtcim.infostore.errors import InfostoreError
from virtcim.jobs import NoSuchJob
from virtcim.providers.families import FamilyEdits
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Record
from virtcim.wbem.objects import Value
from virtcim.wbem.status import Failed, InvalidParameter, NotFound
from virtcim.wbem.types import seconds_of


def _needed(value: Value) -> Value:
    if value is None:
        raise ValueError("it cannot be NULL")
    return value


LONGEST_STAY = 100 * 365 * 86400


def _seconds(value: Value) -> int:
    seconds = seconds_of(str(_needed(value)))
    if seconds > LONGEST_STAY:
        raise ValueError("a job stays for a hundred years at most")
    return seconds


_Change = tuple[str, Callable[[Value], Any]]

WRITABLE: Mapping[str, _Change] = {
    # property             field of the record, and how it is made
    "notify":             ("notify", lambda value: value),
    "priority":           ("priority", lambda value: value),
    "deleteoncompletion": ("delete_on_completion", _needed),
    "timebeforeremoval":  ("removal_seconds", _seconds),
}  # fmt: skip


async def modify(model: HostModel, record: Record, values: InstanceValues) -> None:
    """Change what a client may of a job; raises InvalidParameter, NotFound, Failed."""
    wanted = values.keys() & WRITABLE.keys()
    if not wanted:
        raise InvalidParameter(f"{', '.join(sorted(values))} of a job cannot be changed")
    changes = dict(_changed(name, values[name]) for name in sorted(wanted))
    try:
        await model.engine.modify(str(record["InstanceID"]), **changes)
    except NoSuchJob as error:
        raise NotFound(f"job {error} is not there any more") from None
    except InfostoreError as error:
        raise Failed("the change could not be recorded") from error


def _changed(name: str, value: Value) -> tuple[str, Any]:
    field, convert = WRITABLE[name]
    try:
        return field, convert(value)
    except ValueError as error:
        raise InvalidParameter(f"{name}: {error}") from None


async def delete(model: HostModel, record: Record) -> None:
    """Forget a job that has ended; raises Failed for one that has not, NotFound."""
    try:
        gone = await model.engine.delete(str(record["InstanceID"]))
    except NoSuchJob as error:
        raise NotFound(f"job {error} is not there any more") from None
    except InfostoreError as error:
        raise Failed("the job could not be forgotten") from error
    if not gone:
        raise Failed("the job has not ended; terminate it first")


EDITS = FamilyEdits(modify=modify, delete=delete)
