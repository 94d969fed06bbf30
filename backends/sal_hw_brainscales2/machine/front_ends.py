"""What each front end of the vendor's software cannot do, one against the other, as ``sal-hw targets`` lists it."""

from __future__ import annotations

from sal_hw.contracts.targets import FrontEndFeatures
from sal_hw_brainscales2.machine.sdk import REMARKS, STACKS, WINDOWS, FrontEnd

#: what the run files' renderers refuse, or do in another way (run_files/pynn.py, run_files/hxtorch)
_CANNOT: dict[FrontEnd, tuple[str, ...]] = {
    "pynn": (
        "more than four background generators: it takes a generator's bus on both hemispheres",
        "membranes beside a rule, or for more than 170 us of chip time",
    ),
    "hxtorch": (
        "constants that differ between synapses, so no measured baselines or balance",
        "records of weights at each update: it gives back the last ones only",
        "the probe correlation",
        "membranes, and programs without a rule or without a stimulus",
        "rules on projections that leave synapses out",
        "one-signed projections without the rows of the other sign",
    ),
}

#: in the order of preference
FRONT_END_FEATURES = tuple(
    FrontEndFeatures(name=name, releases="; ".join(filter(None, (WINDOWS[name], REMARKS[name]))), cannot=_CANNOT[name])
    for name in STACKS
)
