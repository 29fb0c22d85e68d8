"""Starts what a process is observed by: logs and telemetry, as its settings say."""

from core import logs, telemetry
from core.errors import SettingsError
from core.settings import current


def observe(*, serves: bool = False) -> None:
    """Starts logs and telemetry, once per process.

    Wrong settings are told by whoever uses them; until then the defaults hold.

    Args:
        serves: whether this process is a server, whose metrics are read from outside; any other
            is a command, which prints what it does and logs only warnings, or all at "debug".
    """
    logs.log_uncaught()
    try:
        settings = current()
    except SettingsError:
        logs.set_up("text", "info" if serves else "warning")
        return
    level = settings.log_level
    if not serves and level == "info":
        level = "warning"
    logs.set_up(settings.log_format, level)
    telemetry.start(settings.otlp_endpoint, scraped=serves)
