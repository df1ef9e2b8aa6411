"""The pages tell what the code does: generated parts, names, links, words."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

import pytest
from docs import generate
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from virtcim.configuration import Settings, loading
from virtcim.infostore.errors import InfostoreError
from virtcim.listeners.measures import HostMeasures
from virtcim.listeners.observation import Observation
from virtcim.listeners.received import ReceivedIndications
from virtcim.listeners.tls import TLSError
from virtcim.listeners.users import FileDamaged, FileUnusable
from virtcim.providers.states import STATES
from virtcim.wbem.objects import qualifier_value

ROOT = Path(__file__).parent.parent
PAGES = generate.pages()
OPERATE = ROOT / "docs" / "operate.md"
LONGEST_README = 80

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
EVENT = re.compile(r'\blog\.(?:debug|info|warning|error|exception)\(\s*"(\w+)"')
MACHINES_PATH = re.compile(r"(?<![\w.~])/(?:work|home|root|tmp)/")
OTHER_MATTERS = re.compile(
    r"\b(?:issue|session|task|ticket|prototype|todo|fixme)s?\b", re.IGNORECASE
)


def pages(*names: str) -> Mapping[str, Path]:
    """Give these pages, or all, by their name below the root."""
    found = {str(page.relative_to(ROOT)): page for page in PAGES}
    return {name: page for name, page in found.items() if not names or name in names}


def cells(page: Path) -> Iterator[list[str]]:
    """Walk the rows of every table of a page."""
    for line in page.read_text().splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def rows(page: Path) -> Mapping[str, list[str]]:
    """Give the rows whose first cell is code, by that code."""
    return {row[0].strip("`"): row[1:] for row in cells(page) if row[0].startswith("`")}


@pytest.mark.parametrize("page", pages().values(), ids=pages())
def test_generated_parts_are_current(page: Path) -> None:
    """What the code holds stands on the page as the code holds it now."""
    text = page.read_text()
    assert generate.current(text) == text, "run .venv/bin/python docs/generate.py"


def test_every_part_is_used() -> None:
    """No part is made for a page that does not ask for it."""
    asked = {part[2] for page in PAGES for part in generate.PART.finditer(page.read_text())}
    assert asked == set(generate.PARTS)


def test_an_outdated_part_is_replaced() -> None:
    """Between the marks stands what the code says, around them what was there."""
    old = "before\n<!-- generated: prefixes -->\nlies\n<!-- end -->\nafter\n"
    new = generate.current(old)
    assert new.startswith("before\n")
    assert new.endswith("<!-- end -->\nafter\n")
    assert "lies" not in new
    assert "`KVM_`" in new


def test_an_unknown_part_is_an_error() -> None:
    """A misspelt mark does not stay empty in silence."""
    with pytest.raises(KeyError, match="prefices"):
        generate.current("<!-- generated: prefices -->\n<!-- end -->\n")


def test_the_model_has_every_class_and_property() -> None:
    """Each served class is described with all it has, in a sentence what can have a value."""
    text = (ROOT / "docs" / "model.md").read_text()
    for name, (provider, _) in generate.served().items():
        _, heading, section = text.partition(f"### `{generate.generic(name)}`\n")
        assert heading, name
        section = section.partition("\n### ")[0]
        null = {*re.findall(r"`(\w+)`", section.partition("- Always NULL: ")[2].partition("\n")[0])}
        for declared in provider.layout.declaration.properties:
            if declared.name in null:
                continue
            assert f"| `{declared.name}`" in section
            sentence = qualifier_value(declared.qualifiers, "Description")
            assert isinstance(sentence, str)
            assert sentence.replace("|", "\\|") in section


def test_the_model_lists_every_state() -> None:
    """The state table on the page has as many rows as the code's."""
    wanted = {(s.name.lower(), r.value) for s, reasons in STATES.items() for r in reasons}
    found = {(row[0], row[1]) for row in cells(ROOT / "docs" / "model.md") if len(row) == 11}
    assert wanted <= found


def defaults(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, object]]:
    """Walk the keys that have a plain default."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from defaults(kind, f"{above}{name}.")
        elif field.default_factory is None:
            yield f"{above}{name}", field.default


def test_every_setting_is_documented() -> None:
    """The reference has each key of the configuration, and no other, with its default."""
    text = OPERATE.read_text()
    section = text[text.index("## Configuration") : text.index("## Who may talk")]
    documented = dict(re.findall(r"^\| `([a-z_.]+)` \| (.*?) \|", section, re.MULTILINE))
    assert set(documented) == {".".join(map(str, path)) for path in loading.known_keys()}
    for key, default in defaults(Settings):
        first = default[0] if isinstance(default, tuple) and default else default
        shown = str(first) or '""'
        assert documented[key] == f"`{shown}`", key


def test_every_metric_is_documented() -> None:
    """The list has each metric that the server exposes, under its exposed name, and no other."""
    registry = CollectorRegistry()
    HostMeasures(registry)
    Observation(registry, None)
    ReceivedIndications(registry)
    suffix = {"counter": "_total"}
    exposed = {metric.name + suffix.get(metric.type, "") for metric in registry.collect()}
    assert {name for name in rows(OPERATE) if name.startswith("virtcim_")} == exposed


def test_every_log_event_is_documented() -> None:
    """An operator finds what each event means; none is listed that does not exist."""
    rooms = {path.parent for path in ROOT.glob("*/__init__.py")} - {ROOT / "tests"}
    files = [ROOT / "server.py", *(path for room in rooms for path in room.rglob("*.py"))]
    events = {event for path in files for event in EVENT.findall(path.read_text())}
    text = OPERATE.read_text()
    section = text[text.index("### Log") : text.index("## Limits and time-outs")]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == events


def test_every_error_of_a_start_is_documented() -> None:
    """What an operator may read on the terminal is on the page, with what to do."""
    messages = {row[0] for row in cells(OPERATE)}
    for leaf in generate.start_errors():
        assert leaf.situation.format(place="…") in messages
    for failure in TLSError.__subclasses__():
        assert failure.text.format(path="…").partition(";")[0] in messages
    for text in (FileDamaged.text, FileUnusable.text):
        assert text.format(subject="…") in messages
    assert len(generate.start_errors()) < len(InfostoreError.__subclasses__())


@pytest.mark.parametrize("page", pages().values(), ids=pages())
def test_links_resolve(page: Path) -> None:
    """Each relative link leads to a file, and its fragment to a heading."""
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = unquote(target).partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), target
        assert linked.is_relative_to(ROOT)
        if fragment:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
            assert fragment in {h.lower().replace(" ", "-").replace("`", "") for h in headings}, (
                target
            )


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    """A first look takes a minute, and nothing of docs/ is out of reach."""
    readme = (ROOT / "README.md").read_text()
    assert len(readme.splitlines()) <= LONGEST_README
    linked = set(LINK.findall(readme))
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} <= linked


@pytest.mark.parametrize("page", pages().values(), ids=pages())
def test_pages_speak_of_the_program(page: Path) -> None:
    """A page holds no path of a writer's machine and no word of how it came about."""
    text = page.read_text()
    assert MACHINES_PATH.findall(text) == []
    assert OTHER_MATTERS.findall(text) == []


@pytest.mark.parametrize("page", pages().values(), ids=pages())
def test_a_sentence_has_its_line(page: Path) -> None:
    """A change of one sentence changes one line."""
    prose = FENCE.sub("", page.read_text())
    crowded = [
        line
        for line in prose.splitlines()
        if not line.startswith(("|", "<!--", "#")) and re.search(r"[a-z`)][.?!] [A-Z]", line)
    ]
    assert crowded == []


def test_files_that_pages_name_exist() -> None:
    """A file or directory of the project that a page names as code is there."""
    tops = "|".join(sorted(path.name for path in ROOT.iterdir() if path.is_dir()))
    named = re.compile(rf"`((?:{tops})/[\w./-]*)`")
    page = ROOT / "docs" / "architecture.md"
    absent = {
        name
        for name in named.findall(page.read_text())
        if not (ROOT / name).exists() and "x" not in Path(name).stem.lower()
    }
    assert absent == set()
