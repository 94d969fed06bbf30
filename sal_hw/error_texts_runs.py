"""Codes about targets (E3xx), written files (E5xx) and runs (E6xx): title, text and example of each."""

from __future__ import annotations

RUN_TEXTS: dict[str, tuple[str, str, str]] = {
    "E301": (
        "Unknown target",
        "Targets are registered by installed packages; the message lists those that were found.",
        "sal-hw targets",
    ),
    "E302": (
        "The target lacks a capability",
        "Something in the recipe needs what this kind of chip cannot do. The message names both.",
        "sal-hw targets",
    ),
    "E303": (
        "Unknown backend",
        "Backends execute programs and are registered by installed packages.",
        "sal-hw doctor",
    ),
    "E304": (
        "Beyond a limit of the target",
        "The network is larger than the target, or needs differences between populations that it cannot\nmake.",
        "sal-hw targets",
    ),
    "E305": (
        "Nothing runs programs of this target",
        "The target is known and recipes can be compiled for it, but no installed package executes them.",
        "sal-hw targets",
    ),
    "E501": (
        "The output exists already",
        "Nothing is overwritten by accident.",
        "sal-hw run R.yaml --out results/second",
    ),
    "E502": (
        "The output cannot be written",
        "The folder does not exist, cannot be written, or the disk reports an error.",
        "sal-hw run R.yaml --out ~/results",
    ),
    "E503": (
        "The disk is full",
        "What was written so far is kept; the run can be resumed when there is space.",
        "df -h",
    ),
    "E504": (
        "Stored data does not match its checksum",
        "A file was changed, cut short or mixed up after it was written, so its content cannot be\ntrusted.",
        "Repeat the run, or restore the folder from a copy.",
    ),
    "E505": (
        "Not a folder of the expected kind",
        "The folder was not written by this program, is not finished, or holds something else.",
        "sal-hw plot --list results/first",
    ),
    "E506": (
        "The run to be resumed is another one",
        "A run is resumed with the same recipe, options and seed as it was begun with.",
        "Repeat the command line that began the run.",
    ),
    "E507": (
        "Unknown kind of figure",
        "The message lists the kinds of figures that can be drawn.",
        "sal-hw plot --list RUN",
    ),
    "E508": (
        "The run has no data for this figure",
        "Figures are drawn from what a run recorded. Add the probe that the hint names and repeat the run.",
        "probes:\n  - {kind: spikes, population: lower}",
    ),
    "E601": (
        "The weights diverged",
        "Learning drove a weight beyond any sensible size; going on would only produce numbers that\nmean nothing.",
        "learning_rate: 0.001",
    ),
    "E602": (
        "The run was interrupted",
        "The run ended before it was done. With an output folder, what is done is kept and the run can be\n"
        "continued with the same result as without the interruption.",
        "sal-hw run R.yaml --out results/first --resume",
    ),
    "E603": (
        "Unknown code",
        "Codes begin with E and have three digits; each message shows one.",
        "sal-hw explain",
    ),
    "E604": (
        "The command line cannot be understood",
        "A command, an argument or an option is missing, unknown or of the wrong type.",
        "sal-hw run --help",
    ),
    "E605": (
        "The run is degraded",
        "The run finished and its results are kept, but its verdict is not ok, and --strict was given. The\n"
        "warnings say what happened and what to do.",
        "sal-hw run recipes/sampling.yaml",
    ),
    "E900": (
        "A bug of sal-hw",
        "This should not have happened, whatever the input. Repeat the command with --debug for a traceback\n"
        "and report it with the recipe.",
        "sal-hw run R.yaml --debug",
    ),
}
