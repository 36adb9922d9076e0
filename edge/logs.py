"""Where log lines go: standard error, for the journal daemon or for a person at a terminal.

A line for the journal begins with its priority (sd-daemon(3)) and is one JSON object. Lines that
belong to a command carry its id. The same event again and again is told `BURST_MAX` times a
period; the next line after says how many were left out. What names a secret is hidden.
"""

import json
import logging
import re
import signal
import sys
from collections.abc import Callable, MutableMapping
from time import monotonic
from typing import Any, Final, TextIO

import structlog

NORMAL: Final = logging.INFO
EVERYTHING: Final = logging.DEBUG
PERIOD_S: Final = 60.0
BURST_MAX: Final = 10
EVENTS_MAX: Final = 512
"""Kinds of event whose repeats are counted at once."""
PRIORITY: Final = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
"""syslog(3)."""
HIDDEN: Final = "[hidden]"
SECRET: Final = re.compile(
    r"(?:^|_)(?:tokens?|secrets?|passwords?|authorization|cookies?|badges?|pins?|keys?)(?:_|$)",
    re.IGNORECASE,
)
PHONE: Final = re.compile(r"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)")

Event = MutableMapping[str, Any]


def start(stream: TextIO = sys.stderr, clock: Callable[[], float] = monotonic) -> None:
    """Send log lines to `stream` from now on; what libraries log as well, from warnings up."""
    show = _for_people if stream.isatty() else _for_machines
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            Repeats(clock),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide,
            show,
        ],
        logger_factory=structlog.WriteLoggerFactory(stream),
        wrapper_class=structlog.make_filtering_bound_logger(NORMAL),
        cache_logger_on_first_use=False,  # so that `set_level` reaches every logger
    )
    logging.basicConfig(handlers=[_Forward(logging.WARNING)], level=logging.WARNING, force=True)


def set_level(level: int) -> None:
    """Tell everything from `level` up; the libraries' lines stay at warnings."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))


def obey_signals(listen: Callable[..., object]) -> None:
    """Let SIGUSR1 turn debug lines on, and SIGUSR2 off. `listen` is a loop's add_signal_handler."""
    listen(signal.SIGUSR1, set_level, EVERYTHING)
    listen(signal.SIGUSR2, set_level, NORMAL)


class Repeats:
    """Lets an event pass `BURST_MAX` times in `PERIOD_S`, and counts the others."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[float, int]] = {}

    def __call__(self, _: Any, name: str, event: Event) -> Event:  # noqa: ANN401 - a logger
        """Return the event, or drop it."""
        if name == "debug":
            return event
        now_s, what = self._clock(), str(event["event"])
        since_s, count = self._seen.get(what, (now_s, 0))
        if now_s - since_s >= PERIOD_S:
            if count > BURST_MAX:
                event["left_out"] = count - BURST_MAX
            since_s, count = now_s, 0
        if len(self._seen) >= EVENTS_MAX:
            self._seen.clear()
        self._seen[what] = (since_s, count + 1)
        if count >= BURST_MAX:
            raise structlog.DropEvent
        return event


def hide(_: Any, __: str, event: Event) -> Event:  # noqa: ANN401 - a logger
    """Return the event without what its name calls secret, and without telephone numbers."""
    for name, value in event.items():
        if SECRET.search(name):
            event[name] = HIDDEN
        elif not isinstance(value, int | float | None):
            event[name] = PHONE.sub(HIDDEN, str(value))
    return event


def _for_machines(_: Any, name: str, event: Event) -> str:  # noqa: ANN401 - a logger
    return f"<{PRIORITY[name]}>{json.dumps(dict(event), ensure_ascii=False)}"


def _for_people(_: Any, __: str, event: Event) -> str:  # noqa: ANN401 - a logger
    at, level, what = event.pop("timestamp"), event.pop("level"), event.pop("event")
    trace = event.pop("exception", "")
    facts = " ".join(f"{name}={value}" for name, value in event.items())
    return "\n".join(filter(None, [f"{at} {level:<8} {what}  {facts}".rstrip(), trace]))


class _Forward(logging.Handler):
    """Hands what libraries log to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record under its library's name."""
        log = structlog.get_logger()
        log.log(record.levelno, record.getMessage(), library=record.name, exc_info=record.exc_info)
