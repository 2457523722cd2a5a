"""Where a command's answer goes."""

from rich.console import Console


class Output(Console):
    """A terminal, a file or a pipe: whoever reads a pipe may go (`redress list | head`), which is no failure."""

    def on_broken_pipe(self) -> None:
        """Rich would end the program with 1."""
        raise BrokenPipeError
