"""The directory of people as files.

Apart from the packs: who needs those alone does not wait for what people are. Nothing is imported on the way: the door
reads a changed directory in a workflow's thread, where the sandbox lets no module be loaded.
"""

from pathlib import Path

from pydantic import ValidationError

from models.base import in_one_line, toml_problems
from models.directory import Directory, Team
from procedures import PackError, read_toml, shown


def read_directory(place: Path) -> Directory:
    """The directory of people: a file, or a folder of `*.directory.toml`.

    Raises PackError with one line for a file that cannot be used, or a department that stands in two.
    """
    if not place.is_dir():
        return _read_directory(place)
    found: dict[str, Team] = {}
    parties: dict[str, tuple[str, ...]] = {}
    for file in sorted(place.glob("*.directory.toml")):
        read = _read_directory(file)
        teams, parties = read.departments, parties | read.parties
        if twice := sorted(set(teams) & set(found)):
            raise PackError(f"{shown(file)}: {', '.join(twice)} stands in another file of the folder; keep it in one")
        found |= teams
    return Directory(departments=found, parties=parties)


def _read_directory(file: Path) -> Directory:
    try:
        return Directory.model_validate(read_toml(file))
    except ValidationError as error:
        raise PackError(f"{shown(file)}: {in_one_line(toml_problems(error))}") from None
