"""The server's side of TLS: a context from PEM files, or an error that says what is wrong.

TLS 1.2 is the least (RFC 9325 section 3.1.1); ciphers are OpenSSL's choice, which the system's
policy may tighten.
"""

import ssl
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

    text = "the TLS file {path} does not exist; correct tls.certificate or tls.key"


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


def server_context(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """Build the context that listeners share; raises leaves of TLSError.

    ``certificate`` holds the server's certificate, then its chain; ``key`` None means that the
    key is in the same file.
    """
    key = key or certificate
    for path, marks in ((certificate, CERTIFICATE), (key, KEYS)):
        _check(path, marks)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key, password=_refuse_phrase)
    except _AskedForPhrase:
        raise KeyEncrypted(key) from None
    except ssl.SSLError as error:
        if error.reason in MISMATCH:
            raise KeyMismatch(key) from error
        raise NotPEM(certificate if certificate == key else key, str(error.reason)) from error
    return context


CERTIFICATE = (b"-----BEGIN CERTIFICATE-----",)
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
