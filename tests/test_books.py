"""A sound from its first codebooks: all of them are the codec's own decoding, each more is told with its bits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from conftest import VOCABULARY, sine_tune, tiny_encodec, tiny_pocket_codec

from musicgen import books


@pytest.mark.parametrize("codec", [tiny_pocket_codec(), tiny_encodec(), tiny_encodec(2)],
                         ids=["pocket", "encodec", "stereo"])
def test_a_sound_is_rebuilt_from_one_book_up_to_all(codec):
    original = books.fitted(codec, sine_tune())
    assert (original.sample_rate, original.channels) == (codec.sample_rate, codec.channels)
    codes = books.encode(codec, original)
    rebuilt = list(books.rebuild(codec, codes, original))
    assert [level.books for level in rebuilt] == [1, 2, 3, 4] and books.levels(codec) == 4
    assert all(level.audio.samples.shape == original.samples.shape for level in rebuilt)
    whole = codec.decode(codes)[0, :, : original.samples.shape[1]]
    assert np.array_equal(rebuilt[-1].audio.samples, whole.numpy())
    bits = math.log2(VOCABULARY) * 50 * codec.channels / 1000
    assert [level.kilobits for level in rebuilt] == pytest.approx([bits, 2 * bits, 3 * bits, 4 * bits])
    assert all(math.isfinite(level.distance) and math.isfinite(level.snr) for level in rebuilt)
    assert len({level.audio.samples.tobytes() for level in rebuilt}) == 4, "every book changes something"


@pytest.mark.parametrize("codec", [tiny_pocket_codec(), tiny_encodec(2)], ids=["pocket", "stereo"])
def test_wrong_corrections_are_those_of_half_a_second_before(codec):
    original = books.fitted(codec, sine_tune())
    codes = books.encode(codec, original)
    mixed = codes.clone()
    mixed[:, codec.channels :, 25:] = codes[:, codec.channels :, :-25]
    mixed[:, codec.channels :, :25] = codes[:, codec.channels :, -25:]  # what comes first has nothing before it
    wrong = books.rebuild_mismatched(codec, codes, original)
    assert wrong.books == 4 and np.array_equal(
        wrong.audio.samples, codec.decode(mixed)[0, :, : original.samples.shape[1]].numpy())
    assert books.rebuild_mismatched(codec, codes, original.first(0.9)) is None


def test_later_codes_do_not_reach_into_the_first_books():
    for codec in (tiny_pocket_codec(), tiny_encodec(2)):
        original = books.fitted(codec, sine_tune())
        codes = books.encode(codec, original)
        changed = codes.clone()
        changed[:, 2 * codec.channels :] = torch.randint(0, VOCABULARY, changed[:, 2 * codec.channels :].shape)
        before, after = (list(books.rebuild(codec, each, original)) for each in (codes, changed))
        assert all(np.array_equal(before[i].audio.samples, after[i].audio.samples) for i in (0, 1))
        assert not np.array_equal(before[3].audio.samples, after[3].audio.samples)
