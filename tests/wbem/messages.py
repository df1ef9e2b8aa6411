"""Requests as bytes, built from pieces so that each piece can be wrong."""

from tests.rawhttp import message, namespace_path, parameter

__all__ = [
    "argument",
    "class_name",
    "envelope",
    "extrinsic",
    "message",
    "parameter",
    "path",
    "text",
]

NAMESPACE = namespace_path("root/virt")
LOCAL_PATH = (
    f'<LOCALINSTANCEPATH>{NAMESPACE}<INSTANCENAME CLASSNAME="X"><KEYBINDING NAME="Name">'
    '<KEYVALUE VALUETYPE="string">a b</KEYVALUE></KEYBINDING></INSTANCENAME></LOCALINSTANCEPATH>'
)


def envelope(
    inside: str = f'<IMETHODCALL NAME="EnumerateQualifiers">{NAMESPACE}</IMETHODCALL>',
    *,
    cim: str = 'CIMVERSION="2.0" DTDVERSION="2.0"',
    attributes: str = 'ID="1" PROTOCOLVERSION="1.0"',
    declaration: str = '<?xml version="1.0" encoding="utf-8"?>',
) -> bytes:
    """Return a message; every attribute can be set."""
    request = f"<SIMPLEREQ>{inside}</SIMPLEREQ>"
    return f"{declaration}<CIM {cim}><MESSAGE {attributes}>{request}</MESSAGE></CIM>".encode()


def extrinsic(*arguments: str, method: str = "Do", target: str = LOCAL_PATH) -> bytes:
    """Return a method call."""
    return message(f'<METHODCALL NAME="{method}">{target}{"".join(arguments)}</METHODCALL>')


def argument(name: str, inside: str, attributes: str = "") -> str:
    """Return a PARAMVALUE."""
    return f'<PARAMVALUE NAME="{name}" {attributes}>{inside}</PARAMVALUE>'


def text(value: str) -> str:
    """Return a VALUE."""
    return f"<VALUE>{value}</VALUE>"


def class_name(name: str) -> str:
    """Return a CLASSNAME."""
    return f'<CLASSNAME NAME="{name}"/>'


def path(name: str = "X") -> str:
    """Return an INSTANCENAME with one key."""
    key = '<KEYBINDING NAME="K"><KEYVALUE VALUETYPE="numeric">5</KEYVALUE></KEYBINDING>'
    return f'<INSTANCENAME CLASSNAME="{name}">{key}</INSTANCENAME>'
