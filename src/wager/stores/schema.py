"""The versions of a store's schema: numbered SQL files, applied in order, each whole or not."""

import re
import sqlite3
from pathlib import Path

from wager.errors import StoreError, StoreTooNew
from wager.stores.disk import APPLICATION_ID

_FOLDER = Path(__file__).parent / "schema"


def steps(folder: Path = _FOLDER) -> dict[int, str]:
    """Version number -> the SQL that leads to it from the one before."""
    files = sorted(folder.glob("*.sql"))
    return {int(file.name.split("_")[0]): file.read_text(encoding="utf-8") for file in files}


NEWEST = max(steps())


def version_of(connection: sqlite3.Connection) -> int:
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return number


def checked_version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version of what may be a store; an error that says why it is none."""
    try:
        application: int = connection.execute("PRAGMA application_id").fetchone()[0]
        tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{path} cannot be read: {error}; if it is a store of wager, it is damaged: "
            "`wager restore` puts a backup in its place"
        ) from error
    version = version_of(connection)
    if application != APPLICATION_ID and tables:
        raise StoreError(f"{path} is an SQLite database, but no store of wager; choose another")
    if version > NEWEST:
        raise StoreTooNew(
            f"{path} has schema version {version}, this wager knows {NEWEST}; upgrade wager to "
            "open it"
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path, folder: Path = _FOLDER) -> int:
    """Bring a store to the newest version, one transaction for each step; how many were taken."""
    version = checked_version(connection, path)
    ahead = {number: sql for number, sql in steps(folder).items() if number > version}
    for number, sql in sorted(ahead.items()):
        try:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _statements(sql):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise StoreError(
                f"{path} could not be brought from schema version {number - 1} to {number}: "
                f"{error}; nothing of that step was done"
            ) from error
    return len(ahead)


def _statements(sql: str) -> list[str]:
    plain = re.sub(r"--.*$", "", sql, flags=re.MULTILINE)
    return [statement for statement in plain.split(";") if statement.strip()]
