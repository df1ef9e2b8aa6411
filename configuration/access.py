"""Who may talk: the rules that let the server run open, or refuse to.

A pure function over the settings. A password must never cross a network in clear text, and a
hypervisor that holds somebody's machines is never open to everybody who reaches the port.
"""

from collections.abc import Iterator
from enum import Enum

from virtcim.configuration.endpoints import Endpoint, UnixEndpoint
from virtcim.configuration.errors import ConfigurationError, Problem
from virtcim.configuration.identity import Source
from virtcim.configuration.settings import Settings

# The driver whose machines exist only in the memory of the process that asks.
HARMLESS = "test"


class Access(Enum):
    """Whether clients must say who they are."""

    OPEN = "open"
    AUTHENTICATED = "authenticated"


def decide(settings: Settings, *, has_users: bool) -> Access:
    """Tell how clients are let in; raises ConfigurationError when there is no safe way.

    ``has_users`` says that the users file names at least one.
    """
    known = has_users or _knows_others(settings)
    problems = [
        *_hosts(settings),
        *_transport(settings),
        *_clients(settings),
        *_users(settings, known=known),
    ]
    if problems:
        raise ConfigurationError(*problems)
    owned = any(host.driver != HARMLESS for host in settings.hosts)
    return Access.AUTHENTICATED if known or owned else Access.OPEN


def _knows_others(settings: Settings) -> bool:
    """Tell whether somebody may log in who is not in the users file."""
    return Source.PAM in settings.auth.passwords or settings.tls.client_ca is not None


def all_endpoints(settings: Settings) -> tuple[Endpoint | UnixEndpoint, ...]:
    """Give every socket that the server is to open, the web's included."""
    web = settings.web.listen
    return (*settings.listen, *([web] if web else []))


def _hosts(settings: Settings) -> Iterator[Problem]:
    if not settings.hosts:
        yield Problem(
            "hosts",
            "",
            "no hypervisor is named: run `virtcim serve qemu:///system`, or put "
            '`hosts = ["qemu:///system"]` into the configuration file',
        )


def _transport(settings: Settings) -> Iterator[Problem]:
    for endpoint in all_endpoints(settings):
        if not (endpoint.tls or endpoint.is_loopback):
            tls = str(endpoint).replace("http:", "https:")
            yield Problem(
                str(endpoint),
                "",
                "plain HTTP is served on loopback only, passwords would be readable: write "
                f"{tls} and give tls.certificate, or listen on 127.0.0.1",
            )
        if endpoint.tls and settings.tls.certificate is None:
            yield Problem(str(endpoint), "", "needs a certificate: set tls.certificate and tls.key")


def _clients(settings: Settings) -> Iterator[Problem]:
    """Find what is said of client certificates and has no effect."""
    if settings.tls.client_ca is not None and not any(each.tls for each in settings.listen):
        yield Problem("tls.client_ca", "", "no endpoint is https://, where certificates are shown")
    if settings.tls.client_ca is None and settings.certificates:
        yield Problem("certificates", "", "tls.client_ca must name who signs client certificates")
    if settings.tls.client_ca is not None and not settings.certificates:
        yield Problem(
            "tls.client_ca",
            "",
            "no certificate stands for a user: add a table [[certificates]], for example "
            '{ field = "common_name", value = "*", user = "*" }',
        )


def _users(settings: Settings, *, known: bool) -> Iterator[Problem]:
    """Find who reaches the server and could not say who they are; a UNIX socket tells."""
    sockets = [each for each in all_endpoints(settings) if isinstance(each, Endpoint)]
    if known or not sockets:
        return
    add = f"add one with `virtcim user add NAME` (users file {settings.users_file})"
    owned = [host.uri for host in settings.hosts if host.driver != HARMLESS]
    outside = [str(each) for each in sockets if not each.is_loopback]
    if owned and any(isinstance(each, Endpoint) for each in settings.listen):
        text = "is served to known users only, and there is none"
        yield Problem(", ".join(owned), "", f"{text}: {add}")
    elif outside:
        yield Problem(", ".join(outside), "", f"is open to a network and there is no user: {add}")
