"""Asking a running server, as any client does."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pywbem
import requests
from lxml import etree

from virtcim.commands.failures import Failure

_SECONDS = 60


def connection(url: str, credentials: tuple[str, str] | None, namespace: str) -> Any:
    """Return a connection to a server; nothing is sent yet."""
    return pywbem.WBEMConnection(
        url, creds=credentials, default_namespace=namespace, timeout=_SECONDS
    )


def send(server: Any, operation: str, parameter: str, value: str) -> None:
    """Send an intrinsic operation that returns nothing, with one parameter as CIM-XML.

    pywbem takes several times as long to write a class as the server to take it. Raises CIMError
    and the errors of a connection, as pywbem does.
    """
    namespace = server.default_namespace
    names = "".join(f'<NAMESPACE NAME="{one}"/>' for one in namespace.split("/"))
    body = (
        '<?xml version="1.0" encoding="utf-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        '<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ>'
        f'<IMETHODCALL NAME="{operation}"><LOCALNAMESPACEPATH>{names}</LOCALNAMESPACEPATH>'
        f'<IPARAMVALUE NAME="{parameter}">{value}</IPARAMVALUE>'
        "</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
    )
    headers = {
        "Content-Type": 'application/xml; charset="utf-8"',
        "CIMOperation": "MethodCall",
        "CIMMethod": operation,
        "CIMObject": quote(namespace, safe="/"),
    }
    try:
        reply = server.session.post(
            f"{server.url}/cimom",
            data=body.encode(),
            headers=headers,
            auth=server.creds,
            timeout=_SECONDS,
        )
    except requests.exceptions.RequestException as error:
        raise pywbem.ConnectionError(str(error)) from None
    if reply.status_code == HTTPStatus.UNAUTHORIZED:
        raise pywbem.AuthError("the server does not know this user or password")
    if reply.status_code != HTTPStatus.OK:
        told = reply.headers.get("CIMError", "")
        raise pywbem.HTTPError(reply.status_code, reply.reason, told)
    fault = etree.fromstring(reply.content).find(".//ERROR")
    if fault is not None:
        raise pywbem.CIMError(int(fault.get("CODE", 1)), fault.get("DESCRIPTION"))


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
