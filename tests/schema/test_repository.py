"""The class repository: look-ups, the tree, and the selection of a class's elements."""

import pytest

from virtcim.schema import repository as module
from virtcim.schema.inheritance import resolve
from virtcim.schema.repository import (
    Repository,
    SchemaError,
    is_abstract,
    is_association,
    key_properties,
    select_class,
)
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

ON = Qualifier("Key", CIMType.BOOLEAN, value=True)


def prop(name: str, *qualifiers: Qualifier) -> Property:
    """Return a property."""
    return Property(name=name, type=CIMType.STRING, qualifiers=qualifiers)


TREE = (
    ClassDeclaration(
        name="A",
        properties=(prop("K", ON),),
        methods=(
            Method(
                name="M",
                return_type=CIMType.UINT8,
                parameters=(Parameter(name="P", type=CIMType.STRING, qualifiers=(ON,)),),
                qualifiers=(ON,),
            ),
        ),
        qualifiers=(
            Qualifier("Abstract", CIMType.BOOLEAN, value=True, flavor=Flavor(to_subclass=False)),
        ),
    ),
    ClassDeclaration(name="B", superclass="a", properties=(prop("N"),)),
    ClassDeclaration(name="C", superclass="B", properties=(prop("O"),)),
    ClassDeclaration(name="D", superclass="A"),
    ClassDeclaration(name="Z", qualifiers=(Qualifier("Association", CIMType.BOOLEAN, value=True),)),
)


@pytest.fixture
def repository() -> Repository:
    """Two trees: A with B (and C below) and D; Z."""
    one = Repository()
    for declaration in TREE:
        one.add(declaration)
    return one


def found(repository: Repository, name: str) -> ClassDeclaration:
    """Return a class that must be there."""
    declaration = repository.find(name)
    assert declaration is not None
    return declaration


def test_classes_are_found_in_any_case(repository: Repository) -> None:
    """Names keep the spelling of their declaration."""
    assert found(repository, "b").name == "B"
    assert repository.find("X") is None
    assert [c.name for c in repository] == ["A", "B", "C", "D", "Z"]


def test_tree(repository: Repository) -> None:
    """Children, descendants in order, families; nothing of unknown classes."""
    assert repository.children(None) == ("A", "Z")
    assert repository.children("A") == ("B", "D")
    assert [*repository.descendants("a")] == ["B", "C", "D"]
    assert [*repository.descendants(None)] == ["A", "B", "C", "D", "Z"]
    assert [*repository.family("a")] == ["A", "B", "C", "D"]
    assert [*repository.family("X"), *repository.children("X")] == []


def test_is_a(repository: Repository) -> None:
    """A class is itself and what it derives from; an unknown one is nothing."""
    names = ["A", "B", "C", "D", "Z", "X"]
    is_a = {(a, b) for a in names for b in names if repository.is_a(a.lower(), b)}
    assert is_a == {
        *((n, n) for n in "ABCDZ"),
        ("B", "A"),
        ("C", "A"),
        ("C", "B"),
        ("D", "A"),
    }


def test_contradictions(repository: Repository) -> None:
    """A class twice and a class without its superclass are refused by name."""
    with pytest.raises(SchemaError, match="class b is declared twice"):
        repository.add(ClassDeclaration(name="b"))
    with pytest.raises(SchemaError, match="superclass X of E is unknown"):
        repository.add(ClassDeclaration(name="E", superclass="X"))
    assert repository.find("E") is None


def test_qualifier_declarations(repository: Repository) -> None:
    """They are found in any case, with blanks around the name."""
    one = QualifierDeclaration(
        "Key", CIMType.BOOLEAN, is_array=False, value=None, scopes=frozenset()
    )
    repository.add_qualifier(one)
    assert repository.qualifier(" KEY ") is one
    assert repository.qualifier("Other") is None
    assert repository.qualifiers() == (one,)


def test_what_a_class_is(repository: Repository) -> None:
    """Abstract stays with the class that says it; keys and associations go down."""
    assert [c.name for c in repository if is_abstract(c)] == ["A"]
    assert [c.name for c in repository if is_association(c)] == ["Z"]
    assert [[p.name for p in key_properties(c)] for c in repository] == [["K"]] * 4 + [[]]


def test_everything_of_a_class(repository: Repository) -> None:
    """A selection of everything is the class."""
    declaration = found(repository, "C")
    assert (
        select_class(
            declaration, local_only=False, include_qualifiers=True, include_class_origin=True
        )
        == declaration
    )


@pytest.mark.parametrize("local_only", [True, False])
@pytest.mark.parametrize("include_qualifiers", [True, False])
@pytest.mark.parametrize("include_class_origin", [True, False])
@pytest.mark.parametrize("property_list", [None, (), ("k",), ("N", "n", "X"), ("O", "K")])
def test_selection(
    repository: Repository,
    *,
    local_only: bool,
    include_qualifiers: bool,
    include_class_origin: bool,
    property_list: tuple[str, ...] | None,
) -> None:
    """Each choice of a client acts alone, in all combinations."""
    selected = select_class(
        found(repository, "C"),
        local_only=local_only,
        include_qualifiers=include_qualifiers,
        include_class_origin=include_class_origin,
        property_list=property_list,
    )
    names = ["O"] if local_only else ["K", "N", "O"]
    if property_list is not None:
        names = [n for n in names if n in {name.upper() for name in property_list}]
    assert [p.name for p in selected.properties] == names
    assert [m.name for m in selected.methods] == ([] if local_only else ["M"])
    origins = {"K": "A", "N": "B", "O": "C"}
    assert [p.class_origin for p in selected.properties] == [
        origins[n] if include_class_origin else "" for n in names
    ]
    every = (selected.qualifiers, *(one.qualifiers for one in selected.properties))
    assert not any(q.propagated and local_only for qualifiers in every for q in qualifiers)
    for method in selected.methods:
        assert method.class_origin == ("A" if include_class_origin else "")
        assert bool(method.qualifiers) is include_qualifiers
        assert bool(method.parameters[0].qualifiers) is include_qualifiers
    for p in selected.properties:
        assert bool(p.qualifiers) is (include_qualifiers and p.name == "K")
    assert (selected.name, selected.superclass) == ("C", "B")


def test_a_deep_class_is_resolved_when_it_is_asked_for() -> None:
    """Nobody asked for those between; what the top declares is there at the bottom."""
    repository = Repository()
    top = prop("ID")
    repository.add(ClassDeclaration(name="C0", properties=(top,)))
    for number in range(1, 100):
        repository.add(ClassDeclaration(name=f"C{number}", superclass=f"c{number - 1}"))
    found = repository.find("c99")
    assert found is not None
    assert [(p.name, p.class_origin, p.propagated) for p in found.properties] == [
        ("ID", "C0", True)
    ]


def test_a_class_that_is_replaced_while_it_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may resolve what is gone a moment later; nobody else is given that."""
    one = Repository()
    one.add(ClassDeclaration(name="A"))
    new = ClassDeclaration(name="A", properties=(prop("P"),))

    def resolve_late(
        declared: ClassDeclaration, above: ClassDeclaration | None
    ) -> ClassDeclaration:
        monkeypatch.undo()
        one.replace(new)
        return resolve(declared, above)

    monkeypatch.setattr(module, "resolve", resolve_late)
    one.find("A")
    found = one.find("A")
    assert found is not None
    assert [p.name for p in found.properties] == ["P"]


def test_a_replaced_class_forgets_what_it_was() -> None:
    """What was resolved of the old declaration is not seen again; a refused one changes nothing."""
    repository = Repository()
    repository.add(ClassDeclaration(name="A"))
    assert repository.find("A") is not None
    new = ClassDeclaration(name="A", properties=(prop("P"),))
    repository.replace(new)
    found = repository.find("A")
    assert found is not None
    assert [p.name for p in found.properties] == ["P"]
    with pytest.raises(SchemaError):
        repository.replace(ClassDeclaration(name="A", superclass="Nobody"))
    assert repository.find("A") == found
