"""Remembered requests: the same answer as decoding, for the same bytes and no others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtcim.wbem.decode import ExtrinsicCall, operation, read_call, read_padded_call
from virtcim.wbem.memory import LARGEST_REMEMBERED, MOST_REMEMBERED, RequestMemory
from virtcim.wbem.refusal import Refusal

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">'


def message(message_id: str = "1", class_name: str = "X", *, before: str = HEAD) -> bytes:
    """Return an EnumerateInstanceNames request."""
    return (
        f'{before}<MESSAGE ID="{message_id}" PROTOCOLVERSION="1.0"><SIMPLEREQ>'
        '<IMETHODCALL NAME="EnumerateInstanceNames"><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/>'
        f'</LOCALNAMESPACEPATH><IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="{class_name}"/>'
        "</IPARAMVALUE></IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
    ).encode()


def keep(memory: RequestMemory, body: bytes) -> None:
    """Decode and remember, as the listener does."""
    call, known = memory.read_call(body)
    assert known is None
    memory.remember(body, call, operation(call))


@given(st.text("abcXYZ019_.:-", min_size=1, max_size=64), st.text("AbC_9", min_size=1))
def test_what_is_remembered_is_what_was_decoded(message_id: str, class_name: str) -> None:
    """The message ID is the new message's, all else is as decoding gives it."""
    memory = RequestMemory()
    keep(memory, message("first", class_name))
    body = message(message_id, class_name)
    call, known = memory.read_call(body)
    decoded = read_call(body)
    assert known == operation(decoded)
    assert (call.message_id, call.name, call.namespace, call.protocol_version) == (
        decoded.message_id,
        decoded.name,
        decoded.namespace,
        decoded.protocol_version,
    )


@pytest.mark.parametrize(
    "other",
    [message(class_name="Y"), message().replace(b"root", b"rooT"), message() + b" "],
)
def test_other_bytes_are_not_remembered(other: bytes) -> None:
    """One byte beside the message ID makes another request."""
    memory = RequestMemory()
    keep(memory, message())
    assert memory.read_call(other)[1] is None


@pytest.mark.parametrize(
    "before",
    [
        '<!--<MESSAGE ID="a"-->' + HEAD.partition("\n")[2],
        HEAD + '<!--<MESSAGE ID="a"-->',
        HEAD.replace(">", """ X='><MESSAGE ID="a"'>""", 2).replace("?> X", "? X"),
        "<!-- -->" + HEAD.partition("\n")[2],
    ],
)
def test_what_only_looks_like_a_message_id_is_none(before: str) -> None:
    """A message ID in a comment or an attribute is not echoed."""
    memory = RequestMemory()
    body = message("true", before=before)
    try:
        call = read_call(body)
    except Exception:  # noqa: BLE001 (not every one of them is a message)
        return
    memory.remember(body, call, operation(call))
    assert memory.read_call(body)[0].message_id == "true"


def test_methods_are_not_remembered() -> None:
    """A method may change something and may carry secrets."""
    body = message().replace(
        message()[message().index(b"<IMETHODCALL") : message().index(b"</SIMPLEREQ>")],
        b'<METHODCALL NAME="M"><LOCALCLASSPATH><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/>'
        b'</LOCALNAMESPACEPATH><CLASSNAME NAME="X"/></LOCALCLASSPATH></METHODCALL>',
    )
    memory = RequestMemory()
    keep(memory, body)
    call, known = memory.read_call(body)
    assert known is None
    assert isinstance(call, ExtrinsicCall)


@pytest.mark.parametrize("name", ["PullInstancesWithPath", "CloseEnumeration"])
def test_contexts_are_not_remembered(name: str) -> None:
    """The context of an enumeration is a secret, and is sent once."""
    given = '<IPARAMVALUE NAME="{}"><VALUE>1</VALUE></IPARAMVALUE>'
    names = ("EnumerationContext", "MaxObjectCount")[: 2 if name.startswith("Pull") else 1]
    begin, end = message().split(
        b'<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="X"/></IPARAMVALUE>'
    )
    body = begin.replace(b"EnumerateInstanceNames", name.encode())
    body += "".join(map(given.format, names)).encode() + end
    memory = RequestMemory()
    keep(memory, body)
    assert memory.read_call(body)[1] is None


def test_the_memory_is_bounded() -> None:
    """Large messages are not kept, and the oldest go first."""
    memory = RequestMemory()
    large = message(class_name="L") + b" " * LARGEST_REMEMBERED
    keep(memory, large)
    assert memory.read_call(large)[1] is None
    for number in range(MOST_REMEMBERED + 1):
        keep(memory, message(class_name=f"C{number}"))
    assert memory.read_call(message(class_name="C0"))[1] is None
    assert memory.read_call(message(class_name="C1"))[1] is not None


def test_memories_do_not_share() -> None:
    """What one way of reading accepts and remembers, a memory of the other refuses."""
    tolerant, strict = RequestMemory(read_padded_call), RequestMemory()
    body = message() + b"x"
    keep(tolerant, body)
    assert tolerant.read_call(body)[1] is not None
    with pytest.raises(Refusal):
        strict.read_call(body)
