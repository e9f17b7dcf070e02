"""The evaluation: what its measures are zero for and grow with, and the slow way beside the fast one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from musicgen.audio import Audio, read
from musicgen.chroma import CHROMA_RATE
from musicgen.engine import Engine
from musicgen.limiter import CEILING, Limiter
from musicgen.painting import Painting
from musicgen.request import GenerationRequest
from musicgen.train import evaluate, making, sectioned, sweep
from musicgen.train.exam import Exam, Piece, Sizes, caption_of, held_out, plan_of
from musicgen.train.form import bars, likeness
from musicgen.train.frechet import frechet, relative
from musicgen.train.hearing import chance, fit, fits, hear, instruments_found, onset_rate
from musicgen.train.listener import (
    DRUMS,
    EMBEDDING,
    LISTENER,
    RATE,
    Listener,
    listener_figures,
    load_listener,
    mels,
    save_listener,
    windows,
)
from musicgen.train.making import Job, Maker
from musicgen.train.memorise import Runs
from musicgen.train.obedience import above, drum_answers
from musicgen.train.soundness import clipped, codes_apart, pairwise, quiet_at_the_end, silent, steadiness
from musicgen.train.sweep import RANKED, ranks
from musicgen.train.tables import markdown, read_json, write_json
from musicgen.train.train_listener import augment, best_threshold, spoilt
from musicgen.ui.prompts import TUNES

FACTS = {
    "bpm": 120.0, "meter": "4/4", "key": "C major", "chords": ["C", "Am", "F", "G"], "drums": True,
    "captions": ["calm music", "calm piano with bass and drums"], "melody": [0] * 200,
    "instruments": ["piano", "electric bass", "drum kit"],
}


def listener() -> Listener:
    torch.manual_seed(0)
    return Listener(["piano", "cello", DRUMS]).eval()


def clicks(bpm: float, seconds: float = 8.0, wobble: float = 0.0) -> np.ndarray:
    """Short bursts on every beat, each displaced by up to ``wobble`` seconds."""
    rng = np.random.default_rng(0)
    out = np.zeros(round(seconds * RATE), np.float32)
    for beat in range(int(seconds * bpm / 60)):
        start = round((beat * 60 / bpm + wobble * rng.uniform(0, 1)) * RATE)
        burst = rng.normal(0, 0.3, 800) * np.exp(-np.arange(800) / 200)
        out[start : start + 800] += burst[: len(out[start : start + 800])]
    return out


# -- Frechet distance -----------------------------------------------------------------------------------------------


def test_equal_sets_have_no_distance_and_shifts_add_their_square() -> None:
    points = np.random.default_rng(0).normal(size=(200, 6))
    assert frechet(points, points) == pytest.approx(0, abs=1e-9)
    assert frechet(points, points + 0.5) == pytest.approx(6 * 0.25, rel=1e-6)
    assert frechet(points, points + 2) > frechet(points, points + 1) > 0


def test_the_distance_is_symmetric_and_sees_a_change_of_spread() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(300, 4)), 3 * rng.normal(size=(300, 4))
    assert frechet(a, b) == pytest.approx(frechet(b, a), rel=1e-6)
    # Independent axes of deviation 1 and 3: (3 - 1)^2 for each.
    assert frechet(a, b) == pytest.approx(4 * 4, rel=0.2)
    with pytest.raises(ValueError, match="two embeddings"):
        frechet(a[:1], b)


def test_the_relative_distance_has_no_unit() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(200, 4)) + 1, rng.normal(size=(200, 4))
    assert relative(a, b) == pytest.approx(relative(70 * a, 70 * b)) and relative(b, b) == pytest.approx(0, abs=1e-9)


# -- memorisation ---------------------------------------------------------------------------------------------------


def slow_longest(query: np.ndarray, corpus: list[np.ndarray]) -> int:
    """The oracle: every pair of places, one step at a time."""
    best = 0
    for piece in corpus:
        for i in range(len(query)):
            for j in range(len(piece)):
                n = 0
                while i + n < len(query) and j + n < len(piece) and query[i + n] == piece[j + n]:
                    n += 1
                best = max(best, n)
    return best


@pytest.mark.parametrize("seed", range(4))
def test_the_longest_shared_run_is_that_of_the_oracle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corpus = [rng.integers(0, 3, 40) for _ in range(4)]
    queries = [rng.integers(0, 3, 25), corpus[1][5:28], np.concatenate([corpus[0][-6:], corpus[1][:6]]),
               np.full(9, 3)]
    found = Runs(corpus, 4).longest(queries)
    assert found == [slow_longest(query, corpus) for query in queries]
    assert found[1] == 23 and found[3] == 0


def test_a_run_does_not_cross_from_one_piece_into_the_next() -> None:
    corpus = [np.arange(8), np.arange(8, 16)]
    assert Runs(corpus, 16).longest([np.arange(16)]) == [8]


# -- what is heard --------------------------------------------------------------------------------------------------


def test_a_steady_beat_is_heard_as_asked_and_not_as_anothers() -> None:
    # The listener's metronome has learnt nothing here; that one which has is told right is its own test's affair.
    heard = [replace(hear(clicks(bpm), listener()), tempo=bpm) for bpm in (120.0, 90.0)]
    facts = [FACTS, FACTS | {"bpm": 90.0}]
    rows = fits(heard, facts)
    assert [row["tempo"] for row in rows] == [1.0, 1.0]
    swapped = chance(heard, facts)
    assert swapped["tempo"] == 0.0 and swapped["pulse"] < np.mean([row["pulse"] for row in rows])
    assert set(swapped) == set(rows[0])


def test_chance_over_all_others_leaves_out_the_own_request() -> None:
    heard = [hear(clicks(120.0, 1.0), listener())] * 3
    value = {0: 1.0, 1: 0.0, 2: 0.5}
    facts = [{"i": i} for i in range(3)]
    # Whatever is heard, request i gives value[i]: each is asked of the two sounds that are not its own.
    row = chance(heard, facts, lambda _, f: {"x": value[f["i"]]})
    assert row["x"] == pytest.approx(0.5)


def test_onsets_are_counted() -> None:
    assert onset_rate(clicks(120.0), RATE) == pytest.approx(2.0, abs=0.3)
    assert onset_rate(clicks(240.0), RATE) == pytest.approx(4.0, abs=0.6)
    assert onset_rate(np.zeros(RATE, np.float32), RATE) == 0.0


def test_instruments_found_is_a_share() -> None:
    heard = {"a": 0.9, "b": 0.5, "c": 0.4}
    assert instruments_found(heard, {"a"}) == 1.0
    assert instruments_found(heard, {"a", "c"}) == 0.5
    assert instruments_found(heard, {"c"}) == 0.0


def test_chords_and_key_of_the_asked_chord_fit() -> None:
    time = np.arange(4 * RATE) / RATE
    c_major = sum(np.sin(2 * np.pi * hertz * time) for hertz in (261.6, 329.6, 392.0)).astype(np.float32) / 4
    heard = hear(c_major, listener())
    right = fit(heard, FACTS | {"chords": ["C"]})
    wrong = fit(heard, FACTS | {"chords": ["F#"], "key": "F# major"})
    assert right["chords"] > 0.9 > 0.3 > wrong["chords"] and right["in key"] > wrong["in key"]


def test_drums_are_counted_by_what_was_asked() -> None:
    heard = [replace(hear(clicks(120.0, 1.0), listener()), drums=drums) for drums in (True, False, True)]
    asked = [FACTS, FACTS, FACTS | {"drums": False}]
    assert drum_answers(heard, asked) == {"heard when asked for": 0.5, "heard when not wanted": 1.0}
    assert drum_answers(heard[:1], asked[:1])["heard when not wanted"] is None


def test_above_is_the_share_of_pairs() -> None:
    assert above(np.array([2.0, 3.0]), np.array([1.0, 0.0])) == 1.0
    assert above(np.array([1.0]), np.array([1.0])) == 0.5
    assert above(np.array([1.0, 3.0]), np.array([2.0])) == 0.5


# -- sound ----------------------------------------------------------------------------------------------------------


def test_silence_and_clipping_are_seen() -> None:
    quiet, loud = np.zeros(RATE, np.float32), np.sign(clicks(120.0, 1.0))
    assert silent(quiet) and not silent(loud)
    assert clipped(loud) and not clipped(0.5 * loud)
    assert clipped(np.clip(8 * clicks(120.0, 1.0), -CEILING, CEILING)), "peaks that were cut off are flat"
    limiter = Limiter()
    turned_down = limiter.push(torch.from_numpy(8 * clicks(120.0, 1.0))[None])
    assert not clipped(torch.cat([turned_down, limiter.finish()], -1)[0].numpy())


def test_a_wobbling_beat_is_less_steady() -> None:
    assert steadiness(clicks(120.0), 120.0) < 2 < steadiness(clicks(120.0, wobble=0.15), 120.0)
    assert steadiness(clicks(120.0), 97.0) > 20


def test_pairs_within_a_group_are_told_from_those_between() -> None:
    a, b = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert pairwise([[a, a], [b, b]]) == pytest.approx((0.0, 1.0))
    same, other = np.zeros(4, int), np.array([0, 0, 1, 1])
    assert codes_apart([[same, same], [other, other]]) == pytest.approx((0.0, 0.5))


# -- the listener ---------------------------------------------------------------------------------------------------


def test_a_sine_of_full_scale_is_about_one_and_gain_passes_through() -> None:
    wave = torch.sin(2 * torch.pi * 440 * torch.arange(RATE) / RATE)[None]
    assert 0.5 < mels(wave).max() < 2
    assert torch.allclose(mels(0.5 * wave), 0.5 * mels(wave), atol=1e-6)


def test_bars_that_come_back_are_alike_and_others_are_not() -> None:
    """A B C D A B C D in bars of half a second, each with notes of its own."""
    rng = np.random.default_rng(0)
    time = np.arange(RATE // 2) / RATE
    four = [sum(np.sin(2 * np.pi * hertz * time) for hertz in rng.uniform(100, 4000, 5)) / 5 for _ in range(4)]
    sound = np.concatenate([*four, *four]).astype(np.float32)
    pictures = bars(sound, 0.5)
    assert len(pictures) == 8 and np.allclose(np.linalg.norm(pictures, axis=1), 1, atol=1e-5)
    alike = likeness(pictures, pictures)
    assert set(alike) == set(range(1, 8)) and alike[4] > 0.9 and max(alike[1], alike[2], alike[3]) < 0.5
    other = bars(np.ascontiguousarray(sound[::-1]), 0.5)
    assert likeness(pictures, other)[4] < 0.5 and len(bars(sound, 0.7)) == 5


def test_windows_cover_a_sound_and_end_with_it() -> None:
    sound = np.arange(10 * RATE, dtype=np.float32)
    parts = windows(sound, 4.0)
    assert parts.shape == (4, 4 * RATE) and parts[0, 0] == 0 and parts[-1, -1] == sound[-1]
    assert torch.equal(windows(sound[:100], 4.0), torch.from_numpy(sound[None, :100]))


def test_a_listener_comes_back_from_its_file(tmp_path: Path) -> None:
    first = listener()
    first.drum_threshold = 0.3
    save_listener(tmp_path / "l.safetensors", first, {"drums right": 0.9})
    again = load_listener(tmp_path / "l.safetensors")
    sound = clicks(120.0, 2.0)
    assert again.probabilities(sound) == first.probabilities(sound) and again.drum_threshold == 0.3
    assert first.embeddings(sound, 1.0).shape == (3, EMBEDDING)
    with pytest.raises(SystemExit, match="train_listener"):
        load_listener(tmp_path / "none.safetensors")


def test_the_judge_that_comes_along_hears_drums_where_there_are_some() -> None:
    judge = load_listener(LISTENER)
    drums = {name: judge.probabilities(read(file).resampled(RATE).mono())[DRUMS] for name, file in TUNES.items()}
    assert len(drums) == 3 and not any(map(judge.hears_drums, drums.values()))
    assert judge.hears_drums(judge.probabilities(clicks(120.0))[DRUMS])
    assert judge.metronome.tempo(clicks(90.0)) == pytest.approx(90, rel=0.02)
    assert listener_figures(LISTENER)["drums right, rendered"] > 0.9


def test_the_threshold_parts_what_can_be_parted() -> None:
    p, truth = torch.tensor([0.1, 0.2, 0.3, 0.6, 0.7]), torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0])
    assert 0.3 < best_threshold(p, truth) < 0.6


def test_augmented_rows_keep_their_labels_and_may_gain_others() -> None:
    rng = np.random.default_rng(0)
    target = torch.eye(8)
    mel, mixed = augment(torch.ones(8, 64, 10), target, rng)
    assert mel.shape == (8, 64, 10) and bool((mixed >= target).all()) and mixed.sum() > 8


def test_spoilt_codes_are_codes_of_the_piece_and_book_one_is_spared() -> None:
    codes = np.random.default_rng(0).integers(0, 50, (4, 100))
    seen = set()
    for seed in range(80):
        out = spoilt(codes, np.random.default_rng(seed))
        seen.add((len(out), bool((out == codes[: len(out)]).all())))
        assert np.array_equal(out[0], codes[0]) and set(np.unique(out)) <= set(np.unique(codes))
    assert {(4, True), (4, False), (2, True), (3, True)} <= seen


# -- tables, takes, stages ------------------------------------------------------------------------------------------


def test_a_table_has_a_column_for_every_figure_and_a_dash_where_there_is_none(tmp_path: Path) -> None:
    rows = {"one | two": {"x": 0.12345}, "b": {"x": 1.0, "y": 3}}
    lines = markdown(rows).splitlines()
    assert lines[0].split("|")[1:-1] == ["  ", " x ", " y "] and lines[2] == "| one \\| two | 0.123 | - |"
    assert lines[3] == "| b | 1.000 | 3 |"
    write_json(tmp_path / "f.json", rows)
    assert read_json(tmp_path / "f.json") == rows and read_json(tmp_path / "none.json") == {}
    assert [p.name for p in tmp_path.iterdir()] == ["f.json"]


def test_ranks_share_places_among_equals() -> None:
    best, worst = dict.fromkeys(RANKED, 1.0), dict.fromkeys(RANKED, 0.0)
    assert ranks({"a": best, "b": worst, "c": best}) == {"a": 1.5, "b": 3.0, "c": 1.5}


def test_settings_are_compared_on_the_same_requests_with_plans_and_with_the_words_alone(monkeypatch) -> None:
    made: list[GenerationRequest] = []

    def make(jobs: list[Job]) -> list[SimpleNamespace]:
        made.extend(job.request for job in jobs)
        return [SimpleNamespace(audio=clicks(120.0, 2.0) * (job.request.temperature or 0.7)) for job in jobs]

    pieces = [Piece(FACTS, clicks(bpm, 8.0), np.zeros((4, 400), np.int64)) for bpm in (100.0, 120.0, 140.0)]
    exam = Exam("tiny", Path(), Path(), Path(), SimpleNamespace(make=make), Sizes(sweep=2, sweep_seconds=2.0))
    monkeypatch.setattr(Exam, "others", pieces)
    monkeypatch.setattr(Exam, "listener", listener())
    monkeypatch.setattr(Exam, "model", SimpleNamespace(prior=object()))
    result = sweep.run(exam)
    assert len(result["priors"]) == len(sweep.PRIORS) + 1
    assert len(result["rows"]) == 9 + 1 and len(result["words"]) == len(sweep.WORDS_TEMPERATURES) + 1
    assert {request.duration for request in made} == {2.0} and {request.seed for request in made} == {0, 1}
    planned, priors, words = made[:18], made[18 : 18 + 2 * len(sweep.PRIORS)], made[18 + 2 * len(sweep.PRIORS) :]
    assert [request.prior for request in priors[::2]] == list(sweep.PRIORS)
    assert {request.temperature for request in priors} == {None} == {request.prior for request in planned + words}
    assert {request.plan for request in planned + priors} == {"auto"} and {request.plan for request in words} == {"off"}
    assert [request.temperature for request in words[::2]] == list(sweep.WORDS_TEMPERATURES)
    assert all(request.guidance is None for request in words)  # the model's own
    text = sweep.tables(result)
    planned_part, words_part = text.split("Told the words alone")
    assert "guidance 3, temperature 0.85" in planned_part and "| prior 0.6 |" in planned_part
    assert "| temperature 1.15 |" in words_part


def test_each_half_is_heard_for_what_was_asked_of_it(monkeypatch) -> None:
    """A world in which takes do as they are told: whoever plays in a half is heard there, louder the more they are."""
    facts = FACTS | {"drums": True}
    pieces = [Piece(facts, clicks(120.0), np.zeros((4, 400), np.int64)),
              Piece(facts | {"instruments": ["piano", "drum kit"]}, clicks(120.0), np.zeros((4, 400), np.int64))]
    names = {0.1: {"piano"}, 0.2: {"piano", "electric bass"}, 0.3: {"piano", "electric bass", DRUMS}}

    def make(jobs: list[Job]) -> list[SimpleNamespace]:
        takes = []
        for job in jobs:
            assert job.request.duration == 8.0 and job.request.bpm == 120.0, "two bars of two seconds, twice"
            halves = [0.1 if "first" in part else 0.2 if "no drums" in part else 0.3
                      for part in str(job.request.sections).split(" | ")]
            takes.append(SimpleNamespace(audio=np.repeat(np.float32(halves), 4 * RATE)))
        return takes

    def heard(audio: np.ndarray, _: object) -> SimpleNamespace:
        assert len(audio) == 4 * RATE and audio.min() == audio.max(), "one half, all of it"
        playing = names[round(float(audio[0]), 1)]
        chances = {"harp": 0.2, "cello": 0.1} | {name: float(name in playing) for name in names[0.3]}
        return SimpleNamespace(drums=DRUMS in playing, instruments=chances)

    exam = Exam("tiny", Path(), Path(), Path(), SimpleNamespace(make=make), Sizes(sections_seconds=8.0))
    monkeypatch.setattr(Exam, "pieces", pieces)
    monkeypatch.setattr(Exam, "listener", listener())
    monkeypatch.setattr(sectioned, "hear", heard)
    result = sectioned.run(exam)
    assert result["takes"] == 1, "of the other nobody but the piano would play alone and together"
    assert len(result["rows"]) == 6 and all(row["drums"] == row["players"] == 1.0 for row in result["rows"].values())
    alone = result["rows"]["one alone, then all: first half"]
    assert alone["drums, by the other half"] == 0.0 and alone["players, by the other half"] < 1
    louder = result["rows"]["one alone, then all: second half"]["louder by, dB"]
    assert louder == pytest.approx(20 * np.log10(3), abs=0.01)
    assert "12" not in sectioned.tables(result).split(".")[0] and "1 plans" in sectioned.tables(result)


def test_a_take_is_made_once_and_again_for_another_request(tmp_path: Path, monkeypatch, tiny_model) -> None:
    engine, calls = Engine(tiny_model("aligned")), []

    def load(name: str) -> Engine:
        calls.append(name)
        return engine

    monkeypatch.setattr(making, "_engine", load)
    maker = Maker("tiny", tmp_path, workers=0)
    jobs = [Job("a", GenerationRequest("piano", duration=0.4, seed=seed)) for seed in (1, 2)]
    first = maker.make(jobs)
    assert calls == ["tiny"] and len(list(tmp_path.iterdir())) == 2
    again = maker.make(jobs)
    assert calls == ["tiny"]
    assert all(np.array_equal(a.codes, b.codes) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0].codes, first[1].codes) and first[0].seconds > 0
    melody = replace(jobs[0].request, melody=Audio(np.ones((1, 9), np.float32), 9))
    other = replace(jobs[0].request, melody=Audio(np.zeros((1, 9), np.float32), 9))
    paths = {maker.path(Job("a", request)) for request in (jobs[0].request, melody, other)}
    assert len(paths) == 3
    maker.weights = "others"
    assert not maker.path(jobs[0]).exists()


def test_however_few_takes_are_missing_other_processes_make_them(tmp_path: Path, monkeypatch, tiny_model) -> None:
    engine, started = Engine(tiny_model("aligned")), []

    @contextmanager
    def pool(workers: int, begin: object, told: tuple) -> Iterator[SimpleNamespace]:
        started.append((workers, begin, told))
        yield SimpleNamespace(imap=lambda work, groups: [making.write_takes(engine, group) for group in groups])

    monkeypatch.setattr(making.multiprocessing, "get_context", lambda kind: SimpleNamespace(Pool=pool))
    maker, job = Maker("tiny", tmp_path, workers=2), Job("a", GenerationRequest("piano", duration=0.4, seed=1))
    assert len(maker.make([job])) == len(maker.make([job])) == 1
    assert started == [(1, making._begin, ("tiny",))]


@pytest.fixture()
def shards(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = [json.dumps(FACTS | {"bpm": 100.0 + 10 * i, "seed": i}) for i in range(6)]
    (tmp_path / "held_0.jsonl").write_text("\n".join(lines) + "\n")
    np.save(tmp_path / "held_0.npy", rng.integers(-9000, 9000, (6, 3 * RATE)).astype(np.int16))
    np.save(tmp_path / "held_0.codes.npy", rng.integers(0, 24, (6, 4, 150)).astype(np.int16))
    return tmp_path


def test_held_out_pieces_are_cut_alike_and_the_caption_that_says_most_is_asked(shards: Path) -> None:
    pieces = held_out(shards, 1.0, 50.0)
    assert len(pieces) == 6 and pieces[0].audio.shape == (RATE,) and pieces[0].codes.shape == (4, 50)
    assert caption_of(pieces[0].facts) == "calm piano with bass and drums"
    exam = Exam("tiny", shards, shards, shards / "l.pt", Maker("tiny", shards), Sizes(takes=3, seconds=1.0))
    exam.__dict__["all_pieces"] = pieces
    assert sorted(exam.chosen) == [0, 2, 4] and len(exam.others) == 3
    second = exam.chosen.index(2)
    told, plain = exam.plan_jobs()[second].request, exam.text_jobs()[second].request
    assert told.bpm == 120.0 and told.chords == "C Am F G" and told.drums and told.plan == "auto"
    assert plain.plan == "off" and not plain.parts and plain.prompt == told.prompt
    assert plan_of(FACTS)["key"] == "C major"
    for shift in (0, -1):  # its own melody, or that of the one before it, which the last comes before the first
        for i, job in enumerate(exam.melody_jobs(shift)):
            assert job.request.melody is not None
            assert np.array_equal(job.request.melody.samples[0], exam.pieces[(i + shift) % 3].audio)
    drawn, sung = exam.drawn_jobs()[second].request, exam.notes_jobs()[second].request
    assert drawn.plan == "auto" and not drawn.parts and sung.chords == told.chords
    notes = Painting(1 / CHROMA_RATE, (0,) * 8)
    assert sung.painting == str(notes) and FACTS["melody"] == [0] * 200


def test_the_first_requests_are_of_all_kinds(tmp_path: Path) -> None:
    exam = Exam("tiny", tmp_path, tmp_path, tmp_path / "l.safetensors", Maker("tiny", tmp_path), Sizes(takes=32))
    exam.__dict__["all_pieces"] = list(range(280))  # 200 composed pieces, then 80 on tunes
    assert len(set(exam.chosen)) == 32
    assert 2 <= sum(i >= 200 for i in exam.chosen[:12]) <= 6


def test_takes_of_a_program_that_was_changed_are_made_again(tmp_path: Path, monkeypatch) -> None:
    job = Job("a", GenerationRequest("piano"))
    before = Maker("tiny", tmp_path).path(job)
    assert before == Maker("tiny", tmp_path).path(job)
    monkeypatch.setattr(making, "program", lambda: "another")
    assert before != Maker("tiny", tmp_path).path(job)


def test_finished_stages_are_kept_until_something_changes(tmp_path: Path, monkeypatch) -> None:
    ran: list[str] = []

    def stage(name: str):  # type: ignore[no-untyped-def]
        def run(exam: Exam) -> dict:
            ran.append(name)
            return {"rows": {name: {"x": float(exam.sizes.takes)}}}

        return name.title(), run, evaluate.plain

    monkeypatch.setattr(evaluate, "STAGES", {"one": stage("one"), "two": stage("two")})
    exam = Exam("tiny", tmp_path, tmp_path / "out", tmp_path / "l.safetensors", Maker("tiny", tmp_path))
    evaluate.examine(exam)
    evaluate.examine(exam)
    assert ran == ["one", "two"]
    evaluate.examine(exam, ["two"])
    assert ran == ["one", "two", "two"]
    figures = read_json(tmp_path / "out" / "figures.json")
    assert set(figures["stages"]) == {"one", "two"}
    assert "## One" in (tmp_path / "out" / "report.md").read_text()
    assert (tmp_path / "out" / "two.md").read_text().startswith("|  | x |")
    exam.sizes = Sizes(takes=3)
    evaluate.examine(exam, ["one"])
    figures = read_json(tmp_path / "out" / "figures.json")
    assert set(figures["stages"]) == {"one"} and figures["stages"]["one"]["result"]["rows"]["one"]["x"] == 3


def test_an_end_is_quiet_when_it_has_rung_out() -> None:
    tone = 0.3 * np.sin(np.arange(6 * RATE) * 0.1).astype(np.float32)
    decaying = tone.copy()
    decaying[4 * RATE :] *= np.exp(-4 * np.arange(2 * RATE) / RATE)
    assert quiet_at_the_end(decaying, 4.0) == 1.0
    assert quiet_at_the_end(tone, 4.0) == 0.0
    assert quiet_at_the_end(0 * tone, 4.0) == 0.0, "what is silent has no end"
