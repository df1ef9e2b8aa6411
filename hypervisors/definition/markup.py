"""A text of XML as elements that can be changed and written again, byte for byte.

The rule: whatever is read is kept as it was written, with its white space, quotes, entities,
comments and namespaces; `read(text).written() == text`. It reads only what the one parser (xml.py)
has accepted, and no DOCTYPE.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from virtcim.hypervisors.errors import HypervisorFailure

_INDENT = "  "  # libvirt's

_NAME = r"[^\s=/>\"'<]+"
_VALUE = r"\"[^\"]*\"|'[^']*'"
_TOKEN = re.compile(
    rf"(?P<other><!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>)"
    rf"|(?P<closing></{_NAME}\s*>)"
    rf"|<(?P<name>{_NAME})(?P<attributes>(?:\s+{_NAME}\s*=\s*(?:{_VALUE}))*)(?P<end>\s*/?>)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(rf"(?P<before>\s+(?P<name>{_NAME})\s*=\s*)(?P<quoted>{_VALUE})")

_REFERENCE = re.compile(r"&(#x[0-9a-fA-F]+|#[0-9]+|[a-z]+);")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": '"'}
_ESCAPES = str.maketrans({
    "<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&apos;", '"': "&quot;",
    "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;",
})  # fmt: skip
_TEXT_ESCAPES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", "\r": "&#xD;"})
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class _Attribute:
    """As it is written: ` name=` with what stands before it, and the value with its quotes."""

    name: str
    before: str
    quoted: str


@dataclass(slots=True, eq=False)
class Node:
    """An element; `children` are elements and what stands between them, as it is written.

    end: of the opening tag, `>` or `/>` with what stands before it. closing: the closing tag.
    """

    name: str
    end: str
    closing: str = ""
    parent: "Node | None" = None
    children: list["Node | str"] = field(default_factory=list)
    _attributes: list[_Attribute] = field(default_factory=list)

    # Reading

    @property
    def elements(self) -> list["Node"]:
        """The elements in it."""
        return [child for child in self.children if isinstance(child, Node)]

    def named(self, name: str) -> list["Node"]:
        """The elements of a name in it."""
        return [child for child in self.elements if child.name == name]

    def find(self, name: str) -> "Node | None":
        """The last element of a name: where libvirt reads two, the last one counts."""
        found = self.named(name)
        return found[-1] if found else None

    @property
    def names(self) -> list[str]:
        """The names of its attributes."""
        return [one.name for one in self._attributes]

    def get(self, name: str) -> str | None:
        """The value of an attribute."""
        return next((_value(one.quoted) for one in self._attributes if one.name == name), None)

    @property
    def text(self) -> str:
        """Its text, without that of elements in it."""
        return "".join(_plain(child) for child in self.children if isinstance(child, str))

    @property
    def is_bare(self) -> bool:
        """Nothing is in it but white space."""
        return not self._attributes and not self.elements and not self.text.strip()

    def walk(self) -> Iterator["Node"]:
        """It and all elements below."""
        yield self
        for child in self.elements:
            yield from child.walk()

    def written(self) -> str:
        """Its text."""
        attributes = "".join(one.before + one.quoted for one in self._attributes)
        inner = "".join(one if isinstance(one, str) else one.written() for one in self.children)
        return f"<{self.name}{attributes}{self.end}{inner}{self.closing}"

    # Writing

    def put(self, name: str, value: str | None, order: tuple[str, ...] = ()) -> None:
        """Set an attribute, or take it away; a new one stands where `order` has it."""
        found = next((one for one in self._attributes if one.name == name), None)
        if value is None:
            self._attributes = [one for one in self._attributes if one is not found]
        elif found is None:
            made = _Attribute(name, f" {name}=", f"'{_escaped(value, _ESCAPES)}'")
            self._attributes.insert(_place(self.names, name, order), made)
        elif _value(found.quoted) != value:
            quote = found.quoted[0]
            found.quoted = f"{quote}{_escaped(value, _ESCAPES)}{quote}"

    def put_text(self, value: str | None) -> None:
        """Set its text, or take it away."""
        if self.text == (value or ""):
            return
        others = self.elements
        if value:
            self._open()
            self.children = [_escaped(value, _TEXT_ESCAPES), *others]
        elif others:
            self.children = [child for child in self.children if not _is_text(child)]
        else:
            self._shut()

    def make(self, name: str, order: tuple[str, ...] = ()) -> "Node":
        """Make an element in it, where `order` has its name, and indented as libvirt does."""
        made = Node(name, "/>", parent=self)
        elements = self.elements
        place = _place([one.name for one in elements], name, order)
        if not elements:
            outer = self._indentation
            inner = f"{outer}{_INDENT}" if outer else ""
            text = [child for child in self.children if isinstance(child, str) and child.strip()]
            self._open()
            self.children = [*text, inner, made, outer] if outer else [*text, made]
        elif place:
            before = self.children.index(elements[place - 1]) + 1
            self.children[before:before] = [elements[0].lead, made]
        else:
            first = self.children.index(elements[0])
            self.children[first:first] = [made, elements[0].lead]
        return made

    def move(self, *, behind: "Node | None", before: "Node") -> None:
        """Put it behind one of its siblings, or before another when there is none."""
        parent = self.parent
        if parent is None:
            raise ValueError(f"<{self.name}> is the whole text")
        lead, children = self.lead, parent.children
        place = children.index(self)
        del children[place - bool(lead) : place + 1]
        if behind is not None:
            after = children.index(behind) + 1
            children[after:after] = [lead, self] if lead else [self]
        else:
            first = children.index(before)
            children[first:first] = [self, lead] if lead else [self]

    def become(self, other: "Node") -> None:
        """Say what another element of its name says."""
        self.end, self.closing, self.children = other.end, other.closing, other.children
        self._attributes = other._attributes  # noqa: SLF001 - it is one of us
        for child in self.elements:
            child.parent = self

    def remove(self) -> None:
        """Take it out of its parent, with the white space before it."""
        parent = self.parent
        if parent is None:
            raise ValueError(f"<{self.name}> is the whole text")
        place = parent.children.index(self)
        blank = place > 0 and _is_blank(parent.children[place - 1])
        del parent.children[place - blank : place + 1]
        if all(map(_is_blank, parent.children)):
            parent._shut()  # noqa: SLF001 - it is one of us
        self.parent = None

    @property
    def lead(self) -> str:
        """The white space before it."""
        if self.parent is None:
            return "\n"
        place = self.parent.children.index(self)
        before = self.parent.children[place - 1] if place else ""
        return before if isinstance(before, str) and _is_blank(before) else ""

    @property
    def _indentation(self) -> str:
        """The line break and the white space at which it stands; empty where all is one line."""
        if self.parent is None:
            return "\n" if any("\n" in str(one) for one in self.children) else ""
        return self.lead[self.lead.rfind("\n") :] if "\n" in self.lead else ""

    def _open(self) -> None:
        if not self.closing:
            self.end, self.closing = ">", f"</{self.name}>"

    def _shut(self) -> None:
        self.children.clear()
        self.end, self.closing = "/>", ""


@dataclass(slots=True, eq=False)
class Markup:
    """A whole text: its root and what stands before and after it."""

    before: str
    root: Node
    after: str

    def written(self) -> str:
        """The text."""
        return f"{self.before}{self.root.written()}{self.after}"


def read(text: str) -> Markup:
    """Read a text that the parser has accepted; raises HypervisorFailure for a DOCTYPE."""
    top: list[Node | str] = []
    open_nodes: list[Node] = []
    position = 0
    while position < len(text):
        into = open_nodes[-1].children if open_nodes else top
        found = _TOKEN.match(text, position) if text[position] == "<" else None
        if found is None:
            end = text.find("<", position + (text[position] == "<"))
            end = len(text) if end < 0 else end
            into.append(text[position:end])
            position = end
            continue
        position = found.end()
        if found["other"]:
            into.append(found["other"])
        elif found["closing"]:
            open_nodes.pop().closing = found["closing"]
        else:
            node = _opened(found, open_nodes[-1] if open_nodes else None)
            into.append(node)
            if not node.end.endswith("/>"):
                open_nodes.append(node)
    return _markup(top)


def _opened(found: re.Match[str], parent: Node | None) -> Node:
    attributes = [
        _Attribute(one["name"], one["before"], one["quoted"])
        for one in _ATTRIBUTE.finditer(found["attributes"])
    ]
    return Node(found["name"], found["end"], parent=parent, _attributes=attributes)


def _markup(top: list[Node | str]) -> Markup:
    roots = [one for one in top if isinstance(one, Node)]
    if len(roots) != 1 or any("<!DOCTYPE" in one for one in top if isinstance(one, str)):
        raise HypervisorFailure("the hypervisor gave XML that cannot be edited")
    place = top.index(roots[0])
    before, after = ("".join(map(str, part)) for part in (top[:place], top[place + 1 :]))
    return Markup(before, roots[0], after)


def _place(present: list[str], name: str, order: tuple[str, ...]) -> int:
    """Return where a new one goes: after the last that may stand before it."""
    if name not in order:
        same = [place for place, one in enumerate(present, 1) if one == name]
        return same[-1] if same else len(present)
    rank = order.index(name)
    earlier = set(order[: rank + 1])
    return max((place for place, one in enumerate(present, 1) if one in earlier), default=0)


def _is_blank(child: Node | str) -> bool:
    return isinstance(child, str) and not child.strip()


def _is_text(child: Node | str) -> bool:
    return isinstance(child, str) and not child.startswith("<!--") and bool(child.strip())


def _plain(written: str) -> str:
    """Return what a piece between elements says."""
    if written.startswith("<![CDATA["):
        return written[9:-3]
    return "" if written.startswith(("<!--", "<?")) else _unescaped(written)


def _value(quoted: str) -> str:
    return _unescaped(quoted[1:-1])


def _unescaped(written: str) -> str:
    return _REFERENCE.sub(_referred, written) if "&" in written else written


def _referred(found: re.Match[str]) -> str:
    name = found[1]
    if name.startswith("#"):
        return chr(int(f"0{name[1:]}", 0) if name[1] == "x" else int(name[1:]))
    return _ENTITIES.get(name, found[0])


def _escaped(value: str, escapes: dict[int, str]) -> str:
    if _FORBIDDEN.search(value):
        raise ValueError("it has a character that XML cannot carry")
    return value.translate(escapes)
