"""Editing: what is addressed changes, and nothing else does, byte for byte."""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hypervisors.definition.corpus import texts
from virtcim.hypervisors.definition import DomainDefinition, parse_domain
from virtcim.hypervisors.definition.converters import Converter
from virtcim.hypervisors.definition.devices import Address
from virtcim.hypervisors.definition.editing import DomainEditor, Edit, difference
from virtcim.hypervisors.definition.fields import Declaration, declarations
from virtcim.hypervisors.definition.interfaces import VLANTag
from virtcim.hypervisors.definition.kinds import KINDS
from virtcim.hypervisors.definition.markup import Node, read
from virtcim.hypervisors.definition.processors import CPUFeature
from virtcim.hypervisors.definition.xml import parse
from virtcim.hypervisors.errors import HypervisorFailure

DOMAINS = texts("domains")
ALL = {
    f"{folder}/{name}": text
    for folder in ("domains", "networks", "pools", "filters", "snapshots")
    for name, text in texts(folder).items()
}
MOST = 4
"""Things of a class whose fields are all changed; their texts are of all kinds."""


@pytest.mark.parametrize("name", ALL)
def test_what_is_read_is_written_as_it_was(name: str) -> None:
    """Every text of the corpus comes back byte for byte."""
    assert read(ALL[name]).written() == ALL[name]


def writable(cls: type[Any], prefix: str = "") -> Iterator[tuple[str, Declaration]]:
    """Every field that can be written, with its declaration; parts by their fields."""
    for name, one in declarations(cls).items():
        converter = one.converter
        if converter.of_class is not None and not converter.gathers:
            yield from writable(converter.of_class, f"{prefix}{name}.")
        elif converter.of_class or converter.as_text or converter.write:
            yield f"{prefix}{name}", one


def value_of(thing: Any, field: str) -> Any:
    """The value of a field of a definition or of a device; of a part that is not there, None."""
    for part in field.split("."):
        thing = None if thing is None else getattr(thing, part)
    return thing


def _things() -> dict[type, list[tuple[str, str]]]:
    """Name the text and the id of everything with fields by its class; "" is the whole domain."""
    found: dict[type, list[tuple[str, str]]] = defaultdict(list)
    for name, text in DOMAINS.items():
        found[DomainDefinition].append((name, ""))
        for device in parse_domain(text).devices:
            if device.element in KINDS:
                found[type(device)].append((name, device.id))
    return found


THINGS = _things()


def opened(name: str, target: str) -> tuple[DomainEditor, Edit, Any]:
    """An editor of a text, the edit of a thing in it, and what it says."""
    editor = DomainEditor(DOMAINS[name])
    edit = editor.device(target) if target else editor.system
    return editor, edit, editor.found(edit) if target else editor.definition


def said(editor: DomainEditor, edit: Edit) -> Any:
    """What the thing says now."""
    return editor.definition if edit is editor.system else editor.found(edit)


@lru_cache(maxsize=256)  # most texts are compared with the same one, and are the same
def tree(text: str) -> Any:
    """What a text says, whatever the order of attributes and the white space."""

    def of(node: Node) -> Any:
        attributes = sorted((name, node.get(name)) for name in node.names)
        return (node.name, attributes, node.text.strip(), [of(child) for child in node.elements])

    return of(read(text).root)


def another(converter: Converter[Any], old: Any) -> Any:
    """Another value than this one; None where there is no telling."""
    if converter.of_class is not None:
        return old[1:]
    if converter.gathers:
        return (*old, "more")
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return old + 2**20
    return f"{old}<'&\">" if isinstance(old, str) else None


@pytest.mark.parametrize("cls", THINGS, ids=lambda cls: cls.__name__)
def test_every_value_is_changed_alone_and_back(cls: type) -> None:
    """Each field of a thing that has a value: it is changed, one line is different; then back."""
    for name, target in THINGS[cls]:
        editor, edit, thing = opened(name, target)
        for field, one in writable(cls):
            old = value_of(thing, field)
            wanted = None if old in (None, ()) else another(one.converter, old)
            if wanted is None or one.path == "@passwd":
                continue
            before = editor.text
            edit.set(field, wanted)
            found = value_of(said(editor, edit), field)
            assert found == wanted or not (found or wanted), (name, target, field)
            if one.converter.as_text and not one.converter.gathers:
                changes = difference(before, editor.text).splitlines()[2:]
                assert [line[0] for line in changes if line[0] != " " and line[:2] != "@@"] in (
                    ["-", "+"], [],
                ), (name, target, field)  # fmt: skip
            edit.set(field, old)
            if one.converter.whole or one.converter.of_class is not None:
                editor, edit, thing = opened(name, target)  # what was in it went with it
            assert tree(editor.text) == tree(DOMAINS[name]), (name, target, field)


@pytest.mark.parametrize("cls", THINGS, ids=lambda cls: cls.__name__)
def test_a_value_where_there_was_none_goes_without_a_trace(cls: type) -> None:
    """Each field that a thing does not have: set, read, taken away; the text is what it was."""
    for name, target in islice(THINGS[cls], MOST):
        editor, edit, thing = opened(name, target)
        for field, one in writable(cls):
            wanted = new_value(one.converter, value_of(thing, field))
            if wanted is None or (one.path == "backend" and edit.node.elements):
                continue
            edit.set(field, wanted)
            assert value_of(said(editor, edit), field) == wanted, (name, target, field)
            edit.set(field, one.converter.default)
            assert editor.text == DOMAINS[name], (name, target, field)


ADDRESS = Address(names=("type", "slot"), values=("pci", "0x1f"))


def new_value(converter: Converter[Any], old: Any) -> Any:
    """A value for a field that has none; None where it has one."""
    if (old not in (None, ()) and old is not converter.default) or converter.of_class is not None:
        return None
    if converter.gathers:
        return ("more",)
    for made in ("other", 2**20, True, ADDRESS):
        if _reads_back(converter, made):
            return made
    raise AssertionError(converter)


def _reads_back(converter: Converter[Any], value: Any) -> bool:
    """Tell whether a converter reads what it writes of a value."""
    node = Node("x", "/>")
    try:
        if converter.write is not None:
            converter.write(node, value)
            element = parse(node.written())
            return bool(converter.of_element is not None and converter.of_element(element) == value)
        written = converter.as_text(value) if converter.as_text else ""
    except (AttributeError, TypeError, ValueError):
        return False
    return bool((converter.of_text(written) if converter.of_text else written) == value)


# Lists


TAGGED = """<domain><devices>
    <interface type='network'>
      <mac address='52:54:00:00:00:01'/>
      <vlan trunk='yes'>
        <tag id='1'/><!-- kept -->
        <tag id='2' nativeMode='tagged' odd='1'/>
        <tag id='3'/>
      </vlan>
    </interface>
  </devices></domain>"""


@given(st.lists(st.integers(1, 6), unique=True))
def test_what_is_in_a_list_already_stays_as_it_is(ids: list[int]) -> None:
    """Members are added, removed and reordered; one that stays keeps what nothing declares."""
    editor = DomainEditor(TAGGED)
    edit = editor.device("52:54:00:00:00:01")
    tags = {tag.id: tag for tag in editor.found(edit).vlan_tags}  # type: ignore[attr-defined]
    wanted = tuple(tags.get(one) or VLANTag(id=one) for one in ids)
    edit.set("vlan_tags", wanted)
    assert editor.found(edit).vlan_tags == wanted  # type: ignore[attr-defined]
    if ids == sorted(ids) and 2 in ids:
        assert "<tag id='2' nativeMode='tagged' odd='1'/>" in editor.text
    edit.set("vlan_tags", tuple(tags.values()))
    assert editor.found(edit).vlan_tags == tuple(tags.values())  # type: ignore[attr-defined]


def test_the_first_member_is_taken_and_the_others_are_not_touched() -> None:
    """The difference of two lists is what is written, not the second list."""
    editor = DomainEditor(DOMAINS["tuning"])
    assert editor.definition.cpu is not None
    features = editor.definition.cpu.features
    added = CPUFeature(name="vmx", policy="disable")
    editor.system.set("cpu.features", (added, *features))
    lines = difference(DOMAINS["tuning"], editor.text).splitlines()[2:]
    assert [line[0] for line in lines if line[0] in "+-"] == ["+"]
    editor.system.set("cpu.features", features)
    assert editor.text == DOMAINS["tuning"]


# Devices


@pytest.mark.parametrize("name", DOMAINS)
def test_a_device_is_added_and_removed_without_a_trace(name: str) -> None:
    """Of each kind; the devices that were there keep their ids."""
    editor = DomainEditor(DOMAINS[name])
    before = [device.id for device in editor.definition.devices]
    for element in KINDS:
        edit = editor.add(element)
        made = editor.found(edit)
        assert [one.id for one in editor.definition.devices if one.id != made.id] == before
        editor.remove(made.id)
    assert tree(editor.text) == tree(DOMAINS[name])
    if "<devices>" in DOMAINS[name]:
        assert editor.text == DOMAINS[name]


def test_a_device_that_is_taken_away_takes_nothing_with_it() -> None:
    """One after the other, until none is left; what stands beside them stays."""
    editor = DomainEditor(DOMAINS["peripherals"])
    while editor.definition.devices:
        rest = [one.element for one in editor.definition.devices[1:]]
        editor.remove(editor.definition.devices[0].id)
        assert [one.element for one in editor.definition.devices] == rest
    with pytest.raises(LookupError):
        editor.remove("vda")
    assert editor.definition.emulator


def test_a_device_is_put_back_by_its_text() -> None:
    """What was taken away is given back with all that nothing declares."""
    editor = DomainEditor(DOMAINS["disks-remote"])
    text = editor.device_text("vda")
    editor.remove("vda")
    edit = editor.adopt(text)
    assert editor.found(edit).id == "vda"
    assert editor.device_text("vda") == text


# Texts


def test_what_stands_beside_elements_is_kept() -> None:
    """Comments, instructions, CDATA, entities, quotes and odd white space."""
    text = (
        "<?xml version='1.0'?><!-- a > b -->\n<domain type = \"test\"\tid='1' >"
        "<name>a&#x26;b</name><title><![CDATA[<x>]]></title><description/><?keep me?>\n"
        "<metadata><a:b xmlns:a='urn:a' c='&quot;'/></metadata ></domain >\n<!-- end -->\n"
    )
    assert read(text).written() == text
    editor = DomainEditor(text)
    editor.system.set("title", "<x>")  # it has that already
    assert editor.text == text
    editor.system.set("domain_type", 'a"b')
    editor.system.set("name", "a<b")
    assert editor.text == text.replace('"test"', '"a&quot;b"').replace("a&#x26;b", "a&lt;b")
    assert (editor.definition.name, editor.definition.domain_type) == ("a<b", 'a"b')


@given(st.text())
def test_every_text_is_written_so_that_it_is_read_back(value: str) -> None:
    """As a text and as an attribute; what XML cannot carry is refused, and nothing is written."""
    editor = DomainEditor(DOMAINS["bare"])
    for field in ("description", "clock_timezone"):
        try:
            editor.system.set(field, value)
        except ValueError:
            continue
        read_back = getattr(editor.definition, field)
        assert (read_back or "") == value
    editor.system.set("description", None)


@pytest.mark.parametrize("text", ["<!DOCTYPE domain><domain/>", "<domain", ""])
def test_what_cannot_be_edited_is_refused(text: str) -> None:
    """A text with a document type, or none."""
    with pytest.raises(HypervisorFailure):
        DomainEditor(text)


def test_a_difference_shows_no_password() -> None:
    """It shows that there is a new one."""
    old = "<domain>\n<graphics passwd='sesame'/>\n</domain>"
    assert difference(old, old) == ""
    shown = difference(old, old.replace("sesame", "open"))
    assert "sesame" not in shown
    assert "open" not in shown
    assert "+<graphics passwd='******** (new)'/>" in shown


@given(st.data())
def test_changes_are_undone_in_reverse(data: st.DataObject) -> None:
    """Any fields of any things of a text, one after the other, and back: it says what it said."""
    name = data.draw(st.sampled_from(["disks-local", "interfaces", "tuning", "vnc", "newer.live"]))
    things = ["", *(device.id for device in parse_domain(DOMAINS[name]).devices)]
    editor = DomainEditor(DOMAINS[name])
    done = []
    for _ in range(data.draw(st.integers(1, 4))):
        target = data.draw(st.sampled_from(things))
        if target and editor.device(target).node.name not in KINDS:
            continue
        edit = editor.device(target) if target else editor.system
        thing = said(editor, edit)
        fields = [
            (field, one)
            for field, one in writable(type(thing))
            if one.converter.as_text and not one.converter.gathers and "@passwd" not in one.path
            if value_of(thing, field) is not None and field not in _NAMING
        ]
        if fields:
            field, one = data.draw(st.sampled_from(fields))
            old = value_of(thing, field)
            done.append((edit, field, old))
            edit.set(field, another(one.converter, old))
    for edit, field, old in reversed(done):
        edit.set(field, old)
    assert tree(editor.text) == tree(DOMAINS[name])


_NAMING = {"target", "mac", "kind", "index", "bus", "target_name", "target_port", "display"}
"""What a device is found by."""
