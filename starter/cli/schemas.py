"""JSON Schemas of everything sent and returned, for callers in other languages."""

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise
from typing import Annotated, Any

from cyclopts import Parameter
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from models import names
from models.case import CaseResult, Event, Verdict
from models.commands import COMMANDS, MailReport, TakenBack
from models.complaint import Complaint
from models.corrective import CorrectiveView
from models.corrective_forms import CORRECTIVE_COMMANDS
from models.directory import Directory
from models.incident import INCIDENT_COMMANDS, IncidentView, OpenIncident
from models.meeting import MEETING_COMMANDS, Call, Minutes
from models.procedure import Procedure
from models.quality_complaint import QualityComplaint
from models.remedy import RemedyOrder, RemedyResult
from models.views import CaseView
from starter.cli.session import print_json
from starter.failures import BadInput

MODELS: dict[str, type[BaseModel]] = {
    "complaint": Complaint,
    **COMMANDS,
    "taken_back": TakenBack,
    "mail": MailReport,
    "view": CaseView,
    "verdict": Verdict,
    "result": CaseResult,
    "remedy_order": RemedyOrder,
    "remedy_result": RemedyResult,
    "meeting_call": Call,
    **{f"meeting_{name}": model for name, model in MEETING_COMMANDS.items()},
    "meeting_view": Minutes,
    "incident_open": OpenIncident,
    **{f"incident_{name}": model for name, model in INCIDENT_COMMANDS.items()},
    "incident_view": IncidentView,
    "8d_complaint": QualityComplaint,
    **{f"8d_{name}": model for name, model in CORRECTIVE_COMMANDS.items()},
    "8d_view": CorrectiveView,
    "procedure": Procedure,
    "directory": Directory,
}
KNOWN = (*MODELS, names.TIMELINE)


def schema(name: Annotated[str | None, Parameter(name="NAME", help="One of them; none: all.")] = None, /) -> int:
    """JSON Schemas of the start argument, every command, view, timeline and result, with the names on the wire."""
    if name is None:
        print_json({"names": wire_names(), "schemas": {known: schema_of(known) for known in KNOWN}})
        return 0
    if name not in KNOWN:
        raise BadInput("no_schema", known=", ".join(KNOWN))
    print_json(schema_of(name))
    return 0


def schema_of(name: str) -> object:
    """One of the schemas."""
    if name == names.TIMELINE:
        return TypeAdapter(list[Event]).json_schema(schema_generator=Described)
    return MODELS[name].model_json_schema(schema_generator=Described)


class Described(GenerateJsonSchema):
    """A field's docstring is its description. Read only here: reading source makes every start of a program slower."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """As pydantic's, with the descriptions."""
        found = super().model_schema(schema)
        for model in reversed(schema["cls"].__mro__):
            if issubclass(model, BaseModel) and model is not BaseModel:
                for name, text in field_docs(model).items():
                    if name in found.get("properties", {}):
                        found["properties"][name].setdefault("description", text)
        return found


@cache
def field_docs(model: type[Any]) -> dict[str, str]:
    """The docstrings of the fields a class declares itself, where they have one under them."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    found = {}
    for field, below in pairwise(tree.body if isinstance(tree, ast.ClassDef) else []):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
    return found


def wire_names() -> dict[str, object]:
    """The names a caller in another language needs."""
    return {
        "task_queue": names.TASK_QUEUE,
        "workflow_type": names.COMPLAINT,
        "workflow_id": names.case_id("NUMBER"),
        "start_argument": "complaint",
        "child_workflow_types": [names.REFUND, names.EXCHANGE],
        "queries": {names.VIEW: "view", names.TIMELINE: "timeline"},
        "signals_and_updates": list(COMMANDS),
        "update_result": "verdict",
        "update_error_types": [code.value for code in names.Refused],
        "signals": {names.MAIL_REPORT: "mail"},
        "refund_taken_back": {
            "workflow_type": names.REFUND_TAKEN_BACK,
            "workflow_id": names.taken_back_id("REFERENCE"),
            "start_argument": "taken_back",
            "result": "verdict",
        },
    }
