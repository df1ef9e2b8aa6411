"""The web port: health and metrics over real HTTP."""

import asyncio
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter

from virtcim.inventory.host import Communication, Host
from virtcim.listeners.web import health_of, serve_web

Answer = tuple[int, str, str]


def get(port: int, path: str, method: str = "GET") -> Answer:
    """Return status, type and body of a page."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def serving(
    client: Callable[[int], Answer],
    registry: CollectorRegistry | None = None,
    health: Mapping[str, str] | None = None,
) -> Answer:
    """Return what a client in another thread gets; the port is closed afterwards."""

    async def run() -> tuple[int, Answer]:
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        async with serve_web(listener, None, registry, lambda: health or {}):
            return port, await asyncio.to_thread(client, port)

    port, answer = asyncio.run(run())
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    return answer


def test_health() -> None:
    """The page says that the server serves, and how each hypervisor is."""
    status, kind, body = serving(
        lambda port: get(port, "/healthz"), health={"default": "ok", "far": "lost"}
    )
    assert (status, kind) == (200, "application/json")
    assert json.loads(body) == {"status": "ok", "hypervisors": {"default": "ok", "far": "lost"}}


def test_metrics() -> None:
    """The page has the metrics of the registry, in the form that Prometheus reads."""
    registry = CollectorRegistry()
    Counter("things", "Things.", registry=registry).inc(3)
    status, kind, body = serving(lambda port: get(port, "/metrics"), registry)
    assert (status, kind.partition(";")[0]) == (200, "text/plain")
    assert "things_total 3.0" in body


def test_metrics_switched_off() -> None:
    """Without a registry the page says so."""
    status, _, body = serving(lambda port: get(port, "/metrics"))
    assert (status, body) == (404, "metrics are switched off\n")


def test_other_pages() -> None:
    """The index names the pages; others are not there, and nothing can be posted."""
    assert serving(lambda port: get(port, "/"))[2].split() == ["virtcim", "/healthz", "/metrics"]
    assert serving(lambda port: get(port, "/cimom"))[0] == 404
    assert serving(lambda port: get(port, "/healthz", "POST"))[0] == 405


def test_health_of_hosts() -> None:
    """Each host says in a word whether it is reached."""
    hosts: Any = [SimpleNamespace(name=state.name, communication=state) for state in Communication]
    assert health_of(cast("list[Host]", hosts)) == {"OK": "ok", "LOST": "lost", "NEVER": "never"}
