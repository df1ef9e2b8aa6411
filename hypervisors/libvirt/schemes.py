"""URI schemes: which libvirt drivers we know, and what is peculiar to each, in one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from urllib.parse import urlsplit, urlunsplit

from virtcim.hypervisors.errors import InvalidArgument
from virtcim.hypervisors.libvirt.verbs import VERBS, Change
from virtcim.hypervisors.model import DomainState, Verb


class Sharing(Enum):
    """Whose a connection is."""

    PER_WORKER = "per worker"  # one slow call stalls other threads' calls on the same connection
    SHARED = "shared"  # the hypervisor's state lives in the connection (test:///file.xml)


@dataclass(frozen=True, slots=True)
class Scheme:
    """One libvirt driver.

    nostate: what VIR_DOMAIN_NOSTATE means. Xen has it for a domain that just does not use a CPU.
    """

    driver: str
    sharing: Sharing
    nostate: DomainState

    @property
    def verbs(self) -> Mapping[Verb, Change]:
        """What can be done to its domains."""
        return VERBS[self.driver]


# fmt: off
SCHEMES: Mapping[str, Scheme] = MappingProxyType({
    "qemu": Scheme("qemu", Sharing.PER_WORKER, nostate=DomainState.NOSTATE),
    "lxc":  Scheme("lxc",  Sharing.PER_WORKER, nostate=DomainState.NOSTATE),
    "xen":  Scheme("xen",  Sharing.PER_WORKER, nostate=DomainState.RUNNING),
    "test": Scheme("test", Sharing.SHARED,     nostate=DomainState.NOSTATE),
})
# fmt: on

TRANSPORTS = frozenset({"", "unix", "tcp", "tls", "ssh", "libssh", "libssh2", "ext"})


def scheme_of(uri: str) -> Scheme:
    """The driver that a URI names; raises InvalidArgument for one that we do not know."""
    driver, _, transport = urlsplit(uri).scheme.partition("+")
    scheme = SCHEMES.get(driver)
    if scheme is None or transport not in TRANSPORTS:
        raise InvalidArgument(f"no driver for the URI {public_uri(uri)}")
    return scheme


def public_uri(uri: str) -> str:
    """The URI without a password."""
    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{host}"))
