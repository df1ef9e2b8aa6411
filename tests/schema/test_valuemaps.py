"""The enumerations of the schema's numbers, against the MOF."""

import inspect
import re
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pywbem

import virtcim
from virtcim.schema import valuemaps

ENUMERATIONS = [
    member
    for _, member in inspect.getmembers(valuemaps, inspect.isclass)
    if issubclass(member, IntEnum) and member is not IntEnum
]


@cache
def classes() -> Any:
    """Return the declared classes by name."""
    connection = pywbem.MOFWBEMConnection()
    schema = Path(virtcim.__file__).parent / "mof" / "schema.mof"
    pywbem.MOFCompiler(connection, search_paths=[], log_func=None).compile_file(str(schema), "n")
    return connection.classes["n"]


def value_map(element: Any) -> dict[str, int]:
    """Return the numbers of an element's ValueMap by the name a member has for them."""
    numbers = element.qualifiers["ValueMap"].value
    texts = element.qualifiers["Values"].value
    return {
        re.sub(r"[^A-Z0-9]+", "_", text.upper()).strip("_"): int(number)
        for number, text in zip(numbers, texts, strict=True)
        if number.isdigit()
    }


@pytest.mark.parametrize("enumeration", ENUMERATIONS, ids=lambda e: e.__name__)
def test_members_are_the_values(enumeration: type[IntEnum]) -> None:
    """Names and numbers are those of the element that the docstring names, all if it says so."""
    docstring = enumeration.__doc__ or ""
    named = re.search(r"\b((?:CIM|Virt)_\w+)\.(\w+)", docstring)
    assert named, enumeration
    class_, name = classes()[named[1]], named[2]
    element = class_.methods[name] if name in class_.methods else class_.properties[name]
    here, there = {m.name: m.value for m in enumeration}, value_map(element)
    if "in use" in docstring:
        assert here.items() < there.items()
    else:
        assert here == there


def test_every_enumeration_is_offered() -> None:
    """The package offers the enumerations of all its modules, by different names."""
    modules = [module for _, module in inspect.getmembers(valuemaps, inspect.ismodule)]
    declared = [
        name
        for module in modules
        for name, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module.__name__
    ]
    assert sorted(declared) == sorted(valuemaps.__all__)


@pytest.mark.parametrize(
    ("enumeration", "elements"),
    [
        (
            valuemaps.ResourceType,
            ["CIM_ResourcePool.ResourceType", "CIM_AllocationCapabilities.ResourceType"],
        ),
        (
            valuemaps.FilterAction,
            ["Virt_IPHeadersFilter.Action", "Virt_FilterEntry.Action", "CIM_FilterEntry.Action"],
        ),
        (
            valuemaps.FilterDirection,
            [
                "Virt_IPHeadersFilter.Direction",
                "Virt_FilterEntry.Direction",
                "CIM_FilterList.Direction",
            ],
        ),
        (valuemaps.EndpointMode, ["CIM_VLANEndpoint.DesiredEndpointMode"]),
        (valuemaps.ProtocolSupported, ["CIM_Controller.ProtocolSupported"]),
        (
            valuemaps.RedirectionSharingMode,
            ["CIM_RedirectionServiceCapabilities.SharingModeSupported"],
        ),
        (valuemaps.SnapshotType, ["CIM_VirtualSystemSnapshotCapabilities.SnapshotTypesEnabled"]),
        (valuemaps.PowerState, ["CIM_PowerManagementCapabilities.PowerStatesSupported"]),
    ],
    ids=lambda e: e.__name__ if isinstance(e, type) else "",
)
def test_numbers_mean_the_same_elsewhere(enumeration: type[IntEnum], elements: list[str]) -> None:
    """Elements with a map of their own give the numbers that they share the same names."""
    for element in elements:
        class_name, _, name = element.partition(".")
        here = {m.value: m.name for m in enumeration}
        there = {v: k for k, v in value_map(classes()[class_name].properties[name]).items()}
        shared = here.keys() & there.keys()
        assert shared
        assert {n: here[n] for n in shared} == {n: there[n] for n in shared}


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("CIM_EnabledLogicalElement", "AvailableRequestedStates"),
        ("CIM_EnabledLogicalElement", "TransitioningToState"),
        ("CIM_EnabledLogicalElementCapabilities", "RequestedStatesSupported"),
    ],
)
def test_requested_states_mean_the_same_everywhere(class_name: str, name: str) -> None:
    """Where the numbers of RequestedState stand elsewhere, they stand for the same states."""
    there = value_map(classes()[class_name].properties[name])
    here = {m.name: m.value for m in valuemaps.RequestedState}
    assert {k.replace("DEFER", "DEFERRED"): v for k, v in there.items()}.items() <= here.items()
