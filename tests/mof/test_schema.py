"""The schema's own text: it compiles in strict compilers and explains every element."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pywbem
import pywbem_mock  # type: ignore[import-untyped]  # pywbem has no types
from pywbem_mock import _resolvermixin

import virtcim

MOF = Path(virtcim.__file__).parent / "mof"
NAMESPACE = "root/virt"
NAME_KEYS = ("CreationClassName", "Name")
DEVICE_KEYS = ("CreationClassName", "DeviceID")


def compiled() -> tuple[Any, list[str]]:
    """Return pywbem's connection with the compiled schema, and what the compiler said."""
    said: list[str] = []
    connection = pywbem.MOFWBEMConnection()
    compiler = pywbem.MOFCompiler(connection, search_paths=[], log_func=said.append)
    compiler.compile_file(str(MOF / "schema.mof"), NAMESPACE)
    return connection, said


@cache
def declared() -> dict[str, Any]:
    """Return the classes as declared, by name."""
    return dict(compiled()[0].classes[NAMESPACE].items())


def elements() -> Iterator[tuple[str, Any]]:
    """Yield every class, property, method and parameter with its dotted name."""
    for class_name, class_ in declared().items():
        yield class_name, class_
        for name, property_ in class_.properties.items():
            yield f"{class_name}.{name}", property_
        for name, method in class_.methods.items():
            yield f"{class_name}.{name}()", method
            for parameter_name, parameter in method.parameters.items():
                yield f"{class_name}.{name}({parameter_name})", parameter


def named_classes(element: Any) -> Iterator[str]:
    """Yield the classes that an element names besides its own."""
    if getattr(element, "superclass", None):
        yield element.superclass
    if getattr(element, "reference_class", None):
        yield element.reference_class
    if "EmbeddedInstance" in element.qualifiers:
        yield element.qualifiers["EmbeddedInstance"].value


def ancestors(class_name: str) -> Iterator[Any]:
    """Yield the superclasses of a class, the nearest one first."""
    class_ = declared()[class_name]
    while class_.superclass:
        class_ = declared()[class_.superclass]
        yield class_


def inherited(class_name: str, name: str) -> Any | None:
    """Return the property of the nearest superclass that has one of this name, or None."""
    return next((c.properties[name] for c in ancestors(class_name) if name in c.properties), None)


def own_properties() -> Iterator[tuple[str, str, Any]]:
    """Yield every declared property with the names of its class and its own."""
    for class_name, class_ in declared().items():
        for name, property_ in class_.properties.items():
            yield class_name, name, property_


def effective(class_name: str) -> dict[str, Any]:
    """Return the properties of a class, its own and the inherited ones."""
    found = dict(declared()[class_name].properties.items())
    for class_ in ancestors(class_name):
        found = dict(class_.properties.items()) | found
    return found


def test_compiles_without_a_word() -> None:
    """The compiler has nothing to say about the schema."""
    assert compiled()[1] == []


def test_compiles_where_overrides_and_flavors_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository that resolves inheritance strictly takes every class."""
    resolve = _resolvermixin.ResolverMixin._set_new_object

    def without_parameters(self: Any, new: Any, *rest: Any) -> None:
        # pywbem cannot resolve a parameter that an overriding method adds: it wants to set an
        # attribute that parameters do not have.
        if not isinstance(new, pywbem.CIMParameter):
            resolve(self, new, *rest)

    monkeypatch.setattr(_resolvermixin.ResolverMixin, "_set_new_object", without_parameters)
    connection = pywbem_mock.FakedWBEMConnection(default_namespace=NAMESPACE)
    connection.compile_mof_file(str(MOF / "schema.mof"), NAMESPACE)
    names = connection.EnumerateClassNames(DeepInheritance=True)
    assert sorted(names) == sorted(declared())


def test_every_file_is_included_once() -> None:
    """schema.mof includes every other file of the directory, and each declares its own class."""
    included = re.findall(r'#pragma include \("(.+)"\)', (MOF / "schema.mof").read_text())
    files = [str(p.relative_to(MOF)) for p in MOF.rglob("*.mof") if p.name != "schema.mof"]
    assert sorted(included) == sorted(files)
    for name in files:
        if "/" in name:
            declares = re.findall(r"^class (\w+)", (MOF / name).read_text(), re.MULTILINE)
            assert declares == [Path(name).stem]


def test_classes_follow_what_they_name() -> None:
    """Every class that is named exists and stands before the class that names it."""
    seen: set[str] = set()
    for name, element in elements():
        if "." not in name:
            seen.add(name)
        for other in named_classes(element):
            assert other in seen, f"{name} names {other} too early, or it does not exist"


def test_every_element_has_one_sentence() -> None:
    """A description starts as a sentence, is one, and ends with a period."""
    for name, element in elements():
        text = element.qualifiers["Description"].value
        assert re.fullmatch(r"[A-Z][^\n]*[^.\s]\.", text), f"{name}: {text}"
        assert not re.search(r"\. [A-Z]|  | \.", text), f"{name}: {text}"
        assert len(text) >= 20, f"{name}: {text}"


def test_descriptions_differ() -> None:
    """No two elements share a description, so that each says something of its own."""
    by_text: dict[str, list[str]] = {}
    for name, element in elements():
        by_text.setdefault(element.qualifiers["Description"].value, []).append(name)
    assert [names for names in by_text.values() if len(names) > 1] == []


def test_every_value_has_its_text() -> None:
    """ValueMap and Values have the same length; words and single values need no Values."""
    with_map = [(name, e) for name, e in elements() if "ValueMap" in e.qualifiers]
    assert len(with_map) > 50
    for name, element in with_map:
        numbers = element.qualifiers["ValueMap"].value
        assert len(numbers) == len(set(numbers)), name
        if getattr(element, "type", None) != "string" and len(numbers) > 1:
            assert len(element.qualifiers["Values"].value) == len(numbers), name


@pytest.mark.parametrize(
    ("class_name", "keys"),
    [
        ("CIM_ComputerSystem", {"CreationClassName", "Name"}),
        ("Virt_ComputerSystem", {"CreationClassName", "Name"}),
        ("Virt_HostSystem", {"CreationClassName", "Name"}),
        ("Virt_HostedDependency", {"Antecedent", "Dependent"}),
        ("Virt_ElementCapabilities", {"ManagedElement", "Capabilities"}),
        ("Virt_EnabledLogicalElementCapabilities", {"InstanceID"}),
        ("CIM_VirtualSystemSettingData", {"InstanceID"}),
        ("CIM_ResourceAllocationSettingData", {"InstanceID"}),
        (
            "Virt_VirtualSystemManagementService",
            {"SystemCreationClassName", "SystemName", "CreationClassName", "Name"},
        ),
        ("Virt_HostedService", {"Antecedent", "Dependent"}),
        ("Virt_RegisteredProfile", {"InstanceID"}),
        ("CIM_ConcreteJob", {"InstanceID"}),
        ("CIM_MethodResult", {"InstanceID"}),
        ("CIM_ResourcePool", {"InstanceID"}),
        ("CIM_BaseMetricDefinition", {"Id"}),
        ("CIM_BaseMetricValue", {"InstanceID"}),
        ("CIM_AllocationCapabilities", {"InstanceID"}),
        ("CIM_EthernetPortAllocationSettingData", {"InstanceID"}),
        ("CIM_LogicalDisk", {"SystemCreationClassName", "SystemName", *DEVICE_KEYS}),
        ("CIM_EthernetPort", {"SystemCreationClassName", "SystemName", *DEVICE_KEYS}),
        ("CIM_FilterList", {"SystemCreationClassName", "SystemName", *NAME_KEYS}),
        ("CIM_IPHeadersFilter", {"SystemCreationClassName", "SystemName", *NAME_KEYS}),
        ("CIM_KVMRedirectionSAP", {"SystemCreationClassName", "SystemName", *NAME_KEYS}),
        ("CIM_LANEndpoint", {"SystemCreationClassName", "SystemName", *NAME_KEYS}),
        (
            "CIM_ObjectManager",
            {"SystemCreationClassName", "SystemName", "CreationClassName", "Name"},
        ),
        (
            "CIM_Namespace",
            {
                "SystemCreationClassName",
                "SystemName",
                "ObjectManagerCreationClassName",
                "ObjectManagerName",
                "CreationClassName",
                "Name",
            },
        ),
    ],
)
def test_keys(class_name: str, keys: set[str]) -> None:
    """The classes with instances have the keys by which clients name them."""
    found: set[str] = set()
    name: str | None = class_name
    while name:
        class_ = declared()[name]
        found |= {n for n, p in class_.properties.items() if "Key" in p.qualifiers}
        name = class_.superclass
    assert found == keys


def test_overrides_say_so() -> None:
    """A property of a name that is inherited overrides it, and no other one claims to."""
    for class_name, name, property_ in own_properties():
        overrides = property_.qualifiers.get("Override")
        is_inherited = inherited(class_name, name) is not None
        assert (overrides.value if overrides else None) == (name if is_inherited else None), (
            f"{class_name}.{name}"
        )


def test_overrides_keep_the_type() -> None:
    """What overrides a property has its type; a reference may only name a narrower class."""
    for class_name, name, property_ in own_properties():
        base = inherited(class_name, name)
        if base is None:
            continue
        assert (property_.type, property_.is_array) == (base.type, base.is_array)
        if property_.type == "reference":
            narrower = property_.reference_class
            wider = [narrower, *(c.classname for c in ancestors(narrower))]
            assert base.reference_class in wider, f"{class_name}.{name}"


def test_associations_relate_by_their_keys() -> None:
    """An association has two references, which are its keys, and only associations have any."""
    for class_name, class_ in declared().items():
        ends = {n for n, p in effective(class_name).items() if p.type == "reference"}
        line = [class_, *ancestors(class_name)]
        keys = {n for c in line for n, p in c.properties.items() if "Key" in p.qualifiers}
        is_association = "Association" in class_.qualifiers
        assert (len(ends) == 2) == is_association, class_name
        assert not ends or ends <= keys, class_name


def test_concrete_classes_have_keys() -> None:
    """What can have instances has a key, except what only travels inside of messages."""
    for class_name, class_ in declared().items():
        line = [class_, *ancestors(class_name)]
        if "Abstract" in class_.qualifiers or any("Indication" in c.qualifiers for c in line):
            continue
        assert any("Key" in p.qualifiers for c in line for p in c.properties.values()), class_name


def test_propagated_values_come_from_a_key() -> None:
    """A key that is taken over from another object names a key of its class."""
    for class_name, name, property_ in own_properties():
        if "Propagated" in property_.qualifiers:
            source, key = property_.qualifiers["Propagated"].value.split(".")
            assert key in effective(source), f"{class_name}.{name}"


def test_defaults_are_among_the_values() -> None:
    """The default of a property with a ValueMap is one of its values."""
    for class_name, name, property_ in own_properties():
        if property_.value is not None and "ValueMap" in property_.qualifiers:
            values = property_.qualifiers["ValueMap"].value
            assert str(property_.value) in values, f"{class_name}.{name}"


def test_jobs_come_back_from_methods() -> None:
    """A parameter Job of a method is a reference that the method gives back."""
    jobs = [(name, e) for name, e in elements() if name.endswith("(Job)")]
    assert len(jobs) > 15
    for name, job in jobs:
        assert job.reference_class == "CIM_ConcreteJob", name
        assert job.qualifiers["Out"].value, name
        assert not job.qualifiers["In"].value, name


@pytest.mark.parametrize(
    ("class_name", "method", "parameter"),
    [
        ("CIM_Service", "ChangeAffectedElementsAssignedSequence", "ManagedElements"),
        ("CIM_VirtualSystemManagementService", "AddResourceSettings", "ResultingResourceSettings"),
        ("CIM_VirtualSystemManagementService", "RemoveResourceSettings", "ResourceSettings"),
        ("CIM_ResourcePoolConfigurationService", "CreateResourcePool", "HostResources"),
        ("CIM_ResourcePoolConfigurationService", "AddResourcesToResourcePool", "HostResources"),
        ("CIM_MetricService", "ShowMetrics", "ManagedElements"),
        ("CIM_MetricService", "ShowMetricsByClass", "DefinitionList"),
        ("CIM_MetricService", "GetMetricValues", "Values"),
    ],
)
def test_arrays_of_references(class_name: str, method: str, parameter: str) -> None:
    """Where a method takes or gives several objects, its parameter is an array of references."""
    found = declared()[class_name].methods[method].parameters[parameter]
    assert (found.type, found.is_array) == ("reference", True)


@pytest.mark.parametrize(
    ("class_name", "ends"),
    [
        (
            "CIM_SystemDevice",
            {"GroupComponent": "CIM_System", "PartComponent": "CIM_LogicalDevice"},
        ),
        (
            "CIM_ElementAllocatedFromPool",
            {"Antecedent": "CIM_ResourcePool", "Dependent": "CIM_LogicalElement"},
        ),
        (
            "CIM_ResourceAllocationFromPool",
            {"Antecedent": "CIM_ResourcePool", "Dependent": "CIM_ResourceAllocationSettingData"},
        ),
        (
            "CIM_SettingsDefineCapabilities",
            {"GroupComponent": "CIM_Capabilities", "PartComponent": "CIM_SettingData"},
        ),
        (
            "CIM_SnapshotOfVirtualSystem",
            {"Antecedent": "CIM_ComputerSystem", "Dependent": "CIM_VirtualSystemSettingData"},
        ),
        (
            "CIM_LastAppliedSnapshot",
            {"Antecedent": "CIM_VirtualSystemSettingData", "Dependent": "CIM_ComputerSystem"},
        ),
        (
            "CIM_AssociatedPowerManagementService",
            {
                "ServiceProvided": "CIM_PowerManagementService",
                "UserOfService": "CIM_ManagedElement",
            },
        ),
        (
            "CIM_MetricInstance",
            {"Antecedent": "CIM_BaseMetricDefinition", "Dependent": "CIM_BaseMetricValue"},
        ),
        (
            "CIM_BindsTo",
            {"Antecedent": "CIM_ProtocolEndpoint", "Dependent": "CIM_ServiceAccessPoint"},
        ),
    ],
)
def test_ends_of_associations(class_name: str, ends: dict[str, str]) -> None:
    """The roles of an association and the classes that play them are DMTF's."""
    found = {n: p for n, p in effective(class_name).items() if p.type == "reference"}
    assert {n: p.reference_class for n, p in found.items()} == ends


def test_families_can_have_instances() -> None:
    """Every Virt_ class is concrete and every association among them says so itself."""
    families = [c for name, c in declared().items() if name.startswith("Virt_")]
    assert families
    for class_ in families:
        assert "Abstract" not in class_.qualifiers
        is_association = any(p.type == "reference" for p in class_.properties.values())
        assert not is_association or "Association" in class_.qualifiers


def test_host_is_the_antecedent() -> None:
    """A domain depends on its host, of which it has one; both are computer systems.

    The ends are not narrower, because servers for old clients exchange them.
    """
    ends = declared()["Virt_HostedDependency"].properties
    assert ends["Antecedent"].qualifiers["Max"].value == 1
    assert {end.reference_class for end in ends.values()} == {"CIM_ComputerSystem"}


def test_started_is_a_value_for_vendors() -> None:
    """Our OperatingStatus adds Started to DMTF's values and keeps those as they are."""
    base = declared()["CIM_ManagedSystemElement"].properties["OperatingStatus"].qualifiers
    ours = declared()["Virt_ComputerSystem"].properties["OperatingStatus"].qualifiers

    def table(qualifiers: Any) -> dict[str, str]:
        return dict(zip(qualifiers["ValueMap"].value, qualifiers["Values"].value, strict=True))

    expected = table(base)
    del expected["0x8000.."]
    assert table(ours) == expected | {"32768": "Started", "32769..65535": "Vendor Reserved"}
