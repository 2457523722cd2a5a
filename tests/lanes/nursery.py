"""Workers by fork: the imports are paid once, so that a killed worker is replaced in a moment.

python -m tests.lanes.nursery    one JSON line in per worker: {"point", "countdown", "seed"}; its pid comes out
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from random import Random

from temporalio.client import Client

from starter.connection import connect
from starter.logs import setup_logging
from starter.settings import load_settings
from tests.lanes.points import Bomb, Mined
from worker import working


async def work(order: dict[str, str]) -> None:
    """Work until killed."""
    settings = load_settings()
    setup_logging(json=True, level="error")
    bomb = Bomb(order["point"], int(order["countdown"]), Path(os.environ["REDRESS_TEST_CRASHES"]))
    plain = await connect(settings)
    client = Client(
        plain.service_client,
        namespace=plain.namespace,
        data_converter=plain.data_converter,
        interceptors=[Mined(bomb)],
    )
    faults = Random(int(order["seed"]))
    async with working(client, settings, change=lambda parts: bomb.parts(parts, settings.database, faults)):
        await asyncio.Event().wait()


def main() -> None:
    """Fork on demand; the dead are not waited for."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)  # noqa: T201
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(2, 1)  # the SDK's core logs to standard output, which is the nursery's voice
            try:
                asyncio.run(work(json.loads(line)))
            except BaseException as error:  # noqa: BLE001 - a worker that cannot start is one that has died
                sys.stderr.write(f"worker: {type(error).__name__}: {error}\n")
            finally:
                os._exit(1)
        print(pid, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
