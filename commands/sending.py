"""Sending operations to a running server, as fast as it takes them.

pywbem needs several times as long to write a class and to send it as the server to take it, which
tells where there are thousands. The errors are pywbem's all the same.
"""

import base64
import http.client
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import pywbem
from lxml import etree

_SECONDS = 60


Send = Callable[[str, str, str], None]
"""Sends an operation, by the names of it and of its parameter, and the parameter's value."""


class Senders:
    """Sends from several threads, each over a connection that no other uses at the time."""

    def __init__(self, server: Any) -> None:
        """`server` is a connection of pywbem's."""
        self._server = server
        self._idle: list[_Sender] = []

    def send(self, operation: str, parameter: str, value: str) -> None:
        """Send an operation with one parameter, as CIM-XML.

        Raises pywbem's CIMError, AuthError, HTTPError and ConnectionError.
        """
        try:
            sender = self._idle.pop()
        except IndexError:
            sender = _Sender(self._server)
        try:
            sender.send(operation, parameter, value)
        finally:
            self._idle.append(sender)


class _Sender:
    """Sends intrinsic operations that return nothing."""

    def __init__(self, server: Any) -> None:
        self._namespace = server.default_namespace
        url = urlsplit(server.url)
        self._connection: http.client.HTTPConnection
        if url.scheme == "https":
            self._connection = http.client.HTTPSConnection(
                url.hostname or "", url.port, timeout=_SECONDS, context=ssl.create_default_context()
            )
        else:
            self._connection = http.client.HTTPConnection(
                url.hostname or "", url.port, timeout=_SECONDS
            )
        self._headers = {"Content-Type": 'application/xml; charset="utf-8"'}
        if server.creds is not None:
            token = base64.b64encode(":".join(server.creds).encode()).decode()
            self._headers["Authorization"] = f"Basic {token}"

    def send(self, operation: str, parameter: str, value: str) -> None:
        names = "".join(f'<NAMESPACE NAME="{one}"/>' for one in self._namespace.split("/"))
        body = (
            '<?xml version="1.0" encoding="utf-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
            '<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ>'
            f'<IMETHODCALL NAME="{operation}"><LOCALNAMESPACEPATH>{names}</LOCALNAMESPACEPATH>'
            f'<IPARAMVALUE NAME="{parameter}">{value}</IPARAMVALUE>'
            "</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
        )
        status, reason, reply = self._post(operation, body.encode())
        if status == HTTPStatus.UNAUTHORIZED:
            raise pywbem.AuthError("the server does not know this user or password")
        if status != HTTPStatus.OK:
            raise pywbem.HTTPError(status, reason)
        fault = etree.fromstring(reply).find(".//ERROR")
        if fault is not None:
            raise pywbem.CIMError(int(fault.get("CODE", 1)), fault.get("DESCRIPTION"))

    def _post(self, operation: str, body: bytes) -> tuple[int, str, bytes]:
        headers = {
            **self._headers,
            "CIMOperation": "MethodCall",
            "CIMMethod": operation,
            "CIMObject": quote(self._namespace, safe="/"),
        }
        try:
            self._connection.request("POST", "/cimom", body, headers)
            reply = self._connection.getresponse()
            return reply.status, reply.reason, reply.read()
        except (OSError, http.client.HTTPException) as error:
            raise pywbem.ConnectionError(str(error)) from None
