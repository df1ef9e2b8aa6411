"""Requests as a typical client sends them, ready for the wire."""

NAMESPACE = "root/virt"


def domain_name(number: int) -> str:
    """Return the name of a benchmark domain."""
    return f"dom-{number}"


def domains_xml(count: int) -> str:
    """Return a file for libvirt's test driver with domains of ordinary size."""
    return "<node>" + "".join(_domain(number) for number in range(count)) + "</node>"


def _domain(number: int) -> str:
    disks = "".join(
        f"<disk type='file' device='disk'><source file='/srv/{number}-{dev}.img'/>"
        f"<target dev='{dev}' bus='virtio'/></disk>"
        for dev in ("vda", "vdb")
    )
    return (
        f"<domain type='test'><name>{domain_name(number)}</name>"
        f"<uuid>00000000-0000-4000-8000-{number:012x}</uuid>"
        "<memory unit='KiB'>1048576</memory><vcpu>2</vcpu><os><type arch='i686'>hvm</type></os>"
        f"<devices>{disks}<interface type='network'>"
        f"<mac address='52:54:00:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}'/>"
        "<source network='default'/></interface>"
        f"<graphics type='vnc' port='{5900 + number % 50000}' autoport='no'/></devices></domain>"
    )


def _parameter(name: str, content: str) -> str:
    return f'<IPARAMVALUE NAME="{name}">{content}</IPARAMVALUE>'


def _message(call: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        '<MESSAGE ID="1001" PROTOCOLVERSION="1.0"><SIMPLEREQ>'
        f"{call}</SIMPLEREQ></MESSAGE></CIM>"
    ).encode()


def _namespace(namespace: str = NAMESPACE) -> str:
    names = "".join(f'<NAMESPACE NAME="{part}"/>' for part in namespace.split("/"))
    return f"<LOCALNAMESPACEPATH>{names}</LOCALNAMESPACEPATH>"


def instance_name(name: str) -> str:
    """Return the path of a domain, without its namespace."""
    keys = {"CreationClassName": "Test_ComputerSystem", "Name": name}
    bindings = "".join(
        f'<KEYBINDING NAME="{key}"><KEYVALUE VALUETYPE="string" TYPE="string">{value}</KEYVALUE>'
        "</KEYBINDING>"
        for key, value in keys.items()
    )
    return f'<INSTANCENAME CLASSNAME="Test_ComputerSystem">{bindings}</INSTANCENAME>'


def intrinsic(method: str, *, namespace: str = NAMESPACE, **parameters: str) -> tuple[str, bytes]:
    """Return (method, body) of an operation; parameters are XML contents."""
    content = _namespace(namespace)
    content += "".join(_parameter(name, value) for name, value in parameters.items())
    return method, _message(f'<IMETHODCALL NAME="{method}">{content}</IMETHODCALL>')


def associators(instance: str, **parameters: str) -> tuple[str, bytes]:
    """Return Associators of what has this path."""
    return intrinsic("Associators", ObjectName=instance, **parameters)


def get_instance(name: str) -> tuple[str, bytes]:
    """Return GetInstance of a domain."""
    return intrinsic(
        "GetInstance", InstanceName=instance_name(name), LocalOnly="<VALUE>FALSE</VALUE>"
    )


def new_requests(domains: int) -> list[tuple[str, bytes]]:
    """Return so many different GetInstance messages that a server has forgotten the first."""
    return [
        intrinsic(
            "GetInstance",
            InstanceName=instance_name(domain_name(number)),
            LocalOnly=f"<VALUE>{spelling}</VALUE>",
        )
        for spelling in ("TRUE", "FALSE", "true", "false", "True", "False")
        for number in range(domains)
    ]


def enumerate_instances(*, origin: bool = False) -> tuple[str, bytes]:
    """Return EnumerateInstances of all domains."""
    return intrinsic(
        "EnumerateInstances",
        ClassName='<CLASSNAME NAME="Test_ComputerSystem"/>',
        IncludeClassOrigin=f"<VALUE>{str(origin).upper()}</VALUE>",
    )


def enumerate_names() -> tuple[str, bytes]:
    """Return EnumerateInstanceNames of all domains."""
    return intrinsic("EnumerateInstanceNames", ClassName='<CLASSNAME NAME="Test_ComputerSystem"/>')


def request_state(name: str, state: int) -> tuple[str, bytes]:
    """Return RequestStateChange of a domain."""
    target = f"<LOCALINSTANCEPATH>{_namespace()}{instance_name(name)}</LOCALINSTANCEPATH>"
    value = (
        f'<PARAMVALUE NAME="RequestedState" PARAMTYPE="uint16"><VALUE>{state}</VALUE></PARAMVALUE>'
    )
    call = f'<METHODCALL NAME="RequestStateChange">{target}{value}</METHODCALL>'
    return "RequestStateChange", _message(call)


def http_request(method: str, body: bytes, *, cim_object: str = NAMESPACE) -> bytes:
    """Return the whole HTTP request."""
    head = (
        "POST /cimom HTTP/1.1\r\nHost: localhost\r\n"
        'Content-Type: application/xml; charset="utf-8"\r\n'
        f"CIMOperation: MethodCall\r\nCIMMethod: {method}\r\nCIMObject: {cim_object}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def state_change_request(name: str, state: int) -> bytes:
    """Return the whole HTTP request of a state change."""
    path = f'{NAMESPACE}:Test_ComputerSystem.CreationClassName="Test_ComputerSystem",Name="{name}"'
    method, body = request_state(name, state)
    return http_request(method, body, cim_object=path)
