r"""The grammars of the query languages, for lark's LALR parser.

The rule: what the languages share is written once, and a grammar is its own part and the shared
ones. Keywords are terminals above NAME, and are seen only where the grammar can take them, so a
property may be called `Like`. What a language has and this server has not is a terminal of
UNSERVED; meeting one is the refusal of it.
"""

from collections.abc import Mapping

from virtcim.wbem.query.tree import Language

_CONDITIONS = r"""
disjunction: conjunction (_OR conjunction)*
conjunction: _factor (_AND _factor)*
_factor: negation | _test
negation: NOT _test
comparison: _operand COMPARATOR _operand
null_comparison: _operand COMPARATOR NULL
like: _operand [NOT] _LIKE STRING
is_null: _operand _IS [NOT] NULL

property: step | property "." step

_literal: string | number | boolean
string: STRING
number: BINARY | HEXADECIMAL | REAL | INTEGER
boolean: TRUE | FALSE

NAME: /[A-Za-z_\u0080-\ud7ff\ue000-\uffef][0-9A-Za-z_\u0080-\ud7ff\ue000-\uffef]*/
STRING: /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/s
BINARY.3: /[+-]?[01]+[bB](?![0-9A-Za-z_])/
HEXADECIMAL.3: /[+-]?0[xX][0-9A-Fa-f]+(?![0-9A-Za-z_])/
REAL.2: /[+-]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)(?![\w.])/
INTEGER.1: /[+-]?[0-9]+(?![\w.])/
TRUE.4: /TRUE\b/i
FALSE.4: /FALSE\b/i
NULL.4: /NULL\b/i
NOT.4: /NOT\b/i
_LIKE.4: /LIKE\b/i
_AND.4: /AND\b/i
_OR.4: /OR\b/i
_IS.4: /IS\b/i
%ignore /[ \t\r\n\f\v]+/
"""

_ARRAYS = r"""
quantified: QUANTIFIER property COMPARATOR _operand
quantified_like: QUANTIFIER property [NOT] _LIKE STRING
QUANTIFIER.4: /(?:ANY|EVERY)\b/i
"""

_STATEMENTS = r"""
selected: "*" -> everything
        | column ("," column)* -> columns
is_a: property _ISA (NAME | STRING)

_SELECT.4: /SELECT\b/i
_FROM.4: /FROM\b/i
_WHERE.4: /WHERE\b/i
_ISA.4: /ISA\b/i
DISTINCT.4: /DISTINCT(?=\s+(?!FROM\b)[A-Za-z_*])/i
"""

_FQL = r"""
?start: filter
filter: disjunction
_test: comparison | null_comparison | like | is_null | quantified | quantified_like
     | "(" disjunction ")"
_operand: _literal | array | property
array: "{" [_entry ("," _entry)*] "}"
_entry: _literal | null
null: NULL
step: NAME ["[" INTEGER "]"]

COMPARATOR: "<=" | ">=" | "<>" | "=" | "<" | ">"
"""

_CQL = r"""
?start: select
select: _SELECT (DISTINCT | FIRST)? selected _FROM source ("," source)* [_WHERE disjunction] ORDER?
source: NAME [_AS? NAME]
column: (property | function | symbol) [_AS NAME]
      | property "." "*" -> whole_column
_test: comparison | null_comparison | like | is_null | is_a | quantified | quantified_like
     | bound | "(" disjunction ")" | arithmetic
_operand: _literal | array | property | function | symbol
array: "{" [_literal ("," _literal)*] "}"
arithmetic: _operand ARITHMETIC
step: NAME ["[" INTEGER "]"] | NAME "::" NAME ["[" INTEGER "]"] -> scoped_step
function: NAME "(" [_arguments] ")"
_arguments: STAR | _operand ("," _operand)*
symbol: property "#" STRING
bound: QUANTIFIER NAME _IN property _SATISFIES "(" disjunction ")"

STAR: "*"
COMPARATOR: "<=" | ">=" | "<>" | "=" | "<" | ">"
ARITHMETIC: /[-+*\/]|\|\|/
_AS.4: /AS\b/i
_IN.4: /IN\b/i
_SATISFIES.4: /SATISFIES\b/i
FIRST.4: /FIRST(?=\s+[0-9])/i
ORDER.4: /ORDER(?=\s+BY\b)/i
"""

_WQL = r"""
?start: select | traversal
select: _SELECT DISTINCT? selected _FROM NAME [_WITHIN number] [_WHERE disjunction] (GROUP | ORDER)?
traversal: TRAVERSAL _OF PATH [_WHERE option+]
option: NAME ["=" (NAME | STRING)]
column: property
_test: comparison | null_comparison | like | is_null | is_a | "(" disjunction ")"
_operand: _literal | property
step: NAME

COMPARATOR: "<=" | ">=" | "<>" | "!=" | "=" | "<" | ">"
TRAVERSAL.4: /(?:ASSOCIATORS|REFERENCES)\b/i
PATH: /\{(?:[^{}'"]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")*\}/s
_OF.4: /OF\b/i
_WITHIN.4: /WITHIN\b/i
GROUP.4: /(?:GROUP|HAVING)\b/i
ORDER.4: /ORDER(?=\s+BY\b)/i
"""

GRAMMARS: Mapping[Language, str] = {
    Language.FQL: _FQL + _CONDITIONS + _ARRAYS,
    Language.CQL: _CQL + _CONDITIONS + _ARRAYS + _STATEMENTS,
    Language.WQL: _WQL + _CONDITIONS + _STATEMENTS,
}
"""The grammar of each language; `start` is a whole query."""

UNSERVED: Mapping[str, str] = {
    "DISTINCT":   "DISTINCT",
    "FIRST":      "FIRST",
    "ORDER":      "ORDER BY",
    "GROUP":      "grouping of events",
    "ARITHMETIC": "arithmetic",
}  # fmt: skip
"""What each of these terminals asks for and does not get."""

WORDS: Mapping[str, str] = {
    "NAME":        "a name",
    "STRING":      "a string",
    "INTEGER":     "an integer",
    "COMPARATOR":  "a comparison",
    "QUANTIFIER":  "ANY or EVERY",
    "TRAVERSAL":   "ASSOCIATORS or REFERENCES",
    "PATH":        "a path in braces",
    "LPAR":        "'('",
    "RPAR":        "')'",
    "LSQB":        "'['",
    "RSQB":        "']'",
    "LBRACE":      "'{'",
    "RBRACE":      "'}'",
    "COMMA":       "','",
    "DOT":         "'.'",
    "EQUAL":       "'='",
    "STAR":        "'*'",
    "HASH":        "'#'",
    "__ANON_0":    "'::'",
    "$END":        "the end",
}  # fmt: skip
"""What messages call the terminals that do not have their own name in the query."""

VALUES = frozenset({"BINARY", "HEXADECIMAL", "REAL", "INTEGER", "STRING", "TRUE", "FALSE", "NULL"})
"""What messages call a value where more than one of them may stand."""
