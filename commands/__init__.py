"""The command line: one command group a file; the only place that prints.

``main`` is the one door through which an error leaves: one message on standard error and an exit
code (0 done, 1 failed, 2 usage or configuration), never a traceback.
"""

import sys


def main() -> None:
    """Run the command that the arguments name, and exit."""
    # Everything is imported by the command that needs it: --version and completion stay quick.
    from virtcim.commands.application import app  # noqa: PLC0415
    from virtcim.commands.failures import Failure  # noqa: PLC0415

    try:
        app(prog_name="virtcim")
    except Failure as failure:
        _fail(str(failure), failure.exit_code)
    except Exception as error:  # noqa: BLE001 (the door of the command line)
        _fail(f"internal error, please report it: {_described(error)}", 1)


def _fail(text: str, exit_code: int) -> None:
    for line in text.splitlines():
        print(f"virtcim: {line}", file=sys.stderr)
    raise SystemExit(exit_code)


def _described(error: BaseException) -> str:
    """Name the error and the line that raised it, which is what a report needs."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}: {error}{where}"
