"""Every store passes the one contract."""

from wager.testing.contracts import StoreContract


class TestMemory(StoreContract):
    url = "memory://"
    durable = False


class TestSqlite(StoreContract):
    url = "sqlite:///{folder}/shop.db"
