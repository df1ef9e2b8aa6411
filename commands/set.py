"""``virtcim set``: changes a setting through a running server, or shows what it would change.

It is found by its InstanceID: `web/vda` is a disk of the domain web, `web` its system.
The settings of resources that were changed are printed; for a system there is nothing to print.
"""

import sys
from collections.abc import Callable, Iterable
from typing import Any

import pywbem

from virtcim.commands.failures import MISUSED, Failure
from virtcim.commands.servers import answering

DRY_RUN = "Virtcim-Dry-Run"
_SYSTEMS = "CIM_VirtualSystemSettingData"
_PARTS = "CIM_VirtualSystemSettingDataComponent"
_SERVICE = "CIM_VirtualSystemManagementService"


def change(server: Any, setting: str, assignments: Iterable[str], *, dry_run: bool) -> None:
    """Change a setting, or print the difference that it would make; raises Failure."""
    given = [_assignment(text) for text in assignments]
    with answering():
        path = _find(server, setting)
        wanted = _instance(server, path, given)
        is_system = "VirtualSystemSettingData" in path.classname
        if dry_run:
            server.session.headers[DRY_RUN] = "true"
        (service, *_) = server.EnumerateInstanceNames(_SERVICE)
        method = "ModifySystemSettings" if is_system else "ModifyResourceSettings"
        parameter = ("SystemSettings", wanted) if is_system else ("ResourceSettings", [wanted])
        code, out = server.InvokeMethod(method, service, [parameter])
    _tell(method, code, out, dry_run=dry_run)


def _tell(method: str, code: int, out: Any, *, dry_run: bool) -> None:
    if code == 4096:
        print(f"job {out['Job']['InstanceID']} has been started")
    elif code:
        raise Failure(f"{method} returned {code}")
    elif dry_run:
        sys.stdout.write(out.get("Difference") or "nothing would be changed\n")
    else:
        for path in out.get("ResultingResourceSettings") or ():
            print(path["InstanceID"])


def _assignment(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise Failure(f"{text!r} is no PROPERTY=VALUE", MISUSED)
    return name, value


def _find(server: Any, setting: str) -> Any:
    """Return the path of a setting: that of a system first, then of one of its resources."""
    domain, _, device = setting.partition("/")
    for system in server.EnumerateInstanceNames(_SYSTEMS):
        own = system["InstanceID"]
        if own == setting or (own.partition(":")[2] == domain and not device):
            return system
        if own.partition(":")[2] == domain:
            for part in server.AssociatorNames(system, AssocClass=_PARTS):
                if part["InstanceID"] == setting:
                    return part
    raise Failure(f"there is no setting {setting!r}; it is named as DOMAIN or as DOMAIN/RESOURCE")


def _instance(server: Any, path: Any, given: list[tuple[str, str]]) -> Any:
    """Return the instance to send: the key, and the properties with the types of the class."""
    declared = server.GetClass(path.classname, LocalOnly=False).properties
    wanted = pywbem.CIMInstance(path.classname, {"InstanceID": path["InstanceID"]})
    for name, value in given:
        if name not in declared:
            raise Failure(f"{path.classname} has no property {name}", MISUSED)
        if name in path.keybindings:
            raise Failure(f"{name} names the setting, and cannot be set", MISUSED)
        wanted.properties[declared[name].name] = _property(declared[name], value)
    return wanted


def _property(declared: Any, text: str) -> Any:
    """Return a property; an array is written with commas, and no text takes the value away."""
    read: Callable[[str], Any] = _boolean if declared.type == "boolean" else str
    parts = text.split(",") if text else []
    try:
        value: Any = None
        if declared.is_array:
            value = [pywbem.cimvalue(read(part), declared.type) for part in parts]
        elif text or declared.type == "string":
            value = pywbem.cimvalue(read(text), declared.type)
    except ValueError as error:
        raise Failure(f"{declared.name}: {error}", MISUSED) from error
    return pywbem.CIMProperty(declared.name, value, type=declared.type, is_array=declared.is_array)


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"
