"""Every command of every group of pywbemcli, as a user types it: it works, or it says why not."""

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from pywbemtools.pywbemcli.pywbemcli import cli

from tests.clients.expected import HOST, NAMESPACE, SYSTEM
from tests.clients.test_pywbemcli import PROGRAM, domain, pywbemcli
from tests.serving import RunningServer

GROUPS = (
    "server", "namespace", "profile", "statistics", "connection", "class", "instance",
    "qualifier", "subscription",
)  # fmt: skip
"""What talks to a server; the rest of pywbemcli is about itself."""

OWN = "root/acme"
MOF = """
Qualifier Own : boolean = false, Scope(any), Flavor(DisableOverride);
[Own] class ACME_Disk : CIM_ManagedElement { [Key] string Name; uint32 Size; };
instance of ACME_Disk { Name = "first"; Size = 1; };
"""

READS: Mapping[str, tuple[str, str, str]] = {
    # command              format, arguments, what is shown
    "server brand":        ("text", "", r"^virtcim$"),
    "server info":         ("plain", "", r"^virtcim +\d[\d.]+ +interop +\w"),
    "server schema":       ("plain", "-n root/interop --detail", r"CIM +\d+ +2\.49\.0"),
    "namespace list":      ("plain", "", r"^root/virt$"),
    "namespace interop":   ("text", "", r"^interop$"),
    "profile list":        ("plain", "-o DMTF -p 'Profile Registration'",
                            r"^DMTF +Profile Registration +1\.0\.0$"),
    "profile centralinsts": ("plain", "-o DMTF -p 'WBEM Server Profile'",
                             r":CIM_WBEMServer\.\w"),
    "statistics status":   ("table", "", r"server statistics gathering[ |]+on"),
    "statistics show":     ("table", "", r"Client statistics"),
    "statistics reset":    ("table", "", r"statistics reset"),
    "statistics server-on": ("table", "", r"already on"),
    "statistics server-show": ("table", "", r"EnumerateInstances[ |]+[1-9]"),
    "connection test":     ("plain", "--test-pull", r"OpenQueryInstances +OK"),
    "connection show":     ("plain", "", rf"namespace +{NAMESPACE}"),
    "connection export":   ("plain", "", r"^export PYWBEMCLI_SERVER=http"),
    "class enumerate":     ("plain", "CIM_System --di --no", rf"^{HOST}$"),
    "class get":           ("mof", "CIM_WBEMServer", r"CreateWBEMServerNamespace\("),
    "class find":          ("plain", "*_WBEMServer", r"^root/interop +CIM_WBEMServer$"),
    "class tree":          ("mof", "CIM_WBEMService", r"CIM_ObjectManager"),
    "class associators":   ("mof", "CIM_WBEMServer --no --ac CIM_ElementCapabilities",
                            r"/root/virt:CIM_Capabilities$"),
    "class references":    ("mof", "CIM_ObjectManager --no",
                            r"/root/virt:CIM_NamespaceInManager$"),
    "instance enumerate":  ("plain", f"{SYSTEM} --no", r"running"),
    "instance get":        ("mof", f"{HOST}.?", rf"^instance of {HOST} {{"),
    "instance associators": ("mof", f"{HOST}.? --rc {SYSTEM} --no", rf":{SYSTEM}\."),
    "instance references": ("mof", f"{HOST}.? --no", r":Test_HostedDependency\."),
    "instance count":      ("plain", "CIM_WBEM*",
                            r"^root/interop +CIM_WBEMServerNamespace +4$"),
    "instance shrub":      ("mof", f"{HOST}.?", r"AssocClass"),
    "qualifier get":       ("mof", "Key", r"^Qualifier Key : boolean"),
    "qualifier enumerate": ("plain", "", r"^Abstract +boolean"),
}  # fmt: skip
"""Commands that change nothing, and a line of what they show."""

CHANGES = (
    "server add-mof", "server remove-mof", "namespace create", "namespace delete",
    "connection save", "connection list", "connection select", "connection set-default",
    "connection delete", "class delete", "instance create", "instance modify", "instance delete",
    "instance invokemethod", "qualifier delete",
)  # fmt: skip
"""Commands of the scenes below."""

REFUSED: Mapping[str, tuple[str, str]] = {
    # command                  arguments                      the end of what is said
    "statistics server-off":  ("", "ModifyInstance is not served for CIM_ObjectManager"),
    "class invokemethod":     ("CIM_WBEMServer StopService -n interop",
                               "CIM_WBEMServer does not implement StopService"),
}  # fmt: skip
"""Commands for what the server does not do."""

SUBSCRIPTIONS: Mapping[str, str] = {
    "subscription add-destination":     "one --listener-url http://localhost:5000",
    "subscription add-filter":          "one --query 'SELECT * FROM CIM_Indication'",
    "subscription add-subscription":    "one one",
    "subscription list":                "",
    "subscription list-destinations":   "",
    "subscription list-filters":        "",
    "subscription list-subscriptions":  "",
    "subscription remove-destination":  "one",
    "subscription remove-filter":       "one",
    "subscription remove-subscription": "one one",
    "subscription remove-server":       "",
}  # fmt: skip
"""Commands for indications, which the server does not have."""

BROKEN = {"instance query"}
"""What pywbemcli itself cannot do; see the test of it."""


def test_every_command_is_run() -> None:
    """The tables and scenes are all that there is."""
    commands = {f"{group} {name}" for group in GROUPS for name in cli.commands[group].commands}
    assert commands == {*READS, *CHANGES, *REFUSED, *SUBSCRIPTIONS, *BROKEN}
    scenes = Path(__file__).read_text().partition("# Changes")[2]
    assert [command for command in CHANGES if command not in scenes] == []


@pytest.mark.parametrize("command", READS)
def test_commands_that_read(server: RunningServer, command: str) -> None:
    """Each shows what it is asked for."""
    form, arguments, expected = READS[command]
    shown = pywbemcli(server, f"-o {form} {command}", *shlex.split(arguments))
    assert re.search(expected, shown, re.MULTILINE), shown


def refusal(server: RunningServer, command: str, *options: str) -> str:
    """Run a command that fails; return the last line of what it says."""
    words = [PROGRAM, *options, "-s", server.url, "-d", NAMESPACE, *shlex.split(command)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr.strip().rpartition("\n")[2]


@pytest.mark.parametrize("command", REFUSED)
def test_commands_for_what_is_not_there(server: RunningServer, command: str) -> None:
    """Each is refused with the reason."""
    arguments, expected = REFUSED[command]
    assert refusal(server, f"{command} {arguments}").endswith(expected)


@pytest.mark.parametrize("command", SUBSCRIPTIONS)
def test_subscriptions_are_not_there(server: RunningServer, command: str) -> None:
    """The client is told which class is missing, and where; nothing is made."""
    expected = "class CIM_ListenerDestinationCIMXML does not exist in namespace root/interop"
    assert refusal(server, f"{command} {SUBSCRIPTIONS[command]}").endswith(expected)


@pytest.mark.parametrize("pulls", ["yes", "no"])
def test_queries_are_answered(server: RunningServer, pulls: str, tmp_path: Path) -> None:
    """Instance query fails in pywbemcli, which iterates what is no iterator; the reply is there."""
    log = tmp_path / "log"
    query = f"SELECT Name FROM {SYSTEM} WHERE EnabledState = 9"
    command = f"-l http=stderr instance query '{query}' --ql WQL"
    words = [PROGRAM, "-s", server.url, "-d", NAMESPACE, "-U", pulls, *shlex.split(command)]
    with log.open("w") as stderr:
        subprocess.run(words, stderr=stderr, stdout=stderr, timeout=120, check=False)
    said = log.read_text()
    assert "'IterQueryInstancesReturn' object is not iterable" in said
    assert re.search(r"<VALUE>paused</VALUE>", said)
    assert "<VALUE>running</VALUE>" not in said


# Changes


def test_namespaces_come_and_go(own_server: RunningServer) -> None:
    """They are made and removed as listed; what cannot be is refused with the reason."""
    assert "Created" in pywbemcli(own_server, f"namespace create {OWN}")
    assert OWN in pywbemcli(own_server, "-o plain namespace list").split()
    assert refusal(own_server, f"namespace create {OWN}").endswith(f"namespace {OWN} exists")
    assert refusal(own_server, "namespace create 'a b'").endswith("is no name of a namespace")
    assert "Dry run" in pywbemcli(own_server, f"namespace delete {OWN} --dry-run")
    assert "Deleted" in pywbemcli(own_server, f"namespace delete {OWN}")
    assert OWN not in pywbemcli(own_server, "-o plain namespace list").split()
    assert refusal(own_server, f"namespace delete {OWN}").endswith("does not exist")
    assert "because it has" in refusal(own_server, "namespace delete root/cimv2")


def test_classes_and_instances_of_ones_own(own_server: RunningServer, tmp_path: Path) -> None:
    """MOF is added and removed; its instances are made, changed and deleted."""
    mof = tmp_path / "acme.mof"
    mof.write_text(MOF)
    pywbemcli(own_server, f"server add-mof {mof} --dry-run")
    assert "ACME_Disk" not in pywbemcli(own_server, "class enumerate CIM_ManagedElement --no")
    pywbemcli(own_server, f"server add-mof {mof}")
    assert "Size = 1;" in pywbemcli(own_server, "instance get ACME_Disk -k Name=first")
    made = pywbemcli(own_server, "instance create ACME_Disk -p Name=second -p Size=2")
    assert made.strip() == f'{NAMESPACE}:ACME_Disk.Name="second"'
    pywbemcli(own_server, "instance modify ACME_Disk -k Name=second -p Size=3")
    assert "Size = 3;" in pywbemcli(own_server, "instance get ACME_Disk -k Name=second")
    assert "1 instances" not in refusal(own_server, "class delete ACME_Disk")
    pywbemcli(own_server, "instance delete ACME_Disk -k Name=second")
    assert refusal(own_server, "qualifier delete Own").endswith("ACME_Disk")
    pywbemcli(own_server, f"server remove-mof {mof}")
    assert "does not exist" in refusal(own_server, "class get ACME_Disk")
    pywbemcli(own_server, f"server add-mof {mof}")
    assert "Deleted class" in pywbemcli(own_server, "class delete ACME_Disk --include-instances")
    pywbemcli(own_server, "qualifier delete Own")
    assert "belongs to the server" in refusal(own_server, "qualifier delete Key")


def test_a_namespace_goes_with_all_that_is_in_it(own_server: RunningServer, tmp_path: Path) -> None:
    """A whole schema is compiled into a new namespace, and deleted with it."""
    mof = tmp_path / "acme.mof"
    key = "Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride);"
    mof.write_text(key + MOF.replace(" : CIM_ManagedElement", ""))
    pywbemcli(own_server, f"namespace create {OWN}")
    pywbemcli(own_server, f"server add-mof {mof} -n {OWN}")
    assert "because it has" in refusal(own_server, f"namespace delete {OWN}")
    gone = pywbemcli(own_server, f"namespace delete {OWN} --include-objects")
    for what in ("instance", "class ACME_Disk", "qualifier type Own", f"namespace {OWN}"):
        assert f"Deleted {what}" in gone


def test_methods(own_server: RunningServer) -> None:
    """A method is called on an instance, and what it changed is seen."""
    change = ("RequestStateChange", "-p", "RequestedState=9")
    done = pywbemcli(own_server, "instance invokemethod", domain("running"), *change)
    assert "ReturnValue=0" in done
    assert "EnabledState = 9;" in pywbemcli(own_server, "instance get", domain("running"))


def test_connections_are_kept(server: RunningServer, tmp_path: Path) -> None:
    """A connection is saved by its name, and used by it."""
    kept = f"-C {tmp_path / 'connections.yaml'}"
    pywbemcli(server, f"{kept} connection save here")
    assert "here" in pywbemcli(server, f"{kept} connection list")
    assert '"here" current' in pywbemcli(server, f"{kept} connection select here")
    assert "default" in pywbemcli(server, f"{kept} connection set-default here")
    words = [PROGRAM, *kept.split(), "-n", "here", "server", "brand"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "virtcim", done.stderr
    assert "Deleted" in pywbemcli(server, f"{kept} connection delete here")
    assert "here" not in pywbemcli(server, f"{kept} connection list").split()
