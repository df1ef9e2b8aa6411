"""Every setting there is: its name, its type, its bounds and its default.

Immutable once loaded. A secret is a SecretStr, so that no repr, log line or error shows it.
Durations are in seconds, sizes in bytes, and the names say so.
"""

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from virtcim.configuration import endpoints, hypervisors
from virtcim.configuration.endpoints import Endpoint, UnixEndpoint
from virtcim.configuration.identity import (
    Audit,
    Auth,
    CertificateRule,
    ClientLimits,
    Rule,
    Socket,
    TlsClients,
)
from virtcim.configuration.sections import PathField, Seconds, SecondsOrNever, Section, Words
from virtcim.configuration.spelling import read_table, split_list

HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)

# The first host's namespace is root/virt itself, so that its name rarely shows.
FIRST_HOST = "default"

EndpointField = Annotated[Endpoint, BeforeValidator(endpoints.parse)]
ListenField = Annotated[Endpoint | UnixEndpoint, BeforeValidator(endpoints.parse_any)]
UriField = Annotated[str, AfterValidator(hypervisors.parse_uri)]
PrefixField = Annotated[str, AfterValidator(hypervisors.parse_prefix)]


class Host(Section):
    """One hypervisor connection.

    ``name`` names its namespace ``root/virt/<name>``, ``prefix`` its classes ``<prefix>_...``;
    both are filled in when the operator gives none.
    """

    uri: UriField
    name: str = ""
    prefix: str = ""

    @model_validator(mode="before")
    @classmethod
    def _a_bare_uri_is_a_host(cls, host: object) -> object:
        return {"uri": host} if isinstance(host, str) else host

    @field_validator("name")
    @classmethod
    def _name_fits_a_namespace(cls, name: str) -> str:
        if name and HOST_NAME.fullmatch(name) is None:
            raise ValueError(
                f"`{name}` must be at most 64 of A-Z a-z 0-9 . _ -, starting with a letter or digit"
            )
        return name

    @model_validator(mode="after")
    def _prefix_is_known(self) -> Self:
        if self.prefix:
            hypervisors.parse_prefix(self.prefix)
        elif self.driver not in hypervisors.DRIVERS:
            known = ", ".join(hypervisors.DRIVERS)
            raise ValueError(
                f"the driver `{self.driver}` is none of {known}; give the host a `prefix` for "
                "its classes if it is meant"
            )
        return self

    @property
    def driver(self) -> str:
        """Give libvirt's name of the driver, without the transport."""
        return hypervisors.driver_name(self.uri)


class Web(Section):
    """Pages, health and metrics, on a port of their own; off without ``listen``."""

    listen: EndpointField | None = None


class Tls(TlsClients):
    """What every ``https://`` endpoint shows: PEM files, the certificate with its chain.

    The key may be in the certificate's file.
    """

    certificate: PathField | None = None
    key: PathField | None = None


class InfostoreSection(Section):
    """Where records are kept: sqlite:// or postgresql://; a file in ``state_dir`` by default."""

    url: SecretStr | None = None


class DriverSection(Section):
    """How a hypervisor is called."""

    workers: int = Field(default=4, ge=1, le=64)
    open_seconds: Seconds = 20.0
    call_seconds: Seconds = 30.0


class Migration(Section):
    """How domains migrate to other hosts.

    ``ssh_key`` is where clients may install a private key; without it they may not. ``checks`` is
    a directory of programs that must agree to a migration.
    """

    ssh_key: PathField | None = None
    tls_directory: PathField | None = None
    checks: PathField | None = None
    check_seconds: Seconds = 10.0
    shutdown_seconds: Seconds = 120.0


class ProvidersSection(Section):
    """Which plug-ins are loaded, and how they run.

    ``enabled`` and ``disabled`` are patterns of names; what both fit is not loaded. ``options`` are
    tables by the name of a plug-in, and what is in them is the plug-in's to judge.
    """

    enabled: Words = ("*",)
    disabled: Words = ()
    call_seconds: Seconds = 20.0  # clients wait for 30, and should hear why
    options: Annotated[dict[str, dict[str, object]], BeforeValidator(read_table)] = Field(
        default_factory=dict
    )


class Limits(ClientLimits):
    """What one client may use up."""

    request_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, le=1024**3)
    head_bytes: int = Field(default=64 * 1024, ge=1024, le=1024**2)
    headers: int = Field(default=100, ge=10, le=1000)
    connections: int = Field(default=1000, ge=1, le=100_000)
    head_seconds: Seconds = 15.0
    body_seconds: Seconds = 60.0
    keep_alive_seconds: Seconds = 60.0


class Pull(Section):
    """What clients may ask of pulled enumerations.

    ``seconds`` may pass between two operations on one if the client says nothing, and
    ``longest_seconds`` if it asks for it. ``objects`` are those of one reply, ``keep_alives``
    operations without any, one after the other.
    """

    seconds: int = Field(default=30, ge=1, le=86_400)
    longest_seconds: int = Field(default=300, ge=1, le=86_400)
    objects: int = Field(default=10_000, ge=1, le=1_000_000)
    open: int = Field(default=1000, ge=1, le=100_000)
    user_open: int = Field(default=200, ge=1, le=100_000)
    keep_alives: int = Field(default=100, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _longest_is_longest(self) -> Self:
        if self.seconds > self.longest_seconds:
            raise ValueError(
                f"seconds ({self.seconds}) must be at most longest_seconds ({self.longest_seconds})"
            )
        return self


class LogLevel(StrEnum):
    """The least urgent lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a line is written."""

    LOGFMT = "logfmt"
    JSON = "json"


class Log(Section):
    """What is logged to standard error, and how."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.LOGFMT


def default_state_dir() -> Path:
    """Give where records and users are kept unless the operator says otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/virtcim")
    # XDG Base Directory Specification: a relative path there is to be ignored.
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local/state") / "virtcim"


class Settings(BaseSettings):
    """The configuration of the server; ``loading.load`` makes it."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_prefix="VIRTCIM_",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        enable_decoding=False,
    )

    hosts: Annotated[tuple[Host, ...], BeforeValidator(split_list)] = ()
    listen: Annotated[tuple[ListenField, ...], BeforeValidator(split_list)] = Field(
        default=(Endpoint("127.0.0.1", 5988),), min_length=1
    )
    state_dir: PathField = Field(default_factory=default_state_dir)
    users_file: PathField = Field(default_factory=lambda known: known["state_dir"] / "users")
    compat: Literal["", "libvirt-cim"] = ""
    metrics: bool = True
    reconcile_interval: Seconds = 30.0
    sample_interval: SecondsOrNever = 30.0
    web: Web = Web()
    tls: Tls = Tls()
    infostore: InfostoreSection = InfostoreSection()
    driver: DriverSection = DriverSection()
    migration: Migration = Migration()
    providers: ProvidersSection = ProvidersSection()
    limits: Limits = Limits()
    pull: Pull = Pull()
    log: Log = Log()
    auth: Auth = Auth()
    socket: Socket = Socket()
    audit: Audit = Audit()
    certificates: Annotated[tuple[CertificateRule, ...], BeforeValidator(split_list)] = ()
    rules: Annotated[tuple[Rule, ...], BeforeValidator(split_list)] = ()

    @field_validator("hosts")
    @classmethod
    def _hosts_have_names(cls, hosts: tuple[Host, ...]) -> tuple[Host, ...]:
        return named(hosts)

    @property
    def infostore_url(self) -> str:
        """Give the URL of the infostore, secrets and all."""
        if self.infostore.url is not None:
            return self.infostore.url.get_secret_value()
        return f"sqlite:///{self.state_dir}/infostore.db"

    @property
    def audit_file(self) -> Path:
        """Give where the audit log is written."""
        return self.audit.file or self.state_dir / "audit.log"


def named(hosts: tuple[Host, ...]) -> tuple[Host, ...]:
    """Give every host a name that no other has; raises ValueError when two were given one.

    Namespaces are compared without regard to case (DSP0004 5.2.1), so names are too.
    """
    taken: set[str] = set()
    for host in hosts:
        if host.name.casefold() in taken:
            raise ValueError(f"two hosts are named `{host.name}`; names must differ in letters")
        if host.name:
            taken.add(host.name.casefold())
    complete = []
    spelt: dict[str, str] = {}
    for number, host in enumerate(hosts):
        name = host.name or _free_name(host, number, taken)
        taken.add(name.casefold())
        prefix = hypervisors.parse_prefix(host.prefix or hypervisors.DRIVERS[host.driver].prefix)
        prefix = spelt.setdefault(prefix.casefold(), prefix)  # "Acme" and "ACME" are one family
        complete.append(host.model_copy(update={"name": name, "prefix": prefix}))
    return tuple(complete)


def _free_name(host: Host, number: int, taken: set[str]) -> str:
    """Derive a name: ``default`` for the first, then ``qemu``, ``qemu-host2``, ``qemu-2``."""
    machine = re.sub(r"[^A-Za-z0-9.]+", "-", hypervisors.host_name(host.uri)).strip("-.")
    stem = f"{host.driver}-{machine}"[:60] if machine else host.driver
    wanted = FIRST_HOST if number == 0 else stem
    candidates = (wanted, *(f"{wanted}-{again}" for again in range(2, len(taken) + 3)))
    return next(name for name in candidates if name.casefold() not in taken)
