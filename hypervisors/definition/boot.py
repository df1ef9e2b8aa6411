"""How a domain boots: its `<os>` and `<bootloader>`."""

from virtcim.hypervisors.definition.converters import (
    integer,
    many,
    text,
    word,
    yes_no,
)
from virtcim.hypervisors.definition.fields import (
    Declared,
    at,
    declared,
    parts,
)


@declared
class EnvironmentVariable(Declared):
    """One variable of a container's init."""

    name: str | None = at("@name", text)
    value: str | None = at(".", text)


@declared
class FirmwareFeature(Declared):
    """What the firmware must have, or must not."""

    name: str | None = at("@name", word)
    enabled: bool | None = at("@enabled", yes_no)


@declared
class Boot(Declared):
    """What `<os>` and the boot loader elements say.

    os_type: "hvm", "exe", "linux", "xen", "xenpvh".
    boot_menu_timeout, reboot_timeout: milliseconds; a reboot_timeout of -1 means never.
    loader_type: "rom" or "pflash". nvram: path of the firmware's variables.
    initrd: "ramdisk" of other models. device_tree: path of a DTB.
    """

    os_type: str | None = at("os/type", word)
    architecture: str | None = at("os/type/@arch", word)
    machine: str | None = at("os/type/@machine", word)
    firmware: str | None = at("os/@firmware", word)
    firmware_features: tuple[FirmwareFeature, ...] = at(
        "os/firmware/feature", parts(FirmwareFeature), filled=True
    )
    loader: str | None = at("os/loader", text, filled=True)
    loader_type: str | None = at("os/loader/@type", word, filled=True)
    loader_readonly: bool | None = at("os/loader/@readonly", yes_no, filled=True)
    loader_secure: bool | None = at("os/loader/@secure", yes_no, filled=True)
    loader_stateless: bool | None = at("os/loader/@stateless", yes_no, filled=True)
    loader_format: str | None = at("os/loader/@format", word, filled=True)
    nvram: str | None = at("os/nvram", text, also=("os/nvram/source/@file",), filled=True)
    nvram_template: str | None = at("os/nvram/@template", text, filled=True)
    boot_devices: tuple[str, ...] = at("os/boot/@dev", many(word))
    boot_menu: bool | None = at("os/bootmenu/@enable", yes_no)
    boot_menu_timeout: int | None = at("os/bootmenu/@timeout", integer)
    bios_use_serial: bool | None = at("os/bios/@useserial", yes_no)
    reboot_timeout: int | None = at("os/bios/@rebootTimeout", integer)
    kernel: str | None = at("os/kernel", text)
    initrd: str | None = at("os/initrd", text)
    command_line: str | None = at("os/cmdline", text)
    device_tree: str | None = at("os/dtb", text)
    acpi_tables: tuple[str, ...] = at("os/acpi/table", many(text))
    smbios_mode: str | None = at("os/smbios/@mode", word)
    init: str | None = at("os/init", text)
    init_arguments: tuple[str, ...] = at("os/initarg", many(text))
    init_environment: tuple[EnvironmentVariable, ...] = at("os/initenv", parts(EnvironmentVariable))
    init_directory: str | None = at("os/initdir", text)
    init_user: str | None = at("os/inituser", text)
    init_group: str | None = at("os/initgroup", text)
    bootloader: str | None = at("bootloader", text)
    bootloader_arguments: str | None = at("bootloader_args", text)
