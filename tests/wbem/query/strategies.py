"""Hypothesis strategies for trees, as far as CQL can write them."""

from hypothesis import strategies as st

from virtcim.wbem.query.tree import (
    ELEMENT,
    ArrayLiteral,
    ClassNameOf,
    Comparator,
    Comparison,
    Conjunction,
    Constant,
    Disjunction,
    IsA,
    IsNull,
    Like,
    Literal,
    Negation,
    ObjectPathOf,
    Operand,
    Predicate,
    PropertyName,
    Quantifier,
    Satisfies,
    Step,
    Symbol,
)

NAMES = st.from_regex(r"p[A-Za-z0-9_é]{0,4}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)

CONSTANTS: st.SearchStrategy[Constant] = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)

STEPS = st.builds(Step, NAMES, st.none() | NAMES, st.none() | st.integers(0, 65_535))
PROPERTIES = st.builds(PropertyName, st.lists(STEPS, min_size=1, max_size=3).map(tuple))
ARRAYS = st.one_of(
    st.lists(TEXTS, max_size=3),
    st.lists(st.integers(0, 9), max_size=3),
    st.lists(st.booleans(), max_size=3),
).map(lambda values: ArrayLiteral(tuple(values)))

OPERANDS: st.SearchStrategy[Operand] = st.one_of(
    st.builds(Literal, CONSTANTS),
    PROPERTIES,
    ARRAYS,
    st.builds(ClassNameOf, PROPERTIES),
    st.builds(ObjectPathOf, PROPERTIES),
    st.builds(Symbol, PROPERTIES, TEXTS),
)

PATTERNS = st.from_regex(r"[a-z.'\"\n]{0,5}[%*]?", fullmatch=True).filter(
    lambda text: not text.startswith("*")
)
COMPARATORS = st.sampled_from(Comparator)
CLASS_NAMES = TEXTS.filter(lambda text: bool(text.strip()) and text == text.strip())

LEAVES: st.SearchStrategy[Predicate] = st.one_of(
    st.builds(Comparison, COMPARATORS, OPERANDS, OPERANDS),
    st.builds(Like, OPERANDS, PATTERNS),
    st.builds(IsNull, OPERANDS),
    st.builds(IsA, PROPERTIES, CLASS_NAMES),
    st.builds(
        Satisfies,
        st.sampled_from(Quantifier),
        st.just(""),
        PROPERTIES,
        st.builds(Comparison, COMPARATORS, st.just(ELEMENT), OPERANDS)
        | st.builds(Like, st.just(ELEMENT), PATTERNS)
        | st.builds(Negation, st.builds(Like, st.just(ELEMENT), PATTERNS)),
    ),
)


def _above(inner: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Conjunction, parts),
        st.builds(Disjunction, parts),
        st.builds(Negation, inner),
        st.builds(Satisfies, st.sampled_from(Quantifier), NAMES, PROPERTIES, inner),
    )


PREDICATES: st.SearchStrategy[Predicate] = st.recursive(LEAVES, _above, max_leaves=6)
