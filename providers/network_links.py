"""Rows of the association table: virtual switches, and network filters."""

from collections.abc import Callable, Iterable, Iterator

from virtcim.hypervisors.definition import Interface
from virtcim.providers import (
    filter_applying,
    filter_editing,
    filter_rules,
    filters,
    switch_ports,
    switches,
    views,
)
from virtcim.providers.associations import Association, Link, Row, Walk
from virtcim.providers.device_links import HOST, SYSTEM
from virtcim.providers.model import HostModel
from virtcim.providers.walks import devices_of, equal, every, grouped, named, of_domain, part_of
from virtcim.schema.layouts import Record

SWITCH, PORT = switches.SWITCH, switch_ports.PORT
ENDPOINT, VLAN = switch_ports.ENDPOINT, switch_ports.VLAN
LIST = filters.LIST
ENTRIES = (filters.ETHERNET, filters.IP, filters.OTHER)


# Ends of links: all of them belong to the domain whose interface is at one end


def _with_owner(family: str, fits: Callable[[Record, Record], bool]) -> Walk:
    """Return a walk to the instances of the source's domain that fit the source (second)."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        domain = model.owner(source)
        if domain is not None:
            for record in model.parts(family).records_of(domain):
                if fits(record, source):
                    yield record

    return walk


def _same_name(ours: str, theirs: str) -> Callable[[Record, Record], bool]:
    return lambda record, source: record[theirs] == source[ours]


def _at_switch(far: Record, near: Record) -> bool:
    """Tell whether the first is the switch's end of the second's link."""
    return far["Name"] == f"{far['SystemName']}/{near['Name']}"


def _at_guest(near: Record, far: Record) -> bool:
    return _at_switch(far, near)


def _endpoints_of(system: str) -> Walk:
    """Return a walk from a system to its endpoints; a domain and a switch may have one name."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        class_name, name = model.class_name(system), source["Name"]
        for record in model.provider(ENDPOINT).records():
            if record["SystemName"] == name and record["SystemCreationClassName"] == class_name:
                yield record

    return walk


def _system_of(system: str) -> Walk:
    """Return a walk from an endpoint to its system."""
    by_name = named(system, "name", "SystemName")

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        if source["SystemCreationClassName"] == model.class_name(system):
            yield from by_name(model, source)

    return walk


def _guest_endpoints(model: HostModel, source: Record) -> Iterator[Record]:
    class_name = model.class_name(SYSTEM)
    return (
        record
        for record in of_domain(ENDPOINT)(model, source)
        if record["SystemCreationClassName"] == class_name
    )


ENDPOINT_ROWS = (
    Row(SYSTEM, ENDPOINT, _guest_endpoints, _system_of(SYSTEM)),
    Row(SWITCH, ENDPOINT, _endpoints_of(SWITCH), _system_of(SWITCH)),
    Row(SWITCH, VLAN, equal(VLAN, "SystemName", "Name"), _system_of(SWITCH)),
)
"""Rows of CIM_HostedAccessPoint."""


# Filters


def _entries(family: str) -> Walk:
    """Return a walk from a filter to its rules."""

    def walk(model: HostModel, source: Record) -> Iterable[Record]:
        records = model.provider(family).records()
        found = model.derive(
            (_entries, family),
            records,
            lambda: grouped((_list_name(record), record) for record in records),
        )
        return found.get(str(source["Name"]), ())

    return walk


def _list_name(entry: Record) -> str:
    return str(entry["Name"]).rpartition(":")[0]


def _list(model: HostModel, source: Record) -> Iterator[Record]:
    wanted = _list_name(source)
    return (r for r in model.provider(LIST).records() if r["Name"] == wanted)


def _sequence(link: Link) -> int:
    """Return the place of a rule in its filter, counted from 1."""
    return int(str(link.second["Name"]).rpartition(":")[2]) + 1


def _nested(model: HostModel, source: Record) -> Iterator[Record]:
    found = filters.definitions(model)[str(source["Name"])]
    names = {reference.filter for reference in found.references}
    return (r for r in model.provider(LIST).records() if r["Name"] in names)


def _nesting(model: HostModel, source: Record) -> Iterator[Record]:
    name = source["Name"]
    parents = {
        parent
        for parent, found in filters.definitions(model).items()
        if any(reference.filter == name for reference in found.references)
    }
    return (r for r in model.provider(LIST).records() if r["Name"] in parents)


def _applied(model: HostModel, source: Record) -> Iterator[Record]:
    """Walk from a network port to the filter that its traffic passes."""
    domain = model.owner(source)
    if domain is not None:
        view = part_of(devices_of(model, domain, views.NETWORK_PORT), source)
        if view is not None and isinstance(view.device, Interface):
            wanted = view.device.filter
            yield from (r for r in model.provider(LIST).records() if r["Name"] == wanted)


def _applying(model: HostModel, source: Record) -> Iterator[Record]:
    wanted = source["Name"]
    for domain in model.host.listing.domains.values():
        for view, record in devices_of(model, domain, views.NETWORK_PORT):
            if isinstance(view.device, Interface) and view.device.filter == wanted:
                yield record


NETWORK_LINKS: tuple[Association, ...] = (
    # family                       first end, second end, and the walks between them
    Association("Virt_ActiveConnection", (
        Row(ENDPOINT, ENDPOINT, _with_owner(ENDPOINT, _at_switch),
            _with_owner(ENDPOINT, _at_guest)),
    ), properties={"IsUnidirectional": lambda _: False}),
    Association("Virt_DeviceSAPImplementation", tuple(
        Row(port, ENDPOINT, _with_owner(ENDPOINT, _same_name("DeviceID", "Name")),
            _with_owner(port, _same_name("Name", "DeviceID")))
        for port in (views.NETWORK_PORT, PORT)
    )),
    Association("Virt_BindsTo", (
        Row(ENDPOINT, VLAN, _with_owner(VLAN, _same_name("Name", "Name")),
            _with_owner(ENDPOINT, _same_name("Name", "Name"))),
    )),
    Association("Virt_EntriesInFilterList", tuple(
        Row(LIST, entry, _entries(entry), _list) for entry in ENTRIES
    ), properties={"EntrySequence": _sequence}, part=filter_rules.take_out),
    Association("Virt_HostedFilterList", (
        Row(HOST, LIST, every(LIST), every(HOST)),
    )),
    Association("Virt_NestedFilterList", (
        Row(LIST, LIST, _nested, _nesting),
    ), relate=filter_editing.nest, part=filter_editing.unnest),
    Association("Virt_AppliedFilterList", (
        Row(views.NETWORK_PORT, LIST, _applied, _applying),
    ), relate=filter_applying.apply, part=filter_applying.lift),
)  # fmt: skip
