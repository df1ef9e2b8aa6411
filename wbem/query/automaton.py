"""Patterns as automata, so that the time of a match grows with the text alone.

The rule: no backtracking. A pattern becomes states, the set of states that a text can be in is
followed character by character, and each step is worked out once and kept, up to a bound.
What a pattern may hold is bounded too, since a repetition is written out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MOST_STATES = 512
"""States of one pattern."""

_MOST_KEPT = 20_000
"""States that one pattern remembers in all its steps; then it forgets them and begins anew."""

FOREVER = None


class TooLarge(ValueError):
    """The pattern needs more states than one may have."""

    def __init__(self) -> None:
        super().__init__(f"more than {MOST_STATES} states")


@dataclass(frozen=True, slots=True)
class Letters:
    """One character out of ranges, or with `complement` one that is in none of them."""

    ranges: tuple[tuple[str, str], ...]
    complement: bool = False

    def has(self, letter: str) -> bool:
        """Tell whether the character fits."""
        return any(low <= letter <= high for low, high in self.ranges) != self.complement


ANYTHING = Letters((), complement=True)


@dataclass(frozen=True, slots=True)
class AtStart:
    """Nothing, at the beginning of the text."""


@dataclass(frozen=True, slots=True)
class AtEnd:
    """Nothing, at the end of the text."""


@dataclass(frozen=True, slots=True)
class Sequel:
    """One after the other; of none it is the empty text."""

    parts: tuple["Pattern", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these."""

    parts: tuple["Pattern", ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """As often as this; `most` None has no bound."""

    part: "Pattern"
    least: int
    most: int | None


Pattern = Letters | AtStart | AtEnd | Sequel | Choice | Repeated

_Edge = tuple[Letters | AtStart | AtEnd | None, int]


class Automaton:
    """Tells whether a whole text fits a pattern."""

    def __init__(self, pattern: Pattern, fold: Callable[[str], str] = str) -> None:
        self._fold = fold
        self._edges: list[list[_Edge]] = [[]]
        self._last = self._add(pattern, 0)
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._ends: dict[frozenset[int], bool] = {}
        self._kept = 0
        self._first = self._closed({0}, {AtStart})

    def matches(self, text: str) -> bool:
        """Tell whether the text fits."""
        here = self._first
        steps = self._steps
        text = self._fold(text)
        for letter in text:
            there = steps.get((here, letter))
            here = self._step(here, letter) if there is None else there
            if not here:
                return False
        if not text:
            return self._last in self._closed({0}, {AtStart, AtEnd})
        return self._is_end(here)

    # Building

    def _state(self) -> int:
        if len(self._edges) >= MOST_STATES:
            raise TooLarge
        self._edges.append([])
        return len(self._edges) - 1

    def _add(self, pattern: Pattern, start: int) -> int:
        """Add states for the pattern from the start on; return where it ends."""
        return _ADDERS[type(pattern)](self, pattern, start)

    def _add_edge(self, pattern: Letters | AtStart | AtEnd, start: int) -> int:
        end = self._state()
        self._edges[start].append((pattern, end))
        return end

    def _add_sequel(self, pattern: Sequel, start: int) -> int:
        for part in pattern.parts:
            start = self._add(part, start)
        return start

    def _add_choice(self, pattern: Choice, start: int) -> int:
        ends = [self._add(part, self._after(start)) for part in pattern.parts]
        end = self._state()
        for each in ends:
            self._edges[each].append((None, end))
        return end

    def _add_repeated(self, pattern: Repeated, start: int) -> int:
        for _ in range(pattern.least):
            start = self._add(pattern.part, start)
        if pattern.most is FOREVER:
            return self._add_loop(pattern.part, start)
        ends = [start]
        for _ in range(pattern.most - pattern.least):
            ends.append(self._add(pattern.part, ends[-1]))
        for each in ends[:-1]:
            self._edges[each].append((None, ends[-1]))
        return ends[-1]

    def _add_loop(self, part: Pattern, start: int) -> int:
        head = self._after(start)
        self._edges[self._add(part, head)].append((None, head))
        return self._after(head)

    def _after(self, state: int) -> int:
        new = self._state()
        self._edges[state].append((None, new))
        return new

    # Following

    def _closed(self, states: set[int], open_to: set[type]) -> frozenset[int]:
        """Add the states that are reached without a character."""
        waiting = list(states)
        while waiting:
            for label, target in self._edges[waiting.pop()]:
                if (label is None or type(label) in open_to) and target not in states:
                    states.add(target)
                    waiting.append(target)
        return frozenset(states)

    def _step(self, here: frozenset[int], letter: str) -> frozenset[int]:
        reached = {
            target
            for state in here
            for label, target in self._edges[state]
            if isinstance(label, Letters) and label.has(letter)
        }
        there = self._closed(reached, set())
        self._kept += 1 + len(there)
        if self._kept > _MOST_KEPT:
            self._steps.clear()
            self._ends.clear()
            self._kept = 0
        self._steps[here, letter] = there
        return there

    def _is_end(self, here: frozenset[int]) -> bool:
        found = self._ends.get(here)
        if found is None:
            found = self._ends[here] = self._last in self._closed(set(here), {AtEnd})
        return found


_ADDERS: Mapping[type, Callable[..., int]] = {
    Letters:  Automaton._add_edge,      # noqa: SLF001 (it is of this module)
    AtStart:  Automaton._add_edge,      # noqa: SLF001
    AtEnd:    Automaton._add_edge,      # noqa: SLF001
    Sequel:   Automaton._add_sequel,    # noqa: SLF001
    Choice:   Automaton._add_choice,    # noqa: SLF001
    Repeated: Automaton._add_repeated,  # noqa: SLF001
}  # fmt: skip


def sequel(parts: Sequence[Pattern]) -> Pattern:
    """Return the parts in a row."""
    return parts[0] if len(parts) == 1 else Sequel(tuple(parts))
