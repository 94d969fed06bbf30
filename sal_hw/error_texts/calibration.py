"""Texts of errors about calibrations: title, explanation, example; see :mod:`sal_hw.error_texts.catalog`."""

CALIBRATION_TEXTS: dict[str, tuple[str, str, str]] = {
    "E707": (
        "A calibration is below its quality",
        "A table has fewer good instances than the yield that was asked for. Either the chip is worse than\n"
        "expected, or a measurement has gone wrong; the message counts the reasons. Nothing was written.",
        "sal-hw calibrate --synthetic 7 --min-yield 0.8 -o chip7.snapshot",
    ),
    "E708": (
        "A calibration is too old",
        "Circuits drift. A snapshot that is older than --max-calibration-age is refused.",
        "sal-hw calibrate -o today.snapshot",
    ),
    "E709": (
        "Snapshots of two chips cannot be compared",
        "A comparison shows the drift of one chip. Two chips differ by their whole spread.",
        "sal-hw snapshot diff monday.snapshot friday.snapshot",
    ),
    "E710": (
        "There is no such stage",
        "A campaign consists of named stages. With --stage, only the named ones are done, and those that\nthey need.",
        "sal-hw calibrate --list-stages",
    ),
    "E711": (
        "Only an emulated chip has this",
        "Spreads, drift, a synthetic time and a known truth belong to a synthetic chip; a machine is what\nit is.",
        "sal-hw calibrate --synthetic 7 --against-truth -o chip7.snapshot",
    ),
    "E712": (
        "This target cannot be calibrated",
        "A calibration measures circuits and synapses one by one. Digital and ideal targets have none that\ndiffer.",
        "sal-hw calibrate --target brainscales2 --synthetic 7 -o chip7.snapshot",
    ),
    "E713": (
        "These are no circuits",
        "Circuits are numbered hemisphere * columns + column, from 0. Ranges include both ends.",
        "sal-hw calibrate --synthetic 7 --only-neurons 0-31,256-287 -o part.snapshot",
    ),
    "E813": (
        "The machine cannot show this",
        "A measurement needs something that the files which run on the machine do not record. PyNN has\n"
        "memory for 100 samples of a membrane, 170 us of chip time; stages of the sensors need none.",
        "sal-hw calibrate --target brainscales2 --stage balance -o sensors.snapshot",
    ),
}
