"""Asking a running server, as any client does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pywbem

from virtcim.commands.failures import Failure

_SECONDS = 60


def connection(url: str, credentials: tuple[str, str] | None, namespace: str) -> Any:
    """Return a connection to a server; nothing is sent yet."""
    return pywbem.WBEMConnection(
        url, creds=credentials, default_namespace=namespace, timeout=_SECONDS
    )


@contextmanager
def answering() -> Iterator[None]:
    """Say what a server refused, or that there is none."""
    try:
        yield
    except pywbem.Error as error:
        raise Failure(said(error)) from error


def said(error: pywbem.Error) -> str:
    """Return what a server refused, or that there is none."""
    if isinstance(error, pywbem.CIMError):
        return error.status_description or str(error)
    if isinstance(error, pywbem.AuthError):
        return str(error)
    return f"{error}; is the server running, and is this its URL?"
