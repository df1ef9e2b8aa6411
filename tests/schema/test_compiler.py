"""MOF to declarations: every element arrives as declared, every fault names where it is."""

from pathlib import Path

import pytest

from virtcim.schema.compiler import Compiled, MOFError, compile_mof
from virtcim.wbem.objects import (
    ClassDeclaration,
    Flavor,
    Method,
    Parameter,
    Property,
    Qualifier,
    QualifierDeclaration,
)
from virtcim.wbem.types import CIMType

QUALIFIERS = """
Qualifier Abstract : boolean = false, Scope(class, association), Flavor(Restricted);
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
Qualifier In : boolean = true, Scope(parameter);
Qualifier Values : string[] = {}, Scope(property, method), Flavor(Translatable);
Qualifier EmbeddedInstance : string = null, Scope(property, method, parameter);
Qualifier EmbeddedObject : boolean = false, Scope(property, method, parameter);
Qualifier Any : uint8 = 7, Scope(any);
"""


@pytest.fixture
def compiled(tmp_path: Path) -> Compiled:
    """A schema with one of everything, in two files."""
    (tmp_path / "qualifiers.mof").write_text(QUALIFIERS)
    schema = tmp_path / "schema.mof"
    schema.write_text("""
#pragma include ("qualifiers.mof")
[Abstract]
class T_Base {
    [Key] string K;
    boolean B = true;
    uint8 N = 5;
    sint64 S = -5;
    real32 R = 1.5;
    datetime D = "20260102030405.000006+000";
    uint16 L[3] = {1, 2};
    [EmbeddedInstance("T_Base")] string E;
    [EmbeddedObject] string O;
};
class T_Sub : T_Base {
    [Values {"a", "b"}] uint8 N;
    uint32 Do([In, EmbeddedInstance("T_Base")] string Text, [In(false)] T_Base REF Job,
              uint8 Numbers[], T_Base REF Many[]);
};
""")
    return compile_mof(schema)


def find(compiled: Compiled, name: str) -> ClassDeclaration:
    """Return a class."""
    return next(declaration for declaration in compiled.classes if declaration.name == name)


def test_classes_come_in_order_and_as_declared(compiled: Compiled) -> None:
    """Superclasses first; a class has no inherited elements."""
    assert [(c.name, c.superclass) for c in compiled.classes] == [
        ("T_Base", None),
        ("T_Sub", "T_Base"),
    ]
    assert [p.name for p in find(compiled, "T_Sub").properties] == ["N"]


def test_properties(compiled: Compiled) -> None:
    """Types, arrays, defaults, embedded objects."""
    found = {p.name: p for p in find(compiled, "T_Base").properties}
    values = {name: (p.type, p.is_array, p.value) for name, p in found.items()}
    assert values == {
        "K": (CIMType.STRING, False, None),
        "B": (CIMType.BOOLEAN, False, True),
        "N": (CIMType.UINT8, False, 5),
        "S": (CIMType.SINT64, False, -5),
        "R": (CIMType.REAL32, False, 1.5),
        "D": (CIMType.DATETIME, False, "20260102030405.000006+000"),
        "L": (CIMType.UINT16, True, (1, 2)),
        "E": (CIMType.STRING, False, None),
        "O": (CIMType.STRING, False, None),
    }
    assert (found["L"].array_size, found["N"].array_size) == (3, None)
    assert (found["E"].embedding, found["O"].embedding) == ("instance", "object")
    plain = {type(p.value) for p in found.values()}
    assert plain == {type(None), bool, int, float, str, tuple}


def test_methods(compiled: Compiled) -> None:
    """Signatures with every kind of parameter."""
    embedded = Qualifier("EmbeddedInstance", CIMType.STRING, "T_Base")
    assert find(compiled, "T_Sub").methods == (
        Method(
            name="Do",
            return_type=CIMType.UINT32,
            parameters=(
                Parameter(
                    name="Text",
                    type=CIMType.STRING,
                    embedding="instance",
                    qualifiers=(Qualifier("In", CIMType.BOOLEAN, value=True), embedded),
                ),
                Parameter(
                    name="Job",
                    type=CIMType.REFERENCE,
                    reference_class="T_Base",
                    qualifiers=(Qualifier("In", CIMType.BOOLEAN, value=False),),
                ),
                Parameter(name="Numbers", type=CIMType.UINT8, is_array=True),
                Parameter(
                    name="Many", type=CIMType.REFERENCE, is_array=True, reference_class="T_Base"
                ),
            ),
        ),
    )


def test_qualifiers_have_the_flavor_of_their_declaration(compiled: Compiled) -> None:
    """An element that says nothing of flavor has the declared one."""
    abstract = Qualifier("Abstract", CIMType.BOOLEAN, value=True, flavor=Flavor(to_subclass=False))
    assert find(compiled, "T_Base").qualifiers == (abstract,)
    key = Qualifier("Key", CIMType.BOOLEAN, value=True, flavor=Flavor(overridable=False))
    assert find(compiled, "T_Base").properties[0].qualifiers == (key,)
    values = Qualifier("Values", CIMType.STRING, ("a", "b"), Flavor(translatable=True))
    assert find(compiled, "T_Sub").properties == (
        Property(name="N", type=CIMType.UINT8, qualifiers=(values,)),
    )


def test_qualifier_declarations(compiled: Compiled) -> None:
    """Types, defaults, scopes in upper case, flavors."""
    found = {q.name: q for q in compiled.qualifiers}
    assert len(found) == 7
    assert found["Values"] == QualifierDeclaration(
        "Values",
        CIMType.STRING,
        is_array=True,
        value=(),
        scopes=frozenset(("PROPERTY", "METHOD")),
        flavor=Flavor(translatable=True),
    )
    assert (found["Any"].value, found["EmbeddedInstance"].value) == (7, None)
    assert "ANY" in found["Any"].scopes


@pytest.mark.parametrize("text", ["", "// nothing\n", QUALIFIERS])
def test_a_file_need_not_declare_anything(tmp_path: Path, text: str) -> None:
    """A file without classes or qualifiers compiles."""
    (tmp_path / "a.mof").write_text(text)
    assert compile_mof(tmp_path / "a.mof").classes == ()


FAULTS = {
    "grammar": (b"\nclass T_A {\n  strin K;\n};\n", "a.mof:3:"),
    "missing superclass": (b"\n\nclass T_A : T_Missing { string K; };", "T_Missing"),
    "unknown qualifier": (b"\n[Unknown] class T_A { string K; };", "a.mof:2:"),
    "end": (b"class T_A { string K", "a.mof: "),
    "missing file": (b'#pragma include ("b.mof")\n', "b.mof"),
    "range": (b"class T_A { uint8 N = 256; };", "256"),
    "another type": (b'class T_A { uint8 N = "x"; };', "a.mof: "),
    "no UTF-8": (b"class \xff", "utf-8"),
}


@pytest.mark.parametrize(("text", "where"), FAULTS.values(), ids=FAULTS)
def test_faults(tmp_path: Path, text: bytes, where: str) -> None:
    """A fault names the file that was compiled, and its place where the compiler knows it."""
    (tmp_path / "a.mof").write_bytes(text)
    with pytest.raises(MOFError) as caught:
        compile_mof(tmp_path / "a.mof")
    assert str(caught.value).startswith(f"{tmp_path}/a.mof: ")
    assert where in str(caught.value)


def test_faults_in_an_included_file(tmp_path: Path) -> None:
    """A fault in an included file names that file and its line."""
    (tmp_path / "a.mof").write_text('\n\n#pragma include ("b.mof")\n')
    (tmp_path / "b.mof").write_text("\nclass T_A {\n  strin K;\n};\n")
    with pytest.raises(MOFError, match=r"b\.mof:3:"):
        compile_mof(tmp_path / "a.mof")


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is a fault of the same kind."""
    with pytest.raises(MOFError, match=r"nowhere\.mof"):
        compile_mof(tmp_path / "nowhere.mof")


def test_characters_are_what_is_between_their_quotes(tmp_path: Path) -> None:
    """Also where MOF escapes them."""
    file = tmp_path / "characters.mof"
    file.write_text("class A_B { char16 S = 'x'; char16 T[] = {'a', '\\'', '\\x41'}; };")
    one, many = compile_mof(file).classes[0].properties
    assert (one.value, many.value) == ("x", ("a", "'", "A"))
