"""Clients that log in: pywbem with every reply checked, and the same over plain HTTP."""

import base64
from collections.abc import Mapping
from typing import Any

import pywbem

from tests.clients.expected import NAMESPACE
from tests.clients.test_pywbem import CheckingRecorder
from tests.rawhttp import (
    SECONDS,
    cim_headers,
    head,
    instance_name,
    intrinsic,
    message,
    parameter,
)
from tests.serving import PASSWORD, USER, RunningServer

KVM = "KVM_ComputerSystem"


class Recorder(CheckingRecorder):
    """Checks every reply, if there is one."""

    def record(self, *told: Any) -> None:
        """Check the body of a reply; a refused connection has none."""
        if told[-1].payload is not None:
            super().record(*told)


def connect(
    server: RunningServer, name: str = USER, password: str = PASSWORD, **options: object
) -> Any:
    """Return a connection that logs in and fails rather than hang; options are pywbem's."""
    connection = pywbem.WBEMConnection(
        server.url, (name, password), default_namespace=NAMESPACE, timeout=SECONDS, **options
    )
    connection.add_operation_recorder(Recorder())
    return connection


def path(name: str, class_name: str = KVM) -> Any:
    """Return the path of a domain."""
    keys = {"CreationClassName": class_name, "Name": name}
    return pywbem.CIMInstanceName(class_name, keys, namespace=NAMESPACE)


def request_state(connection: Any, name: str, state: int) -> int:
    """Invoke RequestStateChange; return its code."""
    code, _ = connection.InvokeMethod(
        "RequestStateChange", path(name), RequestedState=pywbem.Uint16(state)
    )
    assert isinstance(code, int)
    return code


def credentials(name: str = USER, password: str = PASSWORD) -> Mapping[str, str]:
    """Return the header that logs in."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def get_message(
    name: str, class_name: str = KVM, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return a GetInstance of a domain as bytes of HTTP; headers default to the credentials."""
    target = instance_name(class_name, CreationClassName=class_name, Name=name)
    body = intrinsic("GetInstance", parameter("InstanceName", target))
    known = credentials() if headers is None else headers
    return head(body, {**cim_headers("GetInstance"), **known})


def list_message(class_name: str = KVM) -> bytes:
    """Return an EnumerateInstances as bytes of HTTP."""
    body = intrinsic(
        "EnumerateInstances", parameter("ClassName", f'<CLASSNAME NAME="{class_name}"/>')
    )
    return head(body, {**cim_headers("EnumerateInstances"), **credentials()})


def request_state_message(
    name: str, state: int, class_name: str = KVM, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return a RequestStateChange as bytes of HTTP; headers default to the credentials."""
    keys = instance_name(class_name, CreationClassName=class_name, Name=name)
    namespace = "".join(f'<NAMESPACE NAME="{part}"/>' for part in NAMESPACE.split("/"))
    body = message(
        '<METHODCALL NAME="RequestStateChange"><LOCALINSTANCEPATH>'
        f"<LOCALNAMESPACEPATH>{namespace}</LOCALNAMESPACEPATH>{keys}</LOCALINSTANCEPATH>"
        '<PARAMVALUE NAME="RequestedState" PARAMTYPE="uint16">'
        f"<VALUE>{state}</VALUE></PARAMVALUE></METHODCALL>"
    )
    target = f'{NAMESPACE}:{class_name}.CreationClassName="{class_name}",Name="{name}"'
    known = credentials() if headers is None else headers
    return head(body, {**cim_headers("RequestStateChange", target), **known})
