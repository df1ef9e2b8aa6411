"""Which plug-ins are loaded, and what keeps a server from starting with one."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugging import ENOUGH, ROOT, install, install_pack
from virtcim.broker.namespaces import Namespaces
from virtcim.configuration import load
from virtcim.providers.plugins import PluginError, Plugins
from virtcim.server import model_of

PACK = "virtcim_test_pack"
LANGUAGES = ("text", "python")  # of what the page shows


@pytest.fixture(autouse=True)
def _site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A place where plug-ins are as if installed, forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) is None or PACK in name:
            del sys.modules[name]
    importlib.invalidate_caches()


def served(tmp_path: Path, **providers: Any) -> tuple[Namespaces, Plugins]:
    """Return the model of a server with these settings of plug-ins."""
    importlib.invalidate_caches()
    options = {"hosts": ["test:///default"], "state_dir": str(tmp_path), "providers": providers}
    return model_of(load(options))


def names(tmp_path: Path, **providers: Any) -> list[str]:
    """Return the names of the plug-ins that are loaded."""
    return [name for name, _ in served(tmp_path, **providers)[1].origins()]


def refused(tmp_path: Path, **providers: Any) -> str:
    """Return why a server does not start."""
    with pytest.raises(PluginError) as caught:
        served(tmp_path, **providers)
    return str(caught.value)


def test_nothing_is_installed(tmp_path: Path) -> None:
    """Then nothing is loaded, and nothing is wrong."""
    assert names(tmp_path) == []


def test_what_is_installed_is_loaded(tmp_path: Path) -> None:
    """Its classes are in the namespaces that it asks for, with their providers."""
    install_pack(tmp_path)
    namespaces, plugins = served(tmp_path)
    assert [*plugins.origins()] == [("pack", "virtcim_test_pack:plugin of virtcim-test-pack 1.0")]
    own = namespaces.get("root/test")
    assert own.provider("Test_Keys") is not None
    assert own.repository.find("CIM_ComputerSystem") is not None
    assert own.is_own("Test_Keys")
    assert namespaces.get("root/virt").repository.find("Test_Keys") is None


@pytest.mark.parametrize(
    ("enabled", "disabled", "loaded"),
    [
        (["*"], [], ["one", "two"]),
        (["o*"], [], ["one"]),
        ([], [], []),
        (["one", "two"], ["one"], ["two"]),
        (["*"], ["*"], []),
    ],
)
def test_settings_choose(
    tmp_path: Path, enabled: list[str], disabled: list[str], loaded: list[str]
) -> None:
    """Patterns of names; what is not chosen is not even imported."""
    (tmp_path / "plain.py").write_text(
        "from virtcim.broker.kit import Plugin\n\n"
        "def plugin(context):\n    return Plugin(providers={})\n"
    )
    entries = dict.fromkeys(("one", "two"), "plain:plugin")
    install(tmp_path, tmp_path / "plain.py", **entries)
    assert names(tmp_path, enabled=enabled, disabled=disabled) == loaded
    assert ("plain" in sys.modules) is bool(loaded)
    sys.modules.pop("plain", None)


def test_a_name_that_is_not_installed_is_an_error(tmp_path: Path) -> None:
    """A server whose operator counts on a plug-in does not start without it."""
    install_pack(tmp_path)
    text = refused(tmp_path, enabled=["pack", "pakc"])
    assert text == ("plug-in pakc is enabled (providers.enabled) and not installed; there is pack")


def test_options_for_nobody_are_an_error(tmp_path: Path) -> None:
    """A misspelt table is not left unread."""
    install_pack(tmp_path)
    text = refused(tmp_path, options={"pakc": {}})
    assert text.startswith("providers.options.pakc is for no plug-in that is loaded")


def test_two_of_one_name_are_an_error(tmp_path: Path) -> None:
    """Settings could not tell them apart."""
    install(tmp_path, distribution="first", same="a:plugin")
    install(tmp_path, distribution="second", same="b:plugin")
    text = refused(tmp_path)
    assert "the name same: a:plugin of first 1.0 and b:plugin of second 1.0" in text


SPOILED = {
    "refuse": "option spoil says so",
    "raise": "RuntimeError: in the factory at ",
    "mof": "none.mof",
    "class": "namespace root/test has no class Test_Missing",
    "method": "class Test_Narrow has no method Fly",
    "abstract": "class CIM_ManagedElement cannot have instances",
    "second": "class Test_Keys has two providers in root/test",
    "named": "namespace root/test has no class ;",
}


@pytest.mark.parametrize(("spoil", "why"), SPOILED.items())
def test_what_does_not_fit_the_schema_is_refused(tmp_path: Path, spoil: str, why: str) -> None:
    """The text names the plug-in, its distribution, what is wrong and how to go on without it."""
    install_pack(tmp_path)
    text = refused(tmp_path, options={"pack": {"spoil": spoil}})
    head = "plug-in pack (virtcim_test_pack:plugin of virtcim-test-pack 1.0) cannot be served: "
    assert text.startswith(head)
    assert text.endswith('; mend or remove it, or set providers.disabled = ["pack"]')
    assert why in text


SERVES = (
    "from virtcim.broker.kit import Plugin\n\n"
    "def plugin(context):\n    return Plugin(providers={})\n"
)

OWN = (
    "from virtcim.broker.kit import Plugin, Provider\n\n"
    "def plugin(context):\n    return Plugin(providers={'root/virt': [Own()]})\n\n"
    "class Own(Provider):\n    class_name = 'CIM_WBEMServer'\n"
    "    def instances(self):\n        return ()\n"
    "    def methods(self):\n"
)

BROKEN = {
    "import nothing_of_this_name\n": "ModuleNotFoundError: No module named 'nothing_of_this_name'",
    "def plugin(\n": "SyntaxError: ",
    "raise SystemExit(3)\n": "SystemExit: 3 at ",
    "": "AttributeError: ",
    "plugin = 5\n": "TypeError: 'int' object is not callable",
    "def plugin(context):\n    return 5\n": "it gives int, and no Plugin",
    SERVES.replace("{}", "{'no name!': []}"): "'no name!' is no name",
    SERVES.replace("{}", "{'x' * 256: []}"): "is no name of a namespace",
    SERVES.replace("{}", "[]"): "providers of its Plugin is list, and no mapping of ",
    f"{OWN}        raise LookupError('none')\n": "LookupError: none at ",
    f"{OWN}        raise ValueError('none')\n": "ValueError: none at ",
    f"{OWN}        return 5\n": "methods of Own returns int, and no mapping",
    f"{OWN}        return {{'Calibrate': 5}}\n": "method Calibrate of Own is int, and no function",
    f"{OWN}        return {{5: print}}\n": "5 in the methods of Own is int, and no name",
    OWN.replace("    def m", "    async def m")
    + "        return {}\n": "returns coroutine, and no ",
    OWN.replace("Own()", "Own") + "        return {}\n": "root/virt is the class Own, and no ",
    OWN.replace("[Own()]", "Own()") + "        return {}\n": "root/virt are Own, and no sequence",
    SERVES.replace("{}", "{'root/virt': [5]}"): "root/virt is int, and no Provider",
    SERVES.replace("{}", "{'root/virt': 'text'}"): "root/virt are str, and no sequence",
    SERVES.replace("{}", "{5: []}"): "5 in its providers is int, and no name of a namespace",
    SERVES.replace("{}", "{}, mof='x.mof'"): "mof of its Plugin is str, and no Path",
    SERVES.replace("{}", "{}, start=5"): "start of its Plugin is int, and no function",
    SERVES.replace("{}", "{}, stop=5"): "stop of its Plugin is int, and no function",
    "async def plugin(context):\n    pass\n": "it gives coroutine, and no Plugin",
    OWN.replace("    class_name = 'CIM_WBEMServer'\n", "") + "        return {}\n": (
        "Own has no class_name"
    ),
}


@pytest.mark.parametrize(("code", "why"), BROKEN.items())
def test_what_cannot_be_loaded_is_refused(tmp_path: Path, code: str, why: str) -> None:
    """Whatever a module does when it is imported or asked."""
    (tmp_path / "broken.py").write_text(code)
    install(tmp_path, tmp_path / "broken.py", broken="broken:plugin")
    try:
        text = refused(tmp_path)
    finally:
        sys.modules.pop("broken", None)
    assert why in text
    assert text.startswith("plug-in broken (broken:plugin of virtcim-test-pack 1.0) cannot be ")
    assert text.endswith('or set providers.disabled = ["broken"]')


PLACED = {
    "import nothing_of_this_name\n": "broken.py:1",
    "import json\ndef plugin(context):\n    json.loads('')\n": "broken.py:3",
    "from virtcim.broker import kit\nkit.parse_datetime('')\n": "broken.py:2",
    "def plugin(\n": None,
    "plugin = 5\n": None,
    "": None,
}


@pytest.mark.parametrize(("code", "place"), PLACED.items())
def test_a_place_is_one_of_the_plug_in(tmp_path: Path, code: str, place: str | None) -> None:
    """Files of Python and of the server would send people to look where nothing is wrong."""
    (tmp_path / "broken.py").write_text(code)
    install(tmp_path, tmp_path / "broken.py", broken="broken:plugin")
    try:
        text = refused(tmp_path)
    finally:
        sys.modules.pop("broken", None)
    places = re.findall(r" at (\S+:\d+);", text)
    assert [Path(found).name for found in places] == ([] if place is None else [place]), text


HANGS = "from tests.plugging import ENOUGH\n"
HANGING = {
    "hangs_at_import": (f"{HANGS}ENOUGH.wait()\n", "the import of hangs_at_import"),
    "hangs_called": (
        f"{HANGS}def plugin(context):\n    ENOUGH.wait()\n",
        "its function plugin",
    ),
    "hangs_asked": (f"{HANGS}{OWN}        ENOUGH.wait()\n", "what it offers"),
}


@pytest.mark.parametrize("module", HANGING)
def test_what_does_not_end_is_refused(tmp_path: Path, module: str) -> None:
    """Nobody would learn why the server does not come up."""
    code, what = HANGING[module]
    (tmp_path / f"{module}.py").write_text(code)
    install(tmp_path, tmp_path / f"{module}.py", hangs=f"{module}:plugin")
    ENOUGH.clear()
    try:
        text = refused(tmp_path, call_seconds=1)
    finally:
        ENOUGH.set()
        sys.modules.pop(module, None)
    why = f"cannot be served: {what}: it did not end within 1 s (providers.call_seconds); "
    assert text.startswith(f"plug-in hangs ({module}:plugin of virtcim-test-pack 1.0) {why}")
    assert text.endswith('or set providers.disabled = ["hangs"]')


MOF = {
    "class Own_A : Own_Missing { };": "Own_Missing",
    "class Own_A { [Nothing] string A; };": "Nothing",
    "class Own_A {": "a.mof",
    "class CIM_ManagedElement { uint8 Other; };": "CIM_ManagedElement of root/virt is the server's",
    "Qualifier Key : string = null, Scope(any);": "Key is declared in another way already",
    'class Own_A { [Key] string A; }; instance of Own_A { A = "a"; };': "are not compiled here",
}


@pytest.mark.parametrize(("text", "why"), MOF.items())
def test_a_schema_that_does_not_fit_is_refused(tmp_path: Path, text: str, why: str) -> None:
    """It is compiled and judged as all schemas are."""
    (tmp_path / "a.mof").write_text(text)
    (tmp_path / "mofs.py").write_text(
        "from pathlib import Path\nfrom virtcim.broker.kit import Plugin\n\n"
        f"def plugin(context):\n    path = Path({str(tmp_path / 'a.mof')!r})\n"
        "    return Plugin(mof=path, providers={'root/virt': []})\n"
    )
    install(tmp_path, tmp_path / "mofs.py", mofs="mofs:plugin")
    try:
        assert why in refused(tmp_path)
    finally:
        sys.modules.pop("mofs", None)


def test_the_same_class_may_come_twice(tmp_path: Path) -> None:
    """Files bring along what they build upon: the server's classes, and each other's."""
    (tmp_path / "a.mof").write_text("class Own_A { [Key] string A; };\n")
    for name in ("first", "second"):
        (tmp_path / f"{name}.py").write_text(
            "from pathlib import Path\nfrom virtcim.broker.kit import Plugin\n\n"
            f"def plugin(context):\n    path = Path({str(tmp_path / 'a.mof')!r})\n"
            "    return Plugin(mof=path, providers={'root/virt': []})\n"
        )
        module = tmp_path / f"{name}.py"
        install(tmp_path, module, distribution=name, **{name: f"{name}:plugin"})
    try:
        namespaces, _ = served(tmp_path)
        assert namespaces.get("root/virt").repository.find("Own_A") is not None
    finally:
        for name in ("first", "second"):
            sys.modules.pop(name, None)


def test_what_the_page_shows_can_be_served(tmp_path: Path) -> None:
    """The schema and the code of docs/providers.md fit each other and the server."""
    page = (ROOT / "docs" / "providers.md").read_text()
    mof, code = (re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)[0] for kind in LANGUAGES)
    (tmp_path / "acme.mof").write_text(mof)
    (tmp_path / "acme_readings.py").write_text(code)
    files = (tmp_path / "acme_readings.py", tmp_path / "acme.mof")
    install(tmp_path, *files, acme="acme_readings:plugin")
    try:
        namespaces, _ = served(tmp_path)
        assert namespaces.get("root/virt").provider("Acme_Reading") is not None
    finally:
        sys.modules.pop("acme_readings", None)
