"""The class repository of a namespace: declarations by name and the tree that they form.

Names compare without case and keep the spelling of their declaration. A class is kept as declared,
and resolved with all that it inherits when somebody first asks: of a big schema few ever are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from virtcim.schema.inheritance import resolve
from virtcim.wbem.objects import (
    ClassDeclaration,
    Method,
    Property,
    Qualifier,
    QualifierDeclaration,
    qualifier_value,
)


class SchemaError(Exception):
    """A declaration contradicts the repository; the text names the class and why."""


class Repository:
    """Classes and qualifiers of one namespace."""

    def __init__(self) -> None:
        self._declared: dict[str, ClassDeclaration] = {}
        self._resolved: dict[str, tuple[ClassDeclaration, ClassDeclaration]] = {}
        self._children: dict[str | None, list[str]] = {None: []}
        self._ancestors: dict[str, frozenset[str]] = {}
        self._qualifiers: dict[str, QualifierDeclaration] = {}

    def copy(self) -> "Repository":
        """Return another repository with the same content; the declarations are shared."""
        other = Repository()
        other._declared = dict(self._declared)
        other._resolved = dict(self._resolved)
        other._children = {name: list(names) for name, names in self._children.items()}
        other._ancestors = dict(self._ancestors)
        other._qualifiers = dict(self._qualifiers)
        return other

    # Qualifiers

    def add_qualifier(self, declaration: QualifierDeclaration) -> None:
        """Declare a qualifier type."""
        self._qualifiers[declaration.name.lower()] = declaration

    def qualifier(self, name: str) -> QualifierDeclaration | None:
        """Return a qualifier declaration, or None."""
        return self._qualifiers.get(name.strip().lower())

    def qualifiers(self) -> tuple[QualifierDeclaration, ...]:
        """Return all qualifier declarations."""
        return tuple(self._qualifiers.values())

    def remove_qualifier(self, name: str) -> None:
        """Forget a qualifier declaration; raises KeyError."""
        del self._qualifiers[name.strip().lower()]

    # Classes

    def add(self, declared: ClassDeclaration) -> None:
        """Add a class as declared; its superclass must be there already. Raises SchemaError."""
        key = declared.name.lower()
        if key in self._declared:
            raise SchemaError(f"class {declared.name} is declared twice")
        parent_key = None if declared.superclass is None else declared.superclass.lower()
        if parent_key is not None and parent_key not in self._declared:
            raise SchemaError(f"superclass {declared.superclass} of {declared.name} is unknown")
        self._declared[key] = declared
        self._children[parent_key].append(key)
        self._children[key] = []
        above = frozenset() if parent_key is None else self._ancestors[parent_key]
        self._ancestors[key] = above | {key}

    def replace(self, declared: ClassDeclaration) -> None:
        """Put a class that has no subclasses in the place of the one of its name.

        Raises SchemaError.
        """
        old = self._declared.get(declared.name.lower())
        self.remove(declared.name)
        try:
            self.add(declared)
        except SchemaError:
            if old is not None:
                self.add(old)
            raise

    def remove(self, name: str) -> None:
        """Remove a class that has no subclasses; raises SchemaError."""
        key = name.lower()
        found = self._declared.get(key)
        if found is None or self._children[key]:
            raise SchemaError(f"class {name} does not exist, or has subclasses")
        parent = None if found.superclass is None else found.superclass.lower()
        self._children[parent].remove(key)
        del self._declared[key], self._children[key], self._ancestors[key]
        self._resolved.pop(key, None)

    def find(self, name: str) -> ClassDeclaration | None:
        """Return the class with all inherited elements, or None."""
        key = name.lower()
        declared = self._declared.get(key)
        if declared is None:
            return None
        found = self._resolved.get(key)
        # Plug-ins ask on their threads: what they resolve may be of a class that was replaced.
        if found is not None and found[0] is declared:
            return found[1]
        return self._resolve(key, declared)

    def _resolve(self, key: str, declared: ClassDeclaration) -> ClassDeclaration:
        above = None if declared.superclass is None else self.find(declared.superclass)
        found = resolve(declared, above)
        self._resolved[key] = declared, found
        return found

    def __iter__(self) -> Iterator[ClassDeclaration]:
        return (found for key in tuple(self._declared) if (found := self.find(key)) is not None)

    def is_a(self, name: str, ancestor: str) -> bool:
        """Tell whether the class is the other one or derives from it; False when unknown."""
        return ancestor.lower() in self._ancestors.get(name.lower(), frozenset())

    def depth(self, name: str) -> int:
        """Return how many classes there are from the top to this one; 0 when it is unknown."""
        return len(self._ancestors.get(name.lower(), ()))

    def children(self, name: str | None) -> tuple[str, ...]:
        """Return the names of direct subclasses; of None, of classes without a superclass."""
        keys = self._children.get(None if name is None else name.lower(), ())
        return tuple(self._declared[key].name for key in keys)

    def descendants(self, name: str | None) -> Iterator[str]:
        """Yield the names of all subclasses, parents before children, without the class itself."""
        for child in self.children(name):
            yield child
            yield from self.descendants(child)

    def family(self, name: str) -> Iterator[str]:
        """Yield the name of the class, then of all its subclasses; nothing when it is unknown."""
        root = self._declared.get(name.lower())
        if root is not None:
            yield root.name
            yield from self.descendants(name)


def select_class(
    source: ClassDeclaration,
    *,
    local_only: bool,
    include_qualifiers: bool,
    include_class_origin: bool,
    property_list: Iterable[str] | None = None,
) -> ClassDeclaration:
    """Return the class with just the elements that a client asked for (DSP0200 section 5.3.2.1).

    Qualifiers are elements, too: what a class inherits of them is not local to it.
    `property_list` of None means all properties.
    """
    wanted = None if property_list is None else {name.lower() for name in property_list}
    is_part = local_only or not include_qualifiers

    def qualifiers(found: tuple[Qualifier, ...]) -> tuple[Qualifier, ...]:
        if not is_part:
            return found
        return tuple(q for q in found if include_qualifiers and not q.propagated)

    def origin(member: Property | Method) -> str:
        return member.class_origin if include_class_origin else ""

    return replace(
        source,
        qualifiers=qualifiers(source.qualifiers),
        properties=tuple(
            _select_property(p, origin(p), qualifiers(p.qualifiers))
            for p in source.properties
            if not (local_only and p.propagated) and (wanted is None or p.name.lower() in wanted)
        ),
        methods=tuple(
            replace(
                m,
                class_origin=origin(m),
                qualifiers=qualifiers(m.qualifiers),
                parameters=tuple(
                    replace(one, qualifiers=qualifiers(one.qualifiers)) if is_part else one
                    for one in m.parameters
                ),
            )
            for m in source.methods
            if not (local_only and m.propagated)
        ),
    )


def _select_property(one: Property, origin: str, qualifiers: tuple[Qualifier, ...]) -> Property:
    if origin == one.class_origin and len(qualifiers) == len(one.qualifiers):
        return one
    # What `replace` would give, in a third of the time: a schema has tens of thousands.
    return Property(
        name=one.name,
        type=one.type,
        is_array=one.is_array,
        array_size=one.array_size,
        value=one.value,
        reference_class=one.reference_class,
        embedding=one.embedding,
        class_origin=origin,
        propagated=one.propagated,
        qualifiers=qualifiers,
    )


def is_association(declaration: ClassDeclaration) -> bool:
    """Tell whether instances of the class relate others."""
    return bool(qualifier_value(declaration.qualifiers, "Association"))


def is_abstract(declaration: ClassDeclaration) -> bool:
    """Tell whether the class itself has no instances; Abstract does not go to subclasses."""
    return bool(qualifier_value(declaration.qualifiers, "Abstract"))


def key_properties(declaration: ClassDeclaration) -> tuple[Property, ...]:
    """Return the properties that form the path of an instance, in the order of the class."""
    return tuple(p for p in declaration.properties if qualifier_value(p.qualifiers, "Key"))
