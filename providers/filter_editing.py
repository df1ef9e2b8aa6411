"""Network filters and their rules made, changed and removed.

The rule: the text of a filter is read, changed in one place and defined again, in its turn. libvirt
leaves out of a rule what it does not know, so what it made of it is compared with what was asked
for, and the filter is as it was when they differ: nothing partial behind a success.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from virtcim.broker.provider import InstanceValues
from virtcim.hypervisors import errors
from virtcim.hypervisors.actions import Action, DefineFilter, ReadFilter, UndefineFilter
from virtcim.hypervisors.definition import Rule, parse_filter
from virtcim.hypervisors.definition import filter_texts as texts
from virtcim.hypervisors.model import DomainUUID
from virtcim.hypervisors.resources import FilterFacts
from virtcim.providers import filters
from virtcim.providers.failures import error_of
from virtcim.providers.families import FamilyEdits
from virtcim.providers.filter_settings import SETTABLE, octets_of, rule_of
from virtcim.providers.filters import ETHERNET, IP, LIST, OTHER, definitions
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Layout, Record
from virtcim.wbem.objects import Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import AlreadyExists, Failed, InvalidParameter, NotFound

T = TypeVar("T")

Edit = Callable[[str], str]

_NAMING = frozenset({
    "name", "systemcreationclassname", "systemname", "creationclassname", "elementname",
    "instanceid", "caption", "description",
})  # fmt: skip
"""Properties that say who it is: of a new instance they are as they must be."""


async def _perform(model: HostModel, action: Action[T], tried: str) -> T:
    try:
        return await model.host.perform(action)
    except errors.HypervisorError as error:
        raise error_of(error, tried) from error


def _name(values: InstanceValues) -> str:
    name = values.get("name")
    if not isinstance(name, str) or not name.strip():
        raise InvalidParameter("Name is needed")
    return name.strip()


def _facts(model: HostModel, name: str) -> FilterFacts | None:
    return next((one for one in model.host.resources.filters if one.name == name), None)


def _known(model: HostModel, name: str) -> FilterFacts:
    facts = _facts(model, name)
    if facts is None:
        raise NotFound(f"there is no filter {name}")
    return facts


def _check(layout: Layout, given: Iterable[tuple[str, Value]], settable: frozenset[str]) -> None:
    """Refuse what nobody could keep; what the class says of every instance is no wish."""
    for name, value in given:
        declared = layout.properties[layout.index[name]]
        if name not in settable and name not in _NAMING and value != declared.value:
            raise InvalidParameter(f"{declared.name} of {layout.class_name} cannot be given")


async def _edit(model: HostModel, name: str, edit: Edit, tried: str) -> str:
    """Change the text of a filter in its turn; return the text before."""
    facts = _known(model, name)
    try:
        async with model.host.turns.held(DomainUUID(facts.uuid), f"a change of filter {name}"):
            before = await _perform(model, ReadFilter(uuid=facts.uuid), tried)
            try:
                after = edit(before)
            except errors.InvalidArgument as error:
                raise InvalidParameter(f"{tried}: {error.detail}") from error
            await _perform(model, DefineFilter(xml=after), tried)
            return before
    except errors.Busy as error:
        raise Failed(f"{tried}: {error.detail}") from error


# Lists

_LIST_SETTABLE = frozenset({"priority", "chain", "uuid", "direction"})
_NO_DIRECTION = 0
_ROOT = "root"


async def create_list(model: HostModel, values: InstanceValues) -> ObjectPath:
    """Define a filter without rules."""
    name, provider = _name(values), model.provider(LIST)
    _check(provider.layout, values.items(), _LIST_SETTABLE)
    if values.get("direction", _NO_DIRECTION) != _NO_DIRECTION:
        raise InvalidParameter("Direction is of each rule, and not of a filter")
    if _facts(model, name) is not None:
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
    made = await _perform(model, DefineFilter(xml=text), tried)
    record = next((one for one in provider.records() if one["Name"] == name), None)
    wanted = {"priority": priority, "chain": chain}
    if record is not None and all(
        value is None or record[one] == value for one, value in wanted.items()
    ):
        return record.path
    await _perform(model, UndefineFilter(uuid=made), tried)
    raise InvalidParameter(f"{tried}: the hypervisor made another one of it")


async def modify_list(model: HostModel, record: Record, changes: InstanceValues) -> None:
    """Change the priority or the chain of a filter."""
    _check(record.layout, changes.items(), frozenset({"priority", "chain"}))
    marks = {
        name: None if value is None else str(value)
        for name, value in changes.items()
        if name in {"priority", "chain"}
    }
    name = str(record["Name"])
    await _edit(
        model, name, lambda text: texts.with_marks(text, marks), f"Unable to change filter {name}"
    )


async def delete_list(model: HostModel, record: Record) -> None:
    """Undefine a filter; libvirt refuses it while a domain uses it, and we while a filter does."""
    name = str(record["Name"])
    including = [
        parent
        for parent, found in definitions(model).items()
        if any(reference.filter == name for reference in found.references)
    ]
    if including:
        raise Failed(f"Unable to delete filter {name}: it is in use by filter {including[0]}")
    uuid = _known(model, name).uuid
    await _perform(model, UndefineFilter(uuid=uuid), f"Unable to delete filter {name}")


LIST_EDITS = FamilyEdits(create=create_list, modify=modify_list, delete=delete_list)


# Entries


def entry_edits(family: str) -> FamilyEdits:
    """Return how the entries of a class are made, changed and removed."""

    async def create(model: HostModel, values: InstanceValues) -> ObjectPath:
        return await _create_entry(model, family, values)

    async def modify(model: HostModel, record: Record, changes: InstanceValues) -> None:
        await _modify_entry(model, family, record, changes)

    return FamilyEdits(create=create, modify=modify, delete=delete_entry)


def _place(entry: str) -> tuple[str, int | None]:
    """Return the filter and the index that the name of an entry says."""
    name, colon, index = entry.rpartition(":")
    if colon and index.isascii() and index.isdigit():
        return name, int(index[:9])
    return entry, None


def _entry(record: Record) -> tuple[str, int]:
    name, _, index = str(record["Name"]).rpartition(":")
    return name, int(index)


def _check_unmoved(text: str, index: int, shown: Rule) -> None:
    """Refuse to touch another rule than the one that the client saw: rules are named by place."""
    rules = parse_filter(text).rules
    if index >= len(rules) or rules[index] != shown:
        raise Failed("the filter was changed meanwhile; look at its rules again")


def _rule(family: str, values: InstanceValues) -> texts.RuleMarks:
    try:
        return rule_of(family, values)
    except ValueError as error:
        raise InvalidParameter(str(error)) from error


async def _create_entry(model: HostModel, family: str, values: InstanceValues) -> ObjectPath:
    """Add a rule to the end of the filter that the entry is named after."""
    layout = model.provider(family).layout
    _check(layout, values.items(), SETTABLE)
    name, wanted = _place(_name(values))
    if _facts(model, name) is None:
        raise InvalidParameter(f"Name is that of a filter and an index, and {name} is no filter")
    rule, index = _rule(family, values), -1

    def edit(text: str) -> str:
        nonlocal index
        index = texts.rule_count(text)
        if wanted is not None and wanted < index:
            raise AlreadyExists(f"an entry {name}:{wanted} exists")
        if wanted is not None and wanted > index:
            raise InvalidParameter(f"the next entry of filter {name} is {name}:{index}")
        return texts.with_rule(text, rule)

    tried = f"Unable to add a rule to filter {name}"
    before = await _edit(model, name, edit, tried)
    return (await _kept(model, family, f"{name}:{index}", values, before)).path


async def _kept(
    model: HostModel, family: str, name: str, wanted: InstanceValues, before: str
) -> Record:
    """Return the entry if it is what was asked for; else bring back the filter as it was."""
    records = model.provider(family).records()
    record = next((one for one in records if one["Name"] == name), None)
    if record is not None:
        differing = [one for one, value in wanted.items() if not _says(record, one, value)]
        if not differing:
            return record
        names = [record.layout.properties[record.layout.index[one]].name for one in differing]
        text = f"a rule of protocol {record['Protocol'] or 'none'} cannot say {', '.join(names)}"
    else:
        text = f"the hypervisor made something else of {name}"
    await _perform(model, DefineFilter(xml=before), f"Unable to restore the filter of {name}")
    raise InvalidParameter(text)


def _says(record: Record, name: str, wanted: Value) -> bool:
    if name in _NAMING or name not in SETTABLE:
        return True
    found = record[name]
    same = _SAME.get(name)
    if same is not None:
        return same(wanted, found)
    if isinstance(wanted, tuple):
        return octets_of(wanted) == octets_of(found)
    return found == wanted or (wanted in {"", False} and not found)


def _same_words(wanted: Value, found: Value) -> bool:
    return frozenset(str(wanted).split(",")) == frozenset(str(found).split(","))


def _same_paths(wanted: Value, found: Value) -> bool:
    return _paths(wanted) <= _paths(found)  # values have several spellings


def _paths(attributes: Value) -> frozenset[str]:
    found = attributes if isinstance(attributes, tuple) else ()
    return frozenset(str(one).partition("=")[0] for one in found)


_SAME: Mapping[str, Callable[[Value, Value], bool]] = {
    # property: whether two values of it say the same
    "attributes": _same_paths,
    "state":      _same_words,
    "hdrdscp":    lambda wanted, found: wanted == found,
}  # fmt: skip


async def _modify_entry(
    model: HostModel, family: str, record: Record, changes: InstanceValues
) -> None:
    """Change what differs in a rule; what no property says stays as it is."""
    _check(record.layout, changes.items(), SETTABLE)
    name, index = _entry(record)
    rule = _difference(family, _settings_of(record), changes)

    shown = definitions(model)[name].rules[index]

    def edit(text: str) -> str:
        _check_unmoved(text, index, shown)
        return texts.with_changed_rule(text, index, rule)

    before = await _edit(model, name, edit, f"Unable to change {record['Name']}")
    given = {one: value for one, value in changes.items() if value is not None}
    await _kept(model, family, str(record["Name"]), given, before)


def _settings_of(record: Record) -> dict[str, Value]:
    """Return the values of an entry by which it could be made; what else it says is left alone."""
    found = {
        name: record[name] for name in SETTABLE - {"attributes"} if name in record.layout.index
    }
    return {name: value for name, value in found.items() if value is not None}


def _difference(
    family: str, values: Mapping[str, Value], changes: InstanceValues
) -> texts.RuleMarks:
    """Return what must be said of a rule so that it has the changed values."""
    old = _rule(family, values)
    merged = {**values, **changes}
    new = _rule(family, {name: value for name, value in merged.items() if value is not None})
    if new.protocol != old.protocol:
        return new
    return texts.RuleMarks(
        own=_changed(old.own, new.own),
        protocol=new.protocol,
        match=_changed(old.match, new.match),
    )


def _changed(old: texts.Marks, new: texts.Marks) -> texts.Marks:
    gone = {name: None for name in old if name not in new}
    return gone | {name: value for name, value in new.items() if old.get(name) != value}


async def delete_entry(model: HostModel, record: Record) -> None:
    """Take a rule out of its filter; the entries behind it move up."""
    name, index = _entry(record)
    shown = definitions(model)[name].rules[index]

    def edit(text: str) -> str:
        _check_unmoved(text, index, shown)
        return texts.without_rule(text, index)

    await _edit(model, name, edit, f"Unable to delete {record['Name']}")


# Filters in filters


async def nest(model: HostModel, parent: Record, child: Record) -> None:
    """Let a filter include another one."""
    name, other = str(parent["Name"]), str(child["Name"])
    await _edit(
        model,
        name,
        lambda text: texts.with_reference(text, other),
        f"Failed to append filter reference {other} to filter {name}",
    )


async def unnest(model: HostModel, parent: Record, child: Record) -> None:
    """Let a filter not include another one any more."""
    name, other = str(parent["Name"]), str(child["Name"])
    await _edit(
        model,
        name,
        lambda text: texts.without_references(text, other),
        f"Failed to remove filter reference {other} from filter {name}",
    )


async def take_out(model: HostModel, _list: Record, entry: Record) -> None:
    """Remove a rule from its filter: there is no rule without one."""
    await delete_entry(model, entry)


EDITS: Mapping[str, FamilyEdits] = {
    LIST: LIST_EDITS,
    **{family: entry_edits(family) for family in (ETHERNET, IP, OTHER)},
}

FAMILIES = tuple(replace(family, edits=EDITS[family.name]) for family in filters.FAMILIES)
"""Those of filters.py, whose instances clients may change."""
