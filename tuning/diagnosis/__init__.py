"""Why a training goes wrong, and what might mend it: curves and a config in, verdicts out. Pure."""
