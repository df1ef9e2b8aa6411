"""Templates with what the machine and its pools really have.

InstanceIDs are `<PoolID>/<flavour>/<name>`. The name tells templates of one flavour apart: "0"
where there is one, else what it is a template of, so that it stays when others come and go. What is
not known has no template, and neither have controllers: the hypervisor adds those it needs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from virtcim.hypervisors.resources import VolumeFacts
from virtcim.providers import views
from virtcim.providers.compatibility import BANDWIDTH, DEVICES, DISK, MEMORY, PROCESSORS
from virtcim.providers.families import Values
from virtcim.providers.model import HostModel
from virtcim.providers.pool_usage import WireKind
from virtcim.providers.pools import Pool, other_resource_type, pools, resource_type
from virtcim.providers.templates_flavours import Flavour, Template
from virtcim.schema.valuemaps import ConsumerVisibility, EmulatedType

_MIN, _MAX, _DEFAULT, _STEP = Flavour.MINIMUM, Flavour.MAXIMUM, Flavour.DEFAULT, Flavour.INCREMENT
_KIBIBYTE = 1 << 10
_MEMORY_STEP = 1024  # KiB: hypervisors round the memory of a domain to whole MiB
_USUAL_MEMORY = 1 << 20  # KiB: what a guest of today needs to start

_ONLY = "0"
_FULL = "hvm"  # guest type: a whole machine, with displays and input devices
_WITH_DISPLAYS = frozenset({_FULL, "xen", "linux", "xenpvh"})

Named = tuple[str, Values]


def machine_templates(model: HostModel) -> Iterator[Template]:
    """Yield the templates of all pools of a host."""
    for pool in pools(model):
        family, read = _READERS.get(pool.kind.family, ("", _nothing))
        for flavour, name, values in read(model, pool):
            yield Template(family, {**_common(model, pool, flavour, name), **values})


_Found = Iterable[tuple[Flavour, str, Values]]


def _nothing(_model: HostModel, _pool: Pool) -> _Found:
    return ()


def _common(model: HostModel, pool: Pool, flavour: Flavour, name: str) -> Values:
    return {
        "InstanceID": f"{pool.id}/{flavour}/{name}",
        "PoolID": pool.id,
        "ElementName": f"{flavour} of {pool.title}" + ("" if name == _ONLY else f": {name}"),
        "Caption": f"{flavour} settings",
        "ResourceType": resource_type(model.behaviour, pool.kind),
        "OtherResourceType": other_resource_type(model.behaviour, pool),
        "ConsumerVisibility": ConsumerVisibility.VIRTUALIZED,
        "AllocationUnits": model.behaviour.units.get(DEVICES),
        "VirtualQuantity": 1,
        "VirtualQuantityUnits": "count",
        "AutomaticAllocation": True,
        "AutomaticDeallocation": True,
    }


def _quantities(unit: str, amounts: Mapping[Flavour, int | None]) -> _Found:
    """Yield a template for each flavour whose amount is known."""
    for flavour, amount in amounts.items():
        if amount is not None:
            yield (
                flavour,
                _ONLY,
                {
                    "AllocationUnits": unit,
                    "VirtualQuantity": amount,
                    "VirtualQuantityUnits": unit,
                    "Limit": amount,
                },
            )


def _processors(model: HostModel, _pool: Pool) -> _Found:
    machine = model.host.resources.machine
    most = None if machine is None else machine.most_vcpus
    amounts = {_MIN: 1, _MAX: most, _DEFAULT: 1, _STEP: 1}
    return _quantities(model.behaviour.units[PROCESSORS], amounts)


def _memory(model: HostModel, _pool: Pool) -> _Found:
    machine = model.host.resources.machine
    most = None if machine is None else machine.memory // _KIBIBYTE
    usual = _USUAL_MEMORY if most is None else min(_USUAL_MEMORY, most)
    amounts = {_MIN: _MEMORY_STEP, _MAX: most, _DEFAULT: usual, _STEP: _MEMORY_STEP}
    return _quantities(model.behaviour.units[MEMORY], amounts)


_CONNECTIONS: Mapping[str | None, Callable[[str], Values]] = {
    # sub-type of the pool
    "network":       lambda name: {"NetworkType": "network", "NetworkName": name},
    WireKind.BRIDGE: lambda name: {"NetworkType": "bridge", "NetworkName": name},
    WireKind.DIRECT: lambda name: {"NetworkType": "direct", "NetworkName": name,
                                   "SourceDevice": name, "NetworkMode": "vepa"},
}  # fmt: skip


def _network(model: HostModel, pool: Pool) -> _Found:
    """One setting is one connection; its bandwidth begins at one unit and has no bound."""
    if pool.primordial:
        return
    connection = _CONNECTIONS[pool.sub_type](pool.title)
    least: Values = {
        "AllocationUnits": model.behaviour.units[BANDWIDTH], "Reservation": 1, "Limit": 1,
    }  # fmt: skip
    for flavour in Flavour:
        bandwidth = least if flavour in {_MIN, _STEP} else {}
        yield flavour, _ONLY, {**connection, **bandwidth}


def _disks(model: HostModel, pool: Pool) -> _Found:
    """A setting is of one volume, so that volumes alone can be asked for; or of an empty drive."""
    if pool.storage is None:
        yield from _drives(model)
        return
    unit, volumes = model.behaviour.units[DISK], pool.storage.volumes
    for volume in volumes:
        yield _DEFAULT, volume.name, _volume(volume, pool.storage.name, unit)
    if volumes:
        sizes = [volume.capacity for volume in volumes]
        for flavour, size in ((_MIN, min(sizes)), (_MAX, max(sizes))):
            yield flavour, _ONLY, {
                "AllocationUnits": unit, "VirtualQuantity": size, "VirtualQuantityUnits": unit,
                "EmulatedType": EmulatedType.DISK,
            }  # fmt: skip


def _volume(volume: VolumeFacts, pool_name: str, unit: str) -> Values:
    by_path = volume.kind in {"file", "block", "dir"}
    source: Values = {} if by_path else {"SourcePool": pool_name, "SourceVolume": volume.name}
    return {
        "Address": volume.path,
        "SourceType": volume.kind if by_path else "volume",
        **source,
        "EmulatedType": EmulatedType.DISK,
        "DriverType": volume.format,
        "AllocationUnits": unit,
        "VirtualQuantity": volume.capacity,
        "VirtualQuantityUnits": unit,
    }


def _guests(model: HostModel) -> frozenset[str]:
    machine = model.host.resources.machine
    return frozenset(() if machine is None else machine.guest_types)


def _drives(model: HostModel) -> _Found:
    if _FULL in _guests(model):
        for name, type_ in (("cdrom", EmulatedType.CDROM), ("floppy", EmulatedType.FLOPPY)):
            yield _DEFAULT, name, {"Address": "", "EmulatedType": type_, "readonly": True}


_LISTENERS: tuple[Named, ...] = (
    ("vnc", {"Address": "127.0.0.1:-1", "ListenAddress": "127.0.0.1", "IsIPv6Only": False}),
    ("vnc6", {"Address": "[::1]:-1", "ListenAddress": "::1", "IsIPv6Only": True}),
)


def _graphics(model: HostModel, _pool: Pool) -> _Found:
    if _WITH_DISPLAYS & _guests(model):
        for name, values in _LISTENERS:
            yield _DEFAULT, name, {"ResourceSubType": "vnc", "Port": -1, "AutoPort": True, **values}


_INPUTS: tuple[tuple[str, str, str], ...] = (
    # guest type  kind      bus
    (_FULL,       "mouse",  "ps2"),
    (_FULL,       "mouse",  "usb"),
    (_FULL,       "tablet", "usb"),
    ("xen",       "mouse",  "xen"),
)  # fmt: skip


def _inputs(model: HostModel, _pool: Pool) -> _Found:
    guests = _guests(model)
    for guest, kind, bus in _INPUTS:
        if guest in guests:
            yield _DEFAULT, f"{kind}:{bus}", {"ResourceSubType": kind, "BusType": bus}


_READERS: Mapping[str, tuple[str, Callable[[HostModel, Pool], _Found]]] = {
    # pool                 family of the settings    templates
    "Virt_ProcessorPool": (views.PROCESSOR_SETTING, _processors),
    "Virt_MemoryPool":    (views.MEMORY_SETTING,    _memory),
    "Virt_NetworkPool":   (views.NET_SETTING,       _network),
    "Virt_DiskPool":      (views.DISK_SETTING,      _disks),
    "Virt_GraphicsPool":  (views.GRAPHICS_SETTING,  _graphics),
    "Virt_InputPool":     (views.INPUT_SETTING,     _inputs),
}  # fmt: skip
