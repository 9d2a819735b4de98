"""The command that lists the sweeps of the project."""

from tuning.cli.printing import out


def list_presets() -> None:
    """List the sweeps that come with the project."""
    from rich.table import Table

    from tuning.sweep import presets

    table = Table(box=None, pad_edge=False, show_header=False)
    for preset in presets.presets():
        table.add_row(preset.name, preset.description)
    out.print(table, highlight=False)
