"""Sections about people: how they are known, what they may do, and what is written down of it.

What the words of a rule mean is the listeners' business (listeners/rights.py); here is only what
can be judged without a schema.
"""

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from virtcim.configuration.sections import PathField, Seconds, Section, Words
from virtcim.configuration.spelling import split_list

PAM_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
MODE = re.compile(r"0?[0-7]{3}", re.ASCII)


class Source(StrEnum):
    """Who can say whether a password is right."""

    USERS = "users"
    PAM = "pam"


class DefaultRole(StrEnum):
    """What somebody may do of whom neither the users file nor a rule says more."""

    NONE = "none"
    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"


def _service(name: str) -> str:
    if PAM_SERVICE.fullmatch(name) is None:
        raise ValueError(f"`{name}` must be the name of a file in /etc/pam.d, for example virtcim")
    return name


def _mode(text: str) -> str:
    if MODE.fullmatch(text) is None:
        raise ValueError(f'`{text}` must be three octal digits in quotes, for example "660"')
    return text


class Auth(Section):
    """How passwords are verified, and what those may do of whom nothing is said."""

    passwords: Annotated[tuple[Source, ...], BeforeValidator(split_list), Field(min_length=1)] = (
        Source.USERS,
    )
    pam_service: Annotated[str, AfterValidator(_service)] = "virtcim"
    default_role: DefaultRole = DefaultRole.READ
    failure_seconds: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 1.0


class Socket(Section):
    """Who may connect to ``unix:`` endpoints, as for any file."""

    mode: Annotated[str, AfterValidator(_mode)] = "660"
    owner: str | None = None
    group: str | None = None


class CertificateField(StrEnum):
    """What of a client's certificate is looked at."""

    SUBJECT = "subject"
    COMMON_NAME = "common_name"
    EMAIL = "email"
    DNS = "dns"
    URI = "uri"


class CertificateRule(Section):
    """Which user a certificate stands for; the first rule that fits decides.

    ``value`` may have one ``*``; ``user`` may be ``*``, which is what that stood for.
    """

    field: CertificateField
    value: Annotated[str, Field(min_length=1)]
    user: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _star_has_a_meaning(self) -> Self:
        if self.value.count("*") > 1:
            raise ValueError(f"`{self.value}` must have one * at most")
        if self.user == "*" and "*" not in self.value:
            raise ValueError(f"user `*` needs a * in `{self.value}`, which it then stands for")
        if self.user != "*" and "*" in self.user:
            raise ValueError(f"user `{self.user}` must be a name, or * alone")
        return self


class Rule(Section):
    """What some may do, or may not; the first rule that fits decides.

    Each list but the last is of patterns with ``*``; one that is left out fits everything.
    """

    users: Words = ()
    groups: Words = ()
    namespaces: Words = ()
    classes: Words = ()
    allow: Words = ()
    deny: Words = ()

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if bool(self.allow) == bool(self.deny):
            raise ValueError(
                "a rule has either `allow` or `deny`, with operations, methods, "
                "`read`, `write`, `invoke`, a role, or `*`"
            )
        return self


class Audit(Section):
    """What is written down; refusals and failed log-ins always are."""

    file: PathField | None = None
    what: Literal["changes", "all", "off"] = "changes"


class TlsClients(Section):
    """What client certificates are verified against; a base of the section ``tls``."""

    client_ca: PathField | None = None
    client_crl: PathField | None = None
    client_certificate: Literal["optional", "required"] = "optional"

    @model_validator(mode="after")
    def _clients_have_an_authority(self) -> Self:
        needing = [
            name
            for name in ("client_crl", "client_certificate")
            if self.client_ca is None and name in self.model_fields_set
        ]
        if needing:
            raise ValueError(f"{needing[0]} needs client_ca, the authority of client certificates")
        return self


class ClientLimits(Section):
    """What one client may use up beside others; a base of the section ``limits``.

    A client is an address, or a user of this machine on a ``unix:`` endpoint.
    """

    client_connections: int = Field(default=500, ge=1, le=100_000)
    client_requests: int = Field(default=100, ge=1, le=100_000)
    request_seconds: Seconds = 600.0
