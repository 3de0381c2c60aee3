"""A folder of YAML definitions: read, compared with what is in force, and applied."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from wager.cli.talking import Server, path_of
from wager.domain.content import Item
from wager.domain.definitions import DEFINITIONS, Definition, DefinitionKind
from wager.errors import BadDefinition, BadInput

# A placement names its goal, an experiment its placement: each kind after what it names.
ORDER: tuple[DefinitionKind, ...] = (
    "goals", "segments", "categories", "vocabularies", "placements", "usecases", "experiments"
)  # fmt: skip
Document = dict[str, Any]
T = TypeVar("T")


class Folder(msgspec.Struct, frozen=True):
    """What a folder declares: definitions by kind and name, and items."""

    definitions: dict[DefinitionKind, dict[str, Definition]]
    items: list[Item]


class Change(msgspec.Struct, frozen=True):
    """One difference between a folder and what is in force."""

    kind: DefinitionKind
    name: str
    what: Literal["new", "changed", "same", "only in force"]
    fields: tuple[tuple[str, object, object], ...] = ()


def read_folder(folder: Path) -> Folder:
    """Every `*.yaml` of the folder; an error names the file, the kind and the place."""
    if not folder.is_dir():
        raise BadInput(f"there is no folder {str(folder)!r}; make one with `wager init {folder}`")
    files = sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))
    if not files:
        raise BadInput(f"no *.yaml stands in {str(folder)!r}; `wager init` makes a folder to begin")
    found: dict[DefinitionKind, dict[str, Definition]] = {kind: {} for kind in ORDER}
    items: list[Item] = []
    for file in files:
        for kind, documents in _documents(file):
            if kind == "items":
                items.extend(_as(Item, document, f"{file}: items") for document in documents)
                continue
            which = next((known for known in ORDER if known == kind), None)
            if which is None:
                raise BadInput(f"{file}: {kind!r} is not known; known: {[*ORDER, 'items']}")
            for document in documents:
                made = _as(DEFINITIONS[which], document, f"{file}: {kind}")
                if made.name in found[which]:
                    raise BadInput(f"{file}: {kind} {made.name!r} is there twice")
                found[which][made.name] = made
    return Folder(definitions=found, items=items)


def _documents(file: Path) -> Iterator[tuple[str, list[Document]]]:
    try:
        read = msgspec.yaml.decode(file.read_bytes(), type=dict[str, list[Document]] | None)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{file} cannot be read: {error}; a file looks like `goals: [{{name: click, ...}}]`"
        ) from None
    yield from (read or {}).items()


def _as(kind: type[T], document: Document, where: str) -> T:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        name = document.get("name") or document.get("itemId") or ""
        raise BadDefinition(f"{where} {name!r}: {error}") from None


def compare(server: Server, folder: Folder) -> Iterator[Change]:
    """What applying the folder would change, kind by kind."""
    for kind in ORDER:
        listed = server.ask("GET", path_of(kind))[kind]
        stored = [_as(DEFINITIONS[kind], one["definition"], "in force") for one in listed]
        in_force: dict[str, Definition] = {one.name: one for one in stored}
        for name, wanted in folder.definitions[kind].items():
            if name not in in_force:
                yield Change(kind, name, "new")
            elif fields := tuple(_differences(in_force[name], wanted)):
                yield Change(kind, name, "changed", fields)
            else:
                yield Change(kind, name, "same")
        for name in in_force.keys() - folder.definitions[kind].keys():
            yield Change(kind, name, "only in force")


def _differences(old: Definition, new: Definition) -> Iterator[tuple[str, object, object]]:
    names = type(new).__struct_fields__
    for name, encoded in zip(names, type(new).__struct_encode_fields__, strict=True):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield encoded, before, after


def apply_changes(
    server: Server, folder: Folder, changes: Iterable[Change], *, prune: Literal["keep", "delete"]
) -> Iterator[tuple[Change, list[str]]]:
    """Write what is new or changed; yields each change when it is durable, with its warnings."""
    for change in changes:
        path = path_of(change.kind, change.name)
        if change.what in ("new", "changed"):
            body = msgspec.json.encode(folder.definitions[change.kind][change.name])
            yield change, list(server.ask("PUT", path, body)["warnings"])
        elif change.what == "only in force" and prune == "delete":
            server.ask("DELETE", path)
            yield change, []
