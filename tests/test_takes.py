"""Takes survive, stay apart, obey their limits and leave nothing behind; hostile ids reach no file."""

from __future__ import annotations

import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from musicgen import audio, takes
from musicgen.takes import Codes, Takes, new_owner

MINE, YOURS = new_owner(), new_owner()


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def store(tmp_path) -> Takes:
    return Takes(tmp_path, clock=Clock())


def keep(store: Takes, owner: str = MINE, prompt: str = "calm piano", seconds: float = 0.5, **rest) -> str:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (1, round(8000 * seconds))).astype(np.float32)
    codes = rest.pop("codes", Codes(np.arange(12).reshape(4, 3), 50.0, 64))
    settings = {"model": "pocket", "prompt": prompt}
    return store.keep(owner, audio.Audio(noise, 8000), codes, settings, {"prompt": prompt, "seed": 7}, ["seed 7"])


def files(store: Takes) -> list[Path]:
    return sorted(path for part in ("audio", "codes") for path in (store.folder / part).iterdir())


def test_what_is_kept_comes_back_after_a_restart(store):
    codes = Codes(np.array([[1, -1], [2, 3]]), 50.0, 64, np.array([[0, 1], [1, 2]]), np.eye(12)[:5])
    take = store.get(keep(store, codes=codes), MINE)
    again = Takes(store.folder, clock=Clock())
    assert again.get(take.id, MINE) == take and take.mine and not take.shared
    assert (take.prompt, take.settings["model"], take.recipe["seed"], take.facts) == (
        "calm piano", "pocket", 7, ("seed 7",),
    )
    for name in ("values", "step_of", "melody"):
        np.testing.assert_array_equal(getattr(again.codes(take), name), getattr(codes, name))
    assert again.codes(take).frame_rate == 50.0 and again.codes(take).codebook_size == 64
    sound = audio.read(again.sound_file(take))
    assert sound.seconds == take.seconds == 0.5 and audio.read_recipe(again.sound_file(take)) == take.recipe


def test_codes_without_steps_and_melody_come_back_without(store):
    codes = store.codes(store.get(keep(store), MINE))
    assert codes.step_of is None and codes.melody is None


def test_nobody_sees_or_touches_what_another_made(store):
    take = keep(store)
    assert store.mine(YOURS) == ([], 0)
    for call in (store.get, store.delete):
        with pytest.raises(ValueError, match="no such take"):
            call(take, YOURS)
    for call in (store.set_favourite, store.set_shared):
        with pytest.raises(ValueError, match="no such take"):
            call(take, YOURS, True)
    with pytest.raises(ValueError, match="no such take"):
        store.get(take)


def test_a_shared_take_is_read_by_all_and_changed_by_none(store):
    take = keep(store)
    store.set_shared(take, MINE, True)
    for seen in (store.get(take, YOURS), store.get(take)):
        assert seen.shared and not seen.mine
    with pytest.raises(ValueError, match="Only the browser"):
        store.delete(take, YOURS)
    with pytest.raises(ValueError, match="Only the browser"):
        store.set_shared(take, YOURS, False)
    assert store.mine(YOURS) == ([], 0)
    store.set_shared(take, MINE, False)
    with pytest.raises(ValueError, match="no such take"):
        store.get(take, YOURS)


def test_favourites_come_first_then_the_newest(store):
    first, second, third = (keep(store, prompt=p) for p in "abc")
    assert [take.id for take in store.mine(MINE)[0]] == [third, second, first]
    store.set_favourite(first, MINE, True)
    assert [take.id for take in store.mine(MINE)[0]] == [first, third, second]
    store.set_favourite(first, MINE, False)
    assert [take.id for take in store.mine(MINE)[0]] == [third, second, first]


def test_a_search_wants_every_word_and_means_what_it_says(store):
    piano, drum = keep(store, prompt="Calm PIANO 100%"), keep(store, prompt="큰 북, calm")
    found = {words: [take.id for take in store.mine(MINE, words)[0]]
             for words in ("calm", "calm piano", "북", "100%", "%", "pocket", "' OR 1=1 --", "seed 7")}
    assert found["calm"] == found["pocket"] == found["seed 7"] == [drum, piano]
    assert found["calm piano"] == found["100%"] == found["%"] == [piano]
    assert found["북"] == [drum] and found["' OR 1=1 --"] == []
    assert store.mine(MINE, "calm", limit=1)[1] == 2 and len(store.mine(MINE, "calm", limit=1)[0]) == 1


def test_delete_takes_row_and_files(store):
    take, other = keep(store), keep(store)
    store.delete(take, MINE)
    assert [path.stem for path in files(store)] == [other, other]
    with pytest.raises(ValueError, match="no such take"):
        store.get(take, MINE)


@pytest.mark.parametrize("take", ["", "../../etc/passwd", "a" * 22, "a/../" + "b" * 17, "%2e" * 9, "\0" * 22, None, 5])
def test_hostile_ids_get_the_sentence(store, take):
    keep(store)
    with pytest.raises(ValueError, match="no such take"):
        store.get(take, MINE)
    with pytest.raises(ValueError, match="no such take"):
        store.delete(take, MINE)
    assert len(files(store)) == 2


@pytest.mark.parametrize("owner", ["", "short", None, "a" * 44, "' OR '1'='1" + "a" * 32, {"a": 1}])
def test_whoever_has_no_secret_has_no_takes(store, owner):
    keep(store)
    with pytest.raises(ValueError, match="This browser"):
        store.mine(owner)
    with pytest.raises(ValueError, match="This browser"):
        keep(store, owner=owner)
    assert len(files(store)) == 2


def test_secrets_are_unguessable_and_not_on_disk(store):
    ids = {keep(store) for _ in range(5)}
    assert len(ids) == 5 and all(len(take) == 22 for take in ids) and new_owner() != new_owner()
    with sqlite3.connect(store.folder / "takes.db") as rows:
        assert MINE not in str(rows.execute("SELECT * FROM takes").fetchall())


def test_the_oldest_make_room_and_favourites_go_last(tmp_path):
    store = Takes(tmp_path, max_takes=2, clock=Clock())
    first = keep(store)
    store.set_favourite(first, MINE, True)
    second, third = keep(store), keep(store)
    yours = keep(store, YOURS)
    assert {take.id for take in store.mine(MINE)[0]} == {first, third}
    assert [take.id for take in store.mine(YOURS)[0]] == [yours]
    assert {path.stem for path in files(store)} == {first, third, yours} and second not in {first, third}


def test_a_take_that_was_just_kept_stays_beside_favourites(tmp_path):
    store = Takes(tmp_path, max_takes=2, clock=Clock())
    favourites = [keep(store) for _ in range(2)]
    for take in favourites:
        store.set_favourite(take, MINE, True)
    new = keep(store)
    assert store.get(new, MINE).mine and {take.id for take in store.mine(MINE)[0]} == {new, favourites[1]}


def test_disk_and_age_are_bounded(tmp_path):
    clock = Clock()
    probe = Takes(tmp_path / "probe")
    keep(probe)
    size = sum(path.stat().st_size for path in files(probe))
    store = Takes(tmp_path / "store", max_bytes=2.5 * size, max_days=1, clock=clock)
    made = [keep(store) for _ in range(4)]
    assert {take.id for take in store.mine(MINE)[0]} == set(made[2:])
    store.set_favourite(made[2], MINE, True)
    clock.now += 100_000
    store.prune()
    assert [take.id for take in store.mine(MINE)[0]] == [made[2]] and len(files(store)) == 2


def test_a_shared_take_stays_a_year(tmp_path):
    store = Takes(tmp_path, max_takes=2, clock=(clock := Clock()))
    shared = keep(store)
    store.set_shared(shared, MINE, True)
    private, latest = keep(store), keep(store)
    assert {take.id for take in store.mine(MINE)[0]} == {shared, latest} and private != shared, "it goes last"
    clock.now += 300 * 86_400
    store.prune()
    assert [take.id for take in store.mine(MINE)[0]] == [shared]
    clock.now += 70 * 86_400
    store.prune()
    assert store.mine(MINE) == ([], 0)


def test_the_newest_is_told_while_it_is_recent(tmp_path):
    store = Takes(tmp_path, clock=(clock := Clock()))
    assert store.newest(MINE, 900) is None
    first = keep(store)
    store.set_favourite(first, MINE, True)
    second = keep(store)
    keep(store, YOURS)
    newest = store.newest(MINE, 900)
    assert newest is not None and newest.id == second and newest.mine
    clock.now += 1000
    assert store.newest(MINE, 900) is None


def test_a_crash_leaves_nothing_for_long(store):
    whole, halved = keep(store), keep(store)
    store.sound_file(store.get(halved, MINE)).unlink()
    old, new = store.folder / "audio" / "old.flac", store.folder / "codes" / "new.part.npz"
    for path in (old, new):
        path.write_bytes(b"unfinished")
    os.utime(old, (time.time() - 7200,) * 2)
    with pytest.raises(ValueError, match="no such take"):
        store.get(halved, MINE)
    again = Takes(store.folder, max_days=1e6)
    assert [take.id for take in again.mine(MINE)[0]] == [whole]
    assert {path.name for path in files(again)} == {f"{whole}.flac", f"{whole}.npz", "new.part.npz"}


def test_a_take_that_cannot_be_kept_leaves_no_files(store, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(takes.np, "savez_compressed", fail)
    with pytest.raises(OSError, match="no space"):
        keep(store)
    assert files(store) == [] and store.mine(MINE) == ([], 0)


def test_damaged_codes_are_one_sentence(store):
    take = store.get(keep(store), MINE)
    (store.folder / "codes" / f"{take.id}.npz").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(ValueError, match="damaged"):
        store.codes(take)


def test_many_at_once_all_get_theirs(store):
    owners = [new_owner() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda owner: (owner, keep(store, owner)), owners * 6))
    for owner in owners:
        assert {take.id for take in store.mine(owner)[0]} == {take for who, take in made if who == owner}


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("here already")
    with pytest.raises(ValueError, match="choose another folder"):
        Takes(tmp_path / "file")
    (tmp_path / "takes.db").write_bytes(b"no database" * 100)
    with pytest.raises(ValueError, match="choose another folder"):
        Takes(tmp_path)
