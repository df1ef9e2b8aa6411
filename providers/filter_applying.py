"""Network filters applied to network interfaces: AppliedFilterList made and removed.

The rule: it is a change of the domain like any other (drafts.py): in its turn, of its definition
and of what runs, all or nothing. An interface has one filter; another one takes its place.
"""

from contextlib import AsyncExitStack

from virtcim.providers import views
from virtcim.providers.filters import LIST
from virtcim.providers.model import HostModel
from virtcim.providers.resource_methods import Naming, committed, opened, take_turns
from virtcim.providers.walks import devices_of, part_of
from virtcim.schema.layouts import Record
from virtcim.wbem.status import Failed, NotFound

NO_FILTER = ""


async def apply(model: HostModel, first: Record, second: Record) -> None:
    """Let the traffic of an interface pass a filter."""
    port, one = _ends(model, first, second)
    await _set(model, port, str(one["Name"]))


async def lift(model: HostModel, first: Record, second: Record) -> None:
    """Let the traffic of an interface pass freely."""
    port, _ = _ends(model, first, second)
    await _set(model, port, NO_FILTER)


def _ends(model: HostModel, first: Record, second: Record) -> tuple[Record, Record]:
    """Return the port and the filter; for clients of libvirt-cim the ends are exchanged."""
    exchanged = first.layout.class_name == model.class_name(LIST)
    return (second, first) if exchanged else (first, second)


async def _set(model: HostModel, port: Record, name: str) -> None:
    domain = model.owner(port)
    if domain is None:
        raise NotFound(f"the domain of {port['DeviceID']} does not exist any more")
    view = part_of(devices_of(model, domain, views.NETWORK_PORT), port)
    if view is None or view.device is None:
        raise Failed(f"{port['DeviceID']} is no interface that could have a filter")
    async with AsyncExitStack() as turns:
        await take_turns(model, turns, [domain])
        draft = await opened(model, domain)
        draft.modify(view.device.id, {"filterref": name}, pending=False)
        naming = Naming("AppliedFilterList", f"Unable to set the filter of {port['DeviceID']}")
        await committed(model, turns, (draft,), naming, dict, patience=None)  # no job to be told
