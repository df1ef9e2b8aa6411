"""Debian's wbemcli against the running server: the strictest reader of replies."""

import re
import subprocess

import pytest

from tests.clients.expected import DOMAINS, HOST, NAMESPACE, SERVICE, SYSTEM
from tests.serving import RunningServer

CLASSES = ("Test", "KVM", "Xen", "LXC")
FAILED = 16
"""wbemcli's exit status for a CIM error."""


def domain(name: str) -> str:
    """Return the path of a domain, as a user types it."""
    return f'{SYSTEM}.CreationClassName="{SYSTEM}",Name="{name}"'


def wbemcli(
    server: RunningServer, words: str, path: str, *more: str, namespace: str = NAMESPACE
) -> tuple[int, str]:
    """Run wbemcli: a command with options, a path, properties; return its status and its words.

    The server's address at the start of lines is left out.
    """
    command = ["wbemcli", *words.split(), f"{server.url}/{namespace}:{path}", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    return done.returncode, re.sub(r"^[\w.:-]+/(?=\w+[/:])", "", said, flags=re.MULTILINE)


def answered(server: RunningServer, words: str, path: str, *more: str, **options: str) -> list[str]:
    """Run wbemcli, which must succeed; return its lines."""
    status, said = wbemcli(server, words, path, *more, **options)
    assert status == 0, said
    return said.splitlines()


def names(lines: list[str], class_name: str) -> list[str]:
    """Return the Name keys of paths of a class, sorted."""
    found = (re.match(rf"{NAMESPACE}:{class_name}\.(.*)", line) for line in lines)
    keys = [match[1] for match in found if match]
    return sorted(key for text in keys for key in re.findall(r'(?:^|,)Name="([^"]*)"', text))


def host_path(server: RunningServer) -> str:
    """Return the path of the host."""
    (line,) = answered(server, "ein", HOST)
    return line.split(":", 1)[1]


def test_enumerate_instance_names(server: RunningServer) -> None:
    """Ein lists every domain by its keys; the superclass lists the host too."""
    lines = answered(server, "ein", SYSTEM)
    assert len(lines) == len(DOMAINS)
    assert names(lines, SYSTEM) == sorted(DOMAINS)
    assert all(f'CreationClassName="{SYSTEM}"' in line for line in lines)
    lines = answered(server, "ein", "CIM_ComputerSystem")
    assert names(lines, SYSTEM) == sorted(DOMAINS)
    assert len(names(lines, HOST)) == 1


def test_enumerate_instances(server: RunningServer) -> None:
    """Ei shows the chosen properties of each domain."""
    lines = answered(server, "ei", SYSTEM, "Name,EnabledState,OperatingStatus,HealthState")
    shown = {line.split(" ", 1)[1] for line in lines}
    assert shown == {
        f'Name="{name}",HealthState={d.health},OperatingStatus={d.operating},EnabledState={d.enabled}'
        for name, d in DOMAINS.items()
    }


@pytest.mark.parametrize("name", DOMAINS)
def test_get_instance(server: RunningServer, name: str) -> None:
    """Gi shows every property of a domain, a line each, those without a value too."""
    seen = DOMAINS[name]
    path, *lines = answered(server, "gi -nl", domain(name))
    assert names([path], SYSTEM) == [name]
    properties = dict(line.removeprefix("-").split("=", 1) for line in lines if line)
    assert properties["Name"] == properties["ElementName"] == f'"{name}"'
    assert properties["CreationClassName"] == f'"{SYSTEM}"'
    assert properties["UUID"] == f'"{seen.uuid}"'
    assert properties["EnabledState"] == str(seen.enabled)
    assert properties["OperatingStatus"] == str(seen.operating)
    assert properties["OperationalStatus"] == ",".join(map(str, seen.operational))
    assert properties["HealthState"] == str(seen.health)
    assert properties["AvailableRequestedStates"] == ",".join(map(str, seen.available))
    assert properties["RequestedState"] == "0"
    assert properties["InstallDate"] == ""


def test_get_property(server: RunningServer) -> None:
    """Gp shows one value."""
    assert answered(server, "gp", domain("paused"), "EnabledState") == ["9"]
    assert answered(server, "gp", domain("paused"), "Name") == ["paused"]


def test_classes(server: RunningServer) -> None:
    """Gc and ec show properties of classes, ecn their names."""
    (line,) = answered(server, "gc", SYSTEM)
    assert line.startswith(f"{NAMESPACE}:{SYSTEM} InstanceID=,Caption=,")
    assert line.endswith(",UUID=")
    below = answered(server, "ecn", "Virt_ComputerSystem")
    assert sorted(below) == sorted(f"{NAMESPACE}:{p}_ComputerSystem" for p in CLASSES)
    full = answered(server, "ec", "Virt_ComputerSystem")
    assert sorted(line.split(" ")[0] for line in full) == sorted(below)
    (declaration,) = answered(server, "gcd", "CIM_HostedDependency")
    assert '<PROPERTY.REFERENCE NAME="Antecedent"' in declaration


def test_associators(server: RunningServer) -> None:
    """Ain and ai lead from a domain to its host and capabilities, and from the host to domains."""
    lines = answered(server, "ain -ac CIM_HostedDependency", domain("running"))
    assert [line.split(".")[0] for line in lines] == [f"{NAMESPACE}:{HOST}"]
    lines = answered(server, f"ain -arc {SYSTEM}", host_path(server))
    assert names(lines, SYSTEM) == sorted(DOMAINS)
    words = "ai -ac CIM_ElementCapabilities -arc Test_EnabledLogicalElementCapabilities"
    (line,) = answered(server, words, domain("running"))
    assert 'InstanceID="running"' in line
    assert "RequestedStatesSupported=2,3,4,6,9,10,11," in line
    assert answered(server, "ain -ac CIM_HostedDependency -ar Antecedent", domain("running")) == []


def test_every_instance_and_class_can_be_read(server: RunningServer) -> None:
    """Ei understands every instance that the server has, and gc every class of them."""
    shown = answered(server, "ei", "CIM_ManagedElement")
    classes = {line.removeprefix(f"{NAMESPACE}:").partition(".")[0] for line in shown}
    assert len(classes) > 30
    for class_name in sorted(classes):
        assert answered(server, "gc", class_name), class_name
    assert len(answered(server, "ei", "CIM_Dependency")) > 30


def test_references(server: RunningServer) -> None:
    """Rin and ri show the associations of a domain with both ends."""
    (line,) = answered(server, "rin -arc CIM_HostedDependency", domain("running"))
    assert line.startswith(f"{NAMESPACE}:Test_HostedDependency.Antecedent={NAMESPACE}:{HOST}.")
    assert f",Dependent={NAMESPACE}:{SYSTEM}." in line
    lines = answered(server, "ri -arc CIM_ElementCapabilities", domain("running"), "Capabilities")
    assert f"Capabilities={NAMESPACE}:Test_EnabledLogicalElementCapabilities." in lines[0]
    lines = answered(server, "rin -ar Antecedent", host_path(server))
    kinds = [line.split(".")[0].split(":")[1] for line in lines]
    assert kinds.count("Test_HostedService") == 8
    assert kinds.count("Test_HostedDependency") >= len(DOMAINS)


def test_management_service(server: RunningServer) -> None:
    """Ei and gi show the host's service and what clients choose features by."""
    wanted = "Name,Started,Revision,Changeset"
    (line,) = answered(server, "ei", SERVICE, wanted)
    path, shown = line.removeprefix(f"{NAMESPACE}:").split(' Name="Management Service",')
    assert re.fullmatch(r'Started=TRUE,Changeset="virtcim-[\d.]+",Revision="[2-9]\d{3,}"', shown)
    assert path.startswith(f"{SERVICE}.")
    assert answered(server, "gi", path, wanted) == [line]
    assert answered(server, "ei", "KVM_VirtualSystemManagementService") == []


def test_chunked_replies(server: RunningServer) -> None:
    """With trailers asked for, the reply comes in chunks and reads the same."""
    assert answered(server, "ei -cte", HOST, "Name") == answered(server, "ei", HOST, "Name")


def test_interop(server: RunningServer) -> None:
    """The interop namespace shows the server, its namespaces and its profiles."""
    (manager,) = answered(server, "ei", "CIM_ObjectManager", "ElementName", namespace="interop")
    assert manager.endswith(' ElementName="virtcim"')
    namespaces = answered(server, "ein", "CIM_Namespace", namespace="root/interop")
    assert {"root/virt", "root/interop"} <= set(
        re.findall(r',Name="([^"]*)"', "\n".join(namespaces))
    )
    profiles = answered(server, "ein", "CIM_RegisteredProfile", namespace="root/interop")
    assert {line.split('"')[1] for line in profiles} >= {
        "CIM:DSP1042-SystemVirtualization-1.0.0",
        "CIM:DSP1057-VirtualSystem-1.0.0a",
    }


def test_request_state_change(own_server: RunningServer) -> None:
    """Cm calls the method without types, cmx with them; both have done their work when they end."""
    (line,) = answered(own_server, "cm", domain("running"), "RequestStateChange.RequestedState=9")
    assert line.endswith(" RequestStateChange: 0")
    assert answered(own_server, "gp", domain("running"), "EnabledState") == ["9"]
    assert answered(own_server, "gp", domain("running"), "RequestedState") == ["9"]
    (line,) = answered(own_server, "cm", domain("running"), "RequestStateChange.RequestedState=9")
    assert line.endswith(" RequestStateChange: 4097")
    (line,) = answered(own_server, "cmx", domain("running"), "RequestStateChange.RequestedState=2")
    assert '<RETURNVALUE PARAMTYPE="uint32"><VALUE>0</VALUE></RETURNVALUE>' in line
    assert answered(own_server, "gp", domain("running"), "EnabledState") == ["2"]


@pytest.mark.parametrize(
    ("words", "path", "more", "error"),
    [
        ("gi", domain("gone"), (), r"\(6\) CIM_ERR_NOT_FOUND: .*gone"),
        ("ei", "No_SuchClass", (), r"\(5\) CIM_ERR_INVALID_CLASS: .*No_SuchClass"),
        ("gc", "No_SuchClass", (), r"\(6\) CIM_ERR_NOT_FOUND: .*No_SuchClass"),
        ("gi", f'{SYSTEM}.Name="running"', (), r"\(4\) CIM_ERR_INVALID_PARAMETER"),
        ("gp", domain("running"), ("NoSuch",), r"\(12\) CIM_ERR_NO_SUCH_PROPERTY: .*NoSuch"),
        ("di", domain("running"), (), r"\(7\) CIM_ERR_NOT_SUPPORTED"),
        ("sp", domain("running"), ("EnabledDefault=3",), r"\(7\) CIM_ERR_NOT_SUPPORTED"),
        ("cm", domain("running"), ("NoSuch",), r"\(17\) CIM_ERR_METHOD_NOT_FOUND"),
        ("cm", SERVICE, ("StopService",), r"\(16\) CIM_ERR_METHOD_NOT_AVAILABLE: .*StopService"),
    ],
)
def test_errors(
    server: RunningServer, words: str, path: str, more: tuple[str, ...], error: str
) -> None:
    """An error reaches the user with its code, its name and the object it is about."""
    status, said = wbemcli(server, words, path, *more)
    assert status == FAILED
    assert re.search(error, said), said


def test_unknown_namespace(server: RunningServer) -> None:
    """A namespace that does not exist is said to be so."""
    status, said = wbemcli(server, "ei", SYSTEM, namespace="root/nowhere")
    assert status == FAILED
    assert "(3) CIM_ERR_INVALID_NAMESPACE: namespace 'root/nowhere'" in said
