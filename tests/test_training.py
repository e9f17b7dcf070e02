"""The training stages on tiny data: what is told to the model is true, checkpoints go on, nothing leaks."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from musicgen.aligned import (
    ALIGNED_DIM,
    DRUMS_OFF,
    DRUMS_ON,
    HAS_CHORDS,
    HAS_ENDING,
    HAS_MELODY,
    INSTRUMENT,
    MELODY,
    OVER,
)
from musicgen.chroma import CHROMA_RATE, chromagram, strongest
from musicgen.config import LMConfig
from musicgen.instruments import INSTRUMENTS
from musicgen.lm import LM
from musicgen.patterns import MONO_NAMES, get_pattern
from musicgen.pocket_codec import ResidualQuantizer
from musicgen.train import likelihood, tokens
from musicgen.train import lm as lm_stage
from musicgen.train.examples import Batch, Pieces, in_key, melody_heard, piece_aligned
from musicgen.train.likelihood import WRONG
from musicgen.train.lm import (
    ASTRAY,
    BLIND,
    FORGETFUL,
    FORGOTTEN,
    HUSHED,
    MISTAKEN,
    SHARES,
    STEPS,
    STRETCH,
    by_pattern,
    draw_lesson,
    evaluate,
    forget,
    inherit,
    new_optimizer,
    nll,
)
from musicgen.train.metrics import linear_distance, mel_distance
from musicgen.train.mix import halfway
from musicgen.train.quantizer import QuantizerTrainer, kmeans
from musicgen.train.tokens import check_books, heard, keep, load_codec
from musicgen.train.translate import shares, translated
from musicgen.ui.views import UNTAUGHT

FACTS = {
    "bpm": 120.0, "meter": "4/4", "key": "C major", "chords": ["C", "Am", "F", "G"], "drums": True,
    "instruments": ["piano", "harp", "drum kit"], "captions": ["calm piano", "a piano"], "melody": [0] * 200,
    "ends": None,
}


HEARD_PITCH = 4  # what the codes of the shards below sound like: E, where the melody has C


@pytest.fixture()
def shards(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for prefix in ("train", "held"):
        path = tmp_path / f"{prefix}_0.jsonl"
        path.write_text("\n".join(json.dumps(FACTS | {"drums": bool(i % 2)}) for i in range(4)) + "\n")
        np.save(path.with_suffix(".codes.npy"), rng.integers(0, 32, (4, 4, 400)).astype(np.int16))
        lengths = rng.integers(3, 7, 8)
        np.save(path.with_suffix(".lengths.npy"), lengths)
        np.save(path.with_suffix(".heard.npy"), np.eye(12, dtype=np.float16)[np.full((4, 200), HEARD_PITCH)])
        np.save(path.with_suffix(".text.npy"), rng.standard_normal((lengths.sum(), 16)).astype(np.float16))
    return tmp_path


def tiny_lm() -> LM:
    lm = LM(LMConfig(codebooks=4, codebook_size=32, dim=64, layers=1, heads=1, ffn_dim=64, text_dim=16,
                     aligned_dim=ALIGNED_DIM))
    lm.init_weights(0)
    return lm


def test_what_is_told_is_true_of_the_piece() -> None:
    told = piece_aligned(FACTS, 300, np.array(FACTS["melody"]))
    assert told.shape == (300, ALIGNED_DIM)
    assert told[:, DRUMS_ON].all() and told[:, HAS_CHORDS].all() and told[:, HAS_MELODY].all()
    assert told[100, 8 + 9] == 1  # A minor in bar 2


def test_the_instruments_told_are_those_of_the_piece() -> None:
    told = piece_aligned(FACTS, 10, np.zeros(0, int))[0, INSTRUMENT]
    assert {INSTRUMENTS[i] for i in np.flatnonzero(told)} == {n for n in FACTS["instruments"] if "drum" not in n}


def test_an_end_that_can_be_heard_is_told_and_often_shown(shards: Path) -> None:
    for path in shards.glob("train_*.jsonl"):
        facts = [json.loads(line) for line in path.read_text().splitlines()]
        path.write_text("\n".join(json.dumps(f | {"ends": 5.0}) for f in facts) + "\n")  # of 8 s
    batch = Pieces(shards, "train").batch(200, 100, np.random.default_rng(2))
    assert batch.conditions.aligned is not None
    told = batch.conditions.aligned.numpy()
    over = told[:, -1, OVER] == 1
    assert 0.3 < over.mean() < 0.9
    assert (told[over][:, 0, HAS_ENDING] == 1).all()
    assert not told[over][:, 0, OVER].all(), "the silence after an end is not a crop of its own"
    batch = Pieces(shards, "held").batch(200, 100, np.random.default_rng(2))
    assert batch.conditions.aligned is not None
    assert 0.4 < batch.conditions.aligned[:, 0, HAS_ENDING].mean() < 0.9
    assert not batch.conditions.aligned[..., OVER].any()


def told_pitches(batch: Batch) -> np.ndarray:
    """How many of the rows that are told a melody are told each pitch class, [12]."""
    assert batch.conditions.aligned is not None
    return batch.conditions.aligned[:, 0, MELODY].sum(0).numpy()


def test_a_melody_is_mostly_told_as_its_codes_sound_and_as_written_to_measure(shards: Path) -> None:
    told = told_pitches(Pieces(shards, "train").batch(400, 50, np.random.default_rng(0)))
    assert told[[0, HEARD_PITCH]].sum() == told.sum() > 60
    assert 0.65 < told[HEARD_PITCH] / told.sum() < 0.95
    held = told_pitches(Pieces(shards, "held").batch(40, 50, np.random.default_rng(0), "nothing"))
    assert held[0] == 40 == held.sum()


def test_a_rest_stays_a_rest_whatever_sounds_in_it() -> None:
    heard = np.eye(12)[[3, 3, 5, 5]]
    assert melody_heard(np.array([3, -1, 3, 7]), heard).tolist() == [3, -1, 5, 5]
    assert melody_heard(np.array([3, 3]), np.zeros((2, 12))).tolist() == [-1, -1]


def test_what_codes_sound_like_is_what_their_stream_decodes_to(tmp_path: Path) -> None:
    folder = Path(__file__).parents[1] / "assets" / "pocket"
    codec, seconds = load_codec(folder), torch.arange(2 * 32_000) / 32_000
    codes = codec.encode(0.3 * torch.sin(2 * torch.pi * 440.0 * seconds)[None, None])
    np.save(tmp_path / "a.codes.npy", codes.to(torch.int16).numpy())
    heard(tmp_path / "a.jsonl", folder)
    quick, slow = np.load(tmp_path / "a.heard.npy")[0], chromagram(codec.decode(codes)[0, 0].numpy())
    assert quick.shape == slow.shape
    assert (strongest(quick) == strongest(slow)).mean() > 0.9
    assert (strongest(quick)[2:-2] == 9).all()


def test_codes_of_another_codec_are_not_mixed_with_those_that_are_there(tmp_path: Path) -> None:
    from musicgen.config import PocketCodecConfig
    from musicgen.pocket_codec import PocketCodec

    shipped, other = Path(__file__).parents[1] / "assets" / "pocket", PocketCodec(PocketCodecConfig())
    check_books(tmp_path, shipped)
    same = tmp_path / "checkpoint"
    same.mkdir()
    torch.save({"codec": load_codec(shipped).float().state_dict()}, same / "last.pt")
    check_books(tmp_path, same)
    torch.save({"codec": other.state_dict()}, same / "last.pt")
    with pytest.raises(SystemExit, match="of another codec"):
        check_books(tmp_path, same)


def test_without_pieces_no_codes_are_made(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("sys.argv", ["tokens", "codes", "--data", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match="no pieces in"):
        tokens.main()


def test_what_was_written_in_part_is_made_again(tmp_path: Path, monkeypatch) -> None:
    path, save = tmp_path / "a.codes.npy", np.save

    def stopped(file, array: np.ndarray) -> None:
        save(file, array[:1])
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", stopped)
    with pytest.raises(KeyboardInterrupt):
        keep(path, np.arange(3))
    assert not path.exists()
    monkeypatch.setattr(np, "save", save)
    keep(path, np.arange(3))
    assert np.load(path).tolist() == [0, 1, 2] and list(tmp_path.iterdir()) == [path]


def test_chords_are_told_only_where_their_key_is_clear(shards: Path) -> None:
    def chords_told() -> bool:
        batch = Pieces(shards, "train").batch(60, 50, np.random.default_rng(0))
        assert batch.conditions.aligned is not None
        return bool(batch.conditions.aligned[..., HAS_CHORDS].any())

    assert chords_told()
    np.save(shards / "train_0.heard.npy", np.full((4, 200, 12), 1.0, np.float16))  # 7 of 12 parts are in the key
    assert not chords_told()


def test_what_is_in_key_is_measured_up_to_the_end() -> None:
    heard = np.concatenate([np.eye(12)[[0, 4, 7, 1]], np.ones((4, 12))])
    assert in_key(heard, FACTS | {"ends": 4 / CHROMA_RATE}) == 0.75
    assert in_key(heard, FACTS) == pytest.approx((3 + 4 * 7) / (4 + 48))


def test_batches_repeat_with_their_seed_and_withhold_as_told(shards: Path) -> None:
    pieces = Pieces(shards, "train")
    a, b = (pieces.batch(6, 100, np.random.default_rng(3)) for _ in range(2))
    assert torch.equal(a.codes, b.codes) and a.codes.shape == (6, 4, 100)
    assert a.conditions.aligned is not None and b.conditions.aligned is not None
    assert torch.equal(a.conditions.aligned, b.conditions.aligned)
    for withhold, text, aligned in (("nothing", True, True), ("text", False, True), ("aligned", True, False),
                                    ("all", False, False)):
        batch = pieces.batch(5, 100, np.random.default_rng(1), withhold)
        assert batch.conditions.aligned is not None
        assert bool(batch.conditions.text_mask.any()) == text
        assert bool(batch.conditions.aligned.any()) == aligned
        same = pieces.batch(5, 100, np.random.default_rng(1), "nothing")
        assert torch.equal(batch.codes, same.codes), "what is withheld changes nothing else"


def test_what_is_told_wrongly_to_measure_is_wrong_and_all_else_is_as_it_was(shards: Path) -> None:
    batch = Pieces(shards, "held").batch(6, 60, np.random.default_rng(1), "nothing")
    told = batch.conditions.aligned
    assert told is not None
    for name, spoil in WRONG.items():
        wrong = spoil(batch)
        aligned = wrong.conditions.aligned
        assert aligned is not None and torch.equal(wrong.codes, batch.codes)
        changed = (aligned != told).any(0).any(0).nonzero()[:, 0].tolist()
        if "drums" in name:
            assert torch.equal(aligned[..., DRUMS_ON], told[..., DRUMS_OFF]) and changed == [DRUMS_ON, DRUMS_OFF]
        elif "instruments" in name:
            assert torch.equal(aligned[0, :, INSTRUMENT], told[-1, :, INSTRUMENT])
        else:
            assert torch.equal(wrong.conditions.text[1], batch.conditions.text[0]) and not changed


def test_the_loss_is_that_of_a_coin_at_first_and_falls(shards: Path) -> None:
    pieces, lm, pattern, device = Pieces(shards, "train"), tiny_lm(), get_pattern("delay", 4), torch.device("cpu")
    batch = pieces.batch(4, 60, np.random.default_rng(0), "nothing")
    first = nll(lm, batch, pattern, device)
    assert torch.allclose(first, torch.full((4,), np.log(32.0), dtype=torch.float32), atol=0.3)
    optimizer = torch.optim.Adam(lm.parameters(), 3e-3)
    for _ in range(30):
        optimizer.zero_grad()
        loss = nll(lm, batch, pattern, device).sum()
        loss.backward()
        optimizer.step()
    assert loss < 0.7 * first.sum()


def test_the_loss_of_a_codebook_is_that_of_its_own_frames(shards: Path) -> None:
    """The oracle: cross-entropy read off the raw logits step by step."""
    pieces, lm, pattern = Pieces(shards, "train"), tiny_lm(), get_pattern("delay", 4)
    batch = pieces.batch(2, 20, np.random.default_rng(0), "nothing")
    layout = pattern.layout(20)
    assert batch.conditions.aligned is not None
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        logits = lm(layout.inputs(batch.codes, 32), batch.conditions, batch.conditions.aligned[:, layout.step_frame])
    log_p = logits.float().log_softmax(-1)
    for k in range(4):
        terms = [-log_p[b, k, s, batch.codes[b, k, t]] for b in range(2)
                 for s, step in enumerate(pattern.steps(20)) for t, kk in step if kk == k]
        slow = torch.stack(terms).mean()
        assert nll(lm, batch, pattern, torch.device("cpu"))[k].item() == pytest.approx(slow.item(), abs=1e-2)


def test_held_out_figures_come_for_every_way_of_withholding(shards: Path) -> None:
    row = evaluate(tiny_lm(), Pieces(shards, "held"), get_pattern("delay", 4), 60, torch.device("cpu"))
    assert set(row) == {"nothing", "aligned", "text", "all"}
    assert all(len(nats) == 4 and min(nats) > 0 for nats in row.values())


def test_every_pattern_is_scored_and_every_code_counts(shards: Path) -> None:
    row = by_pattern(tiny_lm(), Pieces(shards, "held"), 40, torch.device("cpu"))
    assert set(row) == set(SHARES) and all(len(nats) == 4 and min(nats) > 0 for nats in row.values())


def test_training_goes_on_where_it_was_stopped(shards: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(lm_stage, "lm_config", lambda dim, layers: tiny_lm().config)
    flags = ["lm", "--data", str(shards), "--out", str(tmp_path / "lm"), "--batch", "2", "--frames", "40",
             "--device", "cpu"]  # fmt: skip

    def trained(minutes: float) -> dict:
        monkeypatch.setattr(sys, "argv", [*flags, "--minutes", str(minutes)])
        lm_stage.main()
        return torch.load(tmp_path / "lm" / "last.pt", weights_only=True)

    first = trained(0.001)
    second = trained(first["spent"] / 60 + 0.001)
    assert second["step"] > first["step"] > 0 and second["seen"] > first["seen"]
    assert f"from step {first['step']}\n" in capsys.readouterr().out
    rows = [json.loads(line) for line in (tmp_path / "lm" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [first["step"], second["step"]] and all(row["final"] for row in rows)
    assert any(not torch.equal(first["average"][name], weight) for name, weight in second["average"].items())


def test_lessons_use_all_patterns_and_predict_about_as_many_positions_with_each() -> None:
    rng = np.random.default_rng(0)
    lessons = [draw_lesson(rng, 6, 500) for _ in range(600)]
    names = [pattern.name for pattern, _, _ in lessons]
    for name, share in SHARES.items():
        assert abs(names.count(name) / 600 - share) < 0.06
    assert all(1500 <= pattern.step_count(frames) * rows <= 4500 for pattern, rows, frames in lessons)
    assert all(150 <= frames <= 500 for _, _, frames in lessons)
    assert sum(frames == 500 for _, _, frames in lessons) > 300
    longer = [draw_lesson(rng, 3, 1000) for _ in range(300)]
    assert max(pattern.step_count(frames) for pattern, _, frames in longer) == STEPS
    assert sum(frames == 1000 for _, _, frames in longer) > 150, "most patterns take fewer steps than that"


def test_about_two_thirds_of_the_music_comes_along_delay_and_little_along_flattening() -> None:
    for rows, frames in ((3, 1000), (6, 500)):
        rng, music = np.random.default_rng(0), dict.fromkeys(SHARES, 0)
        for _ in range(6000):
            pattern, crops, length = draw_lesson(rng, rows, frames)
            music[pattern.name] += crops * length
        assert 0.6 < music["delay"] / sum(music.values()) < 0.7
        assert 0.015 < music["flattening"] / sum(music.values()) < 0.03


def test_the_patterns_taught_are_those_that_the_page_says_are_known() -> None:
    assert set(SHARES) == set(MONO_NAMES) and len(MONO_NAMES) == 7
    assert "seven" in UNTAUGHT


def likelihoods(shards: Path, monkeypatch) -> dict:
    """The stage's figures of a tiny model."""
    monkeypatch.setattr(lm_stage, "STEPS", 80)
    lm = tiny_lm()
    config = SimpleNamespace(pattern="partial_delay", lm=lm.config, window=lambda pattern: (40, 20))
    model = SimpleNamespace(lm=lm, config=config, codec=SimpleNamespace(frame_rate=50.0))
    return likelihood.run(SimpleNamespace(model=model, data=shards, sizes=SimpleNamespace(batches=1)))


def test_what_is_told_wrongly_is_measured_on_the_crops_that_are_told_everything(shards: Path, monkeypatch) -> None:
    monkeypatch.setattr(likelihood, "WRONG", {"nothing of it": lambda batch: batch})
    result = likelihoods(shards, monkeypatch)
    assert result["wrong"]["nothing of it"] == pytest.approx(result["withheld"]["nothing"], abs=1e-3)


def test_each_table_of_likelihoods_says_of_which_crops_it_is(shards: Path, monkeypatch) -> None:
    text = likelihood.tables(likelihoods(shards, monkeypatch))
    assert text.startswith("Along partial delay, crops of 0.8 s, with conditions withheld or wrong:\n\n| ")
    assert "\n\nAlong each pattern, told everything, crops of 0.4 s (short enough for all):\n\n| " in text
    assert "| flattening |" in text.split("crops of 0.4 s")[1] and "told everything |" in text.split("crops of 0.4")[0]


def test_histories_are_damaged_in_some_rows_and_nothing_is_made_up() -> None:
    special, silence = 33, torch.tensor([32, 5, 6, 7])
    inputs = torch.randint(0, 32, (400, 4, 100), generator=torch.Generator().manual_seed(0))
    inputs[:, 1, :50] = special
    damaged = forget(inputs, special, silence, np.random.default_rng(0))
    assert torch.equal(damaged, forget(inputs, special, silence, np.random.default_rng(0)))
    # Where a step holds nothing of a codebook, nothing is made up.
    assert (damaged[:, 1, :50] == special).all()
    # A step goes missing as a whole.
    missing = (damaged == special).all(1)
    assert torch.equal(missing, (damaged[:, 0] == special) & (inputs[:, 0] != special))
    whole = ~(damaged != inputs).any(2).any(1)
    assert abs(whole.float().mean() - (1 - FORGETFUL) * (1 - BLIND) * (1 - ASTRAY) * (1 - HUSHED)) < 0.1
    gone = missing.float().mean(1)
    assert abs((gone > FORGOTTEN + 0.15).float().mean() - BLIND * 0.8) < 0.08  # next to nothing is left
    assert ((gone > 0.02) & (gone < FORGOTTEN)).any()
    # A stretch is another row's.
    others = (damaged == inputs.roll(1, 0)).all(1) & (damaged != inputs).any(1)
    strayed = others.float().sum(1)
    assert abs((strayed > 2).float().mean() - ASTRAY) < 0.1 and strayed.max() <= STRETCH * 100
    # A stretch is silent.
    quiet = (damaged[:, 0] == 32) & (damaged[:, 2] == 6) & (damaged[:, 3] == 7)
    hushed = quiet.float().sum(1)
    assert abs((hushed > 2).float().mean() - HUSHED) < 0.06 and hushed.max() <= STRETCH * 100
    # A token is wrong.
    wrong = ((damaged != inputs) & (damaged != special)).any(1) & ~others & ~quiet
    assert 0 < wrong.float().mean(1).max() <= 4 * MISTAKEN + 0.1


def test_what_was_learnt_before_is_kept_and_new_features_start_at_nothing() -> None:
    old = LM(replace(tiny_lm().config, aligned_dim=49))
    old.init_weights(1)
    new = tiny_lm()
    fresh = new.heads.weight.clone()
    inherit(new, {name: weight for name, weight in old.state_dict().items() if not name.startswith("heads.")})
    assert old.aligned_proj is not None and new.aligned_proj is not None
    assert torch.equal(new.emb.weight, old.emb.weight) and torch.equal(new.heads.weight, fresh)
    assert torch.equal(new.aligned_proj.weight[:, :49], old.aligned_proj.weight)
    assert not new.aligned_proj.weight[:, 49:].any()
    with pytest.raises(SystemExit, match="The model to start with has emb.weight"):
        inherit(new, {"emb.weight": torch.zeros(3, 64)})


def test_the_conditions_learn_louder_and_every_weight_learns() -> None:
    lm = tiny_lm()
    rest, conditions = new_optimizer(lm, 1e-3).param_groups
    assert {id(p) for p in conditions["params"]} == {id(lm.text_proj.weight), id(lm.text_proj.bias),
                                                     id(lm.aligned_proj.weight)}
    assert conditions["louder"] > rest["louder"] == 1 and conditions["weight_decay"] == 0
    assert len(rest["params"]) + len(conditions["params"]) == len(list(lm.parameters()))


def test_kmeans_finds_clusters() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    points = truth.repeat_interleave(50, 0) + 0.1 * torch.randn(150, 2, generator=generator)
    centres = kmeans(points, 3, 20, generator)
    assert torch.cdist(truth, centres).min(1).values.max() < 0.2


def test_more_books_come_closer() -> None:
    quantizer = ResidualQuantizer(3, 16, 4)
    trainer = QuantizerTrainer(quantizer)
    x = torch.randn(600, 4, generator=torch.Generator().manual_seed(0))
    trainer.start(x)
    codes = quantizer.encode(x[None])
    errors = [(quantizer.decode(codes[:, :k]) - x).square().mean().item() for k in (1, 2, 3)]
    assert errors[0] > errors[1] > errors[2]
    latent = x[None].clone().requires_grad_()
    quantised, _ = trainer.forward(latent, dropout=0.0)
    quantised.sum().backward()
    assert latent.grad is not None and torch.equal(latent.grad, torch.ones_like(latent)), "straight through"


def test_a_book_learns_from_what_those_before_it_leave_however_few_are_used() -> None:
    x = torch.randn(1, 600, 4, generator=torch.Generator().manual_seed(0))
    books = []
    for dropout in (0.0, 1.0):
        trainer = QuantizerTrainer(ResidualQuantizer(3, 16, 4))
        trainer.start(x[0])
        quantised, _ = trainer.forward(x, dropout)
        books.append(trainer.quantizer.codebooks.clone())
    assert torch.equal(*books)


def test_distances_are_zero_for_the_same_and_grow_with_noise() -> None:
    x = 0.3 * torch.sin(torch.arange(16_000) * 0.05)[None]
    noise = torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0))
    for distance in (mel_distance, linear_distance):
        assert distance(x, x) == 0
        assert 0 < distance(x, x + 0.001 * noise) < distance(x, x + 0.01 * noise)


def test_weights_are_translated_to_the_codes_of_another_codec() -> None:
    rng = torch.Generator().manual_seed(0)
    before = torch.randint(0, 8, (2, 4000), generator=rng)
    order = torch.stack([torch.randperm(8, generator=rng) for _ in range(2)])
    after = torch.stack([order[k][before[k]] for k in range(2)])  # the same codes by other names
    weights = {"emb.weight": torch.randn(2 * 9, 5, generator=rng), "heads.weight": torch.randn(2 * 8, 5, generator=rng),
               "other": torch.ones(3)}
    new = translated(weights, before, after, 8)
    for k in range(2):
        old_rows, new_rows = weights["emb.weight"][9 * k : 9 * k + 9], new["emb.weight"][9 * k : 9 * k + 9]
        assert torch.allclose(new_rows[order[k]], old_rows[:8]) and torch.equal(new_rows[8], old_rows[8])
        old_rows, new_rows = weights["heads.weight"][8 * k : 8 * k + 8], new["heads.weight"][8 * k : 8 * k + 8]
        assert torch.allclose(new_rows[order[k]], old_rows)
    assert torch.equal(new["other"], weights["other"])
    # Where a code says nothing of the old ones, it means what they mean on average.
    mixed = shares(torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 1]), 3)
    assert mixed.tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], pytest.approx([1 / 3] * 3)]


def test_two_trainings_meet_half_way() -> None:
    first, second = tiny_lm(), tiny_lm()
    for parameter in second.parameters():
        parameter.data += 2.0
    before = {name: w.clone() for name, w in first.state_dict().items()}
    halfway(first, second)
    assert all(torch.allclose(w, before[name] + 1.0, atol=1e-6) for name, w in first.state_dict().items())
    with pytest.raises(SystemExit, match="different sizes"):
        halfway(first, LM(replace(first.config, layers=2)))
