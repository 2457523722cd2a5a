"""What an operator can put right."""


class OperatorError(Exception):
    """One line: what is in the way and what to do. Printed without a traceback; holds no secret."""

    code = 75
    """The exit code: try again, once it is put right; 2 for a mistake in what was given."""
