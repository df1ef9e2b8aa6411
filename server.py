"""The composition root: builds the rooms from the settings and runs them.

Nothing but the commands imports it. Order of start: infostore, hosts, namespaces, sockets; the
reverse at the end, after the calls that are under way.
"""

import asyncio
import logging
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from functools import partial

import structlog
import uvloop
from prometheus_client import CollectorRegistry

from virtcim import __version__
from virtcim.broker.broker import Broker
from virtcim.broker.kit import HostView
from virtcim.broker.namespaces import Namespaces
from virtcim.broker.pulling import Enumerations, PullLimits
from virtcim.broker.restoring import restore
from virtcim.configuration.access import Access, all_endpoints, decide
from virtcim.configuration.endpoints import Endpoint, UnixEndpoint
from virtcim.configuration.errors import ConfigurationError, Problem
from virtcim.configuration.identity import Socket as SocketSettings
from virtcim.configuration.identity import Source
from virtcim.configuration.settings import Host as HostSettings
from virtcim.configuration.settings import Pull, Settings, Tls
from virtcim.hypervisors.errors import InvalidArgument
from virtcim.hypervisors.libvirt import Deadlines, LibvirtHypervisor
from virtcim.infostore import Infostore, prepare_directory
from virtcim.infostore.keeping import ObjectKeeper
from virtcim.inventory.host import Host
from virtcim.inventory.hosts import Inventory
from virtcim.jobs import Engine
from virtcim.listeners.audit import AuditLog
from virtcim.listeners.auditing import Auditor
from virtcim.listeners.authentication import Authenticator
from virtcim.listeners.certificates import CertificateRule
from virtcim.listeners.cimxml import CIMXMLApplication
from virtcim.listeners.gate import Gate
from virtcim.listeners.http_rules import Limits
from virtcim.listeners.logging import LineBuffer, configure_logging, operation_log
from virtcim.listeners.measures import HostMeasures
from virtcim.listeners.observation import Observation
from virtcim.listeners.pam import Pam
from virtcim.listeners.principals import Role
from virtcim.listeners.process import (
    fully_qualified_name,
    notify,
    settle_memory,
    share_heap,
)
from virtcim.listeners.received import ReceivedIndications
from virtcim.listeners.rights import KINDS, Authoriser, Rule, rule, strange_words, unknown_names
from virtcim.listeners.shell import Shell
from virtcim.listeners.sockets import Bound, accept, bind_tcp, bind_unix, claim
from virtcim.listeners.tls import ClientCertificates, Contexts, TLSError
from virtcim.listeners.users import UsersFile
from virtcim.providers.migration_options import MigrationOptions
from virtcim.providers.model import OPEN, Authentication, Server
from virtcim.providers.plugins import Choice, Plugins, load
from virtcim.providers.recoverers import recoverers
from virtcim.providers.registry import build_namespaces
from virtcim.schema.valuemaps import AuthenticationMechanism
from virtcim.wbem.decode import read_call, read_padded_call

log = structlog.get_logger("virtcim.server")

FIRST_NAMESPACE = "root/virt"
CONNECT_SECONDS = 5.0
"""How long the start waits for connections; a host out of reach is shown as not reached yet."""
LISTING_SECONDS = 60.0
"""How long the start waits for the first listing of a host that answers."""
RECOVERY_SECONDS = 5.0
"""How long the start waits until it is known what became of unfinished jobs."""
SWEEP_SECONDS = 5.0
"""Between two looks for enumerations that ran out of time."""
STOP_SECONDS = 20.0


class StartError(Exception):
    """The server cannot start; the text says what to do."""


def run(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `say` is told once where the server listens.

    Raises ConfigurationError, StartError, InfostoreError, PluginError, and the errors of sockets,
    PAM, the audit log, users and TLS files.
    """
    prepare_directory(settings.state_dir)
    share_heap()
    stream = LineBuffer(sys.stderr.fileno())
    configure_logging(_log_level(settings), settings.log.format.value, stream)
    try:
        uvloop.run(_serve(settings, say, stream))
    finally:
        stream.flush()


def _renew(contexts: Contexts | None) -> None:
    """Read again what a signal asks for: certificates; users and rules have their own ways."""
    if contexts is None:
        log.warning("ignored", signal="SIGHUP")
        return
    try:
        contexts.renew()
    except TLSError as error:
        log.warning("tls_not_renewed", error=str(error))
    else:
        log.info("tls_renewed")


def _log_level(settings: Settings) -> int:
    return logging.getLevelNamesMapping()[settings.log.level.upper()]


async def _serve(settings: Settings, say: Callable[[str], None], stream: LineBuffer) -> None:
    stream.gather()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # A closed terminal must not end the server; what there is to read again is known later.
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    async with AsyncExitStack() as stack:
        urls = await _start(settings, stack, stream)
        settle_memory()
        say(f"virtcim {__version__} listens on {' '.join(urls)}")
        notify("READY=1")
        await stop.wait()
        log.info("stopping")
        notify("STOPPING=1")


async def _start(settings: Settings, stack: AsyncExitStack, stream: LineBuffer) -> list[str]:
    """Build everything; what must be undone goes on the stack. Return the URLs served."""
    host_name = await fully_qualified_name()
    auditor = _auditor(settings, stack)
    gate = _gate(settings, host_name, auditor, stack)
    contexts = _contexts(settings.tls)
    sockets = _bind_all(settings, contexts, stack)
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
        authentication=_authentication(settings, gate),
        pull_limits=pull_limits(settings.pull),
    )
    engine = Engine(store, removal_seconds=server.behaviour.finished_jobs_seconds)
    await engine.load(inventory.hosts)
    await _start_inventory(inventory, stack)
    await _recover_jobs(engine, inventory, stack)
    measures.watch(inventory.hosts.values())
    namespaces = build_namespaces(inventory.hosts.values(), server, engine, ObjectKeeper(store))
    await _plug_in(settings, inventory, namespaces, stack)
    await restore(namespaces)
    write = operation_log(settings.log.format.value, stream)
    log_line = write if _log_level(settings) <= logging.INFO else None
    observation = Observation(registry, log_line, server.statistics)
    read = read_padded_call if server.behaviour.padded_messages else read_call
    broker = _broker(namespaces, server, ReceivedIndications(registry), stack)
    application = CIMXMLApplication(
        broker,
        gate,
        observation,
        read,
        authoriser=_authoriser(settings, gate, namespaces),
        auditor=auditor,
        call_seconds=settings.limits.request_seconds,
    )
    await _listen(settings, sockets[: len(settings.listen)], application, observation, stack)
    for web in sockets[len(settings.listen) :]:
        await _serve_web(settings, web, registry, inventory, stack)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _renew, contexts)
    return [bound.url for bound in sockets]


def pull_limits(given: Pull) -> PullLimits:
    """Return what clients may ask of enumerations."""
    return PullLimits(
        timeout=given.seconds,
        longest_timeout=given.longest_seconds,
        objects=given.objects,
        open=given.open,
        open_of_user=given.user_open,
        keep_alives=given.keep_alives,
    )


def _broker(
    namespaces: Namespaces, server: Server, sink: ReceivedIndications, stack: AsyncExitStack
) -> Broker:
    broker = Broker(namespaces, server.host_name, server.pull_limits, sink=sink)
    stack.callback(asyncio.create_task(sweep(broker.enumerations)).cancel)
    return broker


async def sweep(enumerations: Enumerations, seconds: float = SWEEP_SECONDS) -> None:
    """Remove enumerations that ran out of time, again and again."""
    while True:
        await asyncio.sleep(seconds)
        enumerations.sweep()


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


def _plugin_choice(settings: Settings) -> Choice:
    """Return which plug-ins are loaded."""
    given = settings.providers
    return Choice(
        enabled=given.enabled,
        disabled=given.disabled,
        options=given.options,
        directory=settings.state_dir / "providers",
    )


def plugged(settings: Settings, hosts: Iterable[Host], namespaces: Namespaces) -> Plugins:
    """Load plug-ins and make them part of the namespaces; raises PluginError."""
    views = (HostView(host.name, host.namespace, host.prefix) for host in hosts)
    seconds = settings.providers.call_seconds
    plugins = Plugins(load(_plugin_choice(settings), views, seconds), seconds)
    plugins.install(namespaces)
    return plugins


async def _plug_in(
    settings: Settings, inventory: Inventory, namespaces: Namespaces, stack: AsyncExitStack
) -> None:
    plugins = plugged(settings, inventory.hosts.values(), namespaces)
    stack.push_async_callback(plugins.stop)
    await plugins.start()


def model_of(settings: Settings) -> tuple[Namespaces, Plugins]:
    """Return what would be served; nothing is opened, and nothing is started.

    Raises StartError, PluginError, and the errors of the schema.
    """
    store, measures = Infostore(settings.infostore_url), HostMeasures(CollectorRegistry())
    hosts = [_host(n, one, settings, store, measures) for n, one in enumerate(settings.hosts)]
    server = Server(socket.gethostname(), __version__, compat=bool(settings.compat))
    namespaces = build_namespaces(hosts, server, Engine(store))
    return namespaces, plugged(settings, hosts, namespaces)


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


def _started_late(starting: asyncio.Task[None]) -> None:
    """Say what kept a host from starting after the server had begun to serve."""
    if not starting.cancelled() and (error := starting.exception()) is not None:
        log.error("start_failed", exc_info=error)


# Who it is, and what they may do


def _auditor(settings: Settings, stack: AsyncExitStack) -> Auditor:
    """Open the audit log."""
    prepared = AuditLog(settings.audit_file)
    prepared.open()
    stack.callback(prepared.close)
    return Auditor(prepared, settings.audit.what)


def _gate(settings: Settings, realm: str, auditor: Auditor, stack: AsyncExitStack) -> Gate | None:
    """Return what lets users in, or None when the server may run open."""
    auth = settings.auth
    passwords = Authenticator(
        UsersFile(settings.users_file),
        realm=realm,
        pam=Pam(auth.pam_service) if Source.PAM in auth.passwords else None,
        from_file=Source.USERS in auth.passwords,
        failure_seconds=auth.failure_seconds,
        heard=auditor.login_failed,
    )
    stack.callback(passwords.close)
    if decide(settings, has_users=bool(passwords.load())) is Access.AUTHENTICATED:
        rules = (CertificateRule(r.field, r.value, r.user) for r in settings.certificates)
        return Gate(passwords, rules)
    log.warning("open", reason="only test hypervisors are served, on loopback, without users")
    return None


_PASSWORD = Authentication(AuthenticationMechanism.BASIC, "user name and password")
_CERTIFICATE = Authentication(AuthenticationMechanism.OTHER, "TLS client certificate")
_PEER = Authentication(AuthenticationMechanism.OTHER, "user at the other end of a UNIX socket")


def _authentication(settings: Settings, gate: Gate | None) -> tuple[Authentication, ...]:
    """Return the ways in which clients can prove who they are."""
    if gate is None:
        return OPEN
    by_peer = any(isinstance(one, UnixEndpoint) for one in settings.listen)
    certificate = (_CERTIFICATE,) if settings.certificates else ()
    return (_PASSWORD, *certificate, *((_PEER,) if by_peer else ()))


def rules_of(settings: Settings, methods: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules; raises ConfigurationError for a word that no operation or method has."""
    rules = tuple(
        rule(f"rules[{number}]", **given.model_dump())
        for number, given in enumerate(settings.rules)
    )
    known = frozenset(methods)
    problems = [
        Problem(
            each.place,
            "allow" if each.allows else "deny",
            f"`{word}` is no operation, no method, no role, and none of {', '.join(sorted(KINDS))}",
        )
        for each in rules
        for word in strange_words(each, known)
    ]
    if problems:
        raise ConfigurationError(*problems)
    return rules


def methods_of(namespaces: Namespaces) -> Iterable[str]:
    """Return the methods that a rule may name."""
    return {m.name for n in namespaces for c in n.repository for m in c.methods}


def _authoriser(settings: Settings, gate: Gate | None, namespaces: Namespaces) -> Authoriser | None:
    """Return what says who may do what; nobody is known to a server that runs open."""
    rules = rules_of(settings, methods_of(namespaces))
    for each in rules:
        for kind, name in unknown_names(each, namespaces):
            log.warning("rule_names_nothing", rule=each.place, kind=kind, name=name)
    if gate is None:
        return None
    return Authoriser(rules, Role(settings.auth.default_role), namespaces)


# Sockets


def client_certificates(given: Tls) -> ClientCertificates | None:
    """Return what client certificates are verified against; None when none are asked for."""
    if given.client_ca is None:
        return None
    required = given.client_certificate == "required"
    return ClientCertificates(given.client_ca, given.client_crl, required)


def _contexts(given: Tls) -> Contexts | None:
    if given.certificate is None:
        return None
    return Contexts(given.certificate, given.key, client_certificates(given))


def _bind_all(settings: Settings, contexts: Contexts | None, stack: AsyncExitStack) -> list[Bound]:
    """Take all addresses: what fails here fails before any hypervisor.

    In the order of the endpoints, the web's last.
    """
    endpoints = all_endpoints(settings)
    for endpoint in endpoints:
        free = isinstance(endpoint, Endpoint) and not endpoint.port  # another port each time
        if not free and endpoints.count(endpoint) > 1:
            raise StartError(f"{endpoint} is named twice")
    cim, web = (None, None) if contexts is None else (contexts.cim, contexts.web)
    served = len(settings.listen)
    return [
        _bind(endpoint, settings.socket, cim if number < served else web, stack)
        for number, endpoint in enumerate(endpoints)
    ]


def _bind(
    endpoint: Endpoint | UnixEndpoint,
    files: SocketSettings,
    context: ssl.SSLContext | None,
    stack: AsyncExitStack,
) -> Bound:
    if isinstance(endpoint, UnixEndpoint):
        mode = int(files.mode, 8)
        one, remove = bind_unix(endpoint.path, mode=mode, owner=files.owner, group=files.group)
        stack.callback(remove)
        stack.callback(one.close)
        return Bound(one, str(endpoint))
    one = bind_tcp(endpoint.address, endpoint.port, str(endpoint))
    stack.callback(one.close)
    url = str(Endpoint(endpoint.address, one.getsockname()[1], tls=endpoint.tls))
    return Bound(one, url, context if endpoint.tls else None)


async def _listen(
    settings: Settings,
    sockets: Sequence[Bound],
    application: CIMXMLApplication,
    observation: Observation,
    stack: AsyncExitStack,
) -> None:
    given = settings.limits
    limits = Limits(
        body_bytes=given.request_bytes,
        head_bytes=given.head_bytes,
        head_count=given.headers,
        connections=given.connections,
        client_connections=given.client_connections,
        client_calls=given.client_requests,
        head_seconds=given.head_seconds,
        body_seconds=given.body_seconds,
        idle_seconds=given.keep_alive_seconds,
    )
    shell = Shell(application, limits, observation.refused_early)
    stack.push_async_callback(shell.stop, STOP_SECONDS, application.end)
    for bound in sockets:
        server = await accept(shell, bound)
        stack.callback(server.close)


async def _serve_web(
    settings: Settings,
    bound: Bound,
    registry: CollectorRegistry,
    inventory: Inventory,
    stack: AsyncExitStack,
) -> None:
    from virtcim.listeners.web import health_of, serve_web  # noqa: PLC0415 (only with a web port)

    claim(bound)
    shown = registry if settings.metrics else None
    health = partial(health_of, inventory.hosts.values())
    await stack.enter_async_context(serve_web(bound.socket, bound.tls, shown, health))
