"""Numbers and times as people read them."""


def clock(seconds: float) -> str:
    """Seconds as 1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def number(value: float | None) -> str:
    """A value with four significant digits; a dash for None."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if 10_000 <= abs(value) < 1e9 else f"{value:.4g}"


def setting(value: object) -> str:
    """A value of a parameter, with three significant digits; a dash for one that a trial has not."""
    return "-" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
