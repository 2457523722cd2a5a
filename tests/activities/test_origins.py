"""Whose a message is."""

from temporalio.testing import ActivityEnvironment

from activities.identity import Gate
from activities.origins import Origins
from activities.store import Store
from models.directory import Directory
from models.pages import Envelope
from procedures import PACKS


async def test_senders_are_known_by_the_directory_and_strangers_belong_nowhere(
    store: Store, directory: Directory, env: ActivityEnvironment
) -> None:
    envelopes = [Envelope(actor=name) for name in ("Wei", "Mo", "tracker", "Nobody")]
    origins = await env.run(Origins(store, PACKS, lambda: directory, Gate()).examine, envelopes)
    assert [origin.departments for origin in origins] == [
        ("merchandise",),
        ("merchandise", "logistics"),
        ("logistics",),
        (),
    ]
    assert all(origin.at is None for origin in origins)
