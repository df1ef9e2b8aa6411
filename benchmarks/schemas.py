"""Class operations, and a schema as big as the whole of DMTF's."""

import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pywbem

from benchmarks import big_schema, messages
from benchmarks.measuring import Row, milliseconds
from benchmarks.processes import VIRTCIM, Client, Running, environment, virtcim

NAMESPACE = "root/big"
LOAD_SECONDS, LOAD_MEGABYTES, RESTART_SECONDS = 10, 60, 3

_FLAGS = {"LocalOnly": "<VALUE>FALSE</VALUE>", "IncludeClassOrigin": "<VALUE>TRUE</VALUE>"}


def _request(operation: str, **parameters: str) -> bytes:
    method, body = messages.intrinsic(operation, namespace=NAMESPACE, **parameters)
    return messages.http_request(method, body, cim_object=NAMESPACE)


def big_schemas(directory: Path) -> Iterator[Row]:
    """Load it, read it, and start again with it."""
    source = big_schema.write(directory / "big.mof")
    compiling = _compile_alone(source)
    state = directory / "big-state"
    uri = "test:///default"
    for _ in range(2):  # the first one compiles what Python and we keep
        with virtcim(uri, directory) as empty:
            alone = empty.started_seconds
    with virtcim(uri, directory, state=state) as server:
        small = server.rss_megabytes()
        pywbem.WBEMServer(pywbem.WBEMConnection(server.url.rstrip("/"))).create_namespace(NAMESPACE)
        loading = _load(source, server, directory)
        grown = server.rss_megabytes() - small
        yield Row(
            f"loading {big_schema.CLASSES} classes", f"{loading:.1f} s",
            f"pywbem's compiler alone {compiling:.1f} s", f"{loading / compiling:.1f} x",
            f"<= {LOAD_SECONDS} s", loading <= LOAD_SECONDS,
        )  # fmt: skip
        yield Row(
            "their memory", f"{grown:.0f} MB", f"without them {small:.0f} MB", "-",
            f"<= {LOAD_MEGABYTES} MB", grown <= LOAD_MEGABYTES,
        )  # fmt: skip
        yield from _reads(Client(server.port))
    with virtcim(uri, directory, state=state) as server:
        started = server.started_seconds
        yield Row(
            "start with them", f"{started:.1f} s", f"without them {alone:.1f} s",
            f"+ {started - alone:.1f} s", f"<= {RESTART_SECONDS} s", started <= RESTART_SECONDS,
        )  # fmt: skip


def _compile_alone(source: Path) -> float:
    compiler = pywbem.MOFCompiler(pywbem.MOFWBEMConnection(), search_paths=[], log_func=None)
    begun = time.perf_counter()
    compiler.compile_file(str(source), NAMESPACE)
    return time.perf_counter() - begun


def _load(source: Path, server: Running, directory: Path) -> float:
    begun = time.perf_counter()
    subprocess.run(
        [VIRTCIM, "mof", "compile", source, "--namespace", NAMESPACE, "--url", server.url],
        check=True, capture_output=True, env=environment(directory),
    )  # fmt: skip
    return time.perf_counter() - begun


def _reads(client: Client) -> Iterator[Row]:
    gets = [
        _request("GetClass", ClassName=f'<CLASSNAME NAME="BIG_Class{number}"/>', **_FLAGS)
        for number in range(200)
    ]
    first = milliseconds(client, gets)
    one = milliseconds(client, gets * 3)
    yield Row(
        "GetClass, with what it inherits", f"{one:.2f} ms (first {first:.2f} ms)",
        "-", "-", "-", None,
    )  # fmt: skip
    every = _request("EnumerateClasses", DeepInheritance="<VALUE>TRUE</VALUE>", **_FLAGS)
    size = len(client.ask(every)[2]) / 1e6
    took = [client.ask(every)[:2] for _ in range(5)]
    begin, end = (statistics.median(one[n] for one in took) * 1000 for n in (0, 1))
    yield Row(
        "EnumerateClasses of the whole schema", f"{end:.0f} ms, first byte {begin:.1f} ms",
        f"{size:.1f} MB", f"{end / size:.0f} ms/MB", "-", None,
    )  # fmt: skip
    names = _request("EnumerateClassNames", DeepInheritance="<VALUE>TRUE</VALUE>")
    named = milliseconds(client, [names] * 30)
    yield Row("EnumerateClassNames of them", f"{named:.2f} ms", "-", "-", "-", None)
