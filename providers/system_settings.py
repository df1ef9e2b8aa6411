"""CIM_VirtualSystemSettingData of domains: of their state, their next start, their snapshots.

VirtualSystemType is the prefix, `KVM` and not `DMTF:...`, in strict mode too: it is the vendor's
word (DSP1057), and clients compare it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from virtcim.hypervisors.definition.domain import DomainDefinition, SecurityLabel, Timer
from virtcim.hypervisors.model import DomainFacts
from virtcim.inventory.snapshots import Domain
from virtcim.providers import templates
from virtcim.providers.configurations import Configuration, configurations
from virtcim.providers.families import DomainFamily, owner_after_prefix
from virtcim.providers.model import HostModel
from virtcim.providers.settings import CHANGEABLE, within
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import (
    AutomaticRecoveryAction,
    AutomaticShutdownAction,
    AutomaticStartupAction,
    ClockOffset,
)
from virtcim.wbem.types import DateTime, timestamp

FAMILY = "Virt_VirtualSystemSettingData"

CAPTION = "Virtual System"


@dataclass(frozen=True, slots=True)
class SystemView:
    """A configuration of a domain, as the table below reads it."""

    model: HostModel
    configuration: Configuration

    @property
    def definition(self) -> DomainDefinition:
        """The definition of the system."""
        return self.configuration.system

    @property
    def facts(self) -> DomainFacts:
        """The hypervisor's facts of the domain."""
        return self.configuration.domain.facts

    @property
    def instance_id(self) -> str:
        """The InstanceID."""
        return self.configuration.system_id(self.model.host.prefix)


# What happens when

_DESTROY, _RESTART, _PRESERVE = "destroy", "restart", "preserve"

_LEGACY_ACTIONS: Mapping[str | None, int] = {
    # libvirt's word   libvirt-cim's number, one map for both properties
    None:              0,
    _DESTROY:          2,
    _RESTART:          3,
    _PRESERVE:         123,
}  # fmt: skip
_LEGACY_OTHER = 2

_SHUTDOWN_ACTIONS: Mapping[str | None, AutomaticShutdownAction] = {
    # on_poweroff; CIM has no number for the other words
    _DESTROY: AutomaticShutdownAction.TURN_OFF,
}

_RECOVERY_ACTIONS: Mapping[str | None, AutomaticRecoveryAction] = {
    # on_crash
    _DESTROY:           AutomaticRecoveryAction.NONE,
    _PRESERVE:          AutomaticRecoveryAction.NONE,
    "coredump-destroy": AutomaticRecoveryAction.NONE,
    _RESTART:           AutomaticRecoveryAction.RESTART,
    "rename-restart":   AutomaticRecoveryAction.RESTART,
    "coredump-restart": AutomaticRecoveryAction.RESTART,
}  # fmt: skip


def _shutdown_action(v: SystemView) -> int | None:
    word = v.definition.on_poweroff
    if v.model.behaviour.legacy_actions:
        return _LEGACY_ACTIONS.get(word, _LEGACY_OTHER)
    return _SHUTDOWN_ACTIONS.get(word)


def _recovery_action(v: SystemView) -> int | None:
    word = v.definition.on_crash
    if v.model.behaviour.legacy_actions:
        return _LEGACY_ACTIONS.get(word, _LEGACY_OTHER)
    return _RECOVERY_ACTIONS.get(word)


def _autostart(v: SystemView) -> bool | None:
    """Return whether the host starts it; a snapshot does not say so."""
    return None if v.configuration.snapshot is not None else v.facts.autostart


_STARTUP_ACTIONS: Mapping[bool | None, AutomaticStartupAction | None] = {
    None:  None,
    False: AutomaticStartupAction.NONE,
    True:  AutomaticStartupAction.ALWAYS_STARTUP,
}  # fmt: skip


# Names and times


def _element_name(v: SystemView) -> str:
    snapshot = v.configuration.snapshot
    return v.facts.name if snapshot is None else snapshot.name


def _notes(v: SystemView) -> str | None:
    """Return what a person wrote about this configuration."""
    snapshot = v.configuration.snapshot
    return v.definition.description if snapshot is None else snapshot.description


def _configuration_id(v: SystemView) -> str:
    """Return an id that outlives a change of name: the domain's, with the snapshot's name."""
    snapshot = v.configuration.snapshot
    return v.facts.uuid if snapshot is None else f"{v.facts.uuid}/{snapshot.name}"


def _creation_time(v: SystemView) -> DateTime | None:
    snapshot = v.configuration.snapshot
    return None if snapshot is None else timestamp(snapshot.created)


# Parts of the definition


def _clock_offset(v: SystemView) -> ClockOffset | None:
    offset = v.definition.clock_offset
    if offset is None:
        return None
    return ClockOffset.LOCAL if offset == "localtime" else ClockOffset.UTC


TIMER_WORDS: Mapping[str, str] = {
    # field          attribute of the timer
    "tick_policy": "tickpolicy",
    "present":     "present",
    "track":       "track",
    "mode":        "mode",
    "frequency":   "frequency",
}  # fmt: skip


def _timer(timer: Timer) -> str:
    found = ((word, getattr(timer, field)) for field, word in TIMER_WORDS.items())
    said = (f"{word}={_word(value)}" for word, value in found if value is not None)
    return " ".join((timer.name or "", *said))


def _word(value: object) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


_NO_LABEL = SecurityLabel()


def _label(v: SystemView) -> SecurityLabel:
    """Return the label that the host's own security driver gave, which libvirt writes first."""
    return next(iter(v.definition.security_labels), _NO_LABEL)


def _is_full(v: SystemView) -> bool | None:
    return v.definition.os_type == "hvm" if v.definition.domain_type == "xen" else None


_OF_CIM: Mapping[str, Getter] = {
    # v is a SystemView
    "InstanceID":              lambda v: v.instance_id,
    "ElementName":             _element_name,
    "Caption":                 lambda _: CAPTION,
    "Description":             lambda v: _notes(v) or CAPTION,
    "ChangeableType":          lambda v: CHANGEABLE[v.configuration.kind],
    "ConfigurationName":       lambda v: v.instance_id,
    "VirtualSystemIdentifier": lambda v: v.facts.name,
    "VirtualSystemType":       lambda v: v.model.host.prefix,
    "Notes":                   lambda v: _notes(v) and (_notes(v),),
    "CreationTime":            _creation_time,
    "ConfigurationID":         _configuration_id,
    "AutomaticStartupAction":  lambda v: _STARTUP_ACTIONS[_autostart(v)],
    "AutomaticShutdownAction": _shutdown_action,
    "AutomaticRecoveryAction": _recovery_action,
}  # fmt: skip

_OF_LIBVIRT_CIM: Mapping[str, Getter] = {
    "UUID":           lambda v: v.facts.uuid,
    "EnableACPI":     lambda v: bool(v.definition.acpi),
    "EnableAPIC":     lambda v: bool(v.definition.apic),
    "EnablePAE":      lambda v: bool(v.definition.pae),
    "AutoStart":      lambda v: None if _autostart(v) is None else int(v.facts.autostart),
    "ClockOffset":    _clock_offset,
    "IsFullVirt":     _is_full,
    "Bootloader":     lambda v: v.definition.bootloader,
    "BootloaderArgs": lambda v: v.definition.bootloader_arguments,
    "Kernel":         lambda v: v.definition.kernel,
    "Ramdisk":        lambda v: v.definition.initrd,
    "CommandLine":    lambda v: v.definition.command_line,
    "BootDevices":    lambda v: v.definition.boot_devices or None,
    "Emulator":       lambda v: v.definition.emulator,
    "Arch":           lambda v: v.definition.architecture,
    "Machine":        lambda v: v.definition.machine,
    "InitPath":       lambda v: v.definition.init,
}  # fmt: skip

_OF_OURS: Mapping[str, Getter] = {
    "InitArguments":   lambda v: v.definition.init_arguments or None,
    "InitEnvironment": lambda v: tuple(f"{one.name}={one.value or ''}"
                                       for one in v.definition.init_environment) or None,
    "Title":           lambda v: v.definition.title,
    "OSInfo":          lambda v: v.definition.os_info,
    "Firmware":        lambda v: v.definition.firmware,
    "Loader":          lambda v: v.definition.loader,
    "LoaderType":      lambda v: v.definition.loader_type,
    "LoaderReadOnly":  lambda v: v.definition.loader_readonly,
    "NVRAM":           lambda v: v.definition.nvram,
    "NVRAMTemplate":   lambda v: v.definition.nvram_template,
    "SecureBoot":      lambda v: v.definition.loader_secure,
    "BootMenu":        lambda v: v.definition.boot_menu,
    "BootMenuTimeout": lambda v: v.definition.boot_menu_timeout,
    "BIOSUseSerial":   lambda v: v.definition.bios_use_serial,
    # libvirt's -1 means never
    "RebootTimeout":   lambda v: within(v.definition.reboot_timeout, 32),
    "DTB":             lambda v: v.definition.device_tree,
    "ACPITable":       lambda v: next(iter(v.definition.acpi_tables), None),
    "SMBIOSMode":      lambda v: v.definition.smbios_mode,
    "Features":        lambda v: v.definition.features or None,
    "ClockTimeZone":   lambda v: v.definition.clock_timezone,
    "ClockAdjustment": lambda v: v.definition.clock_adjustment,
    "Timers":          lambda v: tuple(map(_timer, v.definition.timers)) or None,
    "OnPowerOff":      lambda v: v.definition.on_poweroff,
    "OnReboot":        lambda v: v.definition.on_reboot,
    "OnCrash":         lambda v: v.definition.on_crash,
    "OnLockFailure":   lambda v: v.definition.on_lockfailure,
    "SuspendToMemory": lambda v: v.definition.suspend_to_memory,
    "SuspendToDisk":   lambda v: v.definition.suspend_to_disk,
    "SecurityModel":   lambda v: _label(v).model,
    "SecurityLabel":   lambda v: _label(v).label,
    "SecurityType":    lambda v: _label(v).kind,
    "Partition":       lambda v: v.definition.partition,
    "LaunchSecurity":  lambda v: v.definition.launch_security,
    "KeyWrap":         lambda v: tuple(f"{one.name}={'on' if one.enabled else 'off'}"
                                       for one in v.definition.key_wrap) or None,
    "Metadata":        lambda v: " ".join(v.definition.metadata) or None,
    "GenID":           lambda v: v.definition.gen_id,
    "HypervisorType":  lambda v: v.definition.domain_type,
    "IOThreads":       lambda v: v.definition.io_threads,
    "IDMap":           lambda v: tuple(f"{one.kind}={one.start}:{one.target}:{one.count}"
                                       for one in v.definition.id_maps) or None,
    "Persistent":      lambda v: v.facts.persistent,
}  # fmt: skip

PROPERTIES: Mapping[str, Getter] = {**_OF_CIM, **_OF_LIBVIRT_CIM, **_OF_OURS}


def parts(model: HostModel, domain: Domain) -> Iterable[SystemView]:
    """Return what the settings are made from: one for each configuration, in their order."""
    pending = model.behaviour.pending_settings
    return [SystemView(model, one) for one in configurations(domain, pending=pending)]


FAMILIES = (
    DomainFamily(
        name=FAMILY,
        getters=PROPERTIES,
        parts=parts,
        owners=owner_after_prefix,
        shared=templates.of(FAMILY),
    ),
)
