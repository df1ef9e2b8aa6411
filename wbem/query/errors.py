"""What is wrong with a query, where in it, and the CIM status that says so.

WBEMError
 +-- QueryLanguageNotSupported (14)
 +-- FilteredEnumerationNotSupported (25)
 +-- InvalidQuery (15)
 +-- QueryFeatureNotSupported (29)
"""

from dataclasses import dataclass

from virtcim.wbem.status import Status, WBEMError

_LONGEST_QUOTE = 40


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a query; line and column count from 1, the offset from 0."""

    offset: int
    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


def place_in(text: str, offset: int) -> Place:
    """Return the place of an offset."""
    line = text.count("\n", 0, offset) + 1
    return Place(offset, line, offset - text.rfind("\n", 0, offset))


def quoted(text: str) -> str:
    """Return text of a client as a message may repeat it."""
    return repr(text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "...")


class QueryLanguageNotSupported(WBEMError):
    """Nobody here reads the language of the query."""

    status = Status.QUERY_LANGUAGE_NOT_SUPPORTED


class FilteredEnumerationNotSupported(WBEMError):
    """The operation takes no filter, though others do."""

    status = Status.FILTERED_ENUMERATION_NOT_SUPPORTED


class InvalidQuery(WBEMError):
    """The query is not of its language, or compares what cannot be compared."""

    status = Status.INVALID_QUERY
    place: Place | None = None


class QueryFeatureNotSupported(WBEMError):
    """The query is of its language and asks for a part of it that is not served."""

    status = Status.QUERY_FEATURE_NOT_SUPPORTED
    place: Place | None = None


def invalid(reason: str, text: str, offset: int) -> InvalidQuery:
    """Return the refusal of a query for what stands at the offset."""
    place = place_in(text, offset)
    error = InvalidQuery(f"{reason} at {place} of the query")
    error.place = place
    return error


def not_served(feature: str, text: str, offset: int) -> QueryFeatureNotSupported:
    """Return the refusal of a feature that stands at the offset."""
    place = place_in(text, offset)
    error = QueryFeatureNotSupported(f"{feature} is not supported, at {place} of the query")
    error.place = place
    return error
