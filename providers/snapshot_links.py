"""Rows of the association table: snapshots of domains (DSP1042).

libvirt has one current snapshot of a domain: it was taken or applied last, and the next one will be
its child. So it is both the most current one of its branch and the last one applied.
"""

from collections.abc import Callable, Iterator

from virtcim.hypervisors.model import SnapshotFacts
from virtcim.providers.associations import STRICT_ONLY, Association, Row, Walk
from virtcim.providers.device_links import SYSTEM
from virtcim.providers.model import HostModel, domain_named
from virtcim.providers.walks import SETTING, configuration_of, systems_of
from virtcim.schema.layouts import Record

_Choice = Callable[[SnapshotFacts], bool]


def _any(_snapshot: SnapshotFacts) -> bool:
    return True


def _current(snapshot: SnapshotFacts) -> bool:
    return snapshot.current


def _snapshots(chosen: _Choice) -> Walk:
    """Return a walk from a domain to settings of its snapshots."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        domain = domain_named(model, source["Name"])
        if domain is not None:
            for one, record in systems_of(model, domain):
                if one.snapshot is not None and chosen(one.snapshot):
                    yield record

    return walk


def _system(chosen: _Choice) -> Walk:
    """Return a walk from the setting of a snapshot to the domain."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        domain, one = configuration_of(model, source)
        if domain is not None and one is not None and one.snapshot and chosen(one.snapshot):
            yield from model.parts(SYSTEM).records_of(domain)

    return walk


def _children(model: HostModel, source: Record) -> Iterator[Record]:
    return _kin(model, source, lambda own, other: other.parent == own.name)


def _parent(model: HostModel, source: Record) -> Iterator[Record]:
    return _kin(model, source, lambda own, other: own.parent == other.name)


def _kin(
    model: HostModel, source: Record, related: Callable[[SnapshotFacts, SnapshotFacts], bool]
) -> Iterator[Record]:
    domain, one = configuration_of(model, source)
    if domain is not None and one is not None and one.snapshot is not None:
        for other, record in systems_of(model, domain):
            if other.snapshot is not None and related(one.snapshot, other.snapshot):
                yield record


SNAPSHOT_LINKS: tuple[Association, ...] = (
    # family                       first end, second end, and the walks between them
    Association("Virt_SnapshotOfVirtualSystem", (
        Row(SYSTEM, SETTING, _snapshots(_any), _system(_any), STRICT_ONLY),
    )),
    Association("Virt_MostCurrentSnapshotInBranch", (
        Row(SYSTEM, SETTING, _snapshots(_current), _system(_current), STRICT_ONLY),
    )),
    Association("Virt_LastAppliedSnapshot", (
        Row(SETTING, SYSTEM, _system(_current), _snapshots(_current), STRICT_ONLY),
    )),
    Association("Virt_ParentChildSettingData", (
        Row(SETTING, SETTING, _children, _parent, STRICT_ONLY),
    )),
)  # fmt: skip
