"""The server's side of TLS: a context from PEM files, or an error that says what is wrong.

TLS 1.2 is the least (RFC 9325 section 3.1.1); ciphers are OpenSSL's choice, which the system's
policy may tighten.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


class TLSError(Exception):
    """Base of what is wrong with certificate or key; ``path`` is the file."""

    text: ClassVar[str] = "TLS cannot be set up with {path}"

    def __init__(self, path: Path, detail: str = "") -> None:
        super().__init__(path, detail)
        self.path = path
        self.detail = detail

    def __str__(self) -> str:
        return self.text.format(path=self.path) + (f" ({self.detail})" if self.detail else "")


class FileMissing(TLSError):
    """The file is not there."""

    text = "the TLS file {path} does not exist; correct the path in the section tls"


class FileUnreadable(TLSError):
    """The file is there and may not be read."""

    text = "the TLS file {path} cannot be read; let the user that runs virtcim read it"


class NotPEM(TLSError):
    """The file has no certificate or no key in it."""

    text = "{path} does not hold what it should in PEM form"


class KeyEncrypted(TLSError):
    """The key needs a pass phrase, which a service has nobody to ask for."""

    text = "the key in {path} is encrypted; store it in clear, readable by virtcim alone"


class KeyMismatch(TLSError):
    """Certificate and key do not belong together."""

    text = "the key in {path} is not the one of the certificate"


class _AskedForPhrase(Exception):
    """OpenSSL met an encrypted key."""


@dataclass(frozen=True, slots=True)
class ClientCertificates:
    """What client certificates are verified against, and whether a client must have one.

    ``authority`` holds certificates of authorities, ``revoked`` their lists of what is revoked.
    """

    authority: Path
    revoked: Path | None = None
    required: bool = False


def server_context(
    certificate: Path, key: Path | None = None, clients: ClientCertificates | None = None
) -> ssl.SSLContext:
    """Build the context that listeners share; raises leaves of TLSError.

    ``certificate`` holds the server's certificate, then its chain; ``key`` None means that the
    key is in the same file. Without ``clients`` none is asked for a certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    _load_pair(context, certificate, key or certificate)
    if clients is not None:
        # What is resumed is not verified again: who is revoked must not come back so.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        context.verify_mode = ssl.CERT_REQUIRED if clients.required else ssl.CERT_OPTIONAL
        _load_clients(context, clients)
    return context


class Contexts:
    """The contexts of one server: that of CIM asks for certificates of clients, the web's does not.

    Raises leaves of TLSError.
    """

    def __init__(
        self, certificate: Path, key: Path | None, clients: ClientCertificates | None
    ) -> None:
        self._pair = certificate, key
        self._clients = clients
        self.cim = server_context(certificate, key, clients)
        self.web = server_context(certificate, key)

    def renew(self) -> None:
        """Read the files again; new connections meet what is new. Raises leaves of TLSError.

        An authority is not taken back by this, only added.
        """
        certificate, key = self._pair
        server_context(certificate, key, self._clients)  # when one file is wrong nothing is new
        for context in (self.cim, self.web):
            _load_pair(context, certificate, key or certificate)
        if self._clients is not None:
            _load_clients(self.cim, self._clients)


def _load_clients(context: ssl.SSLContext, clients: ClientCertificates) -> None:
    """Trust authorities, and distrust what they have revoked."""
    _check(clients.authority, CERTIFICATE)
    try:
        context.load_verify_locations(clients.authority)
    except ssl.SSLError as error:
        raise NotPEM(clients.authority, str(error.reason)) from error
    if clients.revoked is None:
        return
    _check(clients.revoked, LISTS)
    try:
        context.load_verify_locations(clients.revoked)
    except ssl.SSLError as error:
        raise NotPEM(clients.revoked, str(error.reason)) from error
    context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


def _load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    for path, marks in ((certificate, CERTIFICATE), (key, KEYS)):
        _check(path, marks)
    try:
        context.load_cert_chain(certificate, key, password=_refuse_phrase)
    except _AskedForPhrase:
        raise KeyEncrypted(key) from None
    except ssl.SSLError as error:
        if error.reason in MISMATCH:
            raise KeyMismatch(key) from error
        raise NotPEM(certificate if certificate == key else key, str(error.reason)) from error


CERTIFICATE = (b"-----BEGIN CERTIFICATE-----",)
LISTS = (b"-----BEGIN X509 CRL-----",)
KEYS = (b"PRIVATE KEY-----",)
# OpenSSL's names of "these do not belong together": other value, other kind, kind never seen yet.
MISMATCH = frozenset({"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"})


def _check(path: Path, marks: tuple[bytes, ...]) -> None:
    """Read the file ourselves first: OpenSSL's own words do not name it."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise FileMissing(path) from error
    except OSError as error:
        raise FileUnreadable(path, error.strerror or "") from error
    if not any(mark in content for mark in marks):
        raise NotPEM(path, f"no {marks[0].decode().strip('-').removeprefix('BEGIN ').lower()}")


def _refuse_phrase() -> str:
    raise _AskedForPhrase
