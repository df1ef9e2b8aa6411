"""Replies to CIM-XML messages (DSP0201 section 5.2, DSP0203 2.4 in its 2.0 subset).

A message is a sequence of pieces of bytes: the envelope's head, the reply's own pieces, the tail.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from itertools import chain

from virtcim.wbem.objects import ClassDeclaration, Instance, Value
from virtcim.wbem.replies import (
    ClassesReply,
    ClassNamesReply,
    ClassObjectsReply,
    ClassPathsReply,
    CountReply,
    InstanceNameReply,
    InstanceNamesReply,
    InstanceReply,
    MethodReply,
    NamedInstancesReply,
    ObjectPathsReply,
    ObjectsReply,
    OutParameter,
    PropertyReply,
    PulledReply,
    QualifiersReply,
    QueriedReply,
    Reply,
    VoidReply,
)
from virtcim.wbem.status import WBEMError
from virtcim.wbem.types import CIMType
from virtcim.wbem.values import escape_attribute
from virtcim.wbem.writing import (
    any_path_xml,
    class_xml,
    instance_name_xml,
    qualifier_declaration_xml,
    value_xml,
)

_BEFORE_ID = (
    '<?xml version="1.0" encoding="utf-8"?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="'
)
_AFTER_ID = '" PROTOCOLVERSION="1.0"><{}><{} NAME="{}">'


class Kind(StrEnum):
    """The element that answers a call."""

    INTRINSIC = "IMETHODRESPONSE"
    EXTRINSIC = "METHODRESPONSE"
    EXPORT = "EXPMETHODRESPONSE"


_AROUND: Mapping[Kind, str] = {
    Kind.INTRINSIC: "SIMPLERSP",
    Kind.EXTRINSIC: "SIMPLERSP",
    Kind.EXPORT:    "SIMPLEEXPRSP",
}  # fmt: skip
_TAILS = {kind: f"</{kind}></{around}></MESSAGE></CIM>\n" for kind, around in _AROUND.items()}
_INTRINSIC_TAIL = ("</IRETURNVALUE>" + _TAILS[Kind.INTRINSIC]).encode()
_VOID_TAIL = _TAILS[Kind.INTRINSIC].encode()
_EXTRINSIC_TAIL = _TAILS[Kind.EXTRINSIC].encode()


@lru_cache(maxsize=256)
def _after_id(kind: Kind, name: str) -> str:
    return _AFTER_ID.format(_AROUND[kind], kind, escape_attribute(name))


def _head(kind: Kind, message_id: str, name: str) -> str:
    return _BEFORE_ID + escape_attribute(message_id) + _after_id(kind, name)


def encode(message_id: str, name: str, reply: Reply) -> Iterable[bytes]:
    """Return the pieces of the message that answers the call; a tuple when it is a small one.

    `name` is the request's spelling of the call: pywbem compares it with case.
    """
    if isinstance(reply, MethodReply):
        return (_method_response(message_id, name, reply),)
    head = _head(Kind.INTRINSIC, message_id, name)
    if isinstance(reply, VoidReply):
        return (head.encode() + _VOID_TAIL,)
    opening = (head + "<IRETURNVALUE>").encode()
    if isinstance(reply, PulledReply):
        return chain((opening,), _pulled(reply))
    pieces = _PIECES[type(reply)](reply)
    if isinstance(reply, _SMALL):
        return (opening, *pieces, _INTRINSIC_TAIL)
    return chain((opening,), pieces, (_INTRINSIC_TAIL,))


def encode_received(message_id: str, name: str) -> bytes:
    """Return the message that says that an indication was taken."""
    return (_head(Kind.EXPORT, message_id, name) + _TAILS[Kind.EXPORT]).encode()


def encode_error(message_id: str, name: str, error: WBEMError, kind: Kind) -> bytes:
    """Return the message that says why the call failed."""
    code = f'<ERROR CODE="{error.status.value}"'
    text = f'{code} DESCRIPTION="{escape_attribute(error.description)}"></ERROR>'
    return (_head(kind, message_id, name) + text + _TAILS[kind]).encode()


def _method_response(message_id: str, name: str, reply: MethodReply) -> bytes:
    head = _head(Kind.EXTRINSIC, message_id, name)
    value = ""
    if reply.return_value is not None:
        content = value_xml(reply.return_type, reply.return_value)
        head_of_value = f'<RETURNVALUE PARAMTYPE="{reply.return_type}"'
        value = f"{head_of_value}{_embedding(reply.return_value)}>{content}</RETURNVALUE>"
    out = "".join(map(_out_parameter, reply.out))
    return (head + value + out).encode() + _EXTRINSIC_TAIL


def _out_parameter(parameter: OutParameter) -> str:
    # A NULL output parameter is left out: wbemcli crashes on an empty PARAMVALUE.
    if parameter.value is None:
        return ""
    content = value_xml(parameter.type, parameter.value)
    head = f'<PARAMVALUE NAME="{escape_attribute(parameter.name)}" PARAMTYPE="{parameter.type}"'
    return f"{head}{_embedding(parameter.value)}>{content}</PARAMVALUE>"


def _embedding(value: Value) -> str:
    """Return the attribute that tells a client that the text is an object."""
    sample = next(filter(None, value), None) if isinstance(value, tuple) else value
    if isinstance(sample, Instance):
        return ' EmbeddedObject="instance"'
    return ' EmbeddedObject="object"' if isinstance(sample, ClassDeclaration) else ""


def _pulled(reply: PulledReply) -> Iterable[bytes]:
    """Yield the rest of the message: whether the sequence has ended is known when it is written."""
    yield from reply.portion.pieces()
    context = reply.portion.context
    described = "" if reply.result_class is None else class_xml(reply.result_class)
    out = described and f'<PARAMVALUE NAME="QueryResultClass">{described}</PARAMVALUE>'
    # A closed enumeration has an empty context: clients look for both parameters.
    told = (
        OutParameter("EnumerationContext", CIMType.STRING, context),
        OutParameter("EndOfSequence", CIMType.BOOLEAN, not context),
    )
    out += "".join(map(_out_parameter, told))
    yield f"</IRETURNVALUE>{out}".encode() + _VOID_TAIL


def _queried(reply: QueriedReply) -> Iterable[bytes]:
    return reply.pieces


def _count(reply: CountReply) -> Iterable[bytes]:
    return (value_xml(CIMType.UINT64, reply.count).encode(),)


def _property_value(reply: PropertyReply) -> Iterable[bytes]:
    return (value_xml(reply.type, reply.value).encode(),)


def _instances(reply: InstanceReply) -> Iterable[bytes]:
    return reply.instances.instances()


def _named_instances(reply: NamedInstancesReply) -> Iterable[bytes]:
    return chain.from_iterable(part.named_instances() for part in reply.parts)


def _instance_names(reply: InstanceNamesReply) -> Iterable[bytes]:
    return chain.from_iterable(part.names() for part in reply.parts)


def _instance_name(reply: InstanceNameReply) -> Iterable[bytes]:
    return (instance_name_xml(reply.path).encode(),)


def _objects(reply: ObjectsReply) -> Iterable[bytes]:
    return reply.objects.objects()


def _object_paths(reply: ObjectPathsReply) -> Iterable[bytes]:
    return reply.objects.object_paths()


def _class_objects(reply: ClassObjectsReply) -> Iterable[bytes]:
    for path, declaration in reply.classes:
        content = any_path_xml(path) + class_xml(declaration)
        yield f"<VALUE.OBJECTWITHPATH>{content}</VALUE.OBJECTWITHPATH>".encode()


def _class_paths(reply: ClassPathsReply) -> Iterable[bytes]:
    for path in reply.paths:
        yield f"<OBJECTPATH>{any_path_xml(path)}</OBJECTPATH>".encode()


def _classes(reply: ClassesReply) -> Iterable[bytes]:
    return (class_xml(declaration).encode() for declaration in reply.classes)


def _class_names(reply: ClassNamesReply) -> Iterable[bytes]:
    return (f'<CLASSNAME NAME="{escape_attribute(name)}"/>'.encode() for name in reply.names)


def _qualifiers(reply: QualifiersReply) -> Iterable[bytes]:
    return (qualifier_declaration_xml(d).encode() for d in reply.declarations)


_PIECES: Mapping[type, Callable[..., Iterable[bytes]]] = {
    InstanceReply: _instances,
    NamedInstancesReply: _named_instances,
    InstanceNamesReply: _instance_names,
    InstanceNameReply: _instance_name,
    ObjectsReply: _objects,
    ObjectPathsReply: _object_paths,
    QueriedReply: _queried,
    CountReply: _count,
    ClassObjectsReply: _class_objects,
    ClassPathsReply: _class_paths,
    ClassesReply: _classes,
    ClassNamesReply: _class_names,
    QualifiersReply: _qualifiers,
    PropertyReply: _property_value,
}

_SMALL = (InstanceReply, InstanceNameReply, PropertyReply, CountReply)
"""Replies that are written in no time; the others may be long and are written in turns."""
