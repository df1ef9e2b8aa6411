# ruff: noqa: INP001  (a script beside the pages that it fills, not a package)
"""Fills the marked parts of the pages from the code: `python docs/generate.py`.

The rule: a fact that the code holds is not written by hand. A part stands between
`<!-- generated: NAME -->` and `<!-- end -->`; everything else on a page is left alone.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from enum import IntEnum
from functools import cache
from pathlib import Path

from virtcim import __version__, server
from virtcim.broker import kit
from virtcim.broker.namespaces import Namespaces
from virtcim.broker.provider import Provider, is_association
from virtcim.configuration.hypervisors import DRIVERS
from virtcim.hypervisors.libvirt import Deadlines, LibvirtHypervisor
from virtcim.hypervisors.libvirt.connections import KeepAlive
from virtcim.hypervisors.libvirt.driver import CHANGE_DEADLINES, MOST_STUCK_ASIDE
from virtcim.hypervisors.libvirt.schemes import SCHEMES
from virtcim.hypervisors.model import DomainState, Verb
from virtcim.infostore import Infostore
from virtcim.infostore.errors import Closed, Failing, InfostoreError, Late, NotThere
from virtcim.inventory import Host
from virtcim.jobs import Engine
from virtcim.listeners import audit, authentication, rights
from virtcim.listeners.http_rules import Limits
from virtcim.listeners.principals import Role
from virtcim.providers import interop, plugins, profiles
from virtcim.providers.compatibility import LIBVIRT_CIM
from virtcim.providers.links import ASSOCIATIONS
from virtcim.providers.metrics import METRICS
from virtcim.providers.model import Server
from virtcim.providers.nulls import REASONS
from virtcim.providers.registry import FAMILIES, build_namespaces
from virtcim.providers.server_links import SERVER_LINKS
from virtcim.providers.settable import settables
from virtcim.providers.states import CONNECTION, STATES, StateRow, verb_for
from virtcim.providers.workshop import MOST_CALLS
from virtcim.schema import valuemaps
from virtcim.schema.families import member
from virtcim.wbem.objects import ClassDeclaration, Method, Parameter, Property, qualifier_value

ROOT = Path(__file__).parent.parent
PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
PREFIX = "KVM"


@cache
def filled() -> Mapping[str, frozenset[str]]:
    """Give the properties that a provider fills, by class, in lower case."""
    tables: dict[str, Iterable[str]] = {
        member(PREFIX, profiles.FAMILY): interop.PROFILE,
        **interop.SERVER_CLASSES,
        **{one.name: one.properties for one in SERVER_LINKS},
    }
    tables |= {member(PREFIX, family.name): family.getters for family in FAMILIES}
    tables |= {member(PREFIX, one.family): one.properties for one in ASSOCIATIONS}
    return {name: frozenset(map(str.lower, getters)) for name, getters in tables.items()}


# What is served


@cache
def namespaces() -> Namespaces:
    """Build the model of one KVM host; nothing is opened and nothing connects."""
    store = Infostore("sqlite:///never-opened")
    host = Host(
        "default",
        LibvirtHypervisor("qemu:///system"),
        store,
        prefix=PREFIX,
        namespace=server.FIRST_NAMESPACE,
    )
    return build_namespaces((host,), Server("host.example", __version__), Engine(store))


def served() -> Mapping[str, tuple[Provider, tuple[str, ...]]]:
    """Give each served class with a provider and the namespaces that answer it."""
    found: dict[str, tuple[Provider, tuple[str, ...]]] = {}
    for namespace in namespaces():
        for declaration in namespace.repository:
            provider = namespace.provider(declaration.name)
            if provider is not None:
                _, before = found.get(declaration.name, (provider, ()))
                found[declaration.name] = (provider, (*before, namespace.name))
    return found


def _ancestors(declaration: ClassDeclaration) -> Iterator[ClassDeclaration]:
    repository = next(iter(namespaces())).repository
    above = repository.find(declaration.superclass or "")
    while above is not None:
        yield above
        above = repository.find(above.superclass or "")


def described(declaration: ClassDeclaration) -> str:
    """Give the class's own sentence; a stamped class has that of its family."""
    for each in (declaration, *_ancestors(declaration)):
        text = qualifier_value(each.qualifiers, "Description")
        if text is not None:
            return str(text)
    raise ValueError(f"class {declaration.name} has no description")


def described_element(element: Property | Method | Parameter) -> str:
    """Give the sentence of a property, method or parameter."""
    return str(qualifier_value(element.qualifiers, "Description"))


def generic(name: str) -> str:
    """Write the prefix as the place where a hypervisor's stands."""
    return name.replace(f"{PREFIX}_", "P_", 1) if name.startswith(f"{PREFIX}_") else name


# Markdown


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table; bars in cells would end them."""
    lines = [columns, ["---"] * len(columns), *rows]
    cells = ([str(cell).replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def code(words: Iterable[object]) -> str:
    """Write words as code, a comma between them."""
    return ", ".join(f"`{word}`" for word in words)


def _named(number: IntEnum) -> str:
    return f"{number.value} {number.name.replace('_', ' ').capitalize()}"


def _numbers(numbers: Iterable[IntEnum]) -> str:
    return ", ".join(str(number.value) for number in numbers) or "none"


def _state(state: DomainState) -> str:
    return state.name.lower()


# The parts


def classes() -> str:
    """List the served classes."""
    rows = [
        (_linked(name), described(p.layout.declaration), code(where), code(p.methods) or "-")
        for name, (p, where) in served().items()
    ]
    return table(("class", "an instance is", "namespaces", "methods"), rows)


# Areas of the model by the class from which what belongs there derives; the first one counts.
_AREAS: Mapping[str, str] = {
    "CIM_LogicalDevice": "devices",
    "CIM_SettingData": "settings",
    "CIM_ResourcePool": "pools",
    "CIM_Service": "services",
    "CIM_Capabilities": "capabilities",
    "CIM_System": "systems",
    "CIM_ServiceAccessPoint": "access points and endpoints",
    "CIM_FilterList": "filters",
    "CIM_FilterEntryBase": "filters",
    "CIM_BaseMetricDefinition": "metrics",
    "CIM_BaseMetricValue": "metrics",
    "CIM_RegisteredSpecification": "profiles",
    "CIM_Job": "jobs",
    "CIM_MethodResult": "jobs",
}


def _linked(name: str) -> str:
    """Link a class to its section."""
    return f"[`{generic(name)}`](#{generic(name).lower()})"


def classes_short() -> str:
    """List the served classes by area, without prefix and in as few words as may be."""
    areas: dict[str, list[str]] = {area: [] for area in dict.fromkeys(_AREAS.values())}
    areas |= {"associations": [], "the server": []}
    for name, (provider, _) in served().items():
        short = name.removeprefix(f"{PREFIX}_").replace("ResourceAllocationSettingData", "RASD")
        areas[_area(name, provider)].append(short)
    return table(("what", "classes"), [(area, ", ".join(names)) for area, names in areas.items()])


def _area(name: str, provider: Provider) -> str:
    if is_association(provider):
        return "associations"
    if name.startswith("CIM_"):
        return "the server"
    above = {each.name for each in _ancestors(provider.layout.declaration)}
    return next(area for ancestor, area in _AREAS.items() if ancestor in above)


def prefixes() -> str:
    """List the drivers that can be connected, with the prefix of their classes."""
    rows = [(f"`{d.example}`", f"`{d.prefix}_`") for n, d in DRIVERS.items() if n in SCHEMES]
    return table(("hypervisor", "prefix"), rows)


def model() -> str:
    """Describe every served class with its properties and methods."""
    return "\n".join(_class(name, *found) for name, found in served().items())


def _class(name: str, provider: Provider, where: tuple[str, ...]) -> str:
    declaration = provider.layout.declaration
    above = [generic(each.name) for each in _ancestors(declaration)]
    lines = [
        f"### `{generic(name)}`\n\n{described(declaration)}\n",
        f"- Derives from {code(above) or 'no other class'}.",
        f"- Served in {code(where)}.",
        f"- Keys: {code(key.name for key in provider.layout.keys.values())}.",
    ]
    if is_association(provider):
        ends = " and ".join(f"`{e.role}` (`{generic(e.class_name)}`)" for e in provider.ends)
        lines.append(f"- Relates {ends}.")
    shown = [each for each in declaration.properties if _shown(provider, each)]
    hidden = [each.name for each in declaration.properties if each not in shown]
    if hidden:
        lines.append(f"- Always NULL: {code(hidden)}.")
    properties = table(
        ("property", "type", "meaning and source"), [_property(provider, each) for each in shown]
    )
    methods = "".join(f"\n{_method(m)}" for m in declaration.methods if m.name in provider.methods)
    unserved = [m.name for m in declaration.methods if m.name not in provider.methods]
    declared = (
        f"\nMethods that are declared and not served yet: {code(unserved)}.\n" if unserved else ""
    )
    return "\n".join(lines) + f"\n\n{properties}{methods}{declared}"


def _shown(provider: Provider, declared: Property) -> bool:
    """Tell whether some instance may have a value."""
    name = declared.name.lower()
    own = filled().get(provider.layout.class_name, frozenset())
    return bool(not own or name in own or declared.reference_class or declared.value is not None)


def _property(provider: Provider, declared: Property) -> tuple[str, ...]:
    key = " (key)" if declared.name.lower() in provider.layout.keys else ""
    reference = declared.reference_class
    kind = f"`{generic(reference)}` ref" if reference else f"{declared.type}"
    array = "[]" if declared.is_array else ""
    own = filled().get(provider.layout.class_name, frozenset())
    default = (
        ""
        if declared.name.lower() in own or declared.value is None
        else (f" Always {declared.value}, the default.")
    )
    return f"`{declared.name}`{key}", f"{kind}{array}", f"{described_element(declared)}{default}"


def nulls() -> str:
    """List the properties that are NULL somewhere, by reason."""
    by_reason: dict[str, list[str]] = {}
    for (origin, name), reason in REASONS.items():
        by_reason.setdefault(reason, []).append(f"{origin}.{name}")
    return table(("because", "NULL"), [(why, code(names)) for why, names in by_reason.items()])


def metrics() -> str:
    """List the metrics."""
    rows = [
        (f"`{m.name}`", m.title, m.element.value, f"`{m.units}`", m.change.name.lower(),
         f"`{m.source}`")
        for m in METRICS
    ]  # fmt: skip
    return table(("metric", "what", "of each", "unit", "kind", "field of the statistics"), rows)


def compatibility() -> str:
    """List the families that are not there for clients of libvirt-cim."""
    return code(sorted(name.replace("Virt_", "P_") for name in LIBVIRT_CIM.hidden)) + "\n"


def _method(method: Method) -> str:
    rows = [
        (f"`{p.name}`", p.type, "in" if p.flag("In", default=True) else "out", described_element(p))
        for p in method.parameters
    ]
    head = f"Method `{method.name}`: {described_element(method)}\n\n"
    return head + table(("parameter", "type", "way", "meaning"), rows)


_ROW = (
    "EnabledState", "OperatingStatus", "OperationalStatus", "HealthState", "PrimaryStatus",
    "DetailedStatus", "TransitioningToState", "AvailableRequestedStates", "StatusDescriptions",
)  # fmt: skip


def _row(row: StateRow, texts: Iterable[str]) -> tuple[object, ...]:
    return (
        row.enabled_state.value,
        row.operating_status.value,
        _numbers(row.operational_status),
        row.health_state.value,
        row.primary_status.value,
        row.detailed_status.value,
        row.transitioning_to_state.value,
        _numbers(row.available_requested_states),
        "; ".join(texts),
    )


def states() -> str:
    """Write the state table."""
    rows = [
        (_state(state), reason.value, *_row(*described_row))
        for state, reasons in STATES.items()
        for reason, described_row in reasons.items()
    ]
    return table(("state", "reason", *_ROW), rows)


def connection_states() -> str:
    """Write what stands instead while the hypervisor cannot be reached."""
    rows = [(_named(s), *_row(*found)) for s, found in CONNECTION.items() if found is not None]
    return table(("CommunicationStatus", *_ROW), rows)


_ENUMERATIONS: tuple[type[IntEnum], ...] = (
    valuemaps.EnabledState,
    valuemaps.RequestedState,
    valuemaps.OperatingStatus,
    valuemaps.OperationalStatus,
    valuemaps.HealthState,
    valuemaps.PrimaryStatus,
    valuemaps.DetailedStatus,
    valuemaps.CommunicationStatus,
)


def numbers() -> str:
    """Write the names of the numbers."""
    rows = [(f"`{e.__name__}`", ", ".join(map(_named, e))) for e in _ENUMERATIONS]
    return table(("property", "numbers"), rows)


# A domain that is off may have a saved state, which makes it one more column.
_SITUATIONS: tuple[tuple[str, DomainState, bool], ...] = (
    *((_state(state), state, False) for state in DomainState),
    ("shutoff, saved", DomainState.SHUTOFF, True),
)


def request_state_change() -> str:
    """Write what each request does in each state."""
    rows = [
        (_named(wanted), *(_answer(wanted, s, saved=saved) for _, s, saved in _SITUATIONS))
        for wanted in valuemaps.RequestedState
    ]
    return table(("request", *(name for name, _, _ in _SITUATIONS)), rows)


def _answer(wanted: valuemaps.RequestedState, state: DomainState, *, saved: bool) -> str:
    found = verb_for(wanted, state, saved=saved)
    return f"**{found.value}**" if isinstance(found, Verb) else str(found.value)


def return_codes() -> str:
    """Write the return values of RequestStateChange."""
    return table(
        ("code", "meaning"),
        [
            (c.value, c.name.replace("_", " ").capitalize())
            for c in valuemaps.RequestStateChangeCode
        ],
    )


def verbs() -> str:
    """Write which driver can do what, and how long it may take."""
    rows = [
        (v.value, *("yes" if v in s.verbs else "no" for s in SCHEMES.values()), f"{seconds:g} s")
        for v, seconds in CHANGE_DEADLINES.items()
    ]
    return table(("verb", *SCHEMES, "deadline"), rows)


_NOT_AT_START = (Closed, Failing, Late, NotThere)


def start_errors() -> tuple[type[InfostoreError], ...]:
    """Give the errors of the infostore that a start can meet."""
    return tuple(
        leaf
        for leaf in InfostoreError.__subclasses__()
        if leaf not in _NOT_AT_START and leaf.__module__ == InfostoreError.__module__
    )


def infostore_errors() -> str:
    """Write these errors with what to do."""
    rows = [(leaf.situation.format(place="…"), leaf.remedy) for leaf in start_errors()]
    return table(("message", "what to do"), rows)


def _default(function: Callable[..., object], parameter: str) -> object:
    return inspect.signature(function).parameters[parameter].default


def fixed_limits() -> str:
    """Write the limits that no setting changes."""
    limits, alive = Limits(), KeepAlive()
    mebibytes, unread = limits.bodies_bytes // 1024**2, f"{limits.write_seconds:g} s"
    start = f"{server.CONNECT_SECONDS:g} s to connect, {server.LISTING_SECONDS:g} s to list"
    rows = (
        ("bodies being received, of all clients together", f"{mebibytes} MiB"),
        (
            "a reply that is held until its length is known, and all of them",
            f"{limits.reply_bytes >> 20} MiB, {limits.replies_bytes >> 20} MiB; others flow",
        ),
        ("requests waiting on one connection", limits.pipelined),
        ("a client that does not read its reply", unread),
        ("a call of the infostore", f"{_default(Infostore, 'deadline_seconds'):g} s"),
        ("a full listing", f"{Deadlines().listing:g} s"),
        ("a change of a domain", "by verb, see [model.md](model.md)"),
        ("a silent peer of a remote hypervisor", f"{alive.count} pings, {alive.interval} s apart"),
        ("calls that hang before more are refused", _default(LibvirtHypervisor, "most_stuck")),
        ("the same for calls for counters, and for what domains share", MOST_STUCK_ASIDE),
        ("passwords being verified", authentication.WORKERS),
        ("calls of one plug-in at a time", MOST_CALLS),
        ("the stop of a plug-in", f"{plugins.STOP_SECONDS:g} s"),
        ("lines of the audit log that wait for a disk", f"{audit.MOST_WAITING >> 20} MiB"),
        ("log-ins that wait for that", authentication.LONGEST_QUEUE),
        ("waiting for hypervisors at the start", start),
        (
            "calls under way at the end",
            f"{server.STOP_SECONDS:g} s; then they are told CIM_ERR_SERVER_IS_SHUTTING_DOWN",
        ),
    )
    return table(("what", "limit"), rows)


def roles() -> str:
    """Write what each role may do."""
    everything = {m for p, _ in served().values() for m in p.methods}
    reading = code(sorted(m for m in everything if m.lower() in rights.READING_METHODS))
    operating = code(sorted(m for m in everything if m.lower() in rights.OPERATING_METHODS))
    may = {
        Role.NONE: "nothing",
        Role.READ: f"all reading operations, and {reading}",
        Role.OPERATE: f"that, and {operating}",
        Role.ADMIN: "everything",
    }
    return table(("role", "may do"), [(f"`{role}`", may[role]) for role in Role])


def settable() -> str:
    """List what can be set, by class of settings."""
    places = {
        family: table(
            ("property", "in libvirt's definition", "while it runs"),
            [(f"`{one.name}`", one.place and f"`{one.place}`", one.when) for one in rows],
        )
        for family, rows in settables(_sentence).items()
    }
    return "\n".join(
        f"{_linked(member(PREFIX, family))}:\n\n{rows}" for family, rows in places.items()
    )


def _sentence(family: str, name: str) -> str:
    """Give the description of a property of a family."""
    provider, _ = served()[member(PREFIX, family)]
    (declared,) = (one for one in provider.layout.declaration.properties if one.name == name)
    return described_element(declared)


def kit_provider() -> str:
    """List what a provider may override."""
    rows = []
    for name, function in vars(kit.Provider).items():
        if inspect.isfunction(function):
            parameters = ", ".join([*inspect.signature(function).parameters][1:])
            must = "yes" if name in kit.Provider.__abstractmethods__ else ""
            rows.append((f"`{name}({parameters})`", must, _told(function)))
    return table(("function", "needed", "what it does"), rows)


def kit_data() -> str:
    """List what a plug-in gives and is told, with its fields."""
    kinds = (kit.Plugin, kit.Context, kit.HostView, kit.Call, kit.Result, kit.Object)
    rows = [
        (f"`{kind.__name__}`", code(field.name for field in fields(kind)), _told(kind))
        for kind in kinds
    ]
    return table(("name", "fields", "what it is"), rows)


def _told(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").split())


PARTS: Mapping[str, Callable[[], str]] = {
    "nulls": nulls,
    "metrics": metrics,
    "hidden-families": compatibility,
    "classes": classes,
    "classes-short": classes_short,
    "prefixes": prefixes,
    "model": model,
    "states": states,
    "connection-states": connection_states,
    "numbers": numbers,
    "request-state-change": request_state_change,
    "return-codes": return_codes,
    "verbs": verbs,
    "infostore-errors": infostore_errors,
    "fixed-limits": fixed_limits,
    "settable": settable,
    "roles": roles,
    "kit-provider": kit_provider,
    "kit-data": kit_data,
}


# The pages


def pages() -> tuple[Path, ...]:
    """Give every page that may have a generated part."""
    return (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))


def current(text: str) -> str:
    """Give a page with its parts as they should be; raises KeyError for an unknown part."""
    return PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n{part[3]}", text)


def main() -> None:
    """Write the pages that are out of date, and name them."""
    for page in pages():
        old = page.read_text(encoding="utf-8")
        new = current(old)
        if new != old:
            page.write_text(new, encoding="utf-8")
            sys.stdout.write(f"{page.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
