"""Which hypervisors can be named, how, and what their classes are called.

The table is the only place that knows which driver of libvirt gives which class prefix.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

TRANSPORTS = ("unix", "tcp", "tls", "ssh", "libssh", "libssh2", "ext")

# DSP0004 5.1.2.3: a schema name is an identifier without underscores, as the first one ends it.
PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Driver:
    """What is known of one libvirt driver.

    ``prefix`` is the class prefix that its domains get, ``paths`` the URI paths that it takes
    (empty: any), ``example`` a URI that is right, ``remote`` that a machine must be named.
    """

    prefix: str
    paths: frozenset[str]
    example: str
    remote: bool = False


ANY: frozenset[str] = frozenset()

# Paths: libvirt.org/uri.html and the page of each driver.
DRIVERS: Mapping[str, Driver] = {
    "qemu": Driver("KVM",  frozenset({"/session", "/system"}), "qemu:///system"),
    "xen":  Driver("Xen",  frozenset({"/", "/system"}),        "xen:///system"),
    "lxc":  Driver("LXC",  frozenset({"/", "/system"}),        "lxc:///system"),
    "test": Driver("Test", ANY, "test:///default"),
    "esx":  Driver("ESX",  ANY, "esx://user@host.example/", remote=True),
    "vpx":  Driver("ESX",  ANY, "vpx://user@vcenter.example/datacenter/host.example", remote=True),
}  # fmt: skip

EXAMPLES = ", ".join(driver.example for driver in DRIVERS.values())


def parse_uri(uri: str) -> str:
    """Check a libvirt URI and give it back; raises ValueError with what would be right.

    A password is refused: libvirt does not read it there, and it would show in process lists.
    """
    parts = _split(uri)
    name, _, transport = parts.scheme.partition("+")
    if transport and transport not in TRANSPORTS:
        raise ValueError(f"`{transport}` must be one of the transports {', '.join(TRANSPORTS)}")
    driver = DRIVERS.get(name)
    if driver is not None:
        _check_parts(uri, driver, parts)
    return uri


def _split(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        password, _ = parts.password, parts.port
    except ValueError:
        raise ValueError(f"must be a hypervisor's URI, for example {EXAMPLES}") from None
    if password is not None:
        raise ValueError(
            "must not hold a password: put it into libvirt's authentication file "
            "(~/.config/libvirt/auth.conf)"
        )
    if not parts.scheme or "://" not in uri or not uri.isprintable() or " " in uri:
        raise ValueError(f"`{uri}` must be a hypervisor's URI, for example {EXAMPLES}")
    return parts


def _check_parts(uri: str, driver: Driver, parts: SplitResult) -> None:
    if driver.remote and not parts.hostname:
        raise ValueError(f"`{uri}` must name a machine, for example {driver.example}")
    if driver.paths and parts.path not in driver.paths:
        paths = " or ".join(sorted(driver.paths))
        raise ValueError(
            f"`{uri}` must have the path {paths}; did you mean {_mended(driver, parts)}?"
        )


def _mended(driver: Driver, parts: SplitResult) -> str:
    """Guess the intent: two slashes make a path into a host, which everybody does once."""
    if f"/{parts.netloc}" in driver.paths:
        return f"{parts.scheme}:///{parts.netloc}"
    return f"{parts.scheme}://{parts.netloc}{max(driver.paths)}"


def driver_name(uri: str) -> str:
    """Give the driver of a checked URI: ``qemu`` of ``qemu+ssh://host/system``."""
    return urlsplit(uri).scheme.partition("+")[0]


def host_name(uri: str) -> str:
    """Give the machine that a checked URI names, empty when it is this one."""
    return urlsplit(uri).hostname or ""


def parse_prefix(prefix: str) -> str:
    """Check a class prefix and give it as known ones are spelt; raises ValueError."""
    if PREFIX.fullmatch(prefix) is None:
        raise ValueError(
            f"`{prefix}` must be a CIM schema prefix: letters and digits, starting with a letter"
        )
    if prefix.casefold() in RESERVED:
        raise ValueError(f"`{prefix}` is taken by the schema itself; choose another")
    # CIM compares names without case: "kvm" is KVM, and must not become a second family.
    return _SPELLINGS.get(prefix.casefold(), prefix)


_SPELLINGS = {driver.prefix.casefold(): driver.prefix for driver in DRIVERS.values()}

# Prefixes that carry meaning of their own in our namespaces, casefolded as CIM compares.
RESERVED = frozenset({"cim", "virt"})
