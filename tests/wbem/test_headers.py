"""The header rules: any spelling of the same thing is accepted, anything else refused by name."""

from collections.abc import Mapping
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.rawhttp import intrinsic
from tests.wbem.messages import LOCAL_PATH, NAMESPACE, envelope, extrinsic
from tests.wbem.strategies import instance_paths
from virtcim.wbem.decode import ExtrinsicCall, read_call
from virtcim.wbem.headers import check_call_headers, check_message_headers
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.refusal import CIMErrorToken, Refusal
from virtcim.wbem.uri import format_uri
from virtcim.wbem.writing import any_path_xml

Token = CIMErrorToken
GOOD = {b"cimoperation": b"MethodCall", b"content-type": b'application/xml; charset="utf-8"'}


def refused(headers: Mapping[bytes, bytes]) -> tuple[int, Token | None]:
    """Return how headers are refused before the body is read."""
    with pytest.raises(Refusal) as caught:
        check_message_headers(headers)
    assert caught.value.detail
    return caught.value.http_status, caught.value.token


ACCEPTED: tuple[dict[bytes, bytes], ...] = (
    {},
    {b"cimoperation": b" methodcall "},
    {b"content-type": b"text/xml"},
    {b"content-type": b"Application/XML;charset=UTF-8"},
    {b"content-type": b'text/xml ; charset = "utf8"'},
    {b"content-type": b"application/xml; version=1; charset=utf-8"},
    {b"accept": b"text/html, text/xml, application/xml", b"accept-charset": b"utf-8"},
    {b"accept": b"text/html, image/gif, *; q=.2, */*; q=.2"},
    {b"accept": b"application/XML;q=0.5", b"accept-charset": b"iso-8859-1, UTF-8;q=0.1"},
    {b"accept-charset": b"*"},
)


@pytest.mark.parametrize("headers", ACCEPTED)
def test_accepted_message_headers(headers: dict[bytes, bytes]) -> None:
    """Case, blanks and quotes do not matter."""
    check_message_headers({**GOOD, **headers})


REFUSED: tuple[tuple[dict[bytes, bytes], int, Token], ...] = (
    ({b"cimoperation": b""}, 400, Token.UNSUPPORTED_OPERATION),
    ({b"cimoperation": b"MethodResponse"}, 400, Token.UNSUPPORTED_OPERATION),
    ({b"cimoperation": b"MethodCall, MethodCall"}, 400, Token.UNSUPPORTED_OPERATION),
    ({b"cimexport": b"MethodRequest"}, 400, Token.HEADER_MISMATCH),
    ({b"cimbatch": b""}, 501, Token.MULTIPLE_REQUESTS_UNSUPPORTED),
    ({b"content-type": b""}, 400, Token.REQUEST_NOT_VALID),
    ({b"content-type": b"text/plain"}, 400, Token.REQUEST_NOT_VALID),
    ({b"content-type": b"text/xmls"}, 400, Token.REQUEST_NOT_VALID),
    ({b"content-type": b"text/xml; charset=utf-16"}, 400, Token.REQUEST_NOT_VALID),
    ({b"content-type": b"text/xml; charset="}, 400, Token.REQUEST_NOT_VALID),
    ({b"content-type": b"\xff"}, 400, Token.REQUEST_NOT_VALID),
)


@pytest.mark.parametrize(("headers", "http_status", "token"), REFUSED)
def test_refused_message_headers(
    headers: dict[bytes, bytes], http_status: int, token: Token
) -> None:
    """Each wrong header has its status and token."""
    assert refused({**GOOD, **headers}) == (http_status, token)


UNREADABLE: tuple[dict[bytes, bytes], ...] = (
    {b"accept": b"text/html"},
    {b"accept": b"application/xml;q=0, text/xml; q=0.000"},
    {b"accept-charset": b"iso-8859-1"},
    {b"accept-charset": b"utf-8;q=0.0"},
)


@pytest.mark.parametrize("headers", UNREADABLE)
def test_clients_that_cannot_read_the_reply(headers: dict[bytes, bytes]) -> None:
    """They are told so, and not as CIM."""
    assert refused({**GOOD, **headers}) == (406, None)


def test_a_message_without_the_header_is_no_cim() -> None:
    """Without CIMOperation the answer has no CIMError."""
    assert refused({b"content-type": b"text/xml"}) == (400, None)


def test_order_of_the_message_rules() -> None:
    """Of several faults, the first of table 6.3 is told."""
    everything = {b"cimoperation": b"x", b"cimbatch": b"", b"content-type": b"x"}
    assert refused(everything)[1] is Token.UNSUPPORTED_OPERATION
    everything[b"cimoperation"] = b"MethodCall"
    assert refused(everything)[1] is Token.MULTIPLE_REQUESTS_UNSUPPORTED


# After the body


def check(body: bytes, **headers: bytes) -> None:
    """Compare a message with its headers."""
    check_call_headers({name.encode(): value for name, value in headers.items()}, read_call(body))


def mismatch(body: bytes, **headers: bytes) -> tuple[int, Token | None]:
    """Return how the headers are refused."""
    with pytest.raises(Refusal) as caught:
        check(body, **headers)
    assert caught.value.detail
    return caught.value.http_status, caught.value.token


GET = intrinsic("GetInstance")
HEADER_MISMATCH = (400, Token.HEADER_MISMATCH)


@pytest.mark.parametrize(
    "method", [b"GetInstance", b"getinstance", b" GetInstance ", b"Get%49nstance"]
)
@pytest.mark.parametrize(
    "target",
    [b"root/virt", b"root%2Fvirt", b"root%2fvirt", b"/root/virt/", b"ROOT/Virt", b" root/virt "],
)
def test_spellings_of_an_intrinsic_call(method: bytes, target: bytes) -> None:
    """Case, slashes and percent-encoding of names and namespaces do not matter."""
    check(GET, cimmethod=method, cimobject=target)


WRONG: tuple[dict[str, bytes], ...] = (
    {"cimobject": b"root/virt"},
    {"cimmethod": b"", "cimobject": b"root/virt"},
    {"cimmethod": b"GetClass", "cimobject": b"root/virt"},
    {"cimmethod": b"%ff", "cimobject": b"root/virt"},
    {"cimmethod": b"GetInstance"},
    {"cimmethod": b"GetInstance", "cimobject": b""},
    {"cimmethod": b"GetInstance", "cimobject": b"root/cimv2"},
    {"cimmethod": b"GetInstance", "cimobject": b"root/virt:X"},
    {"cimmethod": b"GetInstance", "cimobject": b"root/virt\xff"},
    {"cimmethod": b"GetInstance", "cimobject": b"root/virt", "cimprotocolversion": b"1.4"},
)


@pytest.mark.parametrize("headers", WRONG)
def test_contradictions_of_an_intrinsic_call(headers: dict[str, bytes]) -> None:
    """A missing, unreadable or different header is a mismatch."""
    assert mismatch(GET, **headers) == HEADER_MISMATCH


def test_protocol_versions() -> None:
    """The header is 1.0 when absent, and compared as text; another major is not served."""
    newer = envelope(
        f'<IMETHODCALL NAME="A">{NAMESPACE}</IMETHODCALL>',
        attributes='ID="1" PROTOCOLVERSION="1.4"',
    )
    fields = {"cimmethod": b"A", "cimobject": b"root/virt"}
    check(newer, cimprotocolversion=b" 1.4 ", **fields)
    assert mismatch(newer, **fields) == HEADER_MISMATCH
    assert mismatch(newer, cimprotocolversion=b"1.0", **fields) == HEADER_MISMATCH
    unsupported = (501, Token.UNSUPPORTED_PROTOCOL_VERSION)
    for version in (b"2.0", b"", b"x", b"10.0"):
        assert mismatch(newer, cimprotocolversion=version, **fields) == unsupported


# Extrinsic calls


def call(path: ObjectPath) -> ExtrinsicCall:
    """Return a call of a method on a path."""
    return ExtrinsicCall("1", "1.0", "Do", path, ())


def compare(text: str, path: ObjectPath) -> None:
    """Compare a CIMObject header with the target of a call."""
    check_call_headers({b"cimmethod": b"Do", b"cimobject": text.encode()}, call(path))


def contradicts(text: str, path: ObjectPath) -> bool:
    """Tell whether the header is refused as a mismatch."""
    try:
        compare(text, path)
    except Refusal as refusal:
        return (refusal.http_status, refusal.token) == HEADER_MISMATCH
    return False


def shuffled(path: ObjectPath, data: st.DataObject) -> ObjectPath:
    """Return the path with its keys in another order and its names in another case."""
    keys = data.draw(st.permutations(path.keys or ()))
    swap = data.draw(st.sampled_from([str.upper, str.lower, str.swapcase]))
    host = data.draw(st.sampled_from([None, "h", "h:5988"]))
    return ObjectPath(
        swap(path.class_name),
        tuple((swap(name), value) for name, value in keys),
        swap(path.namespace or ""),
        host,
    )


@given(instance_paths(local=True), st.data())
def test_every_spelling_of_a_path(path: ObjectPath, data: st.DataObject) -> None:
    """Order of keys, case of names, host and percent-encoding of any characters do not matter."""
    text = format_uri(shuffled(path, data))
    safe = data.draw(st.sampled_from(["", "/", '/:.=,"', "/:.=,\" '"]))
    encoded = quote(text, safe=safe) if data.draw(st.booleans()) else text.replace("%", "%25")
    assume("\n" not in encoded[-1:])
    compare(encoded, path)


@given(instance_paths(local=True), instance_paths(local=True))
def test_a_different_path_is_refused(path: ObjectPath, other: ObjectPath) -> None:
    """Another class, namespace, key or value does not pass."""
    assume(_comparable(path) != _comparable(other))
    assert contradicts(quote(format_uri(other)), path)


def _comparable(path: ObjectPath) -> tuple[object, ...]:
    """Return what a header can tell of a path: values as texts, references not at all."""

    def text(value: KeyValue) -> str:
        return "" if isinstance(value, ObjectPath) else str(value).lower()

    keys = {name.lower(): text(value) for name, value in path.keys or ()}
    return (path.identity()[:2], keys)


@given(instance_paths(local=True, references=False), st.data())
def test_a_changed_value_is_refused(path: ObjectPath, data: st.DataObject) -> None:
    """Each value counts, also one that differs in case only."""
    assume(path.keys)
    keys = list(path.keys or ())
    number = data.draw(st.integers(0, len(keys) - 1))
    name, value = keys[number]
    keys[number] = (name, f"{value}x")
    assert contradicts(
        quote(format_uri(ObjectPath(path.class_name, tuple(keys), path.namespace))), path
    )


X = ObjectPath("X", (("Name", "a b"),), "root/virt")

SPELLINGS = (
    'root/virt:X.Name="a b"',
    "root/virt:X.Name='a b'",
    '/ROOT/virt:x.NAME="a b"',
    '//host/root/virt:X.Name="a b"',
    'http://host:5988/root/virt:X.Name="a b"',
    "root%2Fvirt%3AX.Name%3D%22a%20b%22",
    ' root/virt:X.Name="a b" ',
)


@pytest.mark.parametrize("text", SPELLINGS)
def test_spellings_of_a_target(text: str) -> None:
    """What clients write for one path."""
    compare(text, X)


OTHERS = (
    "",
    "root/virt",
    "root/virt:X",
    "root/virt:X=@",
    "root/virt:X.Name=",
    'root/virt:Y.Name="a b"',
    'root/cimv2:X.Name="a b"',
    'X.Name="a b"',
    'root/virt:X.Name="A b"',
    'root/virt:X.Name="a b",Other="c"',
    'root/virt:X.Other="a b"',
    "root/virt:X.Name%ff",
)


@pytest.mark.parametrize("text", OTHERS)
def test_other_targets(text: str) -> None:
    """What is no path, or another, contradicts the body."""
    assert contradicts(text, X)


LOOSE = (
    ("n:X.k=5", "5"),
    ('n:X.k="5"', 5),
    ("n:X.k=true", "TRUE"),
    ('n:X.k="True"', True),
    ("n:X.k=1.5", 1.5),
    ('n:X.k="root/virt:Y.a=\\"b\\""', ObjectPath("Y", (("a", "c"),))),
)


@pytest.mark.parametrize(("text", "value"), LOOSE)
def test_types_of_values_do_not_matter(text: str, value: KeyValue) -> None:
    """A header cannot say a type reliably; references have too many spellings to be compared."""
    compare(text, ObjectPath("X", (("k", value),), "n"))


def test_nameless_key() -> None:
    """The lone key of the body may be nameless, its value still counts."""
    nameless = ObjectPath("X", (("", "v"),), "n")
    compare('n:X.k="v"', nameless)
    assert contradicts('n:X.k="w"', nameless)
    assert contradicts('n:X.k="v",l="v"', nameless)
    assert contradicts("n:X", nameless)


def test_class_targets() -> None:
    """A class is neither an instance nor another class."""
    target = ObjectPath("X", None, "interop")
    compare("interop:X", target)
    assert contradicts("interop:X=@", target)
    assert contradicts("interop:Y", target)


def test_namespaces_with_dots() -> None:
    """Namespaces of hosts have dots."""
    compare("root/virt/a.b.c:X", ObjectPath("X", None, "root/virt/a.b.c"))


def test_method_names_compare_with_case() -> None:
    """Names of extrinsic methods are exact."""
    body = extrinsic()
    target = quote('root/virt:X.Name="a b"').encode()
    check(body, cimmethod=b"Do", cimobject=target)
    assert mismatch(body, cimmethod=b"do", cimobject=target) == HEADER_MISMATCH


def test_bytes_to_headers() -> None:
    """The target that the tests above build by hand is what the decoder reads."""
    read = read_call(extrinsic(target=any_path_xml(X)))
    assert isinstance(read, ExtrinsicCall)
    assert read.target == X
    assert any_path_xml(X).replace(' TYPE="string"', "") == LOCAL_PATH
