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
    except pywbem.CIMError as error:
        raise Failure(error.status_description or str(error)) from error
    except pywbem.AuthError as error:
        raise Failure(str(error)) from error
    except pywbem.Error as error:
        raise Failure(f"{error}; is the server running, and is this its URL?") from error
