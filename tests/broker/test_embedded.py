"""Embedded instances: typed by the class that they name, which must fit what is declared."""

import pytest

from tests.broker.world import layout, repository
from virtcim.broker.embedded import MOST_INSTANCES, Embedded, make, read_embedded
from virtcim.wbem.embedded_text import read_instances
from virtcim.wbem.objects import Instance, Parameter, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import InvalidParameter
from virtcim.wbem.writing import instance_xml

ACT = {p.name: p for m in layout("T_System").declaration.methods for p in m.parameters}
N = "root/a"


def read(value: Value, declared: Parameter = ACT["Settings"]) -> object:
    """Read an argument."""
    return read_embedded(repository(), N, declared, value)


def one(value: Value) -> Embedded:
    """Read the only instance of an argument."""
    found = read(value)
    assert isinstance(found, tuple)
    (embedded,) = found
    assert isinstance(embedded, Embedded)
    return embedded


def mof(properties: str, class_name: str = "T_Setting") -> str:
    """Return an instance as MOF."""
    return f"instance of {class_name} {{ {properties} }};"


VALUES: tuple[tuple[str, str, Value], ...] = (
    ("Count = 7;", "Count", 7),
    ('count = "7";', "Count", 7),
    ('Count = " 0x7 ";', "Count", 7),
    ("Depth = -9000000000;", "Depth", -9000000000),
    ("On = TRUE;", "On", True),
    ('On = "false";', "On", False),
    ("Share = 1;", "Share", 1.0),
    ("Share = 1.5;", "Share", 1.5),
    ('Share = "2.5";', "Share", 2.5),
    ('When = "20260102030405.000006+000";', "When", "20260102030405.000006+000"),
    ("Letter = 'x';", "Letter", "x"),
    ('Words = {"a", "b"};', "Words", ("a", "b")),
    ('Words = "a";', "Words", ("a",)),
    ("Words = {1, NULL};", "Words", ("1", None)),
    ("Words = {};", "Words", ()),
    ("Numbers = 7;", "Numbers", (7,)),
    ('Numbers = {"1", 2};', "Numbers", (1, 2)),
    ("InstanceID = 5;", "InstanceID", "5"),
    ('Of = "T_System.Name=\\"x\\"";', "Of", ObjectPath("T_System", (("Name", "x"),), N)),
    ('Of = "root/b:T_X.N=1";', "Of", ObjectPath("T_X", (("N", 1),), "root/b")),
    ('Of = " ";', "Of", None),
    ('Inner = "instance of T_Bare { };";', "Inner", "instance of T_Bare { };"),
    ("Count = NULL;", "Count", None),
    ("Strange = 5;", "Strange", None),
)


@pytest.mark.parametrize(("properties", "name", "value"), VALUES)
def test_values_have_the_type_of_the_class(properties: str, name: str, value: Value) -> None:
    """Whatever the client wrote; what is NULL or of no property of the class is absent."""
    found = one(mof(properties))
    assert found.get(name) == value
    assert type(found.get(name)) is type(value)
    assert (name.lower() in found.values) is (value is not None)


def test_classes() -> None:
    """The name is the repository's; a class below and one above the declared one fit."""
    assert one(mof("", "t_setting")).class_name == "T_Setting"
    assert one(mof("Disk = 1;", "T_DiskSetting")) == Embedded("T_DiskSetting", {"disk": "1"})
    assert one(mof('Caption = "c"; Count = 3;', "T_Thing")) == Embedded("T_Thing", {"caption": "c"})


def test_forms() -> None:
    """Decoded, as text of CIM-XML, as MOF: the same instance; several in one text of an array."""
    text = mof('InstanceID = "a"; Count = 3;')
    (instance,) = read_instances(text)
    wanted = Embedded("T_Setting", {"instanceid": "a", "count": 3})
    forms = (instance, instance_xml(instance), text, f" {text}")
    assert [one(form) for form in forms] == [wanted] * len(forms)
    assert read((text, None, " ", instance)) == (wanted, wanted)
    assert read(text + text) == (wanted, wanted)


def test_none() -> None:
    """NULL and blanks are no instance; an array of none is one."""
    config = ACT["Config"]
    assert (read(None), read(" "), read(()), read((None, ""))) == (None, (), (), ())
    assert (read(None, config), read("", config)) == (None, None)


WRONG: tuple[tuple[str, Value, str], ...] = (
    ("Settings", "nonsense", "Settings: 'nonsense' where 'instance' is expected at line 1"),
    ("Settings", "<nonsense/>", "Settings: NONSENSE stands where INSTANCE"),
    ("Settings", mof("", "T_Nothing"), "Settings: there is no class T_Nothing"),
    ("Settings", mof("", "T_Device"), "Settings: T_Device is no T_Setting"),
    ("Settings", mof('Count = "x";'), "Settings: Count of T_Setting: 'x' is not an integer"),
    ("Settings", mof("Count = 70000;"), "70000 is not between 0 and 65535"),
    ("Settings", mof("Count = 1.5;"), "'1.5' is not an integer"),
    ("Settings", mof("Count = true;"), "Count of T_Setting: must be an integer"),
    ("Settings", mof("Count = {1, 2};"), "an array where one value is needed"),
    ("Settings", mof("On = 1;"), "'1' is not a boolean"),
    ("Settings", mof('When = "now";'), "'now' is not a CIM datetime"),
    ("Settings", mof('Of = "x";'), "'x' is text where a reference is needed"),
    ("Settings", mof("Of = TRUE;"), "must be of type reference"),
    ("Settings", mof("InstanceID = TRUE;"), "must be of type string"),
    ("Settings", 5, "Settings must hold an embedded instance"),
    ("Settings", mof("") * (MOST_INSTANCES + 1), "more than 1000 instances"),
    ("Config", (mof("", "T_System"),), "Config is an array"),
    ("Config", mof("", "T_System") * 2, "Config has 2 instances where one is needed"),
)


@pytest.mark.parametrize(("name", "value", "reason"), WRONG)
def test_wrong_instances(name: str, value: Value, reason: str) -> None:
    """Each fault is CIM_ERR_INVALID_PARAMETER and names the parameter."""
    with pytest.raises(InvalidParameter, match=reason):
        read(value, ACT[name])


def test_what_is_made() -> None:
    """What we make has every property of the class, in its order, with the defaults."""
    declaration = layout("T_DiskSetting").declaration
    made = make(declaration, {"instanceid": "x", "Words": ("a",)})
    assert isinstance(made, Instance)
    assert [p.name for p in made.properties] == [p.name for p in declaration.properties]
    assert {p.name: p.value for p in made.properties if p.value is not None} == {
        "InstanceID": "x",
        "Count": 1,
        "Words": ("a",),
    }
    with pytest.raises(KeyError, match="no property strange"):
        make(declaration, {"Strange": 1})
