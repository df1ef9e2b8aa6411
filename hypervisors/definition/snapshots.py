"""The texts of snapshots that are to be made, their names, and which domains can have some.

The rule: data goes into a text by the builder alone, never as text.
"""

from lxml import etree

from virtcim.hypervisors.definition.domain import DomainDefinition
from virtcim.hypervisors.definition.storage import Disk

LONGEST_NAME = 200
"""Bytes; a snapshot's name is part of the names of files, with others around it."""


# At each of these QEMU ends a name, or skips what follows, when a running guest is asked: libvirt
# says that the snapshot is made, no image has it, and going back to it ends the guest.
_LOST_CHARACTERS = frozenset('"\\')


def unfit(name: str) -> str | None:
    """Say what keeps a name from being a snapshot's; None means nothing.

    A small number would be taken for the number that an image gives each of its snapshots: QEMU
    would apply another one.
    """
    if not name.isprintable() or not name.strip():
        return "it cannot be printed"
    if "/" in name or name.startswith("."):
        return "it has a slash, or begins with a dot"
    if not _LOST_CHARACTERS.isdisjoint(name):
        return "it has a quotation mark or a backslash"
    if len(name.encode()) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} bytes"
    if name.isdecimal():
        return "it is a number"
    return None


def snapshot_text(name: str, description: str | None) -> str:
    """Return the text of a snapshot to be made; raises ValueError for what XML cannot carry."""
    root = etree.Element("domainsnapshot")
    etree.SubElement(root, "name").text = name
    if description:
        etree.SubElement(root, "description").text = description
    return etree.tostring(root, encoding="unicode")


# Where QEMU keeps snapshots inside an image.
_KEEPING_FORMATS = frozenset({"qcow2"})


def disks_written(domain: DomainDefinition) -> tuple[Disk, ...]:
    """Return the disks whose content a snapshot is about."""
    return tuple(one for one in domain.devices if isinstance(one, Disk) and not one.readonly)


def keeps_snapshots(domain: DomainDefinition) -> bool:
    """Tell whether QEMU can keep a snapshot of a domain inside its images.

    Firmware in a flash device has variables that would not be in it.
    """
    disks = disks_written(domain)
    inside = all(
        one.format in _KEEPING_FORMATS and one.snapshot in {None, "internal"} for one in disks
    )
    return bool(disks) and inside and domain.loader_type != "pflash"
