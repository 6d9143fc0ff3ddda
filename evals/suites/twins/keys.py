"""What configuration is about: the same keys of every service, and the questions that ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ctxpipe.evals.suites.twins.draws import SENSORS, SERVICES


class Setting(NamedTuple):
    """A key that every twin has: what it is called, and the questions that ask for it."""

    key: str
    questions: tuple[str, ...]


class SettingGroup(NamedTuple):
    """A kind of thing that is configured: the name of the group, the names in it, its keys."""

    name: str
    names: Sequence[str]
    settings: tuple[Setting, ...]


GROUPS = (
    SettingGroup(
        "services",
        SERVICES,
        (
            Setting(
                "memory_mb",
                (
                    "What is the memory of the {name}{where}?",
                    "How many megabytes of memory does the {name} have{where}?",
                    "To what is memory_mb of the {name} set{where}?",
                ),
            ),
            Setting(
                "timeout_ms",
                (
                    "What is the timeout of the {name}{where}?",
                    "After how many milliseconds does the {name} time out{where}?",
                    "To what is timeout_ms set for the {name}{where}?",
                ),
            ),
            Setting(
                "max_connections",
                ("How many connections may the {name} have{where}?", "What is max_connections of the {name}{where}?"),
            ),
        ),
    ),
    SettingGroup(
        "sensors",
        SENSORS,
        (
            Setting(
                "alarm_threshold",
                (
                    "At which threshold does the sensor of the {name} raise an alarm{where}?",
                    "What is the alarm threshold of the {name}{where}?",
                ),
            ),
            Setting(
                "interval_ms",
                (
                    "How often, in milliseconds, is the {name} read{where}?",
                    "What is the interval of the {name}{where}?",
                ),
            ),
        ),
    ),
)
