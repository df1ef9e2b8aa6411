"""The HTTP rules of DSP0200 on raw sockets, in the order in which they apply."""

import gzip
import sys
from collections.abc import Iterator, Mapping

import pytest

from tests.clients.expected import DOMAINS, SYSTEM
from tests.dsp0203 import check
from tests.rawhttp import (
    Answer,
    Client,
    cim_headers,
    head,
    instance_name,
    intrinsic,
    message,
    namespace_path,
    parameter,
)
from tests.serving import RunningServer

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GET = intrinsic(
    "GetInstance",
    parameter("InstanceName", instance_name(SYSTEM, CreationClassName=SYSTEM, Name="running")),
)
HEADERS = cim_headers("GetInstance")
NAMES = intrinsic("EnumerateInstanceNames", parameter("ClassName", f'<CLASSNAME NAME="{SYSTEM}"/>'))


@pytest.fixture
def client(server: RunningServer) -> Iterator[Client]:
    """A connection."""
    with Client(server.host, server.port) as connection:
        yield connection


def changed(body: bytes = GET, line: str = "POST /cimom HTTP/1.1", **headers: str | None) -> bytes:
    """Return the good request with other headers; underscores are hyphens, None leaves one out."""
    fields: dict[str, str] = dict(HEADERS)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    text = head(body, {**fields, **{n: v for n, v in given.items() if v is not None}}, line)
    for name, value in given.items():
        if value is None:
            lines = text.split(b"\r\n")
            text = b"\r\n".join(x for x in lines if not x.lower().startswith(name.lower().encode()))
    return text


def good(answer: Answer) -> bool:
    """Tell whether an answer is a CIM reply; check it if so."""
    if answer.status != 200:
        return False
    assert answer.headers["content-type"].startswith("application/xml")
    assert answer.headers["cimoperation"] == "MethodResponse"
    assert answer.headers["wbemserverresponsetime"].isdigit()
    assert "date" in answer.headers
    check(answer.body)
    return True


def test_good_request(client: Client) -> None:
    """The request that the others vary is answered."""
    answer = client.ask(changed())
    assert good(answer)
    assert b"<VALUE>running</VALUE>" in answer.body


# What comes before CIM: each is answered with a length and an end of the connection where framing
# cannot be trusted. (request, status, whether the connection ends)
CL = f"Content-Length: {len(GET)}\r\n".encode()
BEFORE_CIM: Mapping[str, tuple[bytes, int]] = {
    "no request": (b"hello\r\n\r\n", 400),
    "bytes": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n", 400),
    "bad header name": (changed().replace(b"Host:", b"Ho st:"), 400),
    "folded header": (changed().replace(b"CIMMethod: ", b"CIMMethod:\r\n "), 400),
    "head too big": (changed(X_Big="x" * 70000), 431),
    "too many headers": (head(GET, {**HEADERS, **{f"X-{n}": "x" for n in range(500)}}), 431),
    "length and chunks": (changed(Transfer_Encoding="chunked"), 400),
    "length twice": (changed().replace(CL, CL + CL), 400),
    "two lengths": (changed().replace(CL, CL + b"Content-Length: 1\r\n"), 400),
    "length not a number": (changed(Content_Length="x"), 400),
    "length negative": (changed(Content_Length="-1"), 400),
    "length signed": (changed(Content_Length="+5"), 400),
    "chunks twice": (
        changed(Content_Length=None, Transfer_Encoding="chunked, chunked"),
        400,
    ),
    "unknown coding": (changed(Content_Length=None, Transfer_Encoding="gzip"), 501),
    "no host": (changed(Host=None), 400),
    "http 2": (changed(line="POST /cimom HTTP/2.0"), 505),
    "get": (changed(b"", line="GET /cimom HTTP/1.1"), 405),
    "put": (changed(line="PUT /cimom HTTP/1.1"), 405),
    "options": (changed(b"", line="OPTIONS /cimom HTTP/1.1"), 405),
    "unknown verb": (changed(line="BREW /cimom HTTP/1.1"), 501),
    "m-post": (changed(line="M-POST /cimom HTTP/1.1"), 501),
    "expectation": (changed(Expect="200-ok"), 417),
    "too long": (changed(b"", Content_Length=str(17 * 1024 * 1024)), 413),
    "absurdly long": (changed(b"", Content_Length="9" * 18), 413),
    "no length": (changed(Content_Length=None), 411),
    "unknown content coding": (changed(Content_Encoding="br"), 415),
    "not gzip": (changed(Content_Encoding="gzip"), 400),
    "elsewhere": (head(GET, {"Content-Type": "text/xml"}, "POST /nothing HTTP/1.1"), 404),
    "not cim": (changed(CIMOperation=None), 400),
    "not zstd": (changed(Content_Encoding="zstd"), 400),
    "two codings": (changed(Content_Encoding="gzip, zstd"), 415),
    "accept": (changed(Accept="text/html"), 406),
    "accept charset": (changed(Accept_Charset="iso-8859-1"), 406),
    "accept encoding": (changed(Accept_Encoding="br, identity;q=0"), 406),
    "te twice": (changed(TE="trailers").replace(b"TE:", b"TE: x\r\nTE:"), 400),
    "host twice": (changed().replace(b"Host:", b"Host: x\r\nHost:"), 400),
    "upgrade": (changed(Connection="Upgrade", Upgrade="websocket"), 501),
    "m-post of an old client": (changed(line="M-POST /cimom HTTP/1.0"), 501),
}


@pytest.mark.parametrize(("data", "status"), BEFORE_CIM.values(), ids=BEFORE_CIM)
def test_refused_below_cim(client: Client, data: bytes, status: int) -> None:
    """What is no CIM request gets a status and no CIMError."""
    answer = client.ask(data)
    assert answer.status == status
    assert answer.headers["content-length"] == "0"
    assert "cimerror" not in answer.headers
    if status == 405:
        assert "POST" in answer.headers["allow"]


def test_refusal_of_a_frame_ends_the_connection(server: RunningServer) -> None:
    """After a request whose end is unknown nothing more is read as a request."""
    for name in ("length and chunks", "two lengths", "no request", "no length", "too long"):
        with Client(server.host, server.port) as client:
            answer = client.ask(BEFORE_CIM[name][0] + changed())
            assert answer.headers["connection"] == "close", name
            assert client.ended(), name


def xml(old: bytes, new: bytes) -> bytes:
    """Return the good request with a part of its body replaced."""
    assert old in GET
    return changed(GET.replace(old, new))


ENTITIES = b'<!DOCTYPE CIM [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
DEEP = b"<VALUE>" * 200 + b"</VALUE>" * 200
AS_CIM: Mapping[str, tuple[bytes, int, str]] = {
    "empty operation": (changed(CIMOperation=""), 400, "unsupported-operation"),
    "other operation": (changed(CIMOperation="Method"), 400, "unsupported-operation"),
    "batch": (changed(CIMBatch=""), 501, "multiple-requests-unsupported"),
    "protocol differs": (changed(CIMProtocolVersion="1.1"), 400, "header-mismatch"),
    "protocol 2": (changed(CIMProtocolVersion="2.0"), 501, "unsupported-protocol-version"),
    "no method": (changed(CIMMethod=None), 400, "header-mismatch"),
    "other method": (changed(CIMMethod="GetClass"), 400, "header-mismatch"),
    "no object": (changed(CIMObject=None), 400, "header-mismatch"),
    "other object": (changed(CIMObject="root/other"), 400, "header-mismatch"),
    "undecodable object": (changed(CIMObject="root%FFvirt"), 400, "header-mismatch"),
    "media type": (changed(Content_Type="text/plain"), 400, "request-not-valid"),
    "no media type": (changed(Content_Type=None), 400, "request-not-valid"),
    "charset": (
        changed(Content_Type='application/xml; charset="iso-8859-1"'),
        400,
        "request-not-valid",
    ),
    "empty body": (changed(b""), 400, "request-not-well-formed"),
    "no xml": (changed(b"hello"), 400, "request-not-well-formed"),
    "cut off": (changed(GET[:-10]), 400, "request-not-well-formed"),
    "after the end": (changed(GET + b"x"), 400, "request-not-well-formed"),
    "control character": (xml(b"running", b"run&#1;ning"), 400, "request-not-well-formed"),
    "invalid utf-8": (xml(b"running", b"run\xffning"), 400, "request-not-valid"),
    "document type": (xml(b"<CIM ", b"<!DOCTYPE CIM><CIM "), 400, "request-not-valid"),
    "entities": (xml(b"<CIM ", ENTITIES + b"<CIM "), 400, "request-not-valid"),
    "depth": (xml(b"running", DEEP), 400, "request-not-valid"),
    "cim version": (xml(b'CIMVERSION="2.0"', b'CIMVERSION="3.0"'), 501, "unsupported-cim-version"),
    "dtd version": (xml(b'DTDVERSION="2.0"', b'DTDVERSION="3.0"'), 501, "unsupported-dtd-version"),
    "message version": (
        xml(b'PROTOCOLVERSION="1.0"', b'PROTOCOLVERSION="2.0"').replace(
            b"CIMMethod", b"CIMProtocolVersion: 2.0\r\nCIMMethod"
        ),
        501,
        "unsupported-protocol-version",
    ),
    "no message": (changed(b'<CIM CIMVERSION="2.0" DTDVERSION="2.0"/>'), 400, "request-not-valid"),
    "other root": (changed(b"<MIC/>"), 400, "request-not-valid"),
    "no identifier": (xml(b'ID="1001" ', b""), 400, "request-not-valid"),
    "unknown element": (xml(b"</IMETHODCALL>", b"<X/></IMETHODCALL>"), 400, "request-not-valid"),
    "no namespace": (
        changed(message('<IMETHODCALL NAME="GetInstance"></IMETHODCALL>')),
        400,
        "request-not-valid",
    ),
    "key type": (xml(b'VALUETYPE="string"', b'VALUETYPE="x"'), 400, "request-not-valid"),
}


@pytest.mark.parametrize(("data", "status", "token"), AS_CIM.values(), ids=AS_CIM)
def test_refused_as_cim(client: Client, data: bytes, status: int, token: str) -> None:
    """A CIM request that is none gets a CIMError, says why, and leaves the connection usable."""
    answer = client.ask(data)
    assert (answer.status, answer.headers.get("cimerror")) == (status, token)
    assert answer.headers["content-length"] == "0"
    assert answer.headers["pgerrordetail"]
    assert good(client.ask(changed()))


ACCEPTED: Mapping[str, bytes] = {
    "http 1.0": changed(line="POST /cimom HTTP/1.0"),
    "http 1.0 without host": changed(line="POST /cimom HTTP/1.0", Host=None),
    "root": changed(line="POST / HTTP/1.1"),
    "any path": changed(line="POST /anything HTTP/1.1"),
    "text/xml": changed(Content_Type="text/xml"),
    "charset": changed(Content_Type="text/xml; charset=UTF-8"),
    "lower-case call": changed(CIMOperation="methodcall"),
    "protocol": changed(CIMProtocolVersion="1.0"),
    "encoded object": changed(CIMObject="root%2Fvirt"),
    "object in capitals": changed(CIMObject="ROOT/Virt"),
    "range": changed(Range="bytes=0-1"),
    "strange language": changed(Accept_Language=";;q="),
    "expect": changed(Expect="100-Continue"),
    "zstd": changed(zstd.compress(GET), Content_Encoding="zstd"),
    "gzip": changed(gzip.compress(GET), Content_Encoding="gzip"),
    "byte order mark": changed(b"\xef\xbb\xbf" + GET),
    "no declaration": changed(GET.split(b"?>", 1)[1]),
    "comment": xml(b"<SIMPLEREQ>", b"<!-- x --><SIMPLEREQ>"),
    "cdata": xml(b">running<", b"><![CDATA[running]]><"),
    "unknown header": changed(X_Y="z"),
    "language": changed(Accept_Language="de"),
    "newer versions": xml(b'CIMVERSION="2.0"', b'CIMVERSION="2.3"'),
    "namespace in one piece": xml(
        b'<NAMESPACE NAME="root"/><NAMESPACE NAME="virt"/>', b'<NAMESPACE NAME="root/virt"/>'
    ),
    "extra attribute": xml(b"<SIMPLEREQ>", b'<SIMPLEREQ X="y">'),
    "blanks": xml(b"<SIMPLEREQ>", b"\n  <SIMPLEREQ>\n\t"),
}


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(client: Client, data: bytes) -> None:
    """What clients send in the wild is answered like the plain request."""
    answer = client.ask(data)
    assert good(answer)
    assert b"<VALUE>running</VALUE>" in answer.body


def test_chunked_request(client: Client) -> None:
    """A body may come in chunks."""
    data = changed(b"", Content_Length=None, Transfer_Encoding="chunked")
    middle = len(GET) // 2
    for piece in (GET[:middle], GET[middle:]):
        data += f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    assert good(client.ask(data + b"0\r\n\r\n"))


CLASSES = intrinsic("EnumerateClasses", parameter("DeepInheritance", "<VALUE>TRUE</VALUE>"))


@pytest.mark.parametrize("accept", ["gzip", "zstd", "gzip, deflate, br, zstd", "identity;q=0, *"])
@pytest.mark.parametrize("te", [None, "trailers"])
def test_coded_replies(client: Client, accept: str, te: str | None) -> None:
    """A big reply comes as the client asked for it, and is the same."""
    headers = cim_headers("EnumerateClasses")
    plain = client.ask(head(CLASSES, headers))
    trailers = {} if te is None else {"TE": te}
    answer = client.ask(head(CLASSES, {**headers, "Accept-Encoding": accept, **trailers}))
    decode = gzip.decompress if accept == "gzip" else zstd.decompress
    assert answer.headers["content-encoding"] == ("gzip" if accept == "gzip" else "zstd")
    assert decode(answer.body) == plain.body
    assert len(answer.body) < len(plain.body) / 4
    small = client.ask(changed(Accept_Encoding=accept, TE=te))
    assert ("content-encoding" in small.headers) is (accept == "identity;q=0, *")


def test_the_connection_is_kept_for_a_minute(client: Client) -> None:
    """A client is told how long it may be silent."""
    answer = client.ask(changed())
    assert answer.headers["connection"] == "keep-alive"
    assert answer.headers["keep-alive"] == "timeout=60"


def test_continue(client: Client) -> None:
    """A client that waits for it hears 100 before it sends the body."""
    data = changed(Expect="100-continue")
    client.send(data.removesuffix(GET))
    interim = client.next()
    assert interim is not None
    assert interim.status == 100
    assert good(client.ask(GET))


def test_byte_by_byte(client: Client) -> None:
    """A request may come in the smallest pieces."""
    for byte in changed():
        client.send(bytes([byte]))
    assert good(client.answer())


def test_connection_is_kept(client: Client) -> None:
    """Many requests go over one connection, and those sent ahead are answered in their order."""
    for _ in range(20):
        assert good(client.ask(changed()))
    names = list(DOMAINS) * 3
    for name in names:
        client.send(changed(GET.replace(b"running", name.encode())))
    for name in names:
        answer = client.answer()
        assert good(answer)
        assert f"<VALUE>{name}</VALUE>".encode() in answer.body


def test_close_is_honoured(client: Client) -> None:
    """A client that wants the connection closed gets its answer and then the end."""
    answer = client.ask(changed(Connection="close"))
    assert good(answer)
    assert answer.headers["connection"] == "close"
    assert client.ended()


def test_chunked_reply_with_status(client: Client) -> None:
    """A client that reads trailers gets chunks, and the status after them."""
    data = head(NAMES, {**cim_headers("EnumerateInstanceNames"), "TE": "trailers"})
    answer = client.ask(data)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "CIMStatusCode" in answer.headers["trailer"]
    assert answer.trailers.get("cimstatuscode") == "0"
    check(answer.body)
    assert answer.body.count(b"<INSTANCENAME") == len(DOMAINS)
    assert good(client.ask(changed()))


@pytest.mark.parametrize("name", ["GetInstance", "getinstance", "GETINSTANCE"])
def test_names_are_echoed(client: Client, name: str) -> None:
    """The reply has the message's ID and the operation's name as the client spelt them."""
    body = GET.replace(b'"GetInstance"', f'"{name}"'.encode()).replace(b'"1001"', b'"a&lt;&quot;b"')
    answer = client.ask(changed(body, CIMMethod=name))
    assert good(answer)
    assert f'<IMETHODRESPONSE NAME="{name}">'.encode() in answer.body
    assert b'ID="a&lt;&quot;b"' in answer.body


def test_extrinsic_call_without_types(client: Client) -> None:
    """A call as wbemcli makes it, without types and with an encoded path, is understood."""
    target = instance_name(SYSTEM, CreationClassName=SYSTEM, Name="shutoff")
    path = f"<LOCALINSTANCEPATH>{namespace_path('root/virt')}{target}</LOCALINSTANCEPATH>"
    value = '<PARAMVALUE NAME="RequestedState"><VALUE>3</VALUE></PARAMVALUE>'
    body = message(f'<METHODCALL NAME="RequestStateChange">{path}{value}</METHODCALL>')
    uri = f'root%2Fvirt%3A{SYSTEM}.CreationClassName%3D"{SYSTEM}"%2CName%3D"shutoff"'
    answer = client.ask(head(body, cim_headers("RequestStateChange", uri)))
    assert good(answer)
    assert b'<RETURNVALUE PARAMTYPE="uint32"><VALUE>4097</VALUE></RETURNVALUE>' in answer.body
