"""Rules of network filters, made, changed and removed as entries.

The rule: libvirt leaves out of a rule what it does not know, so what it made of it is compared with
what was asked for, and the filter is as it was when they differ: nothing partial behind a success.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from virtcim.broker.provider import InstanceValues
from virtcim.hypervisors.actions import DefineFilter
from virtcim.hypervisors.definition import Rule, parse_filter
from virtcim.hypervisors.definition import filter_texts as texts
from virtcim.providers import filters
from virtcim.providers.families import FamilyEdits
from virtcim.providers.filter_editing import (
    LIST_EDITS,
    NAMING,
    check_given,
    edit_filter,
    facts_of,
    name_of,
    perform,
)
from virtcim.providers.filter_settings import SETTABLE, octets_of, rule_of
from virtcim.providers.filters import ETHERNET, IP, LIST, OTHER, definitions
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Record
from virtcim.wbem.objects import Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import AlreadyExists, Failed, InvalidParameter


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
    check_given(layout, values.items(), SETTABLE)
    name, wanted = _place(name_of(values))
    if facts_of(model, name) is None:
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
    before = await edit_filter(model, name, edit, tried)
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
    await perform(model, DefineFilter(xml=before), f"Unable to restore the filter of {name}")
    raise InvalidParameter(text)


def _says(record: Record, name: str, wanted: Value) -> bool:
    if name in NAMING or name not in SETTABLE:
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
    check_given(record.layout, changes.items(), SETTABLE)
    name, index = _entry(record)
    rule = _difference(family, _settings_of(record), changes)

    shown = definitions(model)[name].rules[index]

    def edit(text: str) -> str:
        _check_unmoved(text, index, shown)
        return texts.with_changed_rule(text, index, rule)

    before = await edit_filter(model, name, edit, f"Unable to change {record['Name']}")
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

    await edit_filter(model, name, edit, f"Unable to delete {record['Name']}")


async def take_out(model: HostModel, _list: Record, entry: Record) -> None:
    """Remove a rule from its filter: there is no rule without one."""
    await delete_entry(model, entry)


EDITS: Mapping[str, FamilyEdits] = {
    LIST: LIST_EDITS,
    **{family: entry_edits(family) for family in (ETHERNET, IP, OTHER)},
}

FAMILIES = tuple(replace(family, edits=EDITS[family.name]) for family in filters.FAMILIES)
"""Those of filters.py, whose instances clients may change."""
