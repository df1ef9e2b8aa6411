"""Network filters made, changed, nested and removed.

The rule: the text of a filter is read, changed in one place and defined again, in its turn.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from virtcim.broker.provider import InstanceValues
from virtcim.hypervisors import errors
from virtcim.hypervisors.actions import Action, DefineFilter, ReadFilter, UndefineFilter
from virtcim.hypervisors.definition import Interface
from virtcim.hypervisors.definition import filter_texts as texts
from virtcim.hypervisors.definition.filters import may_refer
from virtcim.hypervisors.model import DomainUUID
from virtcim.hypervisors.resources import FilterFacts
from virtcim.jobs.failures import wbem_error
from virtcim.providers.configurations import parsed
from virtcim.providers.families import FamilyEdits
from virtcim.providers.filters import LIST, definitions
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Layout, Record
from virtcim.wbem.objects import Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import AlreadyExists, Failed, InvalidParameter, NotFound

T = TypeVar("T")

Edit = Callable[[str], str]

NAMING = frozenset({
    "name", "systemcreationclassname", "systemname", "creationclassname", "elementname",
    "instanceid", "caption", "description",
})  # fmt: skip
"""Properties that say who it is: of a new instance they are as they must be."""


async def perform(model: HostModel, action: Action[T], tried: str) -> T:
    """Do it; raises the CIM error for its failure."""
    try:
        return await model.host.perform(action)
    except errors.HypervisorError as error:
        raise wbem_error(error, tried) from error


def name_of(values: InstanceValues) -> str:
    """Return the Name of a new instance; raises InvalidParameter."""
    name = values.get("name")
    if not isinstance(name, str) or not name.strip():
        raise InvalidParameter("Name is needed")
    return name.strip()


def facts_of(model: HostModel, name: str) -> FilterFacts | None:
    """Return the filter of this name."""
    return next((one for one in model.host.resources.filters if one.name == name), None)


def _known(model: HostModel, name: str) -> FilterFacts:
    facts = facts_of(model, name)
    if facts is None:
        raise NotFound(f"there is no filter {name}")
    return facts


def check_given(
    layout: Layout, given: Iterable[tuple[str, Value]], settable: frozenset[str]
) -> None:
    """Refuse what nobody could keep; what the class says of every instance is no wish."""
    for name, value in given:
        declared = layout.properties[layout.index[name]]
        if name not in settable and name not in NAMING and value != declared.value:
            raise InvalidParameter(f"{declared.name} of {layout.class_name} cannot be given")


async def edit_filter(model: HostModel, name: str, edit: Edit, tried: str) -> str:
    """Change the text of a filter in its turn; return the text before."""
    facts = _known(model, name)
    try:
        async with model.host.turns.held(DomainUUID(facts.uuid), f"a change of filter {name}"):
            before = await perform(model, ReadFilter(uuid=facts.uuid), tried)
            try:
                after = edit(before)
            except errors.InvalidArgument as error:
                raise InvalidParameter(f"{tried}: {error.detail}") from error
            await perform(model, DefineFilter(xml=after), tried)
            return before
    except errors.Busy as error:
        raise Failed(f"{tried}: {error.detail}") from error


# Lists

_LIST_SETTABLE = frozenset({"priority", "chain", "uuid", "direction"})
_NO_DIRECTION = 0
_ROOT = "root"


async def create_list(model: HostModel, values: InstanceValues) -> ObjectPath:
    """Define a filter without rules."""
    name, provider = name_of(values), model.provider(LIST)
    check_given(provider.layout, values.items(), _LIST_SETTABLE)
    if values.get("direction", _NO_DIRECTION) != _NO_DIRECTION:
        raise InvalidParameter("Direction is of each rule, and not of a filter")
    if facts_of(model, name) is not None:
        raise AlreadyExists(f"a filter {name} exists")
    priority, uuid, chain = (values.get(one) for one in ("priority", "uuid", "chain"))
    new = texts.NewFilter(
        name=name,
        uuid=str(uuid) if uuid else None,
        chain=str(chain) if chain else _ROOT,  # without one libvirt forgets the priority
        priority=priority if isinstance(priority, int) else None,
    )
    tried = f"Unable to make filter {name}"
    try:
        text = texts.filter_text(new)
    except errors.InvalidArgument as error:
        raise InvalidParameter(f"{tried}: {error.detail}") from error
    made = await perform(model, DefineFilter(xml=text), tried)
    record = next((one for one in provider.records() if one["Name"] == name), None)
    wanted = {"priority": priority, "chain": chain}
    if record is not None and all(
        value is None or record[one] == value for one, value in wanted.items()
    ):
        return record.path
    await perform(model, UndefineFilter(uuid=made), tried)
    raise InvalidParameter(f"{tried}: the hypervisor made another one of it")


async def modify_list(model: HostModel, record: Record, changes: InstanceValues) -> None:
    """Change the priority or the chain of a filter."""
    check_given(record.layout, changes.items(), frozenset({"priority", "chain"}))
    marks = {
        name: None if value is None else str(value)
        for name, value in changes.items()
        if name in {"priority", "chain"}
    }
    name = str(record["Name"])
    await edit_filter(
        model, name, lambda text: texts.with_marks(text, marks), f"Unable to change filter {name}"
    )


async def delete_list(model: HostModel, record: Record) -> None:
    """Undefine a filter, unless another one or a domain refers to it.

    libvirt refuses it while a domain runs with it; all else would be unable to start without it.
    """
    name = str(record["Name"])
    uuid, tried = _known(model, name).uuid, f"Unable to delete filter {name}"
    try:
        async with model.host.turns.held(DomainUUID(uuid), f"the end of filter {name}"):
            _check_unused(model, name, tried)
            await perform(model, UndefineFilter(uuid=uuid), tried)
    except errors.Busy as error:
        raise Failed(f"{tried}: {error.detail}") from error


def _check_unused(model: HostModel, name: str, tried: str) -> None:
    including = [
        parent
        for parent, found in definitions(model).items()
        if any(reference.filter == name for reference in found.references)
    ]
    users = [f"filter {parent}" for parent in including] + [*_domains_with(model, name)]
    if users:
        raise Failed(f"{tried}: it is in use by {users[0]}")


def _domains_with(model: HostModel, name: str) -> Iterator[str]:
    for domain in model.host.listing.domains.values():
        facts = domain.facts
        texts_of = {text for text in (facts.live_xml, facts.persistent_xml) if text}
        if any(
            isinstance(device, Interface) and device.filter == name
            for text in texts_of
            if may_refer(text, name)
            for device in domain.read(text, parsed).devices
        ):
            yield f"domain `{domain.name}'"


LIST_EDITS = FamilyEdits(create=create_list, modify=modify_list, delete=delete_list)


# Filters in filters


async def nest(model: HostModel, parent: Record, child: Record) -> None:
    """Let a filter include another one."""
    name, other = str(parent["Name"]), str(child["Name"])
    await edit_filter(
        model,
        name,
        lambda text: texts.with_reference(text, other),
        f"Failed to append filter reference {other} to filter {name}",
    )


async def unnest(model: HostModel, parent: Record, child: Record) -> None:
    """Let a filter not include another one any more."""
    name, other = str(parent["Name"]), str(child["Name"])
    await edit_filter(
        model,
        name,
        lambda text: texts.without_references(text, other),
        f"Failed to remove filter reference {other} from filter {name}",
    )
