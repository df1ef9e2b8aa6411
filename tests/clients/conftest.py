"""Servers for the client programs: one for all that read, one each for those that change things."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import EIGHT_STATES, RunningServer, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that nobody changes, with a domain in each of libvirt's states."""
    with serving(EIGHT_STATES, tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server for one test alone, with a domain in each of libvirt's states."""
    with serving(EIGHT_STATES, tmp_path) as running:
        yield running
