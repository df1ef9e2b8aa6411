"""What clients can change of a system's settings (system_settings.py)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from virtcim.hypervisors.actions import Note, SetNote
from virtcim.hypervisors.definition import (
    DomainDefinition,
    EnvironmentVariable,
    KeyWrap,
    SecurityLabel,
    Timer,
)
from virtcim.hypervisors.model import DomainUUID
from virtcim.providers.changes import Changes, Live, Setter, Target, every, fixed, flag, pair, to
from virtcim.providers.system_settings import (
    CAPTION,
    PROPERTIES,
    TIMER_WORDS,
)
from virtcim.schema.valuemaps import (
    AutomaticRecoveryAction,
    AutomaticShutdownAction,
    ClockOffset,
)

# What happens when: libvirt's word for each number

_STRICT_SHUTDOWN: Mapping[int, str] = {AutomaticShutdownAction.TURN_OFF: "destroy"}
_STRICT_RECOVERY: Mapping[int, str] = {
    AutomaticRecoveryAction.NONE: "destroy",
    AutomaticRecoveryAction.RESTART: "restart",
}
_LEGACY: Mapping[int, str] = {2: "destroy", 3: "restart", 123: "preserve"}


def _action(field: str, words: Mapping[int, str]) -> Setter:
    def put(target: Target, value: int) -> None:
        known = _LEGACY if target.model.behaviour.legacy_actions else words
        if value not in known:
            raise ValueError(f"it must be one of {', '.join(map(str, known))}")
        target.edit.set(field, known[value])

    return put


_OFFSETS: Mapping[int, str] = {ClockOffset.UTC: "utc", ClockOffset.LOCAL: "localtime"}


def _clock(target: Target, value: int) -> None:
    if value not in _OFFSETS:
        raise ValueError("it must be 0 (UTC) or 1 (the host's local time)")
    target.edit.set("clock_offset", _OFFSETS[value])


def _feature(field: str) -> Setter:
    def put(target: Target, value: bool) -> None:  # noqa: FBT001 - it is what is written
        if bool(getattr(target.definition, field)) != value:
            target.edit.set(field, value)

    return put


# Notes


def _notes(target: Target, value: Sequence[str]) -> None:
    target.edit.set("description", "\n".join(value) or None)


def _description(target: Target, value: str) -> None:
    if not target.has("Notes"):
        target.edit.set("description", None if value in {"", CAPTION} else value)


def _live_note(note: Note, text: Callable[[Any], str | None]) -> Live:
    def action(uuid: DomainUUID, _definition: DomainDefinition, value: Any) -> SetNote:
        return SetNote(uuid=uuid, note=note, text=text(value))

    return action


_LIVE: Mapping[str, Live] = {
    "Title":       _live_note(Note.TITLE, lambda value: value or None),
    "Notes":       _live_note(Note.DESCRIPTION, lambda value: "\n".join(value or ()) or None),
    "Description": _live_note(Note.DESCRIPTION,
                              lambda value: None if value in ("", CAPTION) else value),
}  # fmt: skip


# Lists


def _timer(text: str) -> Timer:
    name, *words = text.split()
    fields = {word: field for field, word in TIMER_WORDS.items()}
    values: dict[str, Any] = {}
    for one in words:
        word, value = pair(one, "NAME word=value ...")
        if word not in fields:
            raise ValueError(f"a timer has no {word}")
        values[fields[word]] = _TIMER_VALUES.get(word, str)(value)
    return Timer(name=name, **values)


_TIMER_VALUES: Mapping[str, Callable[[str], Any]] = {"present": flag, "frequency": int}


def _timers(target: Target, value: Sequence[str]) -> None:
    """Set them; what a timer has that the property does not say stays with it."""
    known = {one.name: one for one in target.definition.timers}
    wanted = [_timer(text) for text in value]
    for number, one in enumerate(wanted):
        old = known.get(one.name)
        if old is not None and all(getattr(old, f) == getattr(one, f) for f in TIMER_WORDS):
            wanted[number] = old
    target.edit.set("timers", tuple(wanted))


def _variable(text: str) -> EnvironmentVariable:
    name, value = pair(text)
    return EnvironmentVariable(name=name, value=value or None)


def _cipher(text: str) -> KeyWrap:
    name, value = pair(text, "CIPHER=on or CIPHER=off")
    return KeyWrap(name=name, enabled=flag(value))


def _label(field: str) -> Setter:
    def put(target: Target, value: str) -> None:
        labels = target.definition.security_labels
        first = dict(vars(labels[0])) if labels else {}
        first[field] = value or None
        target.edit.set("security_labels", (SecurityLabel(**first), *labels[1:]))

    return put


def _acpi_table(target: Target, value: str) -> None:
    rest = target.definition.acpi_tables[1:]
    target.edit.set("acpi_tables", (value, *rest) if value else rest)


SETTERS: Mapping[str, Setter] = {
    "Title":                   to("title"),
    "Notes":                   _notes,
    "Description":             _description,
    "HypervisorType":          to("domain_type"),
    "Arch":                    to("architecture"),
    "Machine":                 to("machine"),
    "Emulator":                to("emulator"),
    "OnPowerOff":              to("on_poweroff"),
    "OnReboot":                to("on_reboot"),
    "OnCrash":                 to("on_crash"),
    "OnLockFailure":           to("on_lockfailure"),
    "AutomaticShutdownAction": _action("on_poweroff", _STRICT_SHUTDOWN),
    "AutomaticRecoveryAction": _action("on_crash", _STRICT_RECOVERY),
    "EnableACPI":              _feature("acpi"),
    "EnableAPIC":              _feature("apic"),
    "EnablePAE":               _feature("pae"),
    "ClockOffset":             _clock,
    "ClockTimeZone":           to("clock_timezone"),
    "ClockAdjustment":         to("clock_adjustment"),
    "Timers":                  _timers,
    "Bootloader":              to("bootloader"),
    "BootloaderArgs":          to("bootloader_arguments"),
    "Kernel":                  to("kernel"),
    "Ramdisk":                 to("initrd"),
    "CommandLine":             to("command_line"),
    "DTB":                     to("device_tree"),
    "ACPITable":               _acpi_table,
    "SMBIOSMode":              to("smbios_mode"),
    "BootDevices":             to("boot_devices"),
    "BootMenu":                to("boot_menu"),
    "BootMenuTimeout":         to("boot_menu_timeout"),
    "BIOSUseSerial":           to("bios_use_serial"),
    "RebootTimeout":           to("reboot_timeout"),
    "Firmware":                to("firmware"),
    "Loader":                  to("loader"),
    "LoaderType":              to("loader_type"),
    "LoaderReadOnly":          to("loader_readonly"),
    "SecureBoot":              to("loader_secure"),
    "NVRAM":                   to("nvram"),
    "NVRAMTemplate":           to("nvram_template"),
    "InitPath":                to("init"),
    "InitArguments":           to("init_arguments"),
    "InitEnvironment":         to("init_environment", every(_variable)),
    "IOThreads":               to("io_threads"),
    "SuspendToMemory":         to("suspend_to_memory"),
    "SuspendToDisk":           to("suspend_to_disk"),
    "SecurityModel":           _label("model"),
    "SecurityType":            _label("kind"),
    "SecurityLabel":           _label("label"),
    "Partition":               to("partition"),
    "KeyWrap":                 to("key_wrap", every(_cipher)),
}  # fmt: skip

BY_SERVICE = frozenset({"VirtualSystemIdentifier", "UUID", "AutoStart", "AutomaticStartupAction"})
"""What the service sets beside the definition (define_system.py, system_methods.py)."""

_GETTERS = {name: getter for name, getter in PROPERTIES.items() if name not in BY_SERVICE}

CHANGES = Changes(
    getters=_GETTERS,
    setters=SETTERS,
    fixed=fixed(
        _GETTERS,
        SETTERS,
        VirtualSystemType="it is the prefix of the classes",
        CreationTime="it is when the snapshot was taken",
        ConfigurationID="it names the configuration",
        IsFullVirt="a system is made one or the other",
        IDMap="the files of the container are owned by these users",
        OSInfo="it belongs to who keeps it in the metadata",
        Features="the features are shown as lines; EnableACPI and its like set them",
        LaunchSecurity="it needs keys that a setting does not carry",
        Metadata="it belongs to who keeps it there",
        GenID="the hypervisor makes another when the guest returns to an old state",
        Persistent="a system is defined or it is not",
    ),
    live=_LIVE,
)
