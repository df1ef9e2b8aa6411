"""What clients say that they can read (table row "Accept"): refused only when nothing fits."""

import pytest

from virtcim.wbem.headers import check_message_headers
from virtcim.wbem.refusal import Refusal

HEADERS = {b"cimoperation": b"MethodCall", b"content-type": b"application/xml"}


@pytest.mark.parametrize(
    "accept",
    [
        b"*/*",
        b"text/xml, application/xml",
        b"text/html, text/xml, application/xml",
        b"application/*;q=0.5, text/html",
        b"text/html;q=0, */*;q=0.1",
        b"Application/XML; charset=utf-8",
    ],
)
def test_readable_replies_are_sent(accept: bytes) -> None:
    """A client that takes XML in any spelling is served."""
    check_message_headers({**HEADERS, b"accept": accept})


@pytest.mark.parametrize("accept", [b"text/html", b"application/json", b"application/xml;q=0", b""])
def test_unreadable_replies_are_refused(accept: bytes) -> None:
    """A client that takes no XML gets 406."""
    with pytest.raises(Refusal) as refusal:
        check_message_headers({**HEADERS, b"accept": accept})
    assert refusal.value.http_status == 406
    assert refusal.value.token is None


@pytest.mark.parametrize(
    ("charsets", "served"),
    [
        (b"utf-8", True),
        (b"iso-8859-1, UTF-8;q=0.7", True),
        (b"*", True),
        (b"iso-8859-1", False),
        (b"utf-8;q=0.0", False),
    ],
)
def test_charsets(charsets: bytes, served: bool) -> None:  # noqa: FBT001 (a table)
    """Replies are UTF-8; a client that rules that out gets 406."""
    headers = {**HEADERS, b"accept-charset": charsets}
    if served:
        check_message_headers(headers)
        return
    with pytest.raises(Refusal) as refusal:
        check_message_headers(headers)
    assert refusal.value.http_status == 406
