"""What an operator can put right."""


class OperatorError(Exception):
    """One line: what is in the way and what to do. Printed as it is, without a traceback; holds no secret."""
