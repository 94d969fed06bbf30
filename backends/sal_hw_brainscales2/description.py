"""The target ``brainscales2``: limits of one BrainScaleS-2 chip (version 3) as data.

Sources are files of the public repositories of the organisation electronicvisions: halco and haldls (coordinates and
registers), grenade (routing and execution), calix (calibration), libnux (plasticity processors), hxtorch and
pynn-brainscales (front ends). Times and rates are chip time: a thousandth of model time.
"""

from __future__ import annotations

from sal_hw.target.description import CircuitGrid, Exclusion, Range, TargetDescription

#: what the target and its backend are called
NAME = "brainscales2"

_NEURON = "halco, hicann-dls/vx/neuron.h"
_SYNAPSE = "halco, hicann-dls/vx/synapse.h"
_DRIVER = "halco, hicann-dls/vx/synapse_driver.h"
_PADI = "halco, hicann-dls/vx/padi.h"
_BACKGROUND = "haldls, haldls/vx/background.h"
_CALIBRATION = "calix, ccalix/neuron_calib_target.h; outside it the calibration only warns"
_SENSORS = "calix, correlation_calib_target.cpp; outside it the calibration only warns"
#: why a window is exponential
SENSED_WINDOW = (
    "that is what the correlation sensors measure (calix, spiking/correlation_measurement.py, fitfunc: a reading "
    "decays exponentially with the delay of a pair)"
)
_SCRIPT = "libnux, share/libnux/elf32nux.x; grenade, vx/ppu.h"
_SPEED = "estimate from libnux, tests/hw/libnux/vx/test_speed_memory.cpp"

#: share of sensor readings out of the CADC's reliable range from which a run counts as degraded; a choice
MAX_SHARE_SATURATED = 0.01


def _fixed(number: float, source: str, unit: str = "1") -> Range:
    """Return a quantity that has one value."""
    return Range(low=number, high=number, unit=unit, source=source)


def _whole(low: int, high: int, source: str, unit: str = "1") -> Range:
    return Range(low=low, high=high, step=1, unit=unit, source=source)


def _between(low: float, high: float, unit: str, source: str) -> Range:
    return Range(low=low, high=high, unit=unit, source=source)


_GRID = CircuitGrid(block="hemisphere", blocks=2, rows=256, columns=256)

_LAYOUT = {
    "hemispheres": _fixed(_GRID.blocks, _NEURON),
    "columns": _fixed(_GRID.columns, _NEURON),
    "rows": _fixed(_GRID.rows, _SYNAPSE),
    "neurons": _whole(1, 512, _NEURON),
    "synapses": _whole(0, 131_072, _SYNAPSE),
    "buses": _fixed(4, _PADI),
    "drivers_per_bus": _fixed(32, _DRIVER),
    "rows_per_bus": _fixed(64, _DRIVER),
    "columns_per_event_output": _fixed(32, "halco, neuron.cpp, toNeuronEventOutputOnDLS"),
    "in_degree": _whole(0, 256, "grenade, routing/greedy/routing_constraints.cpp"),
    "weight": _whole(0, 63, "haldls, haldls/vx/synapse.h", "LSB"),
    "synapse_label": _whole(0, 63, _SYNAPSE),
    "row_select": _whole(0, 31, _PADI),
    "delay": _between(0, 0, "ms", "pynn-brainscales, projections.py: every delay other than 0 is refused"),
    "spike_latency": _between(
        0.9, 1.1, "us", "Cramer et al., Phys. Rev. Research 2023, synaptic delay of one chip; emulated as one time step"
    ),
}

_SOURCES = {
    "background_generators": _whole(0, 8, f"{_BACKGROUND}: one per bus"),
    "background_size": _whole(1, 256, f"{_BACKGROUND}: the mask has 8 bits, so the size is a power of two"),
    "background_rate_total": _between(0, 125, "MHz", f"{_BACKGROUND}: at most one event per clock"),
    "background_seed": _whole(1, 2**32 - 1, f"{_BACKGROUND}: 32 bits; a shift register never leaves 0"),
}

_CIRCUITS = {
    "capmem": _whole(0, 1022, "haldls, haldls/vx/capmem.h: 1023 switches the refresh off", "LSB"),
    "v_leak": _between(50, 160, "LSB", _CALIBRATION),
    "v_reset": _between(50, 160, "LSB", _CALIBRATION),
    "v_threshold": _between(50, 220, "LSB", _CALIBRATION),
    "tau_mem": _between(0.5, 60, "us", _CALIBRATION),
    "tau_syn": _between(0.3, 30, "us", _CALIBRATION),
    "refractory": _between(0.04, 32, "us", _CALIBRATION),
    "synaptic_input_bias": _whole(30, 800, f"{_CALIBRATION} (i_synin_gm)", "LSB"),
    "leak_default": _fixed(80, "calix, ccalix/neuron_calib_target.h", "LSB"),
    "threshold_default": _fixed(125, "calix, ccalix/neuron_calib_target.h", "LSB"),
    "synaptic_bias_default": _fixed(500, "calix, ccalix/neuron_calib_target.h (i_synin_gm)", "LSB"),
    "synaptic_drive_default": _fixed(
        45 / 64,
        "hxtorch, spiking: weight scale 64 and trace scale 1/45 at the default bias; steady drive of one weight unit",
        "LSB",
    ),
    "spike_counter": _whole(0, 255, "haldls, haldls/vx/neuron.h; grenade, ppu/neuron_view_handle.cpp: 255 on overflow"),
    "cadc": _whole(0, 255, "haldls, haldls/vx/cadc.h", "LSB"),
    "cadc_reliable": _between(30, 210, "LSB", "calix, constants.py"),
    "correlation_time_constant": _between(2, 30, "us", _SENSORS),
    "correlation_amplitude_default": _fixed(1, "a choice within the range of the calibration", "LSB"),
    "correlation_amplitude": _between(0.2, 2, "LSB", f"{_SENSORS}; reading of one pair"),
}

_PROCESSORS = {
    "ppu_sram": _whole(
        0, 16_384 - 2 * 4_096, f"{_SCRIPT}: 16 KiB less a mailbox of 4 KiB and 4 KiB (a choice) for the stack", "B"
    ),
    "ppu_clock": _fixed(250, "grenade, vx/ppu.h, default_ppu_cycles_per_us", "MHz"),
    "row_update_cycles": _between(650, 900, "cycles", f"{_SPEED}: read, reset, weights and arithmetic of one row"),
    "row_random_cycles": _fixed(
        360, f"{_SPEED}: nine draws of two vectors, since a draw has one new bit, per random number of a row", "cycles"
    ),
    "row_record_cycles": _fixed(
        2 * 88,
        "libnux, tests/hw/libnux/vx/test_speed_memory.cpp: sixteen vectors one after the other into external memory "
        "take 1406 cycles (a disabled test); a row of weights or of readings is two vectors",
        "cycles",
    ),
    "row_baseline_cycles": _fixed(
        700, f"{_SPEED}: reset and read of one row, sums of its readings; of each read for the baselines", "cycles"
    ),
    "baseline_reads": _fixed(1024, "a choice: the sums of more leave 16 bits"),
    "baseline_share": _fixed(0.8, "a choice: of a period that measures, when nothing else is done"),
    "row_constants_sram": _fixed(0.8, f"{_SPEED}: two constants per synapse from SRAM, per row", "us"),
    "row_constants_external": _fixed(5.5, f"{_SPEED}: two constants per synapse from external memory, per row", "us"),
    "update_period": Range(low=10, unit="us", source="a choice: shortest period that schedules of grenade keep"),
    "update_period_margin": _fixed(1.5, "a choice: shortest period over the estimated time of all rows"),
    "update_period_per_row": Range(
        low=25, unit="us", source="brainscales2-demos, ts_07-pong.rst, 2.5 ms for 101 rows; less is a warning"
    ),
    "update_intervals": _whole(0, 1, "a choice: one schedule per program"),
    "runtime": _between(0, (2**32 - 1) / 125e6, "s", "haldls, haldls/vx/timer.h: 32 bits of a clock of 125 MHz"),
}

brainscales2_description = TargetDescription(
    family=NAME,
    summary="analog LIF circuits with on-chip plasticity, a thousand times faster than model time",
    capabilities=(
        "sampling",
        "lif",
        "signed_weights",
        "plasticity",
        "constant_drive",
        "poisson_noise",
        "spike_lists",
        "record_spikes",
        "record_states",
        "record_membrane",
        "record_correlation",
    ),
    limits={**_LAYOUT, **_SOURCES, **_CIRCUITS, **_PROCESSORS},
    exclusions=(
        Exclusion(
            first="plasticity",
            second="record_membrane",
            reason="the plasticity processor drives the CADC, so it cannot read sensors of synapses and record "
            "membranes periodically at the same time",
            source="grenade, realtime executor; hxtorch, spiking/experiment.py",
        ),
    ),
    lacks={
        "windows": SENSED_WINDOW,
        "delays": "pynn-brainscales, projections.py: every delay other than 0 ms is refused",
        "wake_sleep": "it sums over states of neurons, and sensors measure pairs of spikes (calix, "
        "spiking/correlation_measurement.py)",
    },
    time_scale=1000.0,
    learning="native",
    weights="6 bit, one sign per row",
    calibrated=True,
    grid=_GRID,
    tested="contract",
)
