"""Reading the snapshots of a domain, in a worker's thread.

No event tells of a snapshot that is made or deleted, and nothing but its text tells when it was
made or whose child it is now: a deleted one's children move up. So each text is read every time,
and parsed when it is not the one that is known.
"""

from dataclasses import replace
from functools import partial

from virtcim.hypervisors.libvirt.failures import NO_SNAPSHOT
from virtcim.hypervisors.libvirt.native import (
    XML_LIVE,
    NativeDomain,
    NativeSnapshot,
    unless_gone,
    unless_unsupported,
)
from virtcim.hypervisors.libvirt.resource_xml import snapshot
from virtcim.hypervisors.model import SnapshotFacts


def read_snapshots(
    domain: NativeDomain, known: tuple[SnapshotFacts, ...]
) -> tuple[SnapshotFacts, ...]:
    """The snapshots, oldest first; one that vanishes meanwhile is left out."""
    nothing: list[NativeSnapshot] = []
    listed = unless_unsupported(lambda: domain.listAllSnapshots(0), nothing)
    if not listed:
        return ()
    current = unless_gone(lambda: domain.snapshotCurrent().getName(), NO_SNAPSHOT)
    texts = (unless_gone(partial(one.getXMLDesc, XML_LIVE), NO_SNAPSHOT) for one in listed)
    held = {one.xml: one for one in known}
    facts = (_facts(text, held.get(text), current) for text in texts if text is not None)
    return tuple(sorted(facts, key=lambda one: (one.created, one.name)))


def _facts(text: str, known: SnapshotFacts | None, current: str | None) -> SnapshotFacts:
    if known is None:
        return snapshot(text, current)
    is_current = known.name == current
    return known if known.current == is_current else replace(known, current=is_current)
