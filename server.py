"""The composition root: builds the rooms from the settings and runs them.

Nothing but the commands imports it. Order of start: infostore, hosts, namespaces, sockets; the
reverse at the end, after the calls that are under way.
"""

import asyncio
import ctypes
import gc
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

import structlog
import uvloop
from prometheus_client import CollectorRegistry

from virtcim import __version__
from virtcim.broker.broker import Broker
from virtcim.broker.restoring import restore
from virtcim.configuration.access import Access, all_endpoints, decide
from virtcim.configuration.endpoints import Endpoint
from virtcim.configuration.settings import Host as HostSettings
from virtcim.configuration.settings import Settings
from virtcim.hypervisors.errors import InvalidArgument
from virtcim.hypervisors.libvirt import Deadlines, LibvirtHypervisor
from virtcim.infostore import Infostore, prepare_directory
from virtcim.infostore.keeping import ObjectKeeper
from virtcim.inventory.host import Host
from virtcim.inventory.hosts import Inventory
from virtcim.jobs import Engine
from virtcim.listeners.authentication import Authenticator
from virtcim.listeners.cimxml import CIMXMLApplication
from virtcim.listeners.http_rules import Limits
from virtcim.listeners.logging import LineBuffer, configure_logging, operation_log
from virtcim.listeners.measures import HostMeasures
from virtcim.listeners.observation import Observation
from virtcim.listeners.shell import Shell
from virtcim.listeners.tls import server_context
from virtcim.listeners.users import UsersFile
from virtcim.providers.migration_options import MigrationOptions
from virtcim.providers.model import Server
from virtcim.providers.recoverers import recoverers
from virtcim.providers.registry import build_namespaces
from virtcim.wbem.decode import read_call, read_padded_call

log = structlog.get_logger("virtcim.server")

FIRST_NAMESPACE = "root/virt"
CONNECT_SECONDS = 5.0
"""How long the start waits for connections; a host out of reach is shown as not reached yet."""
LISTING_SECONDS = 60.0
"""How long the start waits for the first listing of a host that answers."""
RECOVERY_SECONDS = 5.0
"""How long the start waits until it is known what became of unfinished jobs."""
NAME_SECONDS = 2.0
_M_ARENA_MAX = -8  # malloc.h
STOP_SECONDS = 20.0
BACKLOG = 512


class StartError(Exception):
    """The server cannot start; the text says what to do."""


def run(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `say` is told once where the server listens.

    Raises ConfigurationError, StartError, InfostoreError and the errors of users and TLS files.
    """
    prepare_directory(settings.state_dir)
    _share_heap()
    stream = LineBuffer(sys.stderr.fileno())
    configure_logging(_log_level(settings), settings.log.format.value, stream)
    try:
        uvloop.run(_serve(settings, say, stream))
    finally:
        stream.flush()


def _ignore_hangup() -> None:
    """A closed terminal must not end the server, and there is nothing to reload."""
    log.warning("ignored", signal="SIGHUP")


def _log_level(settings: Settings) -> int:
    return logging.getLevelNamesMapping()[settings.log.level.upper()]


async def _serve(settings: Settings, say: Callable[[str], None], stream: LineBuffer) -> None:
    stream.gather()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, _ignore_hangup)
    async with AsyncExitStack() as stack:
        urls = await _start(settings, stack, stream)
        _settle_memory()
        say(f"virtcim {__version__} listens on {' '.join(urls)}")
        _notify("READY=1")
        await stop.wait()
        log.info("stopping")
        _notify("STOPPING=1")


async def _start(settings: Settings, stack: AsyncExitStack, stream: LineBuffer) -> list[str]:
    """Build everything; what must be undone goes on the stack. Return the URLs served."""
    host_name = await _fully_qualified_name()
    authenticator = _gate(settings, host_name, stack)
    sockets = _bind_all(settings, stack)
    registry = CollectorRegistry()
    measures = HostMeasures(registry)
    store = Infostore(settings.infostore_url)
    await store.open()
    stack.push_async_callback(store.close)
    inventory = Inventory(
        _host(number, host, settings, store, measures) for number, host in enumerate(settings.hosts)
    )
    server = Server(
        host_name,
        __version__,
        compat=bool(settings.compat),
        hosts=inventory.hosts,
        migration=_migration(settings),
    )
    engine = Engine(store, removal_seconds=server.behaviour.finished_jobs_seconds)
    await engine.load(inventory.hosts)
    await _start_inventory(inventory, stack)
    await _recover_jobs(engine, inventory, stack)
    measures.watch(inventory.hosts.values())
    namespaces = build_namespaces(inventory.hosts.values(), server, engine, ObjectKeeper(store))
    await restore(namespaces)
    write = operation_log(settings.log.format.value, stream)
    observation = Observation(registry, write if _log_level(settings) <= logging.INFO else None)
    read = read_padded_call if server.behaviour.padded_messages else read_call
    broker = Broker(namespaces, host_name)
    application = CIMXMLApplication(broker, authenticator, observation, read)
    await _listen(settings, sockets[: len(settings.listen)], application, observation, stack)
    for web in sockets[len(settings.listen) :]:
        await _serve_web(settings, web, registry, inventory, stack)
    return [bound.url for bound in sockets]


def _gate(settings: Settings, realm: str, stack: AsyncExitStack) -> Authenticator | None:
    """Return what lets users in, or None when the server may run open."""
    authenticator = Authenticator(UsersFile(settings.users_file), realm=realm)
    stack.callback(authenticator.close)
    if decide(settings, has_users=bool(authenticator.load())) is Access.AUTHENTICATED:
        return authenticator
    log.warning("open", reason="only test hypervisors are served, on loopback, without users")
    return None


def _host(
    number: int, host: HostSettings, settings: Settings, store: Infostore, measures: HostMeasures
) -> Host:
    driver = settings.driver
    try:
        hypervisor = LibvirtHypervisor(
            host.uri,
            deadlines=Deadlines(
                open=driver.open_seconds,
                read=driver.call_seconds,
                statistics=driver.call_seconds,
            ),
            changers=driver.workers,
            observer=partial(measures.observe_call, host.name),
        )
    except InvalidArgument as error:
        raise StartError(f"host {host.name} cannot be served: {error}") from None
    return Host(
        host.name,
        hypervisor,
        store,
        prefix=host.prefix,
        namespace=FIRST_NAMESPACE if number == 0 else f"{FIRST_NAMESPACE}/{host.name}",
        interval=settings.reconcile_interval,
        sample_interval=settings.sample_interval or None,
        observe_lag=partial(measures.observe_lag, host.name),
    )


def _migration(settings: Settings) -> MigrationOptions:
    given = settings.migration
    return MigrationOptions(
        ssh_key=given.ssh_key,
        tls_directory=given.tls_directory,
        checks=given.checks,
        check_seconds=given.check_seconds,
        shutdown_seconds=given.shutdown_seconds,
    )


async def _start_inventory(inventory: Inventory, stack: AsyncExitStack) -> None:
    starting = asyncio.create_task(inventory.start())

    async def close() -> None:
        starting.cancel()
        await asyncio.wait({starting})
        await inventory.close()

    stack.push_async_callback(close)
    await asyncio.wait({starting}, timeout=CONNECT_SECONDS)
    if any(host.hypervisor.connected for host in inventory.hosts.values()):
        # An empty answer would be a lie while a big host is being listed.
        await asyncio.wait({starting}, timeout=LISTING_SECONDS)
    if starting.done():
        await starting
    else:
        starting.add_done_callback(_started_late)


async def _recover_jobs(engine: Engine, inventory: Inventory, stack: AsyncExitStack) -> None:
    """Find unfinished jobs again; those of hosts that do not answer yet are found later."""
    hosts = inventory.hosts
    recovering = asyncio.create_task(engine.recover(hosts.values(), recoverers(hosts)))

    async def close() -> None:
        recovering.cancel()
        await asyncio.wait({recovering})
        await engine.close()

    stack.push_async_callback(close)
    await asyncio.wait({recovering}, timeout=RECOVERY_SECONDS)
    if recovering.done():
        await recovering
    else:
        recovering.add_done_callback(_started_late)


# Sockets


@dataclass(frozen=True)
class Bound:
    """A socket that has its address, but does not listen yet."""

    socket: socket.socket
    url: str
    tls: ssl.SSLContext | None


def _bind_all(settings: Settings, stack: AsyncExitStack) -> list[Bound]:
    """Take all addresses and read the certificate: what fails here fails before any hypervisor.

    In the order of the endpoints, the web's last.
    """
    context = None
    if settings.tls.certificate is not None:
        context = server_context(settings.tls.certificate, settings.tls.key)
    endpoints = all_endpoints(settings)
    for endpoint in endpoints:
        if endpoint.port and endpoints.count(endpoint) > 1:  # port 0 is another one each time
            raise StartError(f"{endpoint} is named twice")
    bound = []
    for endpoint in endpoints:
        one = _bind(endpoint)
        stack.callback(one.close)
        url = str(Endpoint(endpoint.address, one.getsockname()[1], tls=endpoint.tls))
        bound.append(Bound(one, url, context if endpoint.tls else None))
    return bound


def _bind(endpoint: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in endpoint.address else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind((endpoint.address, endpoint.port))
    except OSError as error:
        one.close()
        raise StartError(f"cannot listen on {endpoint}: {error.strerror}") from None
    return one


def _started_late(starting: asyncio.Task[None]) -> None:
    """Say what kept a host from starting after the server had begun to serve."""
    if not starting.cancelled() and (error := starting.exception()) is not None:
        log.error("start_failed", exc_info=error)


async def _listen(
    settings: Settings,
    sockets: Sequence[Bound],
    application: CIMXMLApplication,
    observation: Observation,
    stack: AsyncExitStack,
) -> None:
    limits = Limits(
        body_bytes=settings.limits.request_bytes,
        head_bytes=settings.limits.head_bytes,
        head_count=settings.limits.headers,
        connections=settings.limits.connections,
        head_seconds=settings.limits.head_seconds,
        body_seconds=settings.limits.body_seconds,
        idle_seconds=settings.limits.keep_alive_seconds,
    )
    shell = Shell(application, limits, observation.refused_early)
    stack.push_async_callback(shell.stop, STOP_SECONDS)
    for bound in sockets:
        _claim(bound)
        server = await _open(shell, bound, limits)
        stack.callback(server.close)


def _claim(bound: Bound) -> None:
    """Listen at the address, which others may have bound too; uvloop would not tell of that."""
    try:
        bound.socket.listen(BACKLOG)
    except OSError as error:
        raise StartError(f"cannot listen on {bound.url}: {error.strerror}") from None


async def _open(shell: Shell, bound: Bound, limits: Limits) -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(
        shell,
        sock=bound.socket,
        ssl=bound.tls,
        backlog=BACKLOG,
        # The shell knows of a connection, and gives it deadlines, only after the handshake.
        ssl_handshake_timeout=limits.head_seconds if bound.tls else None,
        # A client that is asked to close and does not read cannot hold up the end.
        ssl_shutdown_timeout=limits.linger_seconds if bound.tls else None,
    )


async def _serve_web(
    settings: Settings,
    bound: Bound,
    registry: CollectorRegistry,
    inventory: Inventory,
    stack: AsyncExitStack,
) -> None:
    from virtcim.listeners.web import health_of, serve_web  # noqa: PLC0415 (only with a web port)

    _claim(bound)
    shown = registry if settings.metrics else None
    health = partial(health_of, inventory.hosts.values())
    await stack.enter_async_context(serve_web(bound.socket, bound.tls, shown, health))


# The machine


async def _fully_qualified_name() -> str:
    """Return the host's name with its domain where the resolver knows one, without waiting long."""
    name = socket.gethostname() or "localhost"
    if "." in name:
        return name
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(NAME_SECONDS):
            found = await loop.getaddrinfo(name, None, flags=socket.AI_CANONNAME)
    except (OSError, TimeoutError):
        return name
    canonical = found[0][3]
    usable = "." in canonical and not canonical.startswith("localhost")
    return canonical if usable else name


def _share_heap() -> None:
    """Let all threads allocate from one heap: each new one would keep megabytes for itself."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's; others have no such heaps
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def _settle_memory() -> None:
    """Keep the collector from walking the schema again and again: it never becomes garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _notify(state: str) -> None:
    """Tell systemd (sd_notify(3)); nothing to do when it did not start the server."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect("\0" + address[1:] if address.startswith("@") else address)
            channel.sendall(state.encode())
