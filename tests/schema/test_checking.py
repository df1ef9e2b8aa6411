"""Classes that fit and classes that do not, each with what is said of it."""

from dataclasses import replace

import pytest

from tests.broker.keeping import class_of, own_repository
from virtcim.schema.checking import DEEPEST, check_class, check_qualifier_declaration, declared
from virtcim.wbem.objects import (
    ClassDeclaration,
    Property,
    Qualifier,
    QualifierDeclaration,
)
from virtcim.wbem.status import InvalidParameter, InvalidSuperclass
from virtcim.wbem.types import CIMType

FITTING = (
    "class A_B { [Key] string K; uint8 N = 3; string Words[]; };",
    "class A_B : S_Named { string More; };",
    'class A_B : S_Named { [Override("Count"), MaxValue(5)] uint8 Count; };',
    'class A_B : S_Named { [Override("Act")] uint32 Act(uint8 Level); };',
    "[Association] class A_B { [Key] S_Node REF Left; [Key] A_B REF Right; };",
    '[Association] class A_B : S_Link { [Override("Left")] S_Node REF Left; };',
    'class A_B { [EmbeddedInstance("S_Base")] string In; [EmbeddedObject] string Any; };',
    "[Indication] class A_B : S_Signal { uint8 Level; };",
    "[Abstract] class A_B { };",
)


@pytest.mark.parametrize("text", FITTING)
def test_a_class_that_fits(text: str) -> None:
    """It is taken as it is."""
    repository = own_repository()
    check_class(repository, declared(class_of(text), repository))


NOT_FITTING: tuple[tuple[str, str], ...] = (
    ("class A_B : S_Named { string Count; };", "inherited from S_Named; to replace it takes"),
    ('class A_B : S_Named { [Override("Count")] string Count; };', "of another type"),
    ("class A_B : S_Named { [Key] string K; };", "a key beside those that are inherited"),
    ("class A_B : S_Named { uint32 Act(); };", "Act is inherited from S_Named; to replace"),
    ('class A_B : S_Named { [Override("Act")] string Act(); };', "returns another type"),
    ('[Fixed("c")] class A_B : S_Named { };', "Fixed of A_B cannot be overridden"),
    (
        'class A_B : S_Named { [Override("Count"), Fixed("c")] uint8 Count; };',
        "Fixed of A_B.Count cannot be overridden",
    ),
    ("class A_B { [Key] string K; S_Node REF To; };", "has references, and is no association"),
    ("[Association] class A_B { [Key] S_Node REF Only; };", "fewer than two references"),
    (
        "[Association] class A_B : S_Named { S_Node REF Left; S_Node REF Right; };",
        "its superclass is none",
    ),
    (
        'class X_Y { }; [Association] class A_B : S_Link { [Override("Left")] X_Y REF Left; };',
        "refers to no subclass of S_Base",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("text", "said"), NOT_FITTING)
def test_a_class_that_does_not_fit(text: str, said: str) -> None:
    """What is wrong is said with the element."""
    repository = own_repository()
    if text.startswith("class X_Y"):
        repository.add(class_of("class X_Y { };"))
    with pytest.raises(InvalidParameter) as refused:
        check_class(repository, declared(class_of(text), repository))
    assert said in refused.value.reason


KEY = Qualifier("Key", CIMType.BOOLEAN, value=True)
PLAIN = ClassDeclaration(
    name="A_B", properties=(Property(name="K", type=CIMType.STRING, qualifiers=(KEY,)),)
)


def prop(name: str, kind: CIMType = CIMType.STRING, **more: object) -> Property:
    """A property."""
    return Property(name=name, type=kind, **more)  # type: ignore[arg-type]


HAND_MADE: tuple[tuple[ClassDeclaration, str], ...] = (
    (replace(PLAIN, name="A B"), "'A B' is no name of a class"),
    (replace(PLAIN, name=""), "'' is no name of a class"),
    (replace(PLAIN, properties=(prop("1"),)), "'1' is no name of a property"),
    (replace(PLAIN, properties=(prop("a"), prop("A"))), "A_B has two of property A"),
    (
        replace(PLAIN, properties=tuple(prop(f"P{n}") for n in range(1001))),
        "A_B has more than 1000 of property",
    ),
    (
        replace(PLAIN, qualifiers=(Qualifier("Nope", CIMType.STRING, "x"),)),
        "A_B has qualifier Nope, which is not declared",
    ),
    (
        replace(PLAIN, qualifiers=(KEY,)),
        "qualifier Key cannot stand at A_B: no CLASS",
    ),
    (
        replace(PLAIN, properties=(prop("a", qualifiers=(replace(KEY, type=CIMType.STRING),)),)),
        "qualifier Key of A_B.a is of type boolean",
    ),
    (
        replace(PLAIN, qualifiers=(Qualifier("Fixed", CIMType.STRING, ("x",)),)),
        "qualifier Fixed of A_B is of type string",
    ),
    (
        replace(PLAIN, properties=(prop("a", CIMType.REFERENCE, reference_class="No_Such"),)),
        "refers to No_Such, which is no class",
    ),
    (
        replace(PLAIN, properties=(prop("a", CIMType.REFERENCE),)),
        "does not say what class it refers to",
    ),
    (
        replace(PLAIN, properties=(prop("a", CIMType.UINT8, embedding="instance"),)),
        "A_B.a is no string",
    ),
    (
        replace(
            PLAIN,
            properties=(
                prop(
                    "a",
                    embedding="instance",
                    qualifiers=(Qualifier("EmbeddedInstance", CIMType.STRING, "No_Such"),),
                ),
            ),
        ),
        "embeds No_Such, which is no class",
    ),
)


@pytest.mark.parametrize(("one", "said"), HAND_MADE)
def test_what_no_compiler_lets_through(one: ClassDeclaration, said: str) -> None:
    """Clients send it all the same."""
    with pytest.raises(InvalidParameter) as refused:
        check_class(own_repository(), one)
    assert said in refused.value.reason


@pytest.mark.parametrize("superclass", ["No_Such", "A_B"])
def test_a_superclass_that_is_none(superclass: str) -> None:
    """That has a code of its own."""
    with pytest.raises(InvalidSuperclass):
        check_class(own_repository(), replace(PLAIN, superclass=superclass))


def test_a_tree_has_a_depth() -> None:
    """Nobody can make one that is too deep to be walked."""
    repository = own_repository()
    repository.add(replace(PLAIN, name="A_0"))
    for number in range(1, DEEPEST):
        below = ClassDeclaration(name=f"A_{number}", superclass=f"A_{number - 1}")
        check_class(repository, below)
        repository.add(below)
    with pytest.raises(InvalidParameter, match="more than 100 classes above"):
        check_class(repository, ClassDeclaration(name="A_X", superclass=f"A_{DEEPEST - 1}"))
    assert len(list(repository.descendants("A_0"))) == DEEPEST - 1


def test_what_was_inherited_is_not_declared_again() -> None:
    """Clients send back what they were shown."""
    repository = own_repository()
    repository.add(class_of("class A_B : S_Named { string More; };"))
    shown = repository.find("A_B")
    assert shown is not None
    own = declared(shown, repository)
    assert [one.name for one in own.properties] == ["More"]
    assert (own.methods, own.qualifiers) == ((), ())
    check_class(repository, own)


DECLARATION = QualifierDeclaration(
    "Mine", CIMType.STRING, is_array=False, value=None, scopes=frozenset({"CLASS"})
)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (replace(DECLARATION, name="a b"), "no name of a qualifier"),
        (replace(DECLARATION, type=CIMType.REFERENCE), "cannot be a reference"),
        (replace(DECLARATION, scopes=frozenset()), "has no scope"),
        (replace(DECLARATION, scopes=frozenset({"CLASS", "CAR"})), "that does not exist"),
        (replace(DECLARATION, value=("x",)), "an array where one value is needed"),
    ],
)
def test_declarations_of_no_qualifier(one: QualifierDeclaration, said: str) -> None:
    """Each with what is wrong."""
    check_qualifier_declaration(DECLARATION)
    with pytest.raises(InvalidParameter, match=said):
        check_qualifier_declaration(one)
