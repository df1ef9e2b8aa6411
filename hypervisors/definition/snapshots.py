"""The texts of snapshots that are to be made, and which names they can have.

The rule: data goes into a text by the builder alone, never as text.
"""

from lxml import etree

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
