"""The web port: health for load balancers and metrics for Prometheus.

A port of its own, so that it can be open where CIM is not and the other way round.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from virtcim.inventory.host import Host

Health = Callable[[], Mapping[str, str]]
"""Returns the state of each hypervisor connection by host name: ok, lost or never."""


def health_of(hosts: Iterable[Host]) -> Mapping[str, str]:
    """Return whether each hypervisor answers."""
    return {host.name: host.communication.value for host in hosts}


def web_application(registry: CollectorRegistry | None, health: Health) -> Starlette:
    """Return the web application; without a registry it has no metrics.

    /healthz is 200 while the server serves, whatever its hypervisors do: their loss is shown, and
    is no reason to restart the server.
    """

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "hypervisors": dict(health())})

    async def metrics(_request: Request) -> Response:
        if registry is None:
            return PlainTextResponse("metrics are switched off\n", 404)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def index(_request: Request) -> Response:
        return PlainTextResponse("virtcim\n/healthz\n/metrics\n")

    return Starlette(
        routes=[Route("/", index), Route("/healthz", healthz), Route("/metrics", metrics)]
    )


class _WebServer(uvicorn.Server):
    """Uvicorn inside a process that handles its signals itself; `ready` is set when it serves."""

    ready: asyncio.Event

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the sockets, and say so."""
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


@asynccontextmanager
async def serve_web(
    listener: socket.socket,
    tls: ssl.SSLContext | None,
    registry: CollectorRegistry | None,
    health: Health,
) -> AsyncIterator[None]:
    """Serve on a bound socket while the context lasts."""
    config = uvicorn.Config(
        web_application(registry, health),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
    server = _WebServer(config)
    server.ready = asyncio.Event()
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await server.ready.wait()
    try:
        yield
    finally:
        server.should_exit = True
        await serving
