"""What each error code means, for ``sal-hw explain E214``."""

from __future__ import annotations

from dataclasses import dataclass

from sal_hw.error_texts.calibration import CALIBRATION_TEXTS
from sal_hw.error_texts.digital import DIGITAL_TEXTS
from sal_hw.error_texts.exchange import EXCHANGE_TEXTS
from sal_hw.error_texts.images import IMAGE_TEXTS
from sal_hw.error_texts.input import INPUT_TEXTS
from sal_hw.error_texts.runs import RUN_TEXTS
from sal_hw.error_texts.storage import STORAGE_TEXTS


@dataclass(frozen=True, slots=True)
class Entry:
    """One code.

    Attributes
    ----------
    title
        What is wrong, in a few words.
    text
        Why it is refused and what to do.
    example
        What to write instead, or a command.
    """

    title: str
    text: str
    example: str


#: all codes, in order
CATALOG: dict[str, Entry] = {
    code: Entry(*words)
    for code, words in sorted(
        {
            **INPUT_TEXTS,
            **IMAGE_TEXTS,
            **RUN_TEXTS,
            **STORAGE_TEXTS,
            **DIGITAL_TEXTS,
            **CALIBRATION_TEXTS,
            **EXCHANGE_TEXTS,
        }.items()
    )
}
