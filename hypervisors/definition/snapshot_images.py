"""Where the parts of a snapshot are: in images that were laid over the disks, or inside images."""

from dataclasses import dataclass

from virtcim.hypervisors.definition.domain import DomainDefinition
from virtcim.hypervisors.definition.parsing import parse_snapshot
from virtcim.hypervisors.definition.snapshots import disks_written
from virtcim.hypervisors.definition.xml import parse


@dataclass(frozen=True, slots=True)
class SnapshotImages:
    """The images of one snapshot.

    laid: over the disks when it was made; they have what has changed since. inside: those that
    have the snapshot itself in them.
    """

    laid: frozenset[str]
    inside: frozenset[str]


def snapshot_images(text: str) -> SnapshotImages:
    """Read them from the text of a snapshot."""
    disks = parse(text).findall("disks/disk")
    sources = [one.find("source") for one in disks if one.get("snapshot") == "external"]
    laid = (one.get("file") or one.get("dev") for one in sources if one is not None)
    inside = {one.get("name") for one in disks if one.get("snapshot") == "internal"}
    domain = parse_snapshot(text)
    written = () if domain is None else disks_written(domain)
    return SnapshotImages(
        frozenset(path for path in laid if path is not None),
        frozenset(one.path for one in written if one.target in inside and one.path is not None),
    )


def images_of(domain: DomainDefinition) -> frozenset[str]:
    """Return the images that a domain's disks are made of, those below others too."""
    disks = disks_written(domain)
    paths = [path for one in disks for path in (one.path, *(below.path for below in one.backing))]
    return frozenset(path for path in paths if path is not None)
