"""hxcomm: ManagedConnection as a context; get_unique_identifier gives one text per chip."""

import os


class _Connection:
    def get_unique_identifier(self):
        return [os.environ.get("SAL_HW_FAKE_CHIP", "hxcube7fpga0chip63_1")]


class ManagedConnection:
    def __enter__(self):
        return _Connection()

    def __exit__(self, *_):
        return None
