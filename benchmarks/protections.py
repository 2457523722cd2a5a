"""What each protection costs: the same flow with it switched off or on, against the product as it is shipped."""

import base64
from typing import NamedTuple

KEYS = f"bench:{base64.b64encode(bytes(range(32))).decode()}"


class Variant(NamedTuple):
    """The product otherwise than shipped."""

    which: str
    """The contender."""
    env: dict[str, str]


VARIANTS = {
    "sealed": Variant("redress", {"REDRESS_CODEC__KEYS": KEYS}),  # everything Temporal stores is
    "no sandbox": Variant("unsandboxed", {}),
    "no audit rows": Variant("unaudited", {}),
    "no intents": Variant("unguarded", {}),  # of payments
    "no cache": Variant("redress", {"REDRESS_WORKER__MAX_CACHED_WORKFLOWS": "0"}),  # every step replays its case
}
