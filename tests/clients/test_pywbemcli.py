"""pywbemcli against the running server, as a user types it."""

import re
import subprocess
import sys
from pathlib import Path

from tests.clients.expected import DOMAINS, HOST, NAMESPACE, SYSTEM
from tests.serving import RunningServer

PROGRAM = str(Path(sys.executable).parent / "pywbemcli")


def pywbemcli(server: RunningServer, words: str, *more: str) -> str:
    """Run pywbemcli; return what it prints. It must have no complaint about the server."""
    command = [PROGRAM, "-s", server.url, "-d", NAMESPACE, *words.split(), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout


def domain(name: str) -> str:
    """Return the path of a domain, as a user types it."""
    return f'{NAMESPACE}:{SYSTEM}.CreationClassName="{SYSTEM}",Name="{name}"'


def test_class_find(server: RunningServer) -> None:
    """Class find looks in all namespaces."""
    found = pywbemcli(server, "-o simple class find Test_Host*")
    for namespace in (NAMESPACE, "root/interop"):
        assert re.search(rf"^{namespace} +Test_HostSystem$", found, re.MULTILINE)
        assert re.search(rf"^{namespace} +Test_HostedDependency$", found, re.MULTILINE)


def test_class_get(server: RunningServer) -> None:
    """Class get shows the declaration as MOF, with what it inherits."""
    shown = pywbemcli(server, "-o mof class get", SYSTEM)
    assert f"class {SYSTEM} : Virt_ComputerSystem {{" in shown
    assert "uint16 OperatingStatus;" in shown
    assert '"Started"' in shown
    assert "RequestStateChange(" in shown


def test_class_tree(server: RunningServer) -> None:
    """Class tree shows the families over the classes of each hypervisor."""
    tree = pywbemcli(server, "class tree Virt_ComputerSystem").split()
    assert [w for w in tree if "_" in w] == [
        "Virt_ComputerSystem",
        "KVM_ComputerSystem",
        "LXC_ComputerSystem",
        "Test_ComputerSystem",
        "Xen_ComputerSystem",
    ]


def test_instance_enumerate(server: RunningServer) -> None:
    """Instance enumerate translates the states by the value maps that the server sends."""
    table = pywbemcli(server, "-o plain instance enumerate", SYSTEM, "--pl", "Name,OperatingStatus")
    shown = dict(re.findall(r'^"(\w+)" +(\d+ \(.+\))$', table, re.MULTILINE))
    texts = {0: "Unknown", 5: "Stopped", 6: "Aborted", 7: "Dormant", 32768: "Started"}
    assert shown == {name: f"{d.operating} ({texts[d.operating]})" for name, d in DOMAINS.items()}


def test_instance_get(server: RunningServer) -> None:
    """Instance get shows one domain as MOF."""
    shown = pywbemcli(server, "-o mof instance get", domain("crashed"))
    assert f"instance of {SYSTEM} {{" in shown
    for line in ('Name = "crashed";', "EnabledState = 3;", "OperationalStatus = { 6 };"):
        assert line in shown


def test_instance_associators(server: RunningServer) -> None:
    """Instance associators leads from a domain to all it is related to."""
    shown = pywbemcli(server, "instance associators --no", domain("running"))
    assert set(re.findall(r"^//[^/]+/([\w/]+:\w+)\.", shown, re.MULTILINE)) >= {
        "root/interop:Test_RegisteredProfile",
        "root/virt:Test_EnabledLogicalElementCapabilities",
        "root/virt:Test_Processor",
        "root/virt:Test_VirtualSystemSettingData",
        f"root/virt:{HOST}",
    }


def test_instance_references(server: RunningServer) -> None:
    """Instance references shows the associations of a domain, narrowed by class."""
    shown = pywbemcli(server, "instance references --no", domain("running"))
    related = pywbemcli(server, "instance associators --no", domain("running"))
    links, others = (len(re.findall(r"^//", text, re.MULTILINE)) for text in (shown, related))
    assert links >= others > 10
    shown = pywbemcli(server, "instance references --rc CIM_HostedDependency", domain("running"))
    assert "instance of Test_HostedDependency {" in shown


def test_instance_count(server: RunningServer) -> None:
    """Instance count finds the instances of every class in every namespace."""
    table = pywbemcli(server, "-o plain instance count")
    for class_name, count in ((SYSTEM, 8), (HOST, 1), ("Test_Processor", 8)):
        assert re.search(rf"^root/virt +{class_name} +{count}$", table, re.MULTILINE), table


def test_instance_invokemethod(own_server: RunningServer) -> None:
    """Instance invokemethod changes the state; what comes next sees it."""
    change = ("RequestStateChange", "-p", "RequestedState=9")
    words = "instance invokemethod"
    assert "ReturnValue=0" in pywbemcli(own_server, words, domain("running"), *change)
    assert "EnabledState = 9;" in pywbemcli(own_server, "instance get", domain("running"))
    assert "ReturnValue=4097" in pywbemcli(own_server, words, domain("running"), *change)


def test_namespace_list(server: RunningServer) -> None:
    """Namespace list shows all namespaces, the interop namespace under both names."""
    listed = pywbemcli(server, "-o plain namespace list").split()
    assert {"root/virt", "root/interop", "interop", "root/cimv2"} <= set(listed)


def test_profile_list(server: RunningServer) -> None:
    """Profile list shows what the server implements, and central instances are found."""
    listed = pywbemcli(server, "-o plain profile list")
    assert re.search(r"^DMTF +System Virtualization +1\.0\.0$", listed, re.MULTILINE)
    assert re.search(r"^DMTF +Virtual System Profile +1\.0\.0a$", listed, re.MULTILINE)
    words = "-o plain profile centralinsts --organization DMTF --profile"
    central = pywbemcli(server, words, "System Virtualization")
    assert HOST in central


def test_server_info(server: RunningServer) -> None:
    """Server info shows the brand."""
    assert re.search(r"^virtcim +\d+\.", pywbemcli(server, "-o plain server info"), re.MULTILINE)


def test_shrub(server: RunningServer) -> None:
    """Instance shrub walks all associations of a domain."""
    shrub = pywbemcli(server, "instance shrub", domain("running"))
    for word in ("Test_HostedDependency(AssocClass)", "Antecedent(ResultRole)", HOST):
        assert word in shrub


def test_pulled_instances(server: RunningServer) -> None:
    """With pull operations, few objects at a time, everything is shown."""
    for pulls in ("yes", "either", "no"):
        command = f"-U {pulls} --pull-max-cnt 3 -o plain instance enumerate"
        shown = pywbemcli(server, command, SYSTEM, "--no")
        assert {name for name in DOMAINS if re.search(rf"\b{name}\b", shown)} == set(DOMAINS)


def test_filtered_instances(server: RunningServer) -> None:
    """A filter is for pull operations, and the server does it."""
    shown = pywbemcli(
        server, "-U yes -o simple instance enumerate", SYSTEM, "--no",
        "--fq", "EnabledState = 9", "--fql", "DMTF:FQL",
    )  # fmt: skip
    assert "paused" in shown
    assert "running" not in shown
