"""The configuration, as far as it is documented."""

from __future__ import annotations

from fake_machine import configuration


def get_config_bool(section: str, option: str) -> bool:
    return configuration().getboolean(section, option, fallback=False)
