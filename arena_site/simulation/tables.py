"""Tables in memory with what the writer's path relies on in PostgreSQL's: unique keys that wait for
other transactions, READ COMMITTED reads, row locks, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import psycopg

Key = tuple[Any, ...]


class MustWait(Exception):  # noqa: N818 - a state, not an error: the statement is tried again
    """The statement meets an open transaction and has to wait for its end."""

    def __init__(self, holder: Transaction) -> None:
        super().__init__()
        self.holder = holder


class Transaction:
    """What one transaction did, so that it can be taken back; `owner` is its session."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.undo: list[Callable[[], None]] = []
        self.settle: list[Callable[[], None]] = []
        self.open = True

    @property
    def wrote(self) -> bool:
        return bool(self.undo)

    def commit(self) -> None:
        """Make everything visible to everybody."""
        for done in self.settle:
            done()
        self.open = False

    def rollback(self) -> None:
        """As if nothing had happened."""
        for done in reversed(self.undo):
            done()
        self.open = False


class Row:
    """A version of a row: who made it and who is about to delete it (None: nobody open)."""

    __slots__ = ("born", "dying", "values")

    def __init__(self, values: dict[str, Any], born: Transaction) -> None:
        self.values = values
        self.born: Transaction | None = born
        self.dying: Transaction | None = None

    def visible(self, to: Transaction) -> bool:
        return self.born in (None, to) and self.dying is not to


class Table:
    """Rows under unique keys, each a tuple of columns; `unique` may be emptied by a control."""

    def __init__(self, name: str, *unique: tuple[str, ...]) -> None:
        self.name = name
        self.unique = unique
        self.rows: dict[int, Row] = {}
        self._index: dict[tuple[str, ...], dict[Key, list[Row]]] = {u: {} for u in unique}
        self.checked = set(unique)

    def conflict(self, values: dict[str, Any], txn: Transaction) -> bool:
        """Whether a committed or own row has one of the keys. Raises MustWait."""
        for columns in self.checked:
            for row in self._index[columns].get(_key(values, columns), ()):
                if row.dying is txn:
                    continue
                for other in (row.born, row.dying):
                    if other is not None and other is not txn:
                        raise MustWait(other)
                return True
        return False

    def insert(self, values: dict[str, Any], txn: Transaction) -> Row:
        """Add a row. Raises UniqueViolation, MustWait."""
        if self.conflict(values, txn):
            raise psycopg.errors.UniqueViolation(f"{self.name}: duplicate key")
        row = Row(values, txn)
        self.rows[id(row)] = row
        for columns in self.unique:
            self._index[columns].setdefault(_key(values, columns), []).append(row)
        txn.undo.append(lambda: self._remove(row))
        txn.settle.append(lambda: setattr(row, "born", None))
        return row

    def delete(self, rows: Iterable[Row], txn: Transaction) -> list[Row]:
        """Delete rows that are visible. Raises MustWait for one that another deletes."""
        chosen = [row for row in rows if row.visible(txn)]
        for row in chosen:
            if row.dying is not None:
                raise MustWait(row.dying)
        for row in chosen:
            row.dying = txn
            txn.undo.append(partial(setattr, row, "dying", None))
            txn.settle.append(partial(self._remove, row))
        return chosen

    def find(self, columns: tuple[str, ...], key: Key, txn: Transaction) -> Row | None:
        """The visible row with a key."""
        for row in self._index[columns].get(key, ()):
            if row.visible(txn):
                return row
        return None

    def all(self, txn: Transaction) -> Iterator[dict[str, Any]]:
        """Values of all visible rows, in order of insertion."""
        return (row.values for row in list(self.rows.values()) if row.visible(txn))

    def _remove(self, row: Row) -> None:
        if self.rows.pop(id(row), None) is None:
            return
        for columns in self.unique:
            self._index[columns][_key(row.values, columns)].remove(row)


class OneRow:
    """A row that is only ever updated, under a lock that is held to the end of the transaction."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.committed = values
        self._pending: dict[str, Any] | None = None
        self._lock: Transaction | None = None

    def read(self, txn: Transaction) -> dict[str, Any]:
        """The values as a transaction sees them."""
        if self._lock is txn and self._pending is not None:
            return self._pending
        return self.committed

    def locked_by_other(self, txn: Transaction) -> bool:
        return self._lock is not None and self._lock is not txn

    def update(
        self,
        txn: Transaction,
        where: Callable[[dict[str, Any]], bool],
        change: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> dict[str, Any] | None:
        """Change the row where it matches; the new values, or None. Raises MustWait.

        Who does not match does not wait; who waits looks again at what is there then.
        """
        now = self.read(txn)
        if not where(now):
            return None
        if self.locked_by_other(txn):
            assert self._lock is not None
            raise MustWait(self._lock)
        if self._lock is None:
            self._lock = txn
            txn.undo.append(self._unlock)
            txn.settle.append(self._accept)
        self._pending = now | change(now)
        return self._pending

    def _unlock(self) -> None:
        self._lock = self._pending = None

    def _accept(self) -> None:
        if self._pending is not None:
            self.committed = self._pending
        self._unlock()


def _key(values: dict[str, Any], columns: tuple[str, ...]) -> Key:
    return tuple(values[column] for column in columns)
