"""``virtcim check``: tells whether every hypervisor answers and the server would start.

Nothing is written: a check as root must not leave files that the server's user cannot open.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import structlog

from virtcim.broker.namespaces import Namespaces
from virtcim.commands.failures import MISUSED, Failure
from virtcim.commands.tables import show
from virtcim.configuration import ConfigurationError, Settings, decide
from virtcim.configuration.identity import Source
from virtcim.configuration.settings import Host
from virtcim.hypervisors.errors import HypervisorError, InvalidArgument
from virtcim.hypervisors.libvirt import Deadlines, LibvirtHypervisor
from virtcim.listeners.pam import Pam, PamUnusable
from virtcim.listeners.principals import Role
from virtcim.listeners.rights import Rule, unknown_names
from virtcim.listeners.tls import TLSError, server_context
from virtcim.listeners.users import UsersError, UsersFile
from virtcim.providers.plugins import PluginError
from virtcim.server import StartError, client_certificates, methods_of, model_of, rules_of


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was tried, whether it works, and what was seen."""

    what: str
    works: bool
    seen: str


def check(settings: Settings) -> None:
    """Try everything and print what works; Failure when something does not."""
    if not settings.hosts:
        raise Failure("no hypervisor is named, neither here nor in the configuration", MISUSED)
    # The table says it all.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    namespaces, plug_ins = _modelled(settings)
    findings = [
        *asyncio.run(_hosts(settings)),
        *_tls(settings),
        *_pam(settings),
        *_users(settings),
        *plug_ins,
        *_rights(settings, namespaces),
    ]
    show(
        ("", "works", "seen"),
        [(each.what, "yes" if each.works else "NO", each.seen) for each in findings],
    )
    broken = [each.what for each in findings if not each.works]
    if broken:
        raise Failure(f"{len(broken)} of {len(findings)} do not work: {', '.join(broken)}")


async def _hosts(settings: Settings) -> list[Finding]:
    return await asyncio.gather(*(_host(host, settings) for host in settings.hosts))


async def _host(host: Host, settings: Settings) -> Finding:
    driver = settings.driver
    try:
        hypervisor = LibvirtHypervisor(
            host.uri, deadlines=Deadlines(open=driver.open_seconds, read=driver.call_seconds)
        )
    except InvalidArgument as error:
        return Finding(f"{host.name} {host.uri}", works=False, seen=str(error))
    what = f"{host.name} {hypervisor.uri}"
    await hypervisor.open()
    try:
        facts = await hypervisor.host()
        domains = await hypervisor.domains()
    except HypervisorError as error:
        return Finding(what, works=False, seen=f"{type(error).__name__}: {error}")
    finally:
        await hypervisor.close()
    version = f"{facts.hypervisor_type} {facts.hypervisor_version}"
    plural = "" if len(domains) == 1 else "s"
    return Finding(what, works=True, seen=f"{version}, {len(domains)} domain{plural}")


def _tls(settings: Settings) -> Iterator[Finding]:
    certificate = settings.tls.certificate
    if certificate is None:
        return
    try:
        server_context(certificate, settings.tls.key, client_certificates(settings.tls))
    except TLSError as error:
        yield Finding("tls", works=False, seen=str(error))
    else:
        yield Finding("tls", works=True, seen=str(certificate))


def _pam(settings: Settings) -> Iterator[Finding]:
    if Source.PAM not in settings.auth.passwords:
        return
    try:
        Pam(settings.auth.pam_service)
    except PamUnusable as error:
        yield Finding("pam", works=False, seen=str(error))
    else:
        yield Finding("pam", works=True, seen=f"service {settings.auth.pam_service}")


def _users(settings: Settings) -> Iterator[Finding]:
    """Read the users, then ask whether the server may run with them."""
    try:
        users = UsersFile(settings.users_file).read()
    except UsersError as error:
        yield Finding("users", works=False, seen=str(error))
        return
    try:
        access = decide(settings, has_users=bool(users))
    except ConfigurationError as error:
        yield Finding("access", works=False, seen="; ".join(map(str, error.problems)))
        return
    plural = "" if len(users) == 1 else "s"
    yield Finding("access", works=True, seen=f"{access.value}, {len(users)} user{plural}")


def _modelled(settings: Settings) -> tuple[Namespaces | None, list[Finding]]:
    """Load the plug-ins that would be loaded, once, and hold them against the schema.

    Return what would be served, None if nothing would, and what was found.
    """
    try:
        namespaces, plugins = model_of(settings)
    except PluginError as error:
        return None, [Finding("plug-ins", works=False, seen=str(error))]
    except StartError:
        return None, []  # that of a host, which is said already
    return namespaces, [
        Finding(f"plug-in {name}", works=True, seen=origin) for name, origin in plugins.origins()
    ]


def _rights(settings: Settings, namespaces: Namespaces | None) -> Iterator[Finding]:
    """Show who may do what, so that nobody has to try."""
    try:
        users = UsersFile(settings.users_file).read()
    except UsersError:
        return  # that is said already
    default = settings.auth.default_role
    if users:
        roles = Counter(str(user.role or default) for user in users.values())
        seen = ", ".join(f"{count} {role}" for role, count in sorted(roles.items()))
        yield Finding("roles", works=True, seen=f"{seen}; others are {default}")
    if not settings.rules:
        if users and not any(user.role is Role.ADMIN for user in users.values()):
            seen = "nobody may change anything: `virtcim user role NAME admin`"
            yield Finding("changes", works=True, seen=seen)
        return
    if namespaces is None:
        return  # the same
    try:
        rules = rules_of(settings, methods_of(namespaces))
    except ConfigurationError as error:
        yield Finding("rules", works=False, seen="; ".join(map(str, error.problems)))
    else:
        yield Finding("rules", works=True, seen=f"{len(rules)}, the first that fits decides")
        yield from _strange_names(rules, namespaces)


def _strange_names(rules: Iterable[Rule], namespaces: Namespaces) -> Iterator[Finding]:
    """Show what may be a slip; it breaks nothing, since clients may make what is named."""
    for each in rules:
        for kind, name in unknown_names(each, namespaces):
            seen = f"warning: no {kind} {name} is served, unless a client made it"
            yield Finding(each.place, works=True, seen=seen)
