"""Codes about targets (E3xx) and runs (E6xx): title, text and example of each."""

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
    "E306": (
        "Two things exclude each other on this target",
        "The target can do either, but not both in one program. The message names the two and the reason.",
        "sal-hw targets --json",
    ),
    "E307": (
        "Not enough usable neurons",
        "The populations need more neuron circuits than the chip has, or than its calibration found usable.",
        "populations:\n  visible: {size: 128}",
    ),
    "E308": (
        "Too many synapses onto one neuron",
        "Each source of a neuron takes a synapse row, and one with weights of both signs takes two. The chip\n"
        "has a fixed number of rows.",
        "receptor: excitatory",
    ),
    "E309": (
        "No synapse rows left",
        "Where a neuron is placed decides which bus its spikes use, and a bus reaches only some of the rows.\n"
        "The message says where rows are missing and for which sources.",
        "receptor: excitatory",
    ),
    "E310": (
        "The background generators cannot make this noise",
        "There is one generator per bus; each makes a power of two of Poisson trains with one common rate,\n"
        "and at most one event per clock in all.",
        "stimuli:\n  - {name: noise, kind: poisson, target: visible, rate: 20 Hz, weight: 1}",
    ),
    "E311": (
        "Two synapses of one sign between the same neurons",
        "A source has one driver on each hemisphere and with it one row of each sign, so that a pair of\n"
        "neurons has at most one excitatory and one inhibitory synapse.",
        "Merge the two projections into one whose weights are the sums.",
    ),
    "E312": (
        "A learning projection that is not a full rectangle",
        "The plasticity processor of this kind of chip updates whole rows and columns. A projection that\n"
        "learns therefore has a synapse from every source to every target.",
        "self_connections: true",
    ),
    "E313": (
        "Weights would be clipped",
        "Weights are larger than the largest code can represent, and --strict was given. Without it they are\n"
        "cut, counted and reported.",
        "weight_max: 1.2",
    ),
    "E314": (
        "Updates follow each other too fast",
        "The plasticity processor reads one row of sensors after the other. The message says how long that\n"
        "takes for the rows that learn, and the shortest legal interval.",
        "update_every: 2 s",
    ),
    "E315": (
        "A learning rate the kernel cannot represent",
        "Kernels compute in fractions of 8 or 16 bit. The message names the nearest rate that can be\nrepresented.",
        "learning_rate: 0.01",
    ),
    "E316": (
        "No chip to choose here",
        "--chip says which chip is emulated and --calibration what the compiler knows of it. Targets without\n"
        "placement have no chip, and a machine is its own chip.",
        "sal-hw run R.yaml --target brainscales2 --emulate --chip 7 --calibration truth",
    ),
    "E317": (
        "Two packages register the same name",
        "Targets, backends, studies, capabilities and kinds of figures are registered by installed\n"
        "packages under names of their own. Which of two with one name is meant cannot be told, so neither\n"
        "is used; the message names both packages.",
        "sal-hw doctor",
    ),
    "E318": (
        "Something registered cannot be imported",
        "A package registers it, and importing it fails or gives something else than its group is for. The\n"
        "message names the package and says why. All else that is registered goes on working; only a broken\n"
        "capability refuses every program, since nobody can tell whether the program needs it.",
        "sal-hw doctor",
    ),
    "E330": (
        "A study has nothing to compile and runs on no machine",
        "Its experiment has an engine of its own instead of a network. Options that choose a target, a chip\n"
        "or its software have no meaning for it.",
        "sal-hw run recipes/paper/fig2c_spike_timing.yaml",
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
    "E701": (
        "The snapshot is damaged",
        "The content of the snapshot does not have the hash it was written with: arrays were changed, lost\n"
        "or swapped. Nothing may be compiled or emulated with it.",
        "sal-hw snapshot verify chips/7",
    ),
    "E702": (
        "The snapshot is of another kind of chip",
        "A snapshot tells how the circuits of one chip deviate; another kind of chip has other circuits.",
        "sal-hw snapshot show chips/7",
    ),
    "E703": (
        "The snapshot holds what cannot be",
        "A table is unknown, has a shape that does not fit the chip, or holds numbers that are not finite\n"
        "or beyond what a circuit can do. A failed measurement must be marked as not ok instead.",
        "sal-hw snapshot verify chips/7",
    ),
    "E704": (
        "A spread is unknown or absurd",
        "Spreads say how much the circuits of a synthetic chip differ. They are not negative, and the\n"
        "message names the largest sensible value.",
        "sal-hw snapshot draw --seed 7 --spread tau_mem=0.2 -o chips/7",
    ),
    "E705": (
        "The seed of a chip is out of range",
        "A synthetic chip is drawn from a whole number of at most 64 bits.",
        "sal-hw snapshot draw --seed 7 -o chips/7",
    ),
    "E706": (
        "Calibration of another chip",
        "A snapshot says how one chip deviates. For another chip it is worse than none.",
        "sal-hw run R.yaml --target brainscales2 --emulate --chip chips/7 --calibration chips/7",
    ),
    "E801": (
        "The machine's software is not installed",
        "A chip is reached through its vendor's software, which is not in package registries. The message\n"
        "says what is missing and where it is found. Files for it can be made anywhere with sal-hw compile.",
        "sal-hw run recipes/chip_alignment.yaml --target brainscales2 --emulate",
    ),
    "E802": (
        "The run on the chip failed",
        "The run file ended with an error of the device or of its software. The message is the cause that\n"
        "it gave and what it advises; its log is kept.",
        "sal-hw run R.yaml --target brainscales2 --via pynn",
    ),
    "E803": (
        "The chip did not answer in time",
        "The run was ended at its deadline, with everything it had started. Usually the connection to the\n"
        "chip is lost or somebody else holds it.",
        "Repeat the command; the chip keeps nothing from one run to the next.",
    ),
    "E804": (
        "The result of a run file cannot be believed",
        "Files are damaged or missing, belong to another program, or hold what no such run can give. The\n"
        "message says what was expected.",
        "sal-hw import build/result --program build --out runs/chip",
    ),
    "E805": (
        "The calibration cannot be taken over",
        "Calibrations of calix are read from JSON. A pickle runs whatever code it contains and is read only\n"
        "with --trust-pickle, in a process of its own.",
        "sal-hw import --calix calibration/calibration.json -o chips/mine",
    ),
    "E806": (
        "The front end cannot run this program",
        "hxtorch and PyNN offer different parts of the chip. The message says what is missing and which one\n"
        "can do it.",
        "sal-hw run R.yaml --target brainscales2 --via pynn",
    ),
    "E807": (
        "The queue's client library is missing",
        "Runs are sent to the neuromorphic platform through its client library, an optional part of the\ninstallation.",
        "pip install 'sal-hw[nmpi]'",
    ),
    "E808": (
        "Not offered by the chip itself",
        "A chip runs a program in one piece. Experiments that measure between updates, or without\n"
        "plasticity, run on the emulated chip only.",
        "sal-hw run R.yaml --target brainscales2 --emulate",
    ),
    "E809": (
        "The chip's software cannot place the program",
        "The program fits the description of the chip, but the software's own placement refused it. The\n"
        "message is its reason.",
        "sal-hw check R.yaml --target brainscales2",
    ),
    "E810": (
        "The chip is not calibrated for this program",
        "The calibration is missing, of another chip, or of another program. The file calibrate_sal.py,\n"
        "which sal-hw compile writes, makes one.",
        "python calibrate_sal.py --out calibration",
    ),
    "E811": (
        "The queue of the machine refused",
        "A token, collab or quota is missing, the service did not answer, or the job ended with an error.\n"
        "Tokens come from the environment only.",
        "sal-hw submit build --collab my-collab --wait",
    ),
    "E812": (
        "No such way to the machine",
        "--via names a front end of the machine's software and --calix a calibration for it. Neither has a\n"
        "meaning for emulators.",
        "sal-hw run R.yaml --target brainscales2 --via hxtorch",
    ),
    "E900": (
        "A bug of sal-hw",
        "This should not have happened, whatever the input. Repeat the command with --debug for a traceback\n"
        "and report it with the recipe.",
        "sal-hw run R.yaml --debug",
    ),
}
