"""Codes about files and folders (E501 .. E599): title, text and example of each."""

from __future__ import annotations

STORAGE_TEXTS: dict[str, tuple[str, str, str]] = {
    "E501": (
        "The output exists already",
        "Nothing is overwritten by accident. --force replaces only what this program wrote, as the same kind\n"
        "of thing, and only if it holds nothing else: move away what is to be kept. Single files are known\n"
        "by what they say of their origin, and recipes and numbers by a checksum: changed ones stay.",
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
        "The run has no data for what is asked for",
        "Figures are drawn from what a run recorded, and a sweep keeps what its members record. Add the\n"
        "probe that the hint names and repeat the run, or ask for something else.",
        "probes:\n  - {kind: spikes, population: lower}",
    ),
    "E509": (
        "Somebody else writes there",
        "A folder is written by one process at a time. What a process held that ended, or was killed, is\n"
        "free at once; no file has to be deleted.",
        "sal-hw run R.yaml --out results/second",
    ),
    "E511": (
        "The operating system refuses a file",
        "A name is too long, a permission is missing, or a disk or folder is gone. The message is what the\n"
        "operating system says.",
        "ls -ld FILE",
    ),
    "E512": (
        "There is not enough memory",
        "What was asked for does not fit into the memory of this computer, or into what the process may use.",
        "free -h",
    ),
}
