"""Good requests, and ways to spoil them: their bytes, their XML, their values, their HTTP heads.

Everything random comes from the generator that is passed in, so a seed names one run.
"""

import re
from collections.abc import Callable, Sequence
from random import Random
from xml.sax.saxutils import escape

from lxml import etree

from tests.rawhttp import (
    EXPORT_HEADERS,
    cim_headers,
    exported,
    head,
    indication,
    instance_name,
    intrinsic,
    message,
    namespace_path,
    parameter,
)

SYSTEM = "Test_ComputerSystem"
PATH = instance_name(SYSTEM, CreationClassName=SYSTEM, Name="running")
CLASS = f'<CLASSNAME NAME="{SYSTEM}"/>'
TRUE = "<VALUE>TRUE</VALUE>"
LIST = "<VALUE.ARRAY><VALUE>Name</VALUE><VALUE>EnabledState</VALUE></VALUE.ARRAY>"
INSTANCE = (
    f'<INSTANCE CLASSNAME="{SYSTEM}"><PROPERTY NAME="Name" TYPE="string"><VALUE>x</VALUE>'
    '</PROPERTY><PROPERTY.ARRAY NAME="Dedicated" TYPE="uint16"><VALUE.ARRAY><VALUE>0</VALUE>'
    '</VALUE.ARRAY></PROPERTY.ARRAY><PROPERTY.REFERENCE NAME="R"><VALUE.REFERENCE>'
    f"{PATH}</VALUE.REFERENCE></PROPERTY.REFERENCE></INSTANCE>"
)
DECLARATION = (
    f'<CLASS NAME="X_New" SUPERCLASS="{SYSTEM}"><QUALIFIER NAME="Version" TYPE="string">'
    '<VALUE>1</VALUE></QUALIFIER><PROPERTY NAME="P" TYPE="uint8"></PROPERTY><METHOD NAME="M" '
    'TYPE="uint32"><PARAMETER NAME="A" TYPE="string"></PARAMETER></METHOD></CLASS>'
)


def _invoke(method: str, *arguments: str) -> bytes:
    target = f"<LOCALINSTANCEPATH>{namespace_path('root/virt')}{PATH}</LOCALINSTANCEPATH>"
    return message(f'<METHODCALL NAME="{method}">{target}{"".join(arguments)}</METHODCALL>')


SERVICE = "Test_ResourcePoolConfigurationService"
POOL = instance_name("Test_DiskPool", InstanceID="DiskPool/default")
_RASD = "ResourceAllocationSettingData"
_IN_MOF = (
    f'instance of Test_DiskPool{_RASD} as $A {{ Type = 1; Path = "/a" "b"; /* c */'
    f' DevicePaths = {{ "x\\n", NULL }}; Autostart = TRUE; }};'
)
_IN_XML = (
    f'<INSTANCE CLASSNAME="Test_StorageVolume{_RASD}"><PROPERTY NAME="VolumeName" TYPE="string">'
    '<VALUE>v</VALUE></PROPERTY><PROPERTY NAME="Capacity" TYPE="uint64"><VALUE>5</VALUE></PROPERTY>'
    "</INSTANCE>"
)


def _configure(method: str, *arguments: str) -> tuple[bytes, dict[str, str]]:
    """Return a call of the service of pools by its class."""
    target = (
        f"<LOCALCLASSPATH>{namespace_path('root/virt')}"
        f'<CLASSNAME NAME="{SERVICE}"/></LOCALCLASSPATH>'
    )
    body = message(f'<METHODCALL NAME="{method}">{target}{"".join(arguments)}</METHODCALL>')
    return body, cim_headers(method, f"root/virt:{SERVICE}")


def _argument(name: str, value: str, attributes: str = "") -> str:
    return f'<PARAMVALUE NAME="{name}"{attributes}>{value}</PARAMVALUE>'


_IN_POOL = _argument("Pool", f"<VALUE.REFERENCE>{POOL}</VALUE.REFERENCE>")

_LIST = instance_name(
    "Test_FilterList",
    SystemCreationClassName="Test_HostSystem",
    SystemName="x",
    CreationClassName="Test_FilterList",
    Name="f",
)
_NAMED = '<PROPERTY NAME="Name" TYPE="string"><VALUE>f:0</VALUE></PROPERTY>'
_FILTER = (
    f'<INSTANCE CLASSNAME="Test_FilterList">{_NAMED}<PROPERTY NAME="Priority" TYPE="sint16">'
    "<VALUE>5</VALUE></PROPERTY></INSTANCE>"
)
_RULE = (
    f'<INSTANCE CLASSNAME="Test_IPHeadersFilter">{_NAMED}<PROPERTY NAME="Action" TYPE="uint16">'
    '<VALUE>1</VALUE></PROPERTY><PROPERTY.ARRAY NAME="HdrSrcAddress" TYPE="uint8"><VALUE.ARRAY>'
    f"{'<VALUE>9</VALUE>' * 4}</VALUE.ARRAY></PROPERTY.ARRAY></INSTANCE>"
)
_NESTED = (
    '<INSTANCE CLASSNAME="Test_NestedFilterList"><PROPERTY.REFERENCE NAME="Antecedent">'
    f"<VALUE.REFERENCE>{_LIST}</VALUE.REFERENCE></PROPERTY.REFERENCE><PROPERTY.REFERENCE "
    f'NAME="Dependent"><VALUE.REFERENCE>{_LIST}</VALUE.REFERENCE></PROPERTY.REFERENCE></INSTANCE>'
)

_EXTRINSIC = f'root/virt:{SYSTEM}.CreationClassName="{SYSTEM}",Name="running"'
_OBJECT = parameter("ObjectName", PATH)
_NAME = parameter("InstanceName", PATH)
_CLASS = parameter("ClassName", CLASS)
_CHOICE = parameter("PropertyList", LIST) + parameter("IncludeClassOrigin", TRUE)
_LANGUAGE = parameter("QueryLanguage", "<VALUE>WQL</VALUE>")
_WQL = "SELECT Name FROM Test_ComputerSystem WHERE EnabledState = 2 AND Name LIKE 'r%'"
_FQL = parameter("FilterQueryLanguage", "<VALUE>DMTF:FQL</VALUE>") + parameter(
    "FilterQuery",
    "<VALUE>EnabledState = 2 AND Name LIKE 'r.*' OR ANY OperationalStatus = 2</VALUE>",
)
_CQL = parameter("FilterQueryLanguage", "<VALUE>DMTF:CQL</VALUE>") + parameter(
    "FilterQuery", f"<VALUE>SELECT Name, EnabledState FROM {SYSTEM}</VALUE>"
)
_QUALIFIER = (
    '<QUALIFIER.DECLARATION NAME="Fuzzed" TYPE="string" TOSUBCLASS="false">'
    '<SCOPE PROPERTY="true"/><VALUE>x</VALUE></QUALIFIER.DECLARATION>'
)
_PULL = parameter("MaxObjectCount", "<VALUE>10</VALUE>")
_CONTEXT = parameter("EnumerationContext", "<VALUE>x</VALUE>") + _PULL
_CALL = (
    '<PARAMVALUE NAME="RequestedState" PARAMTYPE="uint16"><VALUE>2</VALUE></PARAMVALUE>'
    '<PARAMVALUE NAME="TimeoutPeriod"><VALUE>00000000000000.000000:000</VALUE></PARAMVALUE>'
)

GOOD: Sequence[tuple[bytes, dict[str, str]]] = [
    *(
        (intrinsic(name, *parameters), cim_headers(name))
        for name, *parameters in (
            ("GetInstance", _NAME, _CHOICE),
            ("EnumerateInstances", _CLASS, _CHOICE, parameter("DeepInheritance", TRUE)),
            ("EnumerateInstanceNames", _CLASS),
            ("GetClass", _CLASS, _CHOICE, parameter("LocalOnly", TRUE)),
            ("EnumerateClasses", _CLASS, parameter("IncludeQualifiers", TRUE)),
            ("EnumerateClassNames", parameter("DeepInheritance", TRUE)),
            ("GetQualifier", parameter("QualifierName", "<VALUE>Key</VALUE>")),
            ("EnumerateQualifiers",),
            ("Associators", _OBJECT, parameter("AssocClass", '<CLASSNAME NAME="CIM_Dependency"/>')),
            ("AssociatorNames", _OBJECT, parameter("Role", "<VALUE>Dependent</VALUE>")),
            ("References", _OBJECT, _CHOICE),
            ("ReferenceNames", parameter("ObjectName", CLASS)),
            ("GetProperty", _NAME, parameter("PropertyName", "<VALUE>Name</VALUE>")),
            ("SetProperty", _NAME, parameter("PropertyName", "<VALUE>Name</VALUE>")),
            ("CreateInstance", parameter("NewInstance", INSTANCE)),
            ("CreateInstance", parameter("NewInstance", _FILTER)),
            ("CreateInstance", parameter("NewInstance", _RULE)),
            ("CreateInstance", parameter("NewInstance", _NESTED)),
            (
                "ModifyInstance",
                parameter(
                    "ModifiedInstance",
                    f"<VALUE.NAMEDINSTANCE>{PATH}{INSTANCE}</VALUE.NAMEDINSTANCE>",
                ),
            ),
            ("DeleteInstance", _NAME),
            ("CreateClass", parameter("NewClass", DECLARATION)),
            ("DeleteClass", _CLASS),
            (
                "ExecQuery",
                parameter("QueryLanguage", "<VALUE>WQL</VALUE>"),
                parameter("Query", TRUE),
            ),
            ("OpenEnumerateInstances", _CLASS, _PULL),
            ("OpenAssociatorInstancePaths", _NAME, _PULL),
            ("PullInstancesWithPath", _CONTEXT),
            ("CloseEnumeration", parameter("EnumerationContext", "<VALUE>x</VALUE>")),
            ("EnumerationCount", parameter("EnumerationContext", "<VALUE>x</VALUE>")),
            ("ExecQuery", _LANGUAGE, parameter("Query", f"<VALUE>{escape(_WQL)}</VALUE>")),
            ("OpenEnumerateInstances", _CLASS, _PULL, _FQL),
            ("OpenQueryInstances", _CQL, _PULL),
            ("ModifyClass", parameter("ModifiedClass", DECLARATION)),
            ("SetQualifier", parameter("QualifierDeclaration", _QUALIFIER)),
            ("DeleteQualifier", parameter("QualifierName", "<VALUE>Fuzzed</VALUE>")),
        )
    ),
    (exported(indication(IndicationIdentifier="x:1")), EXPORT_HEADERS),
    (_invoke("RequestStateChange", _CALL), cim_headers("RequestStateChange", _EXTRINSIC)),
    _configure(
        "CreateChildResourcePool",
        _argument("ElementName", "<VALUE>n</VALUE>"),
        _argument("Settings", f"<VALUE.ARRAY><VALUE>{escape(_IN_MOF)}</VALUE></VALUE.ARRAY>"),
    ),
    _configure(
        "CreateResourceInPool",
        _argument("Settings", f"<VALUE>{escape(_IN_XML)}</VALUE>", ' EmbeddedObject="instance"'),
        _IN_POOL,
    ),
    _configure("CreateResourceInPool", _argument("Settings", _IN_XML), _IN_POOL),
    _configure("DeleteResourceInPool", _argument("Resource", _IN_XML), _IN_POOL),
    (_invoke("NoSuchMethod", _CALL), cim_headers("NoSuchMethod", _EXTRINSIC)),
]

NASTY: Sequence[str] = (
    "",
    " ",
    "\t\n",
    "0",
    "-1",
    "+5",
    "007",
    "0x1F",
    "1e308",
    "NaN",
    "INF",
    "-0",
    "18446744073709551616",
    "9" * 400,
    "9" * 5000,
    "true",
    "FALSE",
    "null",
    "None",
    "running",
    "RUNNING",
    "Name",
    "CIM_ComputerSystem",
    "Virt_ComputerSystem",
    "Test_HostedDependency",
    "CIM_Error",
    "root/virt",
    "root/interop",
    "/root//virt/",
    "root/virt/default",
    "Antecedent",
    "string",
    "uint64",
    "reference",
    "datetime",
    "20260101000000.000000+000",
    "********************.******+***",
    "99999999999999.999999:000",
    "20261399999999.000000+999",
    "a.b:c=d,e='f\"g\\",
    "../../etc/passwd",
    "%s%n%x{0}{}",
    "'; DROP TABLE domains; --",
    "<VALUE>x</VALUE>",
    "]]>",
    "&amp;lt;",
    "\N{SNOWMAN}",
    "\N{COMBINING ACUTE ACCENT}" * 50,
    "\N{PILE OF POO}",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
    "\ufffd\ufeff",
    "A" * 70000,
    "instance of CIM_Error {};",
)

TAGS = (
    *sorted({m[1] for body, _ in GOOD for m in re.finditer(r"<([A-Z.]+)", body.decode())}),
    "SIMPLEREQ",
    "MULTIREQ",
    "VALUE.NULL",
    "VALUE.REFARRAY",
    "CLASSPATH",
    "HOST",
    "X",
)
ATTRIBUTES = ("NAME", "TYPE", "PARAMTYPE", "VALUETYPE", "CLASSNAME", "EmbeddedObject", "ARRAYSIZE")


# Values: the XML stays as it is


def spoil_values(random: Random, body: bytes) -> bytes:
    """Replace one to three texts or attributes by nasty ones, mostly those of the parameters."""
    text = body.decode()
    for _ in range(random.randint(1, 3)):
        mark = "</LOCALNAMESPACEPATH>" if random.random() < 0.9 else "<CIM"
        places = [m.span(m.lastindex or 0) for m in _VALUES.finditer(text, text.find(mark))]
        if places:
            start, end = random.choice(places)
            text = text[:start] + escape(random.choice(NASTY), {'"': "&quot;"}) + text[end:]
    return text.encode()


_VALUES = re.compile(r'>([^<>]+)<|="([^"]*)"')


# XML: still well-formed


def spoil_tree(random: Random, body: bytes) -> bytes:
    """Change one to four things in the tree."""
    root = etree.fromstring(body)
    for _ in range(random.randint(1, 4)):
        random.choice(_TREE_CHANGES)(random, random.choice(list(root.iter("*"))))
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _remove(_: Random, element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _repeat(random: Random, element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        for _ in range(random.choice((1, 1, 1, 2, 50))):
            parent.append(etree.fromstring(etree.tostring(element, with_tail=False)))


def _rename(random: Random, element: etree._Element) -> None:
    element.tag = random.choice(TAGS)


def _nest(random: Random, element: etree._Element) -> None:
    for _ in range(random.choice((1, 1, 2, 30, 100))):
        attributes = {str(name): str(value) for name, value in element.attrib.items()}
        child = etree.SubElement(element, str(element.tag), attributes)
        child.text, element = "x", child


def _write(random: Random, element: etree._Element) -> None:
    element.text = random.choice(NASTY)


def _drop_attribute(random: Random, element: etree._Element) -> None:
    if element.attrib:
        del element.attrib[random.choice(sorted(map(str, element.attrib)))]


def _set_attribute(random: Random, element: etree._Element) -> None:
    element.set(random.choice(ATTRIBUTES), random.choice(NASTY))


def _reverse(_: Random, element: etree._Element) -> None:
    element[:] = list(reversed(element))


def _comment(_: Random, element: etree._Element) -> None:
    element.append(etree.Comment("x"))
    element.append(etree.ProcessingInstruction("x", "y"))


def _namespace(_: Random, element: etree._Element) -> None:
    element.tag = f"{{urn:x}}{etree.QName(element).localname}"


_TREE_CHANGES: Sequence[Callable[[Random, etree._Element], None]] = (
    _remove,
    _repeat,
    _rename,
    _nest,
    _write,
    _drop_attribute,
    _set_attribute,
    _reverse,
    _comment,
    _namespace,
)


# Bytes: XML no longer


def spoil_bytes(random: Random, data: bytes) -> bytes:
    """Cut, repeat, replace or insert pieces."""
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.choice((0, 1, 1, 2, 8, 64)))
        data = data[:start] + random.choice(_BYTE_CHANGES)(random, data[start:end]) + data[end:]
    return data


_PIECES = (
    b"\x00",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"<",
    b">",
    b"&",
    b'"',
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"<!DOCTYPE x [<!ENTITY y 'z'>]>",
    b"&y;",
    b"&#0;",
    b"&#xD800;",
    b"&#x10FFFF;",
    b"<?xml version='1.0' encoding='utf-16'?>",
    b"\r\n",
    b"\r\n\r\n",
)
_BYTE_CHANGES: Sequence[Callable[[Random, bytes], bytes]] = (
    lambda _, _piece: b"",
    lambda _, piece: piece + piece,
    lambda random, _: random.choice(_PIECES),
    lambda random, piece: piece + random.choice(_PIECES),
    lambda random, piece: bytes(random.randrange(256) for _ in piece),
    lambda _, piece: piece.swapcase(),
)


# Heads


def spoil_head(random: Random, body: bytes, headers: dict[str, str]) -> bytes:
    """Change headers, the request line, or the bytes of the whole request."""
    fields = dict(headers)
    for _ in range(random.randint(1, 3)):
        name, value = random.choice(_FIELDS)
        fields[name] = value
    for name in random.sample(sorted(headers), random.choice((0, 0, 1, 2))):
        fields.pop(name, None)
    data = head(body, fields, random.choice(_LINES))
    if random.random() < 0.2:
        data = data.replace(b"Content-Length", b"X-Length", 1)
    if random.random() < 0.3:
        length = data.index(b"\r\n\r\n")
        data = spoil_bytes(random, data[:length]) + data[length:]
    if random.random() < 0.2:
        data = data[: random.randrange(1, len(data))]
    if random.random() < 0.2:
        data += random.choice((b"\r\n", b"x", data, data * 3, b"GET / HTTP/1.1\r\n\r\n"))
    return data


_LINES = (
    *["POST /cimom HTTP/1.1"] * 8,
    "POST /cimom HTTP/1.0",
    "POST / HTTP/1.1",
    "POST http://localhost/cimom HTTP/1.1",
    "POST //cimom?x=%ff#y HTTP/1.1",
    "M-POST /cimom HTTP/1.1",
    "GET /cimom HTTP/1.1",
    "HEAD /cimom HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "CONNECT localhost:1 HTTP/1.1",
    "TRACE / HTTP/1.1",
    "PRI * HTTP/2.0",
    "POST /cimom HTTP/9.9",
    "POST /cimom",
    "POST  /cimom  HTTP/1.1",
    f"POST /{'x' * 9000} HTTP/1.1",
    "",
)
_FIELDS = (
    ("Content-Length", "0"),
    ("Content-Length", "-1"),
    ("Content-Length", "1"),
    ("Content-Length", "100000"),
    ("Content-Length", "99999999999999999999"),
    ("Content-Length", "5, 5"),
    ("Content-Length", "0x10"),
    ("Transfer-Encoding", "chunked"),
    ("Transfer-Encoding", "identity"),
    ("Transfer-Encoding", "gzip, chunked"),
    ("Transfer-Encoding", "xchunked"),
    ("TE", "trailers"),
    ("TE", "chunked;q=0"),
    ("Host", ""),
    ("Expect", "100-continue"),
    ("Expect", "x"),
    ("Connection", "close"),
    ("Connection", "upgrade"),
    ("Upgrade", "h2c"),
    ("Content-Encoding", "gzip"),
    ("Content-Encoding", "zstd"),
    ("Content-Encoding", "deflate"),
    ("Content-Encoding", "gzip, zstd"),
    ("Content-Type", "text/xml; charset=utf-16"),
    ("Content-Type", "application/xml;;;=;charset"),
    ("Content-Type", ""),
    ("Content-Language", "x" * 300),
    ("Accept", "text/html"),
    ("Accept-Encoding", "identity;q=0"),
    ("Accept-Encoding", ";;q=,,*;q=0.0000"),
    ("CIMExport", ""),
    ("CIMExportMethod", "%"),
    ("CIMExportBatch", ""),
    ("Range", "bytes=0-1"),
    ("CIMOperation", ""),
    ("CIMOperation", "MethodResponse"),
    ("CIMExport", "MethodRequest"),
    ("CIMBatch", "x"),
    ("CIMMethod", "%"),
    ("CIMMethod", "%ZZ%00%FF"),
    ("CIMObject", "%2f%2f:::==,,"),
    ("CIMObject", 'root/virt:X.a="b'),
    ("CIMObject", "x" * 20000),
    ("CIMProtocolVersion", "1.0.0.0"),
    ("CIMProtocolVersion", "9"),
    ("Authorization", "Basic"),
    ("Authorization", "Basic ====="),
    ("Authorization", "Negotiate " + "A" * 5000),
    ("Cookie", "a" * 9000),
    ("X-Empty", ""),
    ("X-Latin", "\xe9\xff"),
    ("X-Long", "y" * 40000),
    *((f"X-{n}", "many") for n in range(5)),
)
