"""The command ``sal-hw``: dispatch, errors and exit codes.

Only this module and the declarations of the commands are imported for ``--help``; everything heavy is imported
inside the command that needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import typer

from sal_hw._version import __version__
from sal_hw.cli import (
    calibrate,
    check,
    compile_program,
    doctor,
    explain,
    import_result,
    nir,
    plot,
    run,
    snapshot,
    snapshot_diff,
    snapshot_report,
    submit,
    targets,
)
from sal_hw.cli.console import refused_by_system, report_bug, report_error, report_usage
from sal_hw.cli.signals import ended_by_signals, exit_code_after
from sal_hw.cli.streams import StandardStreams
from sal_hw.errors import InputError, Problem, SalHwError

app = typer.Typer(
    name="sal-hw",
    help="Deploy spike-based alignment learning (SAL) on neuromorphic hardware and on the embedded emulator.\n\n"
    "Example: sal-hw run recipes/two_neuron.yaml --seed 7",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("check")(check.check)
app.command("compile")(compile_program.compile_program)
app.command("submit")(submit.submit)
app.command("import")(import_result.import_result)
app.command("plot")(plot.plot)
app.command("targets")(targets.targets)
app.command("doctor")(doctor.doctor)
app.command("explain")(explain.explain)
app.command("calibrate")(calibrate.calibrate)
snapshot.app.command("diff")(snapshot_diff.diff)
snapshot.app.command("report")(snapshot_report.report)
app.add_typer(snapshot.app, name="snapshot")
app.add_typer(nir.app, name="nir")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"sal-hw {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and stop."
    ),
) -> None:
    del version


@cache
def _command() -> Any:
    """Return the tree of commands, which takes Typer longer to make than many a command to run."""
    return typer.main.get_command(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        Without the program's name; None means those of the process.

    Returns
    -------
    int
        Exit code: 0 ok, 1 a bug of ours, 2 bad input, 3 calibration, 4 device, 5 degraded under ``--strict``,
        6 integrity, 7 incomplete and resumable, 130 interrupted, 143 ended by SIGTERM or SIGHUP.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json, debug = "--json" in words, "--debug" in words
    try:
        return int(_command()(args=words, prog_name="sal-hw", standalone_mode=False) or 0)
    except SalHwError as error:
        if debug:
            raise
        return report_error(error, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort) as error:
        sys.stderr.write("interrupted\n")
        return exit_code_after(error)
    except Exception as error:
        usage_code = report_usage(error, as_json=as_json)
        if usage_code is not None:
            return usage_code
        if debug:
            raise
        refused = refused_by_system(error)
        return report_error(refused, as_json=as_json) if refused else report_bug(error, as_json=as_json)


def entry_point() -> None:
    """Run the command line and leave the process with its exit code."""
    streams = StandardStreams()
    with ended_by_signals():
        code = main()
    lost = streams.lost()
    if lost is not None:
        problem = Problem(
            code="E503",
            field="standard output",
            allowed=f"a place that takes what is printed ({lost}); files that the command wrote are complete",
            hint="send the output elsewhere",
        )
        code = report_error(InputError(problem), as_json=False) if code == 0 else code
    sys.exit(code)
