"""Lists and tables as one string: how an environment variable spells what the file has."""

import json


def split_list(value: object) -> object:
    """Split on commas and blanks, or read JSON where the string starts with a bracket.

    What is no string is given back as it is. Raises ValueError for broken JSON.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    # An IPv6 endpoint starts with a bracket too, but never with one before a quote or brace.
    if text.startswith("[") and text[1:].lstrip()[:1] in {'"', "{", "]"}:
        return _json(text)
    return text.replace(",", " ").split()


def read_table(value: object) -> object:
    """Read JSON; what is no string is given back as it is. Raises ValueError for broken JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value or "{}")
    except json.JSONDecodeError as error:
        raise ValueError(f"must be a table, in JSON: {error}") from None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"must be JSON where it starts with [: {error}") from None
