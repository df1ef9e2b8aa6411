"""What a big reply costs: the server's memory is bounded, whatever the client says and does."""

from collections.abc import Iterator, Mapping

import pytest

from benchmarks.memory import MOST_MEGABYTES, WAYS, forget_peak, memory, prepare, read_reply
from tests.serving import RunningServer, serving

INSTANCES, PADDING = 4000, 3000
REPLY_MEGABYTES = 140
"""More than twice what the server may take for it."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that keeps long instances of a client."""
    directory = tmp_path_factory.mktemp("memory")
    prepare(directory / "state", INSTANCES, "x" * PADDING)
    with serving("test:///default", directory) as running:
        yield running


@pytest.mark.parametrize("headers", WAYS.values(), ids=WAYS)
def test_a_big_reply_is_no_big_memory(server: RunningServer, headers: Mapping[str, str]) -> None:
    """In every form of the reply the peak stays near what the server is when idle."""
    idle = memory(server.process.pid)
    forget_peak(server.process.pid)
    size = read_reply(server.port, "EnumerateInstances", headers)
    assert memory(server.process.pid, "VmHWM") - idle <= MOST_MEGABYTES
    if "Accept-Encoding" in headers:
        assert size < REPLY_MEGABYTES * 1e6 / 20
    else:
        assert size > REPLY_MEGABYTES * 1e6
