"""What the activities work with, as the settings choose it."""

from pathlib import Path

import pytest

from activities.store import Store
from starter.errors import OperatorError
from starter.parts import real_parts
from starter.settings import load_settings


@pytest.mark.parametrize("name", ["payment", "warehouse", "carrier"])
async def test_a_partner_over_http_is_not_asked_for_anything_in_an_empty_secrets_name(
    name: str, tmp_path: Path
) -> None:
    partner = {"kind": "http", "base_url": "https://partner.example"}
    settings = load_settings(home=tmp_path, partners={name: partner})
    store = Store("sqlite://")
    with pytest.raises(OperatorError, match=rf"^partners\.{name}\.secret: is missing"):
        async with real_parts(settings, store, "localhost:7233"):
            pass
    known = load_settings(home=tmp_path, partners={name: partner | {"secret": "made-up"}})
    async with real_parts(known, store, "localhost:7233") as parts:
        assert type(getattr(parts, name)).__name__.startswith("Http")
    await store.close()
