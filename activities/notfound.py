"""What the server's "not found" is about: a workflow that has ended or is forgotten, or a namespace it cannot read."""

from temporalio.service import RPCError, RPCStatusCode


def has_ended(error: RPCError) -> bool:
    """The workflow has ended, and the server still knows it."""
    return error.status is RPCStatusCode.NOT_FOUND and "already completed" in error.message.lower()


def is_gone(error: RPCError) -> bool:
    """Ended, or so long ago that Temporal has forgotten it.

    A locked server says of an existing namespace that it is not found, whatever the company has called it.
    """
    said = error.message.lower()
    return error.status is RPCStatusCode.NOT_FOUND and "workflow" in said and not said.startswith("namespace")
