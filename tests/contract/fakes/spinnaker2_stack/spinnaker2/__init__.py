"""Stands for py-spinnaker2: only names and arguments that public code uses, and a chip of a few lines of numpy.

``SAL_HW_FAKE_SPINNAKER2`` names a folder: ``answers.json`` says what goes wrong, ``calls.jsonl`` keeps what was asked.
"""

__version__ = "0.8.0 (stand-in)"
