"""The snapshots of a domain: their tree, the current one, and that each listing has them anew."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.hypervisors.test_listing import TEST, Counting, Node
from tests.lab import Lab
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.libvirt.reading import read_domain, read_domains
from virtcim.hypervisors.libvirt.snapshots import read_snapshots
from virtcim.hypervisors.model import EVERY_DOMAIN, DomainFacts, DomainUUID, SnapshotFacts

UUID = DomainUUID("00000000-0000-4000-8000-000000000000")
SNAPSHOT = "<domainsnapshot><name>{}</name><description>{}</description></domainsnapshot>"
REDEFINED = """<domainsnapshot><name>{name}</name>{parent}<creationTime>{created}</creationTime>
<state>shutoff</state>{domain}</domainsnapshot>"""
PARENT = "<parent><name>{}</name></parent>"
DISK = """<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{}'/>
<target dev='vda' bus='virtio'/></disk>"""


def define(domain: Any, name: str, parent: str = "", created: int = 0) -> None:
    """Give a domain a snapshot that was made at some second."""
    text = REDEFINED.format(
        name=name,
        parent=PARENT.format(parent) if parent else "",
        created=created,
        domain=domain.XMLDesc(),
    )
    domain.snapshotCreateXML(text, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)


def tree(snapshots: tuple[SnapshotFacts, ...]) -> list[tuple[str, str | None]]:
    """Names and parents."""
    return [(one.name, one.parent) for one in snapshots]


def read(node: Node, known: DomainFacts | None = None) -> DomainFacts:
    """The node's one domain, in a listing and alone, which tell the same."""
    held = {} if known is None else {UUID: known}
    (listed,) = read_domains(node.connection, TEST, EVERY_DOMAIN, held)
    assert read_domain(node.connection, TEST, UUID, known) == listed
    return listed


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node of one domain, which is off."""
    return Node(1, tmp_path)


def test_a_tree_is_read_oldest_first(node: Node) -> None:
    """Two roots, a child and a grandchild, by the time of their making."""
    domain = node.native.lookupByName("d0")
    define(domain, "root", created=1000)
    define(domain, "child", "root", created=3000)
    define(domain, "grandchild", "child", created=4000)
    define(domain, "other", created=2000)
    facts = read(node)
    assert facts.has_snapshots
    assert tree(facts.snapshots) == [
        ("root", None), ("other", None), ("child", "root"), ("grandchild", "child"),
    ]  # fmt: skip
    first = facts.snapshots[0]
    assert first.created == datetime.fromtimestamp(1000, UTC)
    assert (first.state, first.description, first.current) == ("shutoff", None, False)
    assert "<name>d0</name>" in first.xml


def test_what_changes_without_an_event_is_read_at_each_listing(node: Node) -> None:
    """Made, made current by another, deleted with its children moving up: known facts or not."""
    domain = node.native.lookupByName("d0")
    facts = read(node)
    assert facts.snapshots == ()
    for name in ("a", "b", "c"):
        domain.snapshotCreateXML(SNAPSHOT.format(name, f"the {name}"))
        facts = read(node, facts)
        assert [one.name for one in facts.snapshots if one.current] == [name]
    assert facts.snapshots[0].description == "the a"
    assert tree(facts.snapshots) == [("a", None), ("b", "a"), ("c", "b")]
    domain.snapshotLookupByName("b").delete()
    facts = read(node, facts)
    assert tree(facts.snapshots) == [("a", None), ("c", "a")]
    for name in ("a", "c"):
        domain.snapshotLookupByName(name).delete()
    facts = read(node, facts)
    assert (facts.has_snapshots, facts.snapshots) == (False, ())


def test_the_same_facts_stay_the_same_objects(node: Node) -> None:
    """Nothing has changed, so nothing is new, and the definition is not read."""
    domain = node.native.lookupByName("d0")
    domain.snapshotCreateXML(SNAPSHOT.format("a", ""))
    facts = read(node)
    node.calls.clear()
    assert read(node, facts) is facts
    assert "XMLDesc" not in node.calls
    domain.snapshotCreateXML(SNAPSHOT.format("b", ""))
    later = read(node, facts)
    assert later.snapshots[0].xml is facts.snapshots[0].xml


def test_the_definition_is_read_anew_with_a_snapshot(node: Node) -> None:
    """One that is made of disks alone exchanges their images, and no event tells."""
    domain = node.native.lookupByName("d0")
    facts = read(node)
    domain.snapshotCreateXML(SNAPSHOT.format("a", ""))
    node.calls.clear()
    facts = read(node, facts)
    assert node.calls["XMLDesc"] == 2
    domain.snapshotLookupByName("a").delete()
    node.calls.clear()
    read(node, facts)
    assert node.calls["XMLDesc"] == 2


def test_a_domain_without_snapshots_is_not_asked(node: Node) -> None:
    """A listing asks only those that have some."""
    define(node.define(1), "s")
    node.calls.clear()
    read_domains(node.connection, TEST, EVERY_DOMAIN, {})
    assert node.calls["listAllSnapshots"] == 1


def test_a_snapshot_that_vanishes_while_it_is_read_is_left_out(node: Node) -> None:
    """Its siblings are told."""
    domain = node.native.lookupByName("d0")
    for name in ("a", "b"):
        define(domain, name)

    def before(name: str) -> None:
        if name == "snapshotCurrent":
            domain.snapshotLookupByName("a").delete()

    counting: Any = Counting(domain, node.calls, before)
    assert tree(read_snapshots(counting, ())) == [("b", None)]


def test_any_time_can_be_told_of_a_snapshot(node: Node) -> None:
    """Who redefines one dates it, beyond the last year that we can write too."""
    domain = node.native.lookupByName("d0")
    define(domain, "late", created=99_999_999_999_999)
    define(domain, "early", created=-1)
    created = {one.name: one.created.year for one in read(node).snapshots}
    assert created == {"early": 1970, "late": 9999}


@pytest.fixture
def guest(lab: Lab, tmp_path: Path) -> Iterator[Any]:
    """A real guest that is off, with a disk that can keep snapshots."""
    connection = lab.connect()
    pool = connection.storagePoolCreateXML(
        f"<pool type='dir'><name>s</name><target><path>{tmp_path}</path></target></pool>"
    )
    volume = pool.createXML(
        "<volume><name>d.qcow2</name><capacity unit='MiB'>4</capacity>"
        "<target><format type='qcow2'/></target></volume>"
    )
    text = lab.guest_xml("kept", devices=DISK.format(volume.path()))
    boot, _, rest = text.partition("<disk type='file'")
    domain = connection.defineXML(boot + rest.partition("</disk>")[2])
    yield domain
    domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)
    pool.destroy()
    connection.close()


def test_real_snapshots(lab: Lab, guest: Any) -> None:
    """Made twice, gone back to the first, and made again: a fork; all found by listings."""
    for name in ("first", "second"):
        guest.snapshotCreateXML(SNAPSHOT.format(name, name.upper()))
    guest.revertToSnapshot(guest.snapshotLookupByName("first"))

    async def scene() -> None:
        hypervisor = LibvirtHypervisor(lab.uri())
        await hypervisor.open()
        uuid = DomainUUID(guest.UUIDString())
        before = await hypervisor.domain(uuid)
        assert before is not None
        assert [one.name for one in before.snapshots if one.current] == ["first"]
        guest.snapshotCreateXML(SNAPSHOT.format("third", ""))
        (after,) = await hypervisor.domains(known={uuid: before})
        assert sorted(tree(after.snapshots)) == [
            ("first", None), ("second", "first"), ("third", "first"),
        ]  # fmt: skip
        assert {one.description for one in after.snapshots} == {"FIRST", "SECOND", None}
        assert all(f"<uuid>{uuid}</uuid>" in one.xml for one in after.snapshots)
        await hypervisor.close()

    asyncio.run(scene())
