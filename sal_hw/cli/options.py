"""Options that several commands take, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

RecipePath: TypeAlias = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe, a YAML file.")]
Target: TypeAlias = Annotated[str, typer.Option("--target", help="What the program is compiled for.")]
Chip: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--chip",
        metavar="nominal|SEED|SNAPSHOT",
        help="Which chip is emulated: a nominal one (default), a synthetic one, or one that was saved.",
    ),
]
Calibration: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--calibration",
        metavar="SNAPSHOT|truth",
        help="What the compiler knows of the chip; 'truth' is all of the emulated one. Default: nothing.",
    ),
]
MaxAge: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--max-calibration-age", metavar="HOURS", min=0.0, help="Refuse a calibration that is older. Default: any age."
    ),
]
Via: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--via",
        metavar="pynn|hxtorch",
        help="Front end of the machine's software. Default: the first.",
        show_default=False,
    ),
]
CalibrationFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--calix",
        metavar="FILE",
        help="Calibration of the machine, as its software wrote it. Default: the one its site keeps.",
        show_default=False,
    ),
]
Strict: TypeAlias = Annotated[
    bool, typer.Option("--strict", help="Refuse clipped weights; exit with 5 if the run is degraded.")
]
Overrides: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Replace a value of the recipe; may be repeated."),
]
Presets: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--preset", metavar="NAME", help="Apply a preset of the recipe; may be repeated."),
]
Seed: TypeAlias = Annotated[int | None, typer.Option("--seed", help="Replace the recipe's seed.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Debug: TypeAlias = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Force: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Replace what --out or -o names, if this program wrote it.")
]
