"""Instances written as MOF in as many ways as the grammar has, for tests of what reads them."""

from random import Random

from virtcim.wbem.objects import Instance, Scalar, Value

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b"}
_BLANKS = (" ", "\n", "\t", "  \r\n", " // not this };\n", '/* nor * this " */', "/***/")


class Writer:
    """Writes instances; `random` chooses among the spellings."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def instance(self, instance: Instance) -> str:
        """Return a declaration."""
        blank = self.blank
        words = [self.cased(word) for word in ("instance", "of")]
        alias = f"{blank()}as{blank()}$Alias_1{blank()}" if self._random.random() < 0.2 else ""
        properties = "".join(
            f"{blank()}{p.name}{blank()}={blank()}{self.value(p.value)}{blank()};"
            for p in instance.properties
        )
        head = f"{words[0]}{blank()}{words[1]}{blank()}{instance.class_name}"
        return f"{blank()}{head}{blank()}{alias}{{{properties}{blank()}}}{blank()};{blank()}"

    def blank(self) -> str:
        """Return something between two words."""
        return self._random.choice(_BLANKS)

    def cased(self, word: str) -> str:
        """Return the word in some case."""
        return self._random.choice((word.lower(), word.upper(), word.capitalize()))

    def value(self, value: Value) -> str:
        """Return the literal of a value."""
        if isinstance(value, tuple):
            inside = f"{self.blank()},{self.blank()}".join(self.scalar(one) for one in value)
            return f"{{{self.blank()}{inside}{self.blank()}}}"
        return self.scalar(value)

    def scalar(self, value: Scalar | None) -> str:
        """Return the literal of one value."""
        if value is None or isinstance(value, bool):
            return self.cased("null" if value is None else str(value))
        if isinstance(value, int):
            return self._random.choice((str(value), f"{value:+}", f"{value:#x}", f"{value:b}b"))
        if isinstance(value, float):
            return repr(value)
        assert isinstance(value, str)
        return self.text(value)

    def text(self, value: str) -> str:
        """Return a string, in pieces that join."""
        cut = self._random.randrange(len(value) + 1)
        pieces = (value[:cut], value[cut:]) if self._random.random() < 0.5 else (value,)
        return self.blank().join(f'"{"".join(map(self._letter, piece))}"' for piece in pieces)

    def _letter(self, letter: str) -> str:
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        plain = ord(letter) > 0xFFFF or self._random.random() < 0.8
        return letter if plain else f"\\x{ord(letter):04X}"
