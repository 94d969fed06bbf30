"""A choice that nobody knows is refused wherever it would be run as another one.

Type checking names every place that does not handle a new choice; this is for what type checking does not see: values
that come from a file, or from a third party's package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from sal_hw.kernel.evaluate import evaluate
from sal_hw.kernel.gains import representable_gain
from sal_hw.kernel.ir import Instruction, Kernel
from sal_hw.kernel.sal import learning_kernel
from sal_hw.passes import lower_plasticity
from sal_hw.passes.compile import compile_network
from sal_hw.program import CompiledProgram, LoweredSal
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron, SamplingNeuron
from sal_hw.spec.plasticity import SalRule
from sal_hw.spec.values import Constant
from sal_hw_brainscales2.emulation.loader import load_chip
from sal_hw_brainscales2.emulation.model import ChipModel
from sal_hw_brainscales2.machine.ppu.kernels import render_kernel
from sal_hw_brainscales2.machine.ppu.statements import statements
from sal_hw_brainscales2.machine.ppu.symbols import row_bytes
from sal_hw_brainscales2.program import ChipProgram
from sal_hw_emulator.engines.lif.kernel_code import machine_code, steps_of
from sal_hw_emulator.engines.sampling import PairWindow, SamplingModel, SamplingState, simulate
from sal_hw_emulator.engines.sampling.pairs import PairCounter
from sal_hw_emulator.lif_loader import load_ideal
from sal_hw_pynn.pair_sums import PairSums
from sal_hw_spinnaker.chunks.plan import chunk_plan
from sal_hw_studies.dale_pairs import PairDrift
from sal_hw_studies.engines.ages import window_values
from sal_hw_studies.reciprocal import psp_values
from sal_hw_studies.schemas.reciprocal import Psp, TimingWindow

UNKNOWN = cast(Any, "gaussian")
REFUSED = (AssertionError, ValueError, KeyError)

RULE = SalRule(
    name="alignment",
    forward="forward",
    backward="feedback",
    learning_rate=0.01,
    rate_per="pair",
    update_every_ms=1000.0,
    tau_causal_ms=10.0,
    tau_anticausal_ms=10.0,
    pairing="all",
)
#: sensors of the chip pair no others
NEAREST = replace(RULE, pairing="nearest")
LIF = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=10.0,
    tau_syn_inh_ms=10.0,
    tau_ref_ms=2.0,
    v_rest_mv=-60.0,
    v_reset_mv=-66.3,
    v_threshold_mv=-40.3,
)
#: of LIF neurons, with the rule's window or pairing
TARGETS = ("ideal", "brainscales2", "spinnaker1", "spinnaker2", "pynn:brian2", "pynn:nest")


def network(rule: SalRule = RULE, *, sampling: bool = False) -> NetworkSpec:
    neuron = SamplingNeuron(tau_ref_ms=10.0, bias=Constant(value=0.1)) if sampling else LIF
    weight = Constant(value=1.0) if sampling else Constant(value=6.3, unit="mV")
    limits: dict[str, float] = {} if sampling else {"weight_min": 0.0, "weight_max": 12.6}
    ends = (("forward", "visible", "hidden"), ("feedback", "hidden", "visible"))
    return NetworkSpec(
        timestep_ms=0.1 if not sampling else 1.0,
        populations=tuple(Population(name=name, size=2, neuron=neuron) for name in ("visible", "hidden")),
        projections=tuple(
            Projection(name=name, source=source, target=target, weight=weight, **limits)
            for name, source, target in ends
        ),
        plasticity=(rule,),
    )


def changed(program: CompiledProgram, **window: Any) -> CompiledProgram:
    """Return the program with another causal window."""
    (rule,) = program.rules
    assert isinstance(rule, LoweredSal)
    return replace(program, rules=(replace(rule, causal=replace(rule.causal, **window)),))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("field", ["window", "pairing"])
def test_no_pass_lets_it_through(target: str, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if what looks at windows first were not there: each target's own passes refuse, or its executor does."""
    monkeypatch.setattr("sal_hw.passes.compile.validate", lambda _: None)
    monkeypatch.setattr(lower_plasticity, "_unlike_lif", lambda _: ())
    with pytest.raises(REFUSED, match="gaussian"):
        EXECUTORS[target](compile_network(network(replace(RULE, **{field: UNKNOWN})), target=target))


@pytest.mark.parametrize("target", TARGETS)
def test_no_target_of_lif_neurons_takes_a_triangle_for_an_exponential(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lower_plasticity, "_unlike_lif", lambda _: ())
    with pytest.raises(Exception, match=r"triangular|exponential"):
        EXECUTORS[target](compile_network(network(replace(RULE, window="triangular")), target=target))


def sums(program: CompiledProgram) -> PairSums:
    (rule,) = program.rules
    assert isinstance(rule, LoweredSal)
    return PairSums(rule, 2, 2)


def nothing(program: CompiledProgram) -> None:
    raise RuntimeError(f"{program.target}: the passes were to refuse")


#: what takes in the windows of a program that the passes let through
EXECUTORS: dict[str, Callable[[CompiledProgram], object]] = {
    "ideal": lambda program: load_ideal(program, (0,)),
    "brainscales2": lambda program: load_chip(program, ChipModel.from_snapshot(None), (0,)),
    "spinnaker1": nothing,
    "spinnaker2": lambda program: chunk_plan(program, 0),
    "pynn:brian2": sums,
    "pynn:nest": sums,
}


@pytest.mark.parametrize("target", ["ideal", "spinnaker2", "pynn:brian2"])
@pytest.mark.parametrize("field", ["shape", "pairing"])
def test_no_executor_runs_it(target: str, field: str) -> None:
    program = compile_network(network(), target=target)
    with pytest.raises(REFUSED, match="gaussian"):
        EXECUTORS[target](changed(program, **{field: UNKNOWN}))


WINDOW = PairWindow(shape="triangular", tau_steps=5.0, pairing="all", coincidence=0.5)
MODEL = SamplingModel(
    weights=np.zeros((2, 2)), biases=np.zeros(2), tau_ref_steps=5, psp_steps=5, dead_steps=5, state_steps=5
)


def unchecked(**fields: Any) -> PairWindow:
    """Return a window past its own check, as if a choice had been added to it and to nothing else."""
    window = replace(WINDOW)
    for name, value in fields.items():
        object.__setattr__(window, name, value)
    return window


KERNEL = learning_kernel(polarity="excitatory", width=16, rounding="stochastic", balanced=True, sal_gain=0.1)
READING = np.zeros(4, np.int64)
COMMON: dict[str, Any] = {"width": 16, "rounding": "stochastic", "balanced": False, "sal_gain": 0.25}


def strange_kernel() -> Kernel:
    strange = Instruction(operation=UNKNOWN, kind="mod8", inputs=(0,))
    weight = Instruction(operation="weight", kind="mod8", highest=63)
    clipped = Instruction(operation="clip_weight", kind="mod8", inputs=(1,), highest=63)
    return Kernel(name="strange", instructions=(weight, strange, clipped), constants={})


def render(**fields: Any) -> str:
    part = compile_network(network(NEAREST), target="brainscales2").part
    assert isinstance(part, ChipProgram)
    placed = part.kernels[0]
    options = {"front_end": "pynn", "polarity": "excitatory"} | {k: v for k, v in fields.items() if k != "memory"}
    placed = replace(placed, memory=fields["memory"]) if "memory" in fields else placed
    return render_kernel(placed, part.tiles_of(placed.projection), number=0, **options)


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(lambda: replace(WINDOW, shape=UNKNOWN), id="sampling window's shape"),
        pytest.param(lambda: replace(WINDOW, pairing=UNKNOWN), id="sampling window's pairing"),
        pytest.param(lambda: PairCounter(unchecked(shape=UNKNOWN), SamplingState.fresh(2, 0)), id="pair sums' shape"),
        pytest.param(lambda: PairCounter(unchecked(pairing=UNKNOWN), SamplingState.fresh(2, 0)), id="pair sums' pairs"),
        pytest.param(lambda: simulate(MODEL, SamplingState.fresh(2, 0), 5, algorithm=UNKNOWN), id="algorithm"),
        pytest.param(lambda: window_values(UNKNOWN, 1.0, 5.0, 3), id="window of two neurons"),
        pytest.param(lambda: PairDrift(TimingWindow(shape=UNKNOWN), "all", 5), id="drift of two neurons"),
        pytest.param(
            lambda: PairDrift(TimingWindow(), UNKNOWN, 5).consume(np.arange(3), np.array([0, 1, 0], np.int32)),
            id="pairs of two neurons",
        ),
        pytest.param(lambda: psp_values(Psp(shape=UNKNOWN), 5), id="PSP of two neurons"),
        pytest.param(lambda: learning_kernel(polarity=UNKNOWN, **COMMON), id="kernel's polarity"),
        pytest.param(
            lambda: learning_kernel(polarity="excitatory", **(COMMON | {"rounding": UNKNOWN})), id="kernel's rounding"
        ),
        pytest.param(
            lambda: representable_gain(0.25, width=UNKNOWN, rounding="stochastic", balanced=False), id="kernel's width"
        ),
        pytest.param(
            lambda: evaluate(strange_kernel(), causal=READING, anticausal=READING, weight=READING, constants={}),
            id="reference's operation",
        ),
        pytest.param(lambda: machine_code(steps_of(strange_kernel())[0]), id="engine's operation"),
        pytest.param(lambda: statements(strange_kernel(), {}), id="processor's operation"),
        pytest.param(lambda: row_bytes(READING, UNKNOWN), id="processor's bytes"),
        pytest.param(lambda: render(front_end=UNKNOWN), id="processor's front end"),
        pytest.param(lambda: render(polarity=UNKNOWN), id="processor's polarity"),
        pytest.param(lambda: render(memory=UNKNOWN), id="processor's memory"),
    ],
)
def test_no_arithmetic_takes_it_for_another(run: Callable[[], object]) -> None:
    with pytest.raises(REFUSED, match=r"gaussian|unknown operation"):
        run()


FIELDS = [
    ("receptor", "projections"),
    ("connectivity", "projections"),
    ("rate_per", "plasticity"),
    ("polarity", "plasticity"),
    ("learn", "plasticity"),
]


@pytest.mark.parametrize(("field", "section"), FIELDS)
def test_no_pass_of_the_core_takes_it_for_another(field: str, section: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sal_hw.passes.compile.validate", lambda _: None)
    spec = network(sampling=True)
    items = tuple(replace(item, **{field: UNKNOWN}) for item in getattr(spec, section))
    with pytest.raises(REFUSED, match="gaussian"):
        compile_network(replace(spec, **{section: items}), target="ideal")


def test_no_unknown_discretization() -> None:
    from sal_hw.passes.realize_neurons import sampling_timing

    with pytest.raises(REFUSED, match="gaussian"):
        sampling_timing(UNKNOWN, 10, 10)


def test_what_is_known_passes() -> None:
    """The network that stands behind these refusals is in order."""
    for target, execute in EXECUTORS.items():
        program = compile_network(network(NEAREST if target == "brainscales2" else RULE), target=target)
        if execute is not nothing:
            execute(program)
    compile_network(network(sampling=True), target="ideal")
    assert set(KERNEL.constants) == {"baseline_causal", "baseline_anticausal", "balance"}
