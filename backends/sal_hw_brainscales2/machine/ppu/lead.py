"""The text of what kernels do before a run: they measure the baselines of their sensors, and reset them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Template

from sal_hw.kernel.baselines import LEFT_BITS

_START = """
// Calls so far; those before the run do not learn.
uint32_t volatile sal_calls;

struct SalStart
{
    SalStart()
    {
        sal_calls = 0;
    }
};

SalStart sal_start;
"""

_MEASURE = """
// The same numbers with 16 bits, and back.
VectorRowFracSat16 sal_wide(VectorRowMod8 const& row)
{
    return static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(row));
}

VectorRowMod8 sal_byte(VectorRowFracSat16 const& row)
{
    VectorRowFracSat8 const less = static_cast<VectorRowFracSat8>((row - VectorRowFracSat16(128)) << 8);
    return static_cast<VectorRowMod8>(less) + VectorRowMod8(128);
}

// What is known so far of the row that is measured: its first readings, and sums of what others differ from them.
VectorRowMod8 sal_first_causal;
VectorRowMod8 sal_first_acausal;
VectorRowFracSat16 sal_sum_causal;
VectorRowFracSat16 sal_sum_acausal;

// The baselines of a row: means of readings directly after a reset, to the nearest whole number, and what is left over.
void sal_measure(SynapseArrayViewHandle const& handle, size_t const row, size_t const place, size_t const part)
{
    handle.reset_correlation(row);
    if (part == 0) {
        auto const first = handle.get_correlation(row, true);
        sal_first_causal = first.causal;
        sal_first_acausal = first.acausal;
        sal_sum_causal = VectorRowFracSat16(0);
        sal_sum_acausal = VectorRowFracSat16(0);
    }
    VectorRowFracSat16 const first_causal = sal_wide(sal_first_causal);
    VectorRowFracSat16 const first_acausal = sal_wide(sal_first_acausal);
    VectorRowFracSat16 causal = sal_sum_causal;
    VectorRowFracSat16 acausal = sal_sum_acausal;
    for (size_t read = part == 0 ? 1 : 0; read < $reads; ++read) {
        auto const seen = handle.get_correlation(row, true);
        causal = causal + (sal_wide(seen.causal) - first_causal);
        acausal = acausal + (sal_wide(seen.acausal) - first_acausal);
    }
    sal_sum_causal = causal;
    sal_sum_acausal = acausal;
    if (part != $last_part) {
        return;
    }
    VectorRowFracSat16 const half($half);
    VectorRowFracSat16 const over_causal = (causal + half) >> $bits;
    VectorRowFracSat16 const over_acausal = (acausal + half) >> $bits;
    VectorRowFracSat16 const rest_causal = causal - (over_causal << $bits);
    VectorRowFracSat16 const rest_acausal = acausal - (over_acausal << $bits);
    VectorRowFracSat16 const expected = $expected;
    VectorRowFracSat16 const left = (rest_acausal << $left_bits) - expected;
    sal_store($baseline_causal, sal_byte(first_causal + over_causal));
    sal_store($baseline_anticausal, sal_byte(first_acausal + over_acausal));
    VectorRowFracSat16 const over = (left + VectorRowFracSat16($quarter)) >> $one_bit_less;
    VectorRowFracSat8 const residual = static_cast<VectorRowFracSat8>(over << 8);
    sal_store($residual, static_cast<VectorRowMod8>(residual));
}
"""

#: the product of 16-bit numbers is the 32768th part of theirs: 6 and 7 places more make it a quarter of it
_EXPECTED = {
    True: "(rest_causal << 6) * (sal_wide(sal_load($balance)) << 7)",
    False: "rest_causal << $left_bits",
}

_LEAD = """\
    // Before the run nothing is learned: each call measures some rows, and the last one resets all.
    if (sal_calls < $calls) {
        size_t place = 0;
        for (size_t index = 0; index < N; ++index) {
            auto const& handle = synapses[index];
            if (handle.hemisphere != ppu$skip) {
                continue;
            }
            for (size_t row = 0; row < handle.rows.size(); ++row, ++place) {
                if (sal_calls == $last) {
                    handle.reset_correlation(row);
                }$measure
            }
        }
        sal_calls = sal_calls + 1;
        return;
    }

"""

_MEASURE_SOME = """
                size_t const turn = $first + place / $rows * $parts;
                if (sal_calls >= turn && sal_calls < turn + $parts) {
                    sal_measure(handle, row, place, sal_calls - turn);
                }"""


@dataclass(frozen=True, kw_only=True, slots=True)
class LeadText:
    """What a kernel does before the run, as text.

    Attributes
    ----------
    calls, last, first
        How many calls before the run, the number of the last one, and of the first one that measures.
    rows, parts, last_part
        Rows that are measured at once, in how many calls, and the number of the last of these; empty where none is.
    reads
        How often a call reads each sensor.
    half, bits, quarter, one_bit_less
        Of all reads of a sensor: half of their number and its binary logarithm, a quarter of it and one less.
    places
        Expressions of the bytes of a row of the measured constants, and of the balance if there is one.
    """

    calls: str
    last: str
    first: str = ""
    rows: str = ""
    parts: str = ""
    last_part: str = ""
    reads: str = ""
    half: str = ""
    bits: str = ""
    quarter: str = ""
    one_bit_less: str = ""
    places: Mapping[str, str] = field(default_factory=dict)


def measure(lead: LeadText | None) -> str:
    """Return the counter of calls and the function that measures the baselines of a row, as far as there are any."""
    if lead is None:
        return ""
    if not lead.reads:
        return _START
    words = {"reads": lead.reads, "half": lead.half, "bits": lead.bits, "quarter": lead.quarter}
    words |= {
        "one_bit_less": lead.one_bit_less,
        "last_part": lead.last_part,
        "left_bits": str(LEFT_BITS),
        **lead.places,
    }
    expected = Template(_EXPECTED["balance" in lead.places]).substitute(words)
    return _START + Template(_MEASURE).substitute(words, expected=expected)


def lead_calls(lead: LeadText | None, skip: str) -> str:
    """Return the statements of a call before the run; `skip` passes over handles that do not learn."""
    if lead is None:
        return ""
    measured = (
        Template(_MEASURE_SOME).substitute(rows=lead.rows, parts=lead.parts, first=lead.first) if lead.reads else ""
    )
    return Template(_LEAD).substitute(calls=lead.calls, last=lead.last, skip=skip, measure=measured)
