"""Ports are chosen seconds before anything listens on them: two services started together must not choose the same."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from starter.observe.service import settled
from starter.ports import free_or_any, free_port
from starter.settings import Observe, Settings

CHOOSES = "import sys; from starter.ports import free_or_any; print(free_or_any(int(sys.argv[1])), flush=True); input()"


@contextmanager
def another_that_chose(port: int) -> Iterator[int]:
    """Another process that has chosen, and does not listen yet; which port it got."""
    command = [sys.executable, "-c", CHOOSES, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate("\n")


def test_a_port_that_another_process_has_chosen_is_left_to_it_until_it_ends() -> None:
    port = free_port()
    with another_that_chose(port) as first:
        assert (first, free_or_any(port)) == (port, 0)
    assert [free_or_any(port), free_or_any(port)] == [port, port]


def test_two_workers_started_in_the_same_second_have_ports_of_their_own() -> None:
    port = free_port()
    asked = Settings(observe=Observe(health_port=port, metrics_port=0))
    with another_that_chose(port):
        assert settled(asked).observe.health_port not in {0, port}
        elsewhere = Settings(observe=Observe(host="127.0.0.2", health_port=port, metrics_port=0))
        assert settled(elsewhere).observe.health_port == port, "a worker at another address has the same ports"
    assert settled(asked).observe.health_port == port
