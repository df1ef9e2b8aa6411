"""A schema as big as the whole of DMTF: 1 450 classes, 12 000 properties, 70 qualifiers, texts.

Names and texts are made up, always the same ones; the shape is that of the real one: a deep tree
below few roots, associations between its branches, value maps, methods with parameters.
"""

import random
from collections.abc import Iterator
from pathlib import Path

CLASSES = 1450
PROPERTIES = 12_000
QUALIFIERS = 70
ASSOCIATIONS = 350

_TYPES = (
    "string", "string", "string", "uint16", "uint16", "uint32", "uint64", "boolean", "datetime",
    "uint8", "sint32", "real32",
)  # fmt: skip
_TEXT = """
element managed system setting describes whether current value of the implementation shall be used
when this instance represents a capability that is not supported by hardware or software components
within an enterprise and indicates status for each associated resource
"""

_STANDARD = """
Qualifier Abstract : boolean = false, Scope(class, association, indication), Flavor(Restricted);
Qualifier Association : boolean = false, Scope(association), Flavor(DisableOverride, ToSubclass);
Qualifier Description : string = null, Scope(any), Flavor(EnableOverride, ToSubclass, Translatable);
Qualifier In : boolean = true, Scope(parameter), Flavor(DisableOverride, ToSubclass);
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
Qualifier Out : boolean = false, Scope(parameter), Flavor(DisableOverride, ToSubclass);
Qualifier Override : string = null, Scope(property, reference, method), Flavor(Restricted);
Qualifier ValueMap : string[], Scope(property, parameter, method), Flavor(EnableOverride);
Qualifier Values : string[], Scope(property, parameter, method), Flavor(EnableOverride);
Qualifier Version : string = null, Scope(class, association), Flavor(EnableOverride, Restricted);
Qualifier MappingStrings : string[], Scope(any), Flavor(EnableOverride, ToSubclass);
"""


class Maker:
    """Makes the text."""

    def __init__(self) -> None:
        self._vocabulary = _TEXT.split()
        self._random = random.Random(1450)

    def text(self) -> str:
        """Return the whole MOF."""
        return "\n".join((_STANDARD, *self._qualifiers(), *self._classes()))

    def _qualifiers(self) -> Iterator[str]:
        for number in range(QUALIFIERS - _STANDARD.count("Qualifier ")):
            yield f"Qualifier Extra{number} : string = null, Scope(any), Flavor(EnableOverride);"

    def _classes(self) -> Iterator[str]:
        plain = CLASSES - ASSOCIATIONS
        left = PROPERTIES - 2 * ASSOCIATIONS - 1
        for number in range(plain):
            parent = None if number == 0 else self._random.randrange(max(0, number - 200), number)
            own = left // (plain - number)
            left -= own
            yield self._class(number, parent, own)
        for number in range(ASSOCIATIONS):
            yield self._association(f"BIG_Link{number}", *self._random.sample(range(plain), 2))

    def _class(self, number: int, parent: int | None, own: int) -> str:
        name = f"BIG_Class{number}"
        below = "" if parent is None else f" : BIG_Class{parent}"
        key = "   [Key] string InstanceID;\n" if parent is None else ""
        body = key + "".join(self._property(f"{name[4:]}Value{n}") for n in range(own))
        return (
            f'[Version("2.49.0"), Description({self._words(60)})]\n'
            f"class {name}{below} {{\n{body}{self._method(name)}}};"
        )

    def _property(self, name: str) -> str:
        kind = self._random.choice(_TYPES)
        more = ""
        if kind == "uint16":
            numbers = ", ".join(f'"{n}"' for n in range(8))
            texts = ", ".join(f'"State {n}"' for n in range(8))
            more = f", ValueMap{{ {numbers} }}, Values{{ {texts} }}"
        array = "[]" if self._random.random() < 0.15 else ""
        return f"   [Description({self._words(45)}){more}]\n   {kind} {name}{array};\n"

    def _method(self, name: str) -> str:
        if self._random.random() > 0.2:
            return ""
        level = f"[In, Description({self._words(20)})] uint16 Level"
        return (
            f"   [Description({self._words(50)})]\n"
            f"   uint32 Act{name[4:]}({level}, [In(false), Out] string Said);\n"
        )

    def _association(self, name: str, first: int, second: int) -> str:
        return (
            f'[Association, Version("2.49.0"), Description({self._words(40)})]\nclass {name} {{\n'
            f"   [Key] BIG_Class{first} REF Antecedent;\n"
            f"   [Key] BIG_Class{second} REF Dependent;\n}};"
        )

    def _words(self, count: int) -> str:
        words = " ".join(self._random.choice(self._vocabulary) for _ in range(count))
        return f'"{words.capitalize()}."'


def write(path: Path) -> Path:
    """Write the schema to a file."""
    path.write_text(Maker().text())
    return path
