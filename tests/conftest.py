"""The laboratory for every test that wants real hypervisors; they fail where it cannot run."""

from collections.abc import Iterator

import pytest

from tests.lab import Lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A libvirtd that every test of the run may use, and none may harm."""
    one = Lab("virtcim-lab")
    yield one
    one.stop()


@pytest.fixture
def frail_lab() -> Iterator[Lab]:
    """A libvirtd to kill and freeze."""
    one = Lab("virtcim-frail")
    yield one
    one.stop()
