"""What a class has from its superclasses: elements, origins, qualifiers."""

from virtcim.schema.inheritance import inherit_qualifiers, resolve
from virtcim.wbem.objects import ClassDeclaration, Flavor, Method, Property, Qualifier
from virtcim.wbem.types import CIMType


def qualifier(
    name: str, value: str | None = None, *, goes_down: bool = True, propagated: bool = False
) -> Qualifier:
    """Return a qualifier; without a value, a boolean that is true."""
    flavor = Flavor(to_subclass=goes_down)
    if value is None:
        return Qualifier(name, CIMType.BOOLEAN, value=True, flavor=flavor, propagated=propagated)
    return Qualifier(name, CIMType.STRING, value, flavor, propagated=propagated)


def prop(name: str, *qualifiers: Qualifier, value: int | None = None) -> Property:
    """Return a property."""
    return Property(name=name, type=CIMType.UINT8, value=value, qualifiers=qualifiers)


BASE = resolve(
    ClassDeclaration(
        name="Base",
        properties=(
            prop("K", qualifier("Key"), qualifier("Required", goes_down=False)),
            prop("N", qualifier("Units", "s"), value=5),
        ),
        methods=(Method(name="Do", return_type=CIMType.UINT32, qualifiers=(qualifier("Static"),)),),
        qualifiers=(qualifier("Abstract", goes_down=False), qualifier("Version", "1")),
    ),
    None,
)


def derived(*properties: Property, methods: tuple[Method, ...] = ()) -> ClassDeclaration:
    """Return a resolved subclass."""
    declared = ClassDeclaration(
        name="Sub",
        superclass="Base",
        properties=properties,
        methods=methods,
        qualifiers=(qualifier("version", "2"),),
    )
    return resolve(declared, BASE)


def test_a_class_without_superclass_is_the_origin_of_all_it_has() -> None:
    """Nothing is propagated in the class that declares it."""
    for members in (BASE.properties, BASE.methods):
        assert {member.class_origin for member in members} == {"Base"}
        assert not any(member.propagated for member in members)


def test_inherited_elements() -> None:
    """They come first, in their order, propagated, with their origin."""
    sub = derived(prop("Own"))
    assert [(p.name, p.class_origin, p.propagated) for p in sub.properties] == [
        ("K", "Base", True),
        ("N", "Base", True),
        ("Own", "Sub", False),
    ]
    assert [(m.name, m.class_origin, m.propagated) for m in sub.methods] == [("Do", "Base", True)]
    assert sub.properties[1].value == 5


def test_qualifiers_go_down_as_their_flavor_says() -> None:
    """Restricted ones stay; the others are propagated, unless the class has its own."""
    sub = derived()
    assert sub.qualifiers == (qualifier("version", "2"),)
    assert sub.properties[0].qualifiers == (qualifier("Key", propagated=True),)
    assert sub.methods[0].qualifiers == (qualifier("Static", propagated=True),)


def test_overriding() -> None:
    """An element declared again stands in the place of the inherited one and keeps its origin."""
    sub = derived(
        prop("n", qualifier("Description", "d")),
        methods=(Method(name="DO", return_type=CIMType.UINT8),),
    )
    again = sub.properties[1]
    assert (again.name, again.class_origin, again.propagated) == ("n", "Base", False)
    assert again.value == 5
    assert again.qualifiers == (
        qualifier("Description", "d"),
        qualifier("Units", "s", propagated=True),
    )
    method = sub.methods[0]
    assert (method.name, method.return_type, method.class_origin) == ("DO", CIMType.UINT8, "Base")
    assert method.qualifiers == (qualifier("Static", propagated=True),)
    assert derived(prop("N", value=6)).properties[1].value == 6


def test_an_inherited_qualifier_still_makes_it_an_embedded_object() -> None:
    """A property that is declared again carries objects as before."""
    carries = Property(
        name="E",
        type=CIMType.STRING,
        embedding="instance",
        qualifiers=(qualifier("EmbeddedInstance", "Base"),),
    )
    base = resolve(ClassDeclaration(name="A", properties=(carries,)), None)
    again = Property(name="E", type=CIMType.STRING)
    sub = resolve(ClassDeclaration(name="B", superclass="A", properties=(again,)), base)
    assert sub.properties[0].embedding == "instance"


def test_what_does_not_change_is_shared() -> None:
    """Deep trees of many classes keep one object for what they inherit unchanged."""
    sub = derived()
    below = resolve(ClassDeclaration(name="Below", superclass="Sub"), sub)
    assert all(a is b for a, b in zip(below.properties, sub.properties, strict=True))
    assert below.qualifiers == (qualifier("version", "2", propagated=True),)


def test_own_qualifiers_hide_inherited_ones_in_any_case() -> None:
    """Names of qualifiers compare without case."""
    assert inherit_qualifiers((qualifier("KEY"),), (qualifier("key"),)) == (qualifier("KEY"),)
