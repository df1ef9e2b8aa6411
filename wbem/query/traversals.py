r"""ASSOCIATORS OF and REFERENCES OF, as Microsoft's dialect has them.

The rule: what becomes of it is an association operation of DSP0200 and nothing more, so an option
that no operation has is refused and not dropped.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.query.complaint import Complaint
from virtcim.wbem.query.tree import Language, Traversal
from virtcim.wbem.uri import parse_uri


@dataclass(frozen=True, slots=True)
class Option:
    """An option as written; `value` is None for one that is only named."""

    name: str
    value: str | None
    place: int


_OPTIONS: Mapping[bool, Mapping[str, str]] = {
    False: {
        "assocclass":  "association_class",
        "resultclass": "result_class",
        "role":        "role",
        "resultrole":  "result_role",
    },
    True: {
        "resultclass": "result_class",
        "role":        "role",
    },
}  # fmt: skip
"""Field of each option, for associators and for references."""

_FLAGS = frozenset({"classdefsonly", "schemaonly"})
_UNSERVED = frozenset({"requiredqualifier", "requiredassocqualifier", "keysonly"})
_LONE_KEY = re.compile(
    r"""(?P<head>[^"'=]*[:/]|)(?P<class>[^"'=.:/]+)
        =(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^"',=@]+)""",
    re.VERBOSE | re.DOTALL,
)
_MICROSOFT = re.compile(r"\\\\(?P<host>[^\\/]+)\\(?P<namespace>[^:]+):(?P<rest>.*)", re.DOTALL)


def build_traversal(
    braced: str, place: int, options: Sequence[Option], *, references: bool
) -> Traversal:
    """Return the traversal from an object, which stands in braces; the text comes later."""
    fields = _OPTIONS[references]
    given: dict[str, str] = {}
    flag = False
    for option in options:
        name = option.name.lower()
        if name in _UNSERVED:
            raise Complaint(f"the option {option.name}", option.place, is_feature=True)
        if option.value is None and name in _FLAGS:
            flag = True
        elif option.value is None or name not in fields:
            raise Complaint(f"{option.name[:40]} is no option here", option.place)
        elif given.setdefault(fields[name], option.value) is not option.value:
            raise Complaint(f"{option.name} is given twice", option.place)
    return Traversal(
        language=Language.WQL,
        text="",
        path=_path(braced[1:-1].strip(), place),
        references=references,
        class_definitions_only=flag,
        **given,
    )


def _path(text: str, place: int) -> ObjectPath:
    found = _MICROSOFT.fullmatch(text)
    if found:
        namespace = found["namespace"].replace("\\", "/")
        text = f"//{found['host']}/{namespace}:{found['rest']}"
    lone = _LONE_KEY.fullmatch(text)
    if lone:
        text = f"{lone['head']}{lone['class']}.key={lone['value']}"
    try:
        path = parse_uri(text)
    except ValueError as error:
        raise Complaint(str(error), place) from None
    return replace(path, keys=(("", path.keys[0][1]),)) if lone and path.keys else path
