"""What the command line finds under the entry point; see :class:`sal_hw.contracts.calibrator.Calibrator`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sal_hw.contracts.calibrator import CampaignOptions, FinishedCampaign
from sal_hw.contracts.instrument import Instrument
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_calibration.campaign import keep_snapshot, remove_campaign, run_campaign
from sal_hw_calibration.recovery import Recovery, compare, complete_truth, find_broken
from sal_hw_calibration.stages import STAGES


class ChipCalibrator:
    """Measures chips with the stages of this package."""

    def stages(self) -> tuple[tuple[str, tuple[str, ...], str], ...]:
        """Return name, needed stages and meaning of every stage."""
        return tuple((stage.name, stage.needs, stage.meaning) for stage in STAGES)

    def calibrate(self, instrument: Instrument, folder: Path, options: CampaignOptions) -> FinishedCampaign:
        """Measure a chip; see :func:`sal_hw_calibration.campaign.run_campaign`."""
        return run_campaign(instrument, folder, options)

    def keep(self, path: Path, snapshot: CalibrationSnapshot, *, force: bool) -> None:
        """Write the snapshot; see :func:`sal_hw_calibration.campaign.keep_snapshot`."""
        keep_snapshot(path, snapshot, force=force)

    def remove(self, folder: Path) -> bool:
        """Delete a campaign's folder; see :func:`sal_hw_calibration.campaign.remove_campaign`."""
        return remove_campaign(folder)

    def compare(
        self, found: CalibrationSnapshot, truth: CalibrationSnapshot, reference: Instrument, *, threads: int = 1
    ) -> Mapping[str, Any]:
        """Return how well a calibration has found the truth, as JSON data."""
        recovered = compare(found, complete_truth(truth, found, reference, threads=threads))
        broken = [
            {
                "kind": item.kind,
                "broken": item.broken,
                "found": item.found,
                "masked_wrongly": item.masked_wrongly,
                "instances": item.instances,
            }
            for item in find_broken(found, truth)
        ]
        passed = all(item.passed for item in recovered) and all(item["broken"] == item["found"] for item in broken)
        return {"tables": [_entry(item) for item in recovered], "broken": broken, "passed": passed}


def _entry(item: Recovery) -> dict[str, Any]:
    criterion = item.criterion
    return {
        "table": criterion.table,
        "tolerance": criterion.tolerance,
        "relative": criterion.relative,
        "wanted_share": criterion.share,
        "instances": item.instances,
        "measured": item.measured,
        "median_error": item.median_error if item.measured else None,
        "within": item.within,
        "passed": item.passed,
    }
