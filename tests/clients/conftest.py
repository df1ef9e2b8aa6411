"""Servers for the client programs: one for all that read, one each for those that change things."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.sides import BRIDGE, NEVER, WIRE, Sides, remove, sides
from tests.lab import Lab
from tests.plugging import install_pack
from tests.serving import EIGHT_STATES, RunningServer, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that nobody changes, with a domain in each of libvirt's states."""
    with serving(EIGHT_STATES, tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="package")
def pack_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the test pack, whose instances tests make and remove again."""
    directory = tmp_path_factory.mktemp("pack")
    install_pack(directory)
    with serving(EIGHT_STATES, directory) as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server for one test alone, with a domain in each of libvirt's states."""
    with serving(EIGHT_STATES, tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def bridged_lab() -> Iterator[Lab]:
    """A libvirtd in a network of its own with a bridge, and a libvirt network on that.

    Not for longer than a module: who looks again all the time takes a part of the machine.
    """
    lab = Lab("virtcim-sides", bridge=BRIDGE)
    connection = lab.connect()
    connection.networkDefineXML(WIRE).create()
    connection.close()
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def hearing(bridged_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """A server that hears of changes by events alone."""
    directory = tmp_path_factory.mktemp("hearing")
    with sides(bridged_lab, directory, reconcile_interval=NEVER, sample_interval="0") as one:
        yield one


@pytest.fixture(scope="module")
def looking(bridged_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """A server that looks again all the time, also for what no event tells."""
    directory = tmp_path_factory.mktemp("watching")
    with sides(bridged_lab, directory, reconcile_interval="0.05", sample_interval="1") as one:
        yield one


@pytest.fixture
def both(hearing: Sides) -> Iterator[Sides]:
    """The two sides of a host without a guest, as the next test finds it."""
    yield hearing
    remove(*hearing.hypervisor.listAllDomains())


@pytest.fixture
def watching(looking: Sides) -> Iterator[Sides]:
    """The same of a server that looks again."""
    yield looking
    remove(*looking.hypervisor.listAllDomains())
