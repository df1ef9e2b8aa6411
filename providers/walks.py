"""Walks of the association table: from an instance to those that a row relates it to.

The rule: a walk asks providers for records and never makes any. What it needs of a source stands in
the source's properties, or in the part that the source was made from, which stands at the same
place among the parts of its domain.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from virtcim.inventory.snapshots import Domain
from virtcim.providers import views
from virtcim.providers.associations import Walk
from virtcim.providers.configurations import Configuration, configurations
from virtcim.providers.model import HostModel, domain_named
from virtcim.providers.views import DeviceView, SettingView, device_views, setting_views
from virtcim.schema.layouts import Record

K = TypeVar("K")
T = TypeVar("T")

SETTING = "Virt_VirtualSystemSettingData"


def every(family: str) -> Walk:
    """Return a walk to all instances of a family."""
    return lambda model, _source: model.provider(family).records()


def equal(family: str, theirs: str, ours: str) -> Walk:
    """Return a walk to the instances of a family whose property is equal to the source's."""

    def walk(model: HostModel, source: Record) -> Iterable[Record]:
        records = model.provider(family).records()
        found = model.derive(
            (equal, family, theirs),
            records,
            lambda: grouped((record[theirs], record) for record in records),
        )
        return found.get(source[ours], ())

    return walk


def grouped(pairs: Iterable[tuple[K, Record]]) -> Mapping[K, Sequence[Record]]:
    """Return instances by keys: who walks from all of a family must not see all of another."""
    found: defaultdict[K, list[Record]] = defaultdict(list)
    for key, record in pairs:
        found[key].append(record)
    return found


def named(family: str, key: str, ours: str) -> Walk:
    """Return a walk to the instance whose only telling key is the source's property."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        provider = model.provider(family)
        wanted = source[ours]
        if isinstance(wanted, str):
            keys = {key: wanted}
            if "creationclassname" in provider.layout.keys:
                keys["creationclassname"] = provider.layout.class_name
            found = provider.find(keys)
            if found is not None:
                yield found

    return walk


# Within one domain


def of_domain(family: str, name: str = "Name") -> Walk:
    """Return a walk to the instances of the domain that a property of the source names."""

    def walk(model: HostModel, source: Record) -> Iterable[Record]:
        domain = domain_named(model, source[name])
        return () if domain is None else model.parts(family).records_of(domain)

    return walk


def system_of(name: str = "SystemName") -> Walk:
    """Return a walk to the domain that a property of the source names."""
    return of_domain("Virt_ComputerSystem", name)


def devices_of(
    model: HostModel, domain: Domain, family: str
) -> Iterable[tuple[DeviceView, Record]]:
    """Return the devices of a domain with what they were made from."""
    parts = device_views(model, domain).get(family, ())
    return zip(parts, model.parts(family).records_of(domain), strict=True)


def settings_of(
    model: HostModel, domain: Domain, family: str
) -> Iterable[tuple[SettingView, Record]]:
    """Return the settings of a domain's devices with what they were made from."""
    parts = setting_views(model, domain).get(family, ())
    return zip(parts, model.parts(family).records_of(domain), strict=True)


def systems_of(model: HostModel, domain: Domain) -> Iterable[tuple[Configuration, Record]]:
    """Return the settings of a domain itself, one for each configuration."""
    parts = configurations(domain, pending=model.behaviour.pending_settings)
    return zip(parts, model.parts(SETTING).records_of(domain), strict=True)


def part_of(pairs: Iterable[tuple[T, Record]], source: Record) -> T | None:
    """Return what an instance was made from."""
    return next((part for part, record in pairs if record.values == source.values), None)


# Devices and their settings


def setting_of(device: str, setting: str) -> Walk:
    """Return a walk from a device to its setting in the configuration that holds now."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        domain = model.owner(source)
        if domain is None:
            return
        view = part_of(devices_of(model, domain, device), source)
        for part, record in settings_of(model, domain, setting):
            if view is not None and part.configuration.kind.is_current and _fit(view, part):
                yield record

    return walk


def device_of(device: str, setting: str) -> Walk:
    """Return a walk from a setting that holds now to its devices."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        domain = model.owner(source)
        if domain is None:
            return
        part = part_of(settings_of(model, domain, setting), source)
        if part is not None and part.configuration.kind.is_current:
            for view, record in devices_of(model, domain, device):
                if _fit(view, part):
                    yield record

    return walk


def _fit(view: DeviceView, part: SettingView) -> bool:
    """Tell whether a setting is that of a device; all processors have one together."""
    if view.number is not None:
        return part.id == views.PROCESSORS_ID and part.device is None
    return view.id == part.id


def state_setting(model: HostModel, source: Record) -> Iterator[Record]:
    """Walk from a domain to the setting of the configuration that holds now."""
    domain = domain_named(model, source["Name"])
    if domain is not None:
        yield from (r for one, r in systems_of(model, domain) if one.kind.is_current)


def state_system(model: HostModel, source: Record) -> Iterator[Record]:
    """Walk from the setting of the configuration that holds now to the domain."""
    domain, one = configuration_of(model, source)
    if domain is not None and one is not None and one.kind.is_current:
        yield from model.parts("Virt_ComputerSystem").records_of(domain)


def configuration_of(
    model: HostModel, source: Record
) -> tuple[Domain | None, Configuration | None]:
    """Return the domain of a system's setting and the configuration that it shows."""
    domain = model.owner(source)
    if domain is None:
        return None, None
    return domain, part_of(systems_of(model, domain), source)


def components(setting: str) -> Walk:
    """Return a walk from a system's setting to those of its devices, of the same configuration."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        domain, wanted = configuration_of(model, source)
        if domain is not None and wanted is not None:
            for part, record in settings_of(model, domain, setting):
                if part.configuration.path == wanted.path:
                    yield record

    return walk


def whole(setting: str) -> Walk:
    """Return a walk from a device's setting to that of the system, of the same configuration."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        domain = model.owner(source)
        if domain is None:
            return
        part = part_of(settings_of(model, domain, setting), source)
        for one, record in systems_of(model, domain):
            if part is not None and one.path == part.configuration.path:
                yield record

    return walk
