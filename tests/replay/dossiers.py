"""Dossiers worth keeping the history of: an incident from start to summary, an 8D report and a meeting on their way."""

import asyncio
from typing import Any

from models.incident import Scope
from models.names import BATCH_RETURN, CORRECTIVE_ACTION, SUPERVISION_MEETING, VIEW, corrective_id, incident_id
from models.names import meeting_id as meeting_of
from tests.eightd import COMPLAINT, D1, D2, D3, D4
from tests.support import LEADER, SERVICE, OfCase, Office, liable

QUALITY, MANAGER = "质控代表", "客服经理"


class OfDossier(OfCase):
    """A dossier, as the people who work on it see it."""

    def __init__(self, office: Office, workflow_id: str) -> None:
        super().__init__(office, workflow_id)
        self.handle = office.client.get_workflow_handle(workflow_id)

    async def standing(self, stage: str) -> "OfDossier":
        """When it stands at a stage."""
        async with asyncio.timeout(30):
            while ((await self.handle.query(VIEW)) or {}).get("stage") != stage:
                await asyncio.sleep(0.05)
        return self


async def _begun(office: Office, workflow: str, content: Any, workflow_id: str) -> OfDossier:
    await office.begin(workflow, content, workflow_id)
    return OfDossier(office, workflow_id)


async def incident(office: Office) -> OfCase:
    """Verified, decided, carried out, summed up."""
    scope = Scope(product="REPLAY-1")
    wish = {"procedure": "returns", "scope": scope.model_dump(), "reason": "整批不良", "opened_by": SERVICE}
    dossier = await _begun(office, BATCH_RETURN, wish, incident_id("returns", scope.key))
    await dossier.standing("verifying")
    await dossier.send("verify", QUALITY, confirmed=True, defect="密封圈缺失", inspected=10, defective=7)
    await dossier.send("decide", MANAGER, grant=True, liable=liable(supplier=100), reason="整批不良")
    await dossier.standing("summing_up")
    await dossier.send("situation", SERVICE, note="已联系客户")
    await dossier.send("close", SERVICE, causes="来料不良", improvements="更换供应商")
    await dossier.handle.result()
    return dossier


async def waiting_for_actions(office: Office) -> OfCase:
    """In flight: an 8D report whose causes are found, its lots traced."""
    content = COMPLAINT | {"reference": "QC-REPLAY-1", "procedure": "returns"}
    dossier = await _begun(office, CORRECTIVE_ACTION, content, corrective_id("QC-REPLAY-1"))
    await dossier.standing("d1")
    for name, filled in (("d1", D1), ("d2", D2), ("d3", D3), ("d4", D4)):
        await dossier.send(name, QUALITY, **filled)
    return await dossier.standing("d5")


async def waiting_for_the_session_to_end(office: Office) -> OfCase:
    """In flight: a meeting its members attend."""
    call = {"procedure": "marketplace", "name": "2026-W10", "at_once": True}
    dossier = await _begun(office, SUPERVISION_MEETING, call, meeting_of("marketplace", "2026-W10"))
    await dossier.standing("in_session")
    await dossier.send("attend", SERVICE, members=["panel", "leadership"])
    await dossier.send("action", LEADER, owner="logistics", due="2027-03-10T08:00:00Z", what="加固包装")
    return dossier
