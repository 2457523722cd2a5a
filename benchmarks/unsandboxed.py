"""A worker of the product whose workflow code runs as it is: nothing would notice a clock or a file read in it."""

import asyncio

from temporalio.worker import UnsandboxedWorkflowRunner

import worker
from starter.main import spare_garbage
from starter.settings import load_settings

if __name__ == "__main__":
    spare_garbage()
    worker.RUNNER = UnsandboxedWorkflowRunner()  # type: ignore[assignment]
    asyncio.run(worker.run_worker(load_settings()))
