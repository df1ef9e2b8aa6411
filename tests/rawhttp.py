"""A plain HTTP client that sends any bytes and judges the frame of what comes back."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self
from xml.sax.saxutils import quoteattr

SECONDS = 30.0
"""How long an answer may take; only a hang takes as long."""


class Hang(AssertionError):
    """The server neither answered nor closed the connection."""


@dataclass(frozen=True)
class Answer:
    """One response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    trailers: Mapping[str, str]


class Client:
    """One connection."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes; that the server has closed already shows when reading."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def finish(self) -> None:
        """Say that nothing more will be sent."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def ask(self, data: bytes) -> Answer:
        """Send a request and return its answer, past interim ones."""
        self.send(data)
        return self.answer()

    def answer(self) -> Answer:
        """Return the next final answer; raises AssertionError when the connection ends instead."""
        found = self.next()
        while found is not None and found.status < 200:
            found = self.next()
        assert found is not None, "closed without an answer"
        return found

    def answers(self) -> Iterator[Answer]:
        """Yield answers until the connection ends."""
        while (found := self.next()) is not None:
            yield found

    def next(self) -> Answer | None:
        """Return the next answer, interim or final; None when the connection ends before it."""
        if not self._fill_until(b"\r\n\r\n"):
            assert not self._read, f"half an answer: {self._read[:200]!r}"
            return None
        head, self._read = self._read.split(b"\r\n\r\n", 1)
        line, *fields = head.decode("latin-1").split("\r\n")
        status = int(line.split(" ")[1])
        headers = _fields(fields)
        if status < 200:
            return Answer(status, headers, b"", {})
        if headers.get("transfer-encoding") == "chunked":
            assert "content-length" not in headers
            return self._chunked(status, headers)
        assert headers.get("content-length", "").isdigit(), f"no Content-Length: {head!r}"
        return Answer(status, headers, self._take(int(headers["content-length"])), {})

    def everything(self) -> bytes:
        """Return all bytes until the connection ends."""
        while self._more():
            pass
        taken, self._read = self._read, b""
        return taken

    def skip(self, size: int) -> None:
        """Read so many bytes at least, and forget them."""
        while size > 0 and self._more():
            size -= len(self._read)
            self._read = b""
        assert size <= 0, "cut short"

    def ended(self) -> bool:
        """Wait for the server to close; false when it sends something instead."""
        return self.next() is None

    def _chunked(self, status: int, headers: Mapping[str, str]) -> Answer:
        body = []
        while size := int(self._line(), 16):
            body.append(self._take(size))
            assert self._line() == ""
        trailers = []
        while field := self._line():
            trailers.append(field)
        return Answer(status, headers, b"".join(body), _fields(trailers))

    def _line(self) -> str:
        assert self._fill_until(b"\r\n"), "cut short"
        line, self._read = self._read.split(b"\r\n", 1)
        return line.decode("latin-1")

    def _take(self, size: int) -> bytes:
        while len(self._read) < size:
            assert self._more(), "cut short"
        taken, self._read = self._read[:size], self._read[size:]
        return taken

    def _fill_until(self, mark: bytes) -> bool:
        while mark not in self._read:
            if not self._more():
                return False
        return True

    def _more(self) -> bool:
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:
            return False
        except TimeoutError:
            raise Hang(f"nothing after {self._read[:200]!r}") from None
        self._read += data
        return bool(data)


def _fields(lines: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        assert name.lower() not in fields, f"header {name} twice"
        fields[name.lower()] = value.strip()
    return fields


def head(body: bytes, headers: Mapping[str, str], line: str = "POST /cimom HTTP/1.1") -> bytes:
    """Return a request with these headers, Host and Content-Length first."""
    fields = {"Host": "localhost", "Content-Length": str(len(body)), **headers}
    text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{line}\r\n{text}\r\n".encode("latin-1") + body


def message(inside: str) -> bytes:
    """Return a request message around an IMETHODCALL or METHODCALL."""
    return (
        '<?xml version="1.0" encoding="utf-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        f'<MESSAGE ID="1001" PROTOCOLVERSION="1.0"><SIMPLEREQ>{inside}</SIMPLEREQ></MESSAGE></CIM>'
    ).encode()


def exported(inside: str, *, name: str = "ExportIndication") -> bytes:
    """Return an export message with these EXPPARAMVALUE elements."""
    return (
        '<?xml version="1.0" encoding="utf-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        '<MESSAGE ID="1001" PROTOCOLVERSION="1.0"><SIMPLEEXPREQ>'
        f"<EXPMETHODCALL NAME={quoteattr(name)}>{inside}</EXPMETHODCALL>"
        "</SIMPLEEXPREQ></MESSAGE></CIM>"
    ).encode()


def indication(class_name: str = "CIM_AlertIndication", **values: str) -> str:
    """Return the parameter of an export: an instance with string properties."""
    properties = "".join(
        f'<PROPERTY NAME={quoteattr(name)} TYPE="string"><VALUE>{value}</VALUE></PROPERTY>'
        for name, value in values.items()
    )
    instance = f"<INSTANCE CLASSNAME={quoteattr(class_name)}>{properties}</INSTANCE>"
    return f'<EXPPARAMVALUE NAME="NewIndication">{instance}</EXPPARAMVALUE>'


EXPORT_HEADERS = {
    "Content-Type": 'application/xml; charset="utf-8"',
    "CIMExport": "MethodRequest",
    "CIMExportMethod": "ExportIndication",
}


def namespace_path(namespace: str) -> str:
    """Return LOCALNAMESPACEPATH."""
    parts = "".join(f"<NAMESPACE NAME={quoteattr(part)}/>" for part in namespace.split("/"))
    return f"<LOCALNAMESPACEPATH>{parts}</LOCALNAMESPACEPATH>"


def parameter(name: str, inside: str) -> str:
    """Return an IPARAMVALUE."""
    return f"<IPARAMVALUE NAME={quoteattr(name)}>{inside}</IPARAMVALUE>"


def instance_name(class_name: str, **keys: str) -> str:
    """Return an INSTANCENAME with string keys."""
    bindings = "".join(
        f"<KEYBINDING NAME={quoteattr(name)}>"
        f'<KEYVALUE VALUETYPE="string">{value}</KEYVALUE></KEYBINDING>'
        for name, value in keys.items()
    )
    return f"<INSTANCENAME CLASSNAME={quoteattr(class_name)}>{bindings}</INSTANCENAME>"


def intrinsic(name: str, *parameters: str, namespace: str = "root/virt") -> bytes:
    """Return the body of an intrinsic operation."""
    inside = namespace_path(namespace) + "".join(parameters)
    return message(f"<IMETHODCALL NAME={quoteattr(name)}>{inside}</IMETHODCALL>")


def cim_headers(method: str, target: str = "root/virt") -> dict[str, str]:
    """Return the headers of a CIM operation."""
    return {
        "Content-Type": 'application/xml; charset="utf-8"',
        "CIMOperation": "MethodCall",
        "CIMMethod": method,
        "CIMObject": target,
    }
