"""The page about queries: its examples are queries, its limits are those of the code."""

import re
from pathlib import Path
from typing import get_args

from virtcim.wbem.query import matching, names, printing
from virtcim.wbem.query.automaton import MOST_STATES
from virtcim.wbem.query.building import MOST_STEPS
from virtcim.wbem.query.patterns import MOST_REPEATED
from virtcim.wbem.query.reading import (
    DEEPEST,
    LONGEST_QUERY,
    MOST_WORDS,
    NAMES,
    language_named,
    parse,
)
from virtcim.wbem.query.tree import Language, Operand, Predicate

PAGE = (Path(__file__).parents[3] / "docs" / "queries.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """Give the rows of the table below a heading."""
    section = PAGE.partition(f"# {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_the_examples_are_queries() -> None:
    """A reader who copies an example has a query."""
    for name, example in rows("Examples"):
        parse(language_named(name), example.strip("`"))


def test_the_names_of_languages() -> None:
    """The page has every name under which a language is known."""
    named = {name for row in rows("Queries") for name in re.findall(r"`([^`]+)`", row[1])}
    assert {name.lower() for name in named} == set(NAMES)
    assert set(NAMES.values()) == set(Language)


def test_the_limits() -> None:
    """The page has the limits of the code."""
    limits = [LONGEST_QUERY, MOST_WORDS, DEEPEST, MOST_STEPS, MOST_STATES, MOST_REPEATED]
    assert [int(row[1]) for row in rows("Limits")] == limits


def test_tables_are_total() -> None:
    """Every node of a tree is compiled, resolved and written."""
    predicates, operands = set(get_args(Predicate)), set(get_args(Operand))
    assert set(matching.COMPILERS) == predicates
    assert set(names.RESOLVERS) == predicates
    assert set(printing.PREDICATES) == predicates
    assert set(printing.OPERANDS) == operands
