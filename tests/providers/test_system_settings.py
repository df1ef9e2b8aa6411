"""Settings of domains as a whole."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.hypervisors.standing import facts_of
from tests.providers.handmade import found_again, model_of, records, told
from virtcim.hypervisors.model import SnapshotFacts
from virtcim.providers.system_settings import FAMILY
from virtcim.schema.layouts import Record

UUID = "11111111-2222-3333-4444-555555555501"

RICH = f"""<domain type='kvm'><name>web</name><uuid>{UUID}</uuid><genid>{UUID}</genid>
<title>Web</title><description>A web server</description>
<metadata><l:libosinfo xmlns:l='http://libosinfo.org/xmlns/libvirt/domain/1.0'>
<l:os id='http://debian.org/debian/12'/></l:libosinfo><o:x xmlns:o='urn:other'/></metadata>
<memory>1024</memory><vcpu>1</vcpu><iothreads>3</iothreads>
<resource><partition>/machine</partition></resource>
<os firmware='efi'><type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
<loader readonly='yes' secure='no' type='pflash'>/code.fd</loader>
<nvram template='/vars.fd'>/web.fd</nvram><kernel>/vmlinuz</kernel><initrd>/initrd</initrd>
<cmdline>quiet</cmdline><dtb>/web.dtb</dtb><acpi><table type='slic'>/slic</table></acpi>
<boot dev='hd'/><boot dev='cdrom'/><bootmenu enable='yes' timeout='3000'/>
<bios useserial='yes' rebootTimeout='-1'/><smbios mode='sysinfo'/></os>
<features><acpi/><apic/><pae state='off'/><hyperv><relaxed state='on'/></hyperv></features>
<clock offset='variable' adjustment='3600' basis='utc'><timer name='rtc' tickpolicy='catchup'/>
<timer name='hpet' present='no'/></clock>
<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>preserve</on_crash>
<on_lockfailure>poweroff</on_lockfailure>
<pm><suspend-to-mem enabled='no'/><suspend-to-disk enabled='yes'/></pm>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices>
<seclabel type='dynamic' model='apparmor'><label>libvirt-1</label></seclabel>
<seclabel type='static' model='dac'><label>+0:+0</label></seclabel>
<launchSecurity type='sev'/><keywrap><cipher name='aes' state='off'/></keywrap></domain>"""

PLAIN = f"""<domain type='kvm'><name>web</name><uuid>{UUID}</uuid><memory>1024</memory>
<vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os></domain>"""


def system_of(text: str, *, compat: bool = False) -> Record:
    """Return the only setting of a stopped domain."""
    (record,) = records(model_of(facts_of(None, text), compat=compat), FAMILY)
    return record


@pytest.mark.parametrize("compat", [False, True])
def test_names(*, compat: bool) -> None:
    """The id, the type and the names are those that clients of libvirt-cim know."""
    record = system_of(RICH, compat=compat)
    assert told(record, "InstanceID", "VirtualSystemIdentifier", "ElementName") == (
        "KVM:web", "web", "web",
    )  # fmt: skip
    assert told(record, "VirtualSystemType", "Caption", "UUID") == ("KVM", "Virtual System", UUID)
    assert told(record, "Description", "Notes", "Title") == (
        "A web server", ("A web server",), "Web",
    )  # fmt: skip
    assert told(record, "ConfigurationID", "CreationTime", "Persistent") == (UUID, None, True)
    assert told(system_of(PLAIN), "Description", "Notes") == ("Virtual System", None)


def test_machine() -> None:
    """The machine is there, with boot devices and without them."""
    record = system_of(RICH)
    assert told(record, "Arch", "Machine", "Emulator", "HypervisorType") == (
        "x86_64", "pc-q35-7.2", "/usr/bin/qemu-system-x86_64", "kvm",
    )  # fmt: skip
    assert told(record, "BootDevices", "BootMenu", "BootMenuTimeout", "BIOSUseSerial") == (
        ("hd", "cdrom"), True, 3000, True,
    )  # fmt: skip
    assert told(record, "EnableACPI", "EnableAPIC", "EnablePAE") == (True, True, False)
    assert told(system_of(PLAIN), "Arch", "Machine", "BootDevices", "EnableACPI") == (
        "x86_64", "pc", None, False,
    )  # fmt: skip


def test_firmware_and_kernel() -> None:
    """Direct boot of a kernel is shown for every hypervisor."""
    record = system_of(RICH)
    assert told(record, "Firmware", "Loader", "LoaderType", "LoaderReadOnly", "SecureBoot") == (
        "efi", "/code.fd", "pflash", True, False,
    )  # fmt: skip
    assert told(record, "NVRAM", "NVRAMTemplate", "DTB", "ACPITable", "SMBIOSMode") == (
        "/web.fd", "/vars.fd", "/web.dtb", "/slic", "sysinfo",
    )  # fmt: skip
    assert told(record, "Kernel", "Ramdisk", "CommandLine") == ("/vmlinuz", "/initrd", "quiet")


def test_never_rebooting_is_no_time() -> None:
    """Libvirt's -1 does not fit an unsigned number, and means never."""
    assert system_of(RICH)["RebootTimeout"] is None
    waits = RICH.replace("rebootTimeout='-1'", "rebootTimeout='5'")
    assert system_of(waits)["RebootTimeout"] == 5


def test_the_rest_of_a_definition() -> None:
    """Features, timers, power management, security and what others keep are there."""
    record = system_of(RICH)
    assert record["Features"] == ("acpi=on", "apic=on", "pae=off", "hyperv/relaxed=on")
    assert record["Timers"] == ("rtc tickpolicy=catchup", "hpet present=no")
    assert told(record, "SuspendToMemory", "SuspendToDisk") == (False, True)
    assert told(record, "SecurityModel", "SecurityLabel", "SecurityType") == (
        "apparmor", "libvirt-1", "dynamic",
    )  # fmt: skip
    assert told(record, "OSInfo", "Metadata") == (
        "http://debian.org/debian/12",
        "http://libosinfo.org/xmlns/libvirt/domain/1.0 urn:other",
    )
    assert told(record, "Partition", "LaunchSecurity", "KeyWrap", "GenID", "IOThreads") == (
        "/machine", "sev", ("aes=off",), UUID, 3,
    )  # fmt: skip
    assert told(record, "OnPowerOff", "OnReboot", "OnCrash", "OnLockFailure") == (
        "destroy", "restart", "preserve", "poweroff",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("clock", "offset"),
    [
        ("<clock offset='utc'/>", 0),
        ("<clock offset='localtime'/>", 1),
        ("<clock offset='timezone' timezone='Europe/Berlin'/>", 0),
        ("", None),
    ],
)
def test_clocks(clock: str, offset: int | None) -> None:
    """There are two offsets; a domain without a clock has none."""
    record = system_of(PLAIN.replace("</os>", f"</os>{clock}"))
    assert record["ClockOffset"] == offset


def test_a_clock_in_full() -> None:
    """What two numbers cannot say stands beside them."""
    assert told(system_of(RICH), "ClockOffset", "ClockAdjustment") == (0, "3600")
    text = PLAIN.replace("</os>", "</os><clock offset='timezone' timezone='Europe/Berlin'/>")
    assert system_of(text)["ClockTimeZone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("word", "strict", "compat"),
    [
        # word              shutdown, recovery; the same in libvirt-cim's numbers
        ("destroy",          (2, 2),    (2, 2)),
        ("restart",          (None, 3), (3, 3)),
        ("preserve",         (None, 2), (123, 123)),
        ("coredump-destroy", (None, 2), (2, 2)),
        ("coredump-restart", (None, 3), (2, 2)),
        ("rename-restart",   (None, 3), (2, 2)),
        ("new-word",         (None, None), (2, 2)),
        (None,               (None, None), (0, 0)),
    ],
)  # fmt: skip
def test_actions(
    word: str | None, strict: tuple[int | None, int | None], compat: tuple[int, int]
) -> None:
    """Actions have DMTF's numbers, in compat libvirt-cim's with its own one for preserve."""
    ends = "" if word is None else f"<on_poweroff>{word}</on_poweroff><on_crash>{word}</on_crash>"
    text = PLAIN.replace("</os>", f"</os>{ends}")
    names = ("AutomaticShutdownAction", "AutomaticRecoveryAction")
    assert told(system_of(text), *names) == strict
    assert told(system_of(text, compat=True), *names) == compat


def test_autostart() -> None:
    """Whether the host starts it is told in DMTF's word and in libvirt-cim's."""
    names = ("AutomaticStartupAction", "AutoStart")
    for autostart, told_ in ((True, (4, 1)), (False, (2, 0))):
        facts = replace(facts_of(None, PLAIN), autostart=autostart)
        (record,) = records(model_of(facts), FAMILY)
        assert told(record, *names) == told_


def test_xen() -> None:
    """Only a Xen domain is full or not."""
    text = f"""<domain type='xen'><name>web</name><uuid>{UUID}</uuid><memory>1</memory>
    <vcpu>1</vcpu><bootloader>/pygrub</bootloader><bootloader_args>-q</bootloader_args>
    <os><type>linux</type></os></domain>"""
    assert told(system_of(text), "IsFullVirt", "Bootloader", "BootloaderArgs") == (
        False, "/pygrub", "-q",
    )  # fmt: skip
    assert system_of(text.replace(">linux<", ">hvm<"))["IsFullVirt"] is True
    assert system_of(PLAIN)["IsFullVirt"] is None


def test_a_container() -> None:
    """A container has a first program, with arguments, environment and mapped users."""
    text = f"""<domain type='lxc'><name>web</name><uuid>{UUID}</uuid><memory>1</memory>
    <vcpu>1</vcpu><os><type>exe</type><init>/sbin/init</init><initarg>-a</initarg>
    <initarg>b</initarg><initenv name='LANG'>C</initenv><initenv name='EMPTY'/></os>
    <idmap><uid start='0' target='1000' count='10'/>
    <gid start='0' target='2000' count='10'/></idmap>
    </domain>"""
    record = system_of(text)
    assert told(record, "InitPath", "InitArguments", "InitEnvironment") == (
        "/sbin/init", ("-a", "b"), ("LANG=C", "EMPTY="),
    )  # fmt: skip
    assert record["IDMap"] == ("uid=0:1000:10", "gid=0:2000:10")


def test_what_runs_and_what_will() -> None:
    """A definition that differs from the running one has a setting of its own, in strict mode."""
    later = PLAIN.replace("<os>", "<description>new</description><os>")
    live = PLAIN.replace("type='kvm'", "type='kvm' id='1'")
    model = model_of(facts_of(live, later))
    now, then = records(model, FAMILY)
    assert told(now, "InstanceID", "Notes", "ChangeableType") == ("KVM:web", None, 1)
    assert told(then, "InstanceID", "Notes", "ChangeableType") == (
        "KVM:web/defined", ("new",), 2,
    )  # fmt: skip
    assert found_again(model, FAMILY) == [now, then]
    (old,) = records(model_of(facts_of(live, later), compat=True), FAMILY)
    assert told(old, "InstanceID", "Notes") == ("KVM:web", ("new",))


def test_snapshots() -> None:
    """A snapshot has its own name, its own time and its own notes."""
    snapshot = SnapshotFacts(
        name="before", parent=None, current=True, created=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
        state="shutoff", description="before the change",
        xml=f"<domainsnapshot><name>before</name>{RICH}</domainsnapshot>",
    )  # fmt: skip
    model = model_of(facts_of(None, PLAIN, snapshot))
    _, then = records(model, FAMILY)
    assert told(then, "InstanceID", "ElementName", "VirtualSystemIdentifier") == (
        "KVM:web/snapshot/before", "before", "web",
    )  # fmt: skip
    assert told(then, "CreationTime", "Notes", "ConfigurationID") == (
        "20240102030405.000000+000", ("before the change",), f"{UUID}/before",
    )  # fmt: skip
    assert told(then, "AutomaticStartupAction", "AutoStart", "ChangeableType") == (None, None, 0)
    assert then["Machine"] == "pc-q35-7.2"
    assert found_again(model, FAMILY)[1] == then


def test_names_with_slashes_and_colons() -> None:
    """Names of domains may have what ids are made of."""
    text = PLAIN.replace("<name>web</name>", "<name>a:b/c</name>")
    model = model_of(facts_of(None, text))
    assert [record["InstanceID"] for record in found_again(model, FAMILY)] == ["KVM:a:b/c"]
