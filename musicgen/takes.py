"""Takes that were made, kept in a folder: rows in SQLite, sound as FLAC and codes as NPZ beside it.

A take belongs to whoever holds the secret it was kept with; the store knows the secret's hash only. It is private until
its owner shares it, and then open to whoever knows its id. Files are written before their row and deleted after it, so
what a crash leaves behind is a file without a row, which the next start sweeps away. Every call opens a connection of
its own: threads and processes need no lock beyond SQLite's. Knows nothing of the page, of links or of models.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from musicgen import audio

MAX_BYTES = 5_000_000_000  # of all takes together
MAX_DAYS = 60.0  # favourites stay longer
SHARED_DAYS = 365.0  # whoever has the link may come back to it; the page says so beside the link
MAX_TAKES = 300  # of one owner
SHOWN = 50  # in one listing
_STALE = 3600.0  # seconds after which a file without a row is nobody's unfinished work
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_SCHEMA = 1
_NOT_HERE = "There is no such take here: the link may be wrong or no longer shared, or the take was deleted."


@dataclass(frozen=True)
class Codes:
    """The codes of a take, and what a picture of them needs."""

    values: np.ndarray  # int [K, T], -1 where nothing was predicted
    frame_rate: float
    codebook_size: int
    step_of: np.ndarray | None = None  # int [T, K], the pattern's step that predicted each
    melody: np.ndarray | None = None  # [M, 12], the melody asked for


@dataclass(frozen=True)
class Take:
    """One row: what is known of a take without reading its files."""

    id: str
    made: float  # seconds since 1970
    prompt: str
    seconds: float
    favourite: bool
    shared: bool
    mine: bool  # of whoever asked for it
    settings: dict[str, Any]
    recipe: dict[str, Any]
    facts: tuple[str, ...]


def new_owner() -> str:
    """The secret of somebody not seen before."""
    return secrets.token_urlsafe(32)


def is_owner(secret: object) -> bool:
    """Whether ``secret`` can be one: it is not looked up whether it has takes."""
    return isinstance(secret, str) and _SECRET.fullmatch(secret) is not None


class Takes:
    """The takes in ``folder``, which is made if it is not there.

    Beyond the limits the oldest are deleted: those that are neither favourites nor shared first. ``clock`` tells the
    time. Raises ``ValueError`` when the folder cannot be used.
    """

    def __init__(
        self,
        folder: str | Path,
        max_bytes: float = MAX_BYTES,
        max_days: float = MAX_DAYS,
        max_takes: int = MAX_TAKES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = Path(folder)
        self._max_bytes, self._max_days, self._max_takes, self._clock = max_bytes, max_days, max_takes, clock
        try:
            for part in (self.folder, self.folder / "audio", self.folder / "codes"):
                part.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._create()
            self._sweep()
        except (OSError, ValueError) as error:
            reason = error.__cause__ or error
            raise ValueError(f"Takes cannot be kept in '{self.folder}' ({reason}); choose another folder.") from error

    def keep(
        self,
        owner: str,
        sound: audio.Audio,
        codes: Codes,
        settings: Mapping[str, Any],
        recipe: Mapping[str, Any],
        facts: Sequence[str] = (),
    ) -> str:
        """Keep a take for ``owner``; return its id. Raises ``OSError`` or ``ValueError`` when the disk will not."""
        holder, take = _hash(owner), secrets.token_urlsafe(16)
        sound_file, codes_file = self._files(take)
        arrays = {"values": codes.values, "step_of": codes.step_of, "melody": codes.melody}
        parts: dict[str, Any] = {name: array for name, array in arrays.items() if array is not None}
        try:
            audio.write(unfinished := sound_file.with_suffix(".part.flac"), sound, recipe=dict(recipe))
            os.replace(unfinished, sound_file)
            with (unfinished := codes_file.with_suffix(".part.npz")).open("wb") as file:
                np.savez_compressed(file, rate=codes.frame_rate, size=codes.codebook_size, **parts)
            os.replace(unfinished, codes_file)
            size = sound_file.stat().st_size + codes_file.stat().st_size
            prompt = str(recipe.get("prompt", ""))
            words = " ".join([prompt, str(settings.get("model", recipe.get("model", ""))), *facts]).casefold()
            row = (take, holder, self._clock(), prompt, words, sound.seconds, size, json.dumps(dict(settings)),
                   json.dumps(dict(recipe)), json.dumps(list(facts)))
            with self._rows() as rows:
                rows.execute("INSERT INTO takes VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?)", row)
        except BaseException:
            self._remove([take])
            raise
        self.prune(kept=take)
        return take

    def mine(self, owner: str, search: str = "", limit: int = SHOWN) -> tuple[list[Take], int]:
        """The takes of ``owner`` in which every word of ``search`` occurs, favourites first, then the newest; at most
        ``limit`` of them, and how many there are."""
        holder = _hash(owner)
        where, values = "owner = ?", [holder]
        for word in search.casefold().split()[:20]:
            where, values = where + " AND instr(words, ?)", [*values, word]
        with self._rows() as rows:
            count = rows.execute(f"SELECT count(*) FROM takes WHERE {where}", values).fetchone()[0]
            found = rows.execute(
                f"SELECT * FROM takes WHERE {where} ORDER BY favourite DESC, made DESC, rowid DESC LIMIT ?",
                [*values, limit],
            ).fetchall()
        return [_take(row, holder) for row in found], count

    def newest(self, owner: str, seconds: float) -> Take | None:
        """The newest take of ``owner``, if it was kept within the last ``seconds``. Raises ``ValueError``."""
        holder = _hash(owner)
        with self._rows() as rows:
            row = rows.execute(
                "SELECT * FROM takes WHERE owner = ? AND made > ? ORDER BY made DESC, rowid DESC LIMIT 1",
                (holder, self._clock() - seconds),
            ).fetchone()
        return _take(row, holder) if row else None

    def get(self, take: str, owner: str | None = None) -> Take:
        """A take of ``owner``, or a shared one of anybody. Raises ``ValueError``, the same for every reason."""
        holder = _hash(owner) if owner else ""
        row = None
        if isinstance(take, str) and _ID.fullmatch(take):
            with self._rows() as rows:
                row = rows.execute(
                    "SELECT * FROM takes WHERE id = ? AND (owner = ? OR shared)", (take, holder)
                ).fetchone()
        if row is None or not all(file.is_file() for file in self._files(take)):
            raise ValueError(_NOT_HERE)
        return _take(row, holder)

    def sound_file(self, take: Take) -> Path:
        """Where the sound of a take lies, as FLAC with the recipe inside."""
        return self._files(take.id)[0]

    def codes(self, take: Take) -> Codes:
        """The codes of a take. Raises ``ValueError`` when their file is damaged."""
        try:
            with np.load(self._files(take.id)[1], allow_pickle=False) as file:
                parts = {name: file[name] for name in file.files}
            return Codes(
                parts["values"], float(parts["rate"]), int(parts["size"]), parts.get("step_of"), parts.get("melody")
            )
        except Exception as error:  # a damaged archive can raise anything
            raise ValueError("The codes of this take cannot be read; its file is damaged.") from error

    def set_favourite(self, take: str, owner: str, favourite: bool) -> None:
        """Mark a take of ``owner``, or take the mark away. Raises ``ValueError``."""
        self._change("favourite = ?", take, owner, favourite)

    def set_shared(self, take: str, owner: str, shared: bool) -> None:
        """Open a take of ``owner`` to whoever knows its id, or close it again. Raises ``ValueError``."""
        self._change("shared = ?", take, owner, shared)

    def delete(self, take: str, owner: str) -> None:
        """Delete a take of ``owner`` and its files. Raises ``ValueError``."""
        if not self.get(take, owner).mine:
            raise ValueError("Only the browser that made this take can delete it.")
        self._drop([take])

    def prune(self, kept: str = "") -> None:
        """Delete what is beyond the limits, the oldest first, favourites and shared ones last; never the one just
        ``kept``."""
        order = "id = ? DESC, favourite DESC, shared DESC, made DESC, rowid DESC"
        now, days = self._clock(), self._max_days
        with self._rows() as rows:
            old = rows.execute(
                "SELECT id FROM takes WHERE NOT favourite AND made < CASE WHEN shared THEN ? ELSE ? END",
                (now - 86_400 * max(days, SHARED_DAYS), now - 86_400 * days),
            ).fetchall()
            many = rows.execute(
                f"SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY owner ORDER BY {order}) AS place "
                "FROM takes) WHERE place > ?", (kept, self._max_takes),
            ).fetchall()
            large = rows.execute(
                f"SELECT id FROM (SELECT id, sum(bytes) OVER (ORDER BY {order}) AS total FROM takes) WHERE total > ?",
                (kept, self._max_bytes),
            ).fetchall()
        self._drop({row["id"] for row in (*old, *many, *large)})

    # -- rows and files -----------------------------------------------------------------------------------------------

    @contextmanager
    def _rows(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.folder / "takes.db", timeout=30)) as rows:
                rows.row_factory = sqlite3.Row
                with rows:  # commits, or takes everything back
                    yield rows
        except sqlite3.Error as error:  # no room on the disk, or somebody holds the file for long
            raise ValueError(f"The takes cannot be read or changed now ({error}); try again in a while.") from error

    def _create(self) -> None:
        with self._rows() as rows:
            rows.execute("PRAGMA journal_mode = WAL")
            if rows.execute("PRAGMA user_version").fetchone()[0] > _SCHEMA:
                raise sqlite3.DatabaseError("it was written by a newer version")
            rows.execute(
                "CREATE TABLE IF NOT EXISTS takes (id TEXT PRIMARY KEY, owner TEXT NOT NULL, made REAL NOT NULL, "
                "prompt TEXT NOT NULL, words TEXT NOT NULL, seconds REAL NOT NULL, bytes INTEGER NOT NULL, "
                "favourite INTEGER NOT NULL, shared INTEGER NOT NULL, settings TEXT NOT NULL, recipe TEXT NOT NULL, "
                "facts TEXT NOT NULL)"
            )
            rows.execute("CREATE INDEX IF NOT EXISTS of_owner ON takes (owner, made)")
            rows.execute(f"PRAGMA user_version = {_SCHEMA}")

    def _sweep(self) -> None:
        """Rows without files, files without rows, and what is beyond the limits."""
        with self._rows() as rows:
            known = {row["id"] for row in rows.execute("SELECT id FROM takes")}
        self._drop([take for take in known if not all(file.is_file() for file in self._files(take))])
        for file in [*(self.folder / "audio").iterdir(), *(self.folder / "codes").iterdir()]:
            if file.stem not in known and time.time() - file.stat().st_mtime > _STALE:
                file.unlink(missing_ok=True)
        self.prune()

    def _files(self, take: str) -> tuple[Path, Path]:
        return self.folder / "audio" / f"{take}.flac", self.folder / "codes" / f"{take}.npz"

    def _change(self, what: str, take: str, owner: str, value: bool) -> None:
        self.get(take, owner)
        with self._rows() as rows:
            changed = rows.execute(
                f"UPDATE takes SET {what} WHERE id = ? AND owner = ?", (bool(value), take, _hash(owner))
            ).rowcount
        if not changed:
            raise ValueError("Only the browser that made this take can change it.")

    def _drop(self, takes: Sequence[str] | set[str]) -> None:
        if takes:
            with self._rows() as rows:
                rows.executemany("DELETE FROM takes WHERE id = ?", [(take,) for take in takes])
            self._remove(takes)

    def _remove(self, takes: Sequence[str] | set[str]) -> None:
        for take in takes:
            for file in self._files(take):
                file.unlink(missing_ok=True)
                file.with_suffix(f".part{file.suffix}").unlink(missing_ok=True)


def _hash(owner: str) -> str:
    if not is_owner(owner):
        raise ValueError("This browser has no takes yet; reload the page.")
    return hashlib.sha256(owner.encode()).hexdigest()


def _take(row: sqlite3.Row, holder: str) -> Take:
    return Take(
        row["id"], row["made"], row["prompt"], row["seconds"], bool(row["favourite"]), bool(row["shared"]),
        row["owner"] == holder, json.loads(row["settings"]), json.loads(row["recipe"]), tuple(json.loads(row["facts"])),
    )
