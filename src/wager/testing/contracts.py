"""What a new store must pass: inherit `StoreContract`, name the URL, and that is its test.

class TestPostgres(StoreContract):
    url = "postgresql://localhost/{folder.name}"
"""

from wager.testing.doors.content import CatalogContract, DefinitionsContract, ModelsContract
from wager.testing.doors.decisions import DecisionsContract
from wager.testing.doors.events import EventLogContract, QuarantineContract
from wager.testing.doors.ledger import LedgerContract
from wager.testing.doors.profiles import ProfilesContract
from wager.testing.doors.transactions import TransactionContract

__all__ = [
    "CatalogContract",
    "DecisionsContract",
    "DefinitionsContract",
    "EventLogContract",
    "LedgerContract",
    "ModelsContract",
    "ProfilesContract",
    "QuarantineContract",
    "StoreContract",
    "TransactionContract",
]


class StoreContract(
    EventLogContract,
    QuarantineContract,
    ProfilesContract,
    CatalogContract,
    DecisionsContract,
    DefinitionsContract,
    ModelsContract,
    LedgerContract,
    TransactionContract,
):
    """Every door, and the store as a whole."""
