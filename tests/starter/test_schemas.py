"""Callers in other languages find every schema and every name in one place."""

from models.commands import COMMANDS
from models.complaint import Complaint
from tests.starter.running import Redress


def test_every_command_and_every_answer_has_a_schema(redress: Redress) -> None:
    found = redress("schema").json
    expected = {"complaint", "view", "timeline", "result", "verdict", "mail", *COMMANDS}
    assert expected <= set(found["schemas"])


def test_the_names_on_the_wire_are_listed(redress: Redress) -> None:
    names = redress("schema").json["names"]
    assert names["workflow_type"] == "Complaint"
    assert names["workflow_id"] == "complaint.NUMBER"
    assert names["signals_and_updates"] == list(COMMANDS)
    assert names["refund_taken_back"]["workflow_id"] == "takenback.REFERENCE"


def test_one_schema_can_be_asked_for(redress: Redress) -> None:
    schema = redress("schema", "confirm").json
    assert {"actor", "liable", "reason"} <= set(schema["required"])
    assert set(redress("schema", "complaint").json["properties"]) == set(Complaint.model_fields)


def test_what_stands_under_a_field_is_its_description(redress: Redress) -> None:
    command = redress("schema", "confirm").json
    assert command["properties"]["token"]["description"].startswith("Proves that the actor sends it"), "inherited"
    assert redress("schema", "contest").json["properties"]["by"]["description"].startswith("The party or department")
