"""A guest as libvirt-cim's clients expect it: every instance and association, in both modes."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.providers import demo
from tests.providers.graph import Graph, references_of
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.wbem.paths import ObjectPath

modes = pytest.mark.parametrize("strict", [True, False], ids=["strict", "legacy"])


@pytest.fixture(scope="module")
def demo_lab() -> Iterator[Lab]:
    """A libvirtd in a network of its own, where the guest runs."""
    lab = Lab("virtcim-demo", bridge="virbr0")
    connection = lab.connect()
    network = connection.networkDefineXML(demo.NETWORK)
    network.create()
    (lab.directory / "lib/images").mkdir(exist_ok=True)
    pool = connection.storagePoolDefineXML(demo.POOL)
    pool.create()
    pool.createXML(demo.VOLUME)
    connection.createXML(demo.domain_xml("qemu", "x86_64"))
    yield lab
    connection.close()
    lab.stop()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node file of the test driver with the same guest."""
    path = tmp_path_factory.mktemp("demo") / "node.xml"
    guest = demo.domain_xml("test", "i686", demo.ADDED)
    pool = demo.POOL.replace("</pool>", f"{demo.VOLUME}</pool>")
    path.write_text(f"<node>{demo.NETWORK}{pool}{guest}</node>")
    return path


def play(uri: str, prefix: str, scene: Callable[[Graph], None], *, strict: bool) -> None:
    """Start a host, and look at its graph."""

    async def run() -> None:
        graph = Graph(LibvirtHypervisor(uri), prefix, compat=not strict)
        await graph.start()
        try:
            scene(graph)
        finally:
            await graph.host.close()

    asyncio.run(run())


def spelled(path: ObjectPath) -> str:
    """Return a path as the tables of demo.py write it."""
    keys = ",".join(f'{name}="{value}"' for name, value in sorted(path.keys or ()))
    return f"{path.class_name}.{keys}"


def seen_edges(graph: Graph, prefix: str) -> set[demo.Edge]:
    """Return every association instance of the host."""
    return {
        (association.layout.class_name.removeprefix(f"{prefix}_"), spelled(first), spelled(second))
        for association in graph.associations()
        for first, second in (tuple(references_of(link)) for link in association.records())
    }


def check(graph: Graph, prefix: str, *, strict: bool) -> None:
    """Compare the graph with the tables."""
    host = str(graph.providers()[f"{prefix}_HostSystem"].records().records[0]["Name"])
    seen = seen_edges(graph, prefix)
    wanted = demo.edges(prefix, host, strict=strict)
    sorted_keys = {(a, *map(_sorted, ends)) for a, *ends in wanted}
    assert sorted_keys - seen == set()
    if not strict:
        counts = {name: graph.counts()[f"{prefix}_{name}"] for name in demo.LEGACY_COUNTS}
        assert counts == demo.LEGACY_COUNTS


def _sorted(path: str) -> str:
    class_name, _, keys = path.partition(".")
    return f"{class_name}.{','.join(sorted(keys.split(',')))}"


@modes
def test_demo_on_qemu(demo_lab: Lab, *, strict: bool) -> None:
    """A real QEMU guest has every association of the list, in legacy mode in the same number."""
    play(demo_lab.uri(), "KVM", lambda graph: check(graph, "KVM", strict=strict), strict=strict)


@modes
def test_demo_on_the_test_driver(node: Path, *, strict: bool) -> None:
    """The same guest has them at libvirt's test driver."""
    play(f"test://{node}", "Test", lambda graph: check(graph, "Test", strict=strict), strict=strict)
