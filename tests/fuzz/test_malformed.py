"""Spoilt requests by the thousand: every one is answered or refused, and the server is unmoved.

`make fuzz` sends ten times as many.
"""

from collections.abc import Iterator

import pytest

from tests.fuzz.fuzzing import KINDS, fuzz, resident_megabytes, untouched
from tests.serving import EIGHT_STATES, RunningServer, serving

SEED = 200
EACH = 5000
"""Requests of each of four kinds."""

MOST_GROWTH = 64.0
"""Megabytes: a leak of what one request holds would be more than this."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that is only spoken to badly."""
    with serving(EIGHT_STATES, tmp_path_factory.mktemp("fuzz")) as running:
        yield running


def test_good_requests_are_good(server: RunningServer) -> None:
    """What is spoilt below is answered while it is whole, or the run would prove nothing."""
    untouched(server)


@pytest.mark.parametrize("kind", KINDS)
def test_spoilt_requests(server: RunningServer, kind: str) -> None:
    """Values, trees, bytes and heads: answered or refused, no defect, no growth."""
    before = resident_megabytes(server)
    fuzz(server, kind, SEED, range(EACH))
    untouched(server)
    assert resident_megabytes(server) - before <= MOST_GROWTH
