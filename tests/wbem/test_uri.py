"""WBEM URIs: every path survives the text, and what is no path is refused."""

from dataclasses import replace
from typing import Any

import pytest
import pywbem
from hypothesis import given
from hypothesis import strategies as st

from tests.wbem.strategies import NAMES, class_paths, instance_paths
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.uri import format_uri, parse_uri


@given(instance_paths(references=False) | class_paths())
def test_round_trip(path: ObjectPath) -> None:
    """A path reads back equal, values and types of its keys included."""
    again = parse_uri(format_uri(path))
    assert again == path
    assert [type(v) for _, v in again.keys or ()] == [type(v) for _, v in path.keys or ()]


@given(instance_paths(local=True))
def test_reference_keys_stay_readable(path: ObjectPath) -> None:
    """A reference key is the text of its path, at any depth."""
    again = dict(parse_uri(format_uri(path)).keys or ())
    for name, value in path.keys or ():
        if isinstance(value, ObjectPath):
            text = again[name]
            assert isinstance(text, str)
            assert text == format_uri(value)


@given(st.text() | st.from_regex(r"[/a-z:.]{0,9}X\.[a-z=\"'\\,0-9+-]*", fullmatch=True))
def test_any_text_is_a_path_or_a_value_error(text: str) -> None:
    """No text makes anything but a ValueError."""
    try:
        assert parse_uri(text).class_name is not None
    except ValueError:
        return


READ = (
    ("X", ObjectPath("X", None)),
    ("X=@", ObjectPath("X")),
    ("root/virt:X", ObjectPath("X", None, "root/virt")),
    ("/root/virt:X.k=1", ObjectPath("X", (("k", 1),), "root/virt")),
    ("interop:X.k=1", ObjectPath("X", (("k", 1),), "interop")),
    ("root/virt/a.example.org:X.k=1", ObjectPath("X", (("k", 1),), "root/virt/a.example.org")),
    ("//h/root/virt:X.k=1", ObjectPath("X", (("k", 1),), "root/virt", "h")),
    ("//h:5988/interop:X", ObjectPath("X", None, "interop", "h:5988")),
    ("//[::1]:5988/n:X", ObjectPath("X", None, "n", "[::1]:5988")),
    ("cimxml-wbem://u@h/n:X", ObjectPath("X", None, "n", "u@h")),
    ("https://h/n:X.k=true", ObjectPath("X", (("k", True),), "n", "h")),
    ('X.a="x",B="y"', ObjectPath("X", (("a", "x"), ("B", "y")))),
    ('X.a="x", b=-5', ObjectPath("X", (("a", "x"), ("b", -5)))),
    (r'X.a="q\"s\\t",b=0x1F', ObjectPath("X", (("a", 'q"s\\t'), ("b", 31)))),
    ("X.a='c',b='\\''", ObjectPath("X", (("a", "c"), ("b", "'")))),
    ("X.a=1.5e3,b=FALSE", ObjectPath("X", (("a", 1500.0), ("b", False)))),
    ('X.a="KVM:x.y=z,w:v/u"', ObjectPath("X", (("a", "KVM:x.y=z,w:v/u"),))),
    ('X.a="line\nbreak"', ObjectPath("X", (("a", "line\nbreak"),))),
    ('X.a=""', ObjectPath("X", (("a", ""),))),
    ("/:X", ObjectPath("X", None)),
    (":X.k=1", ObjectPath("X", (("k", 1),))),
    ("///n:X.k=1", ObjectPath("X", (("k", 1),), "n")),
    (
        'wbem://u:p@h:1/root/ns:C.k="v",b=5',
        ObjectPath("C", (("k", "v"), ("b", 5)), "root/ns", "u:p@h:1"),
    ),
    ("/n:X.a=INF,c=101b,d=+5", ObjectPath("X", (("a", float("inf")), ("c", 5), ("d", 5)), "n")),
    (
        "/n:X.k=20140924193040.654321+120",
        ObjectPath("X", (("k", "20140924193040.654321+120"),), "n"),
    ),
    (r'/:X.r="/:Y.k=\"a\\\"b\""', ObjectPath("X", (("r", r'/:Y.k="a\"b"'),))),
)


@pytest.mark.parametrize(("text", "path"), READ)
def test_reading(text: str, path: ObjectPath) -> None:
    """Each form of DSP0207, and the namespaces that look like a scheme or have dots."""
    assert parse_uri(text) == path


@pytest.mark.parametrize(
    "text",
    ["", ":", "root/virt:", "X.k", "X.k=", 'X.k="x', "X k=1", "X=1", "X.k=abc", 'X.k="a"b', "X.=1",
     "X,Y", "X=@@", "//h:X.k=1", "//h", 'X.k="v",', "X.", 'X.k="v",,j=1',
     "/n/(instance)X.k=(uint8)5", "X.k='", "X.a=1;b=2", "root/virt", "X.k=1e9999"],
)  # fmt: skip
def test_no_path(text: str) -> None:
    """What is no path raises ValueError with a text that is not endless."""
    with pytest.raises(ValueError) as caught:
        parse_uri(text)
    assert len(str(caught.value)) < 160


def pywbems(path: ObjectPath) -> Any:
    """Return a path as pywbem has it."""
    keys = {n: pywbems(v) if isinstance(v, ObjectPath) else _number(v) for n, v in path.keys or ()}
    return pywbem.CIMInstanceName(path.class_name, keys, path.host, path.namespace)


def _number(value: object) -> object:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return pywbem.Sint64(value) if is_integer else value


KEYS = st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF), max_size=8).filter(
    lambda text: not text.endswith("\\")  # pywbem takes the quote behind it for text
)


@st.composite
def paths(draw: st.DrawFn, depth: int = 2) -> ObjectPath:
    """Return paths of instances with references in references."""
    values = KEYS | st.booleans() | st.integers(-(2**63), 2**63 - 1)
    keys: dict[str, KeyValue] = dict(draw(st.dictionaries(NAMES, values, min_size=1, max_size=3)))
    if depth and draw(st.booleans()):
        keys["Reference_"] = draw(paths(depth - 1))
    unique = {name.lower(): (name, value) for name, value in keys.items()}
    namespace = draw(st.none() | st.just("root/n"))
    host = None if namespace is None else draw(st.none() | st.just("h:1"))
    in_order = tuple(sorted(unique.values(), key=lambda pair: pair[0]))  # as pywbem writes them
    return ObjectPath(draw(NAMES), in_order, namespace, host)


@given(paths(), st.sampled_from(["standard", "cimobject", "historical", "canonical"]))
def test_the_forms_of_pywbem(path: ObjectPath, form: str) -> None:
    """Each is read as the same path, references by their classes; ours is its historical one."""
    theirs = pywbems(path)
    again = whole(parse_uri(theirs.to_wbem_uri(form)))
    if form == "cimobject":
        again = again.at(path.namespace or "", path.host)
    assert again.identity() == path.identity()
    assert again.host == path.host
    if path.host is None:
        assert format_uri(path) == theirs.to_wbem_uri("historical")


def whole(path: ObjectPath) -> ObjectPath:
    """Return a path with paths where texts are, as one who knows the class does."""
    keys = tuple(
        (n, whole(parse_uri(v)) if n.lower() == "reference_" and isinstance(v, str) else v)
        for n, v in path.keys or ()
    )
    return replace(path, keys=keys)


def test_writing() -> None:
    """Quotes and backslashes are escaped, references are quoted whole."""
    inner = ObjectPath("Y", (("b", 'x"'),), "n")
    path = ObjectPath("X", (("a", "\\"), ("r", inner), ("t", True)), "root/virt", "h")
    assert format_uri(path) == r'//h/root/virt:X.a="\\",r="n:Y.b=\"x\\\"\"",t=TRUE'
