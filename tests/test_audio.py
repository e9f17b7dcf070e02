"""Reading, resampling and writing; and one test for each sentence that a bad file gets."""

import io
import json
import struct
import subprocess
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen import riff
from musicgen.audio import (
    Audio,
    Limits,
    _length_is_a_guess,
    is_silent,
    read,
    read_recipe,
    require_sound,
    resample,
    write,
)
from musicgen.compat import ensure_ffmpeg

WRITTEN = (".wav", ".flac", ".mp3", ".ogg")


def tone(seconds: float = 1.0, rate: int = 32_000, channels: int = 1, frequency: float = 440.0) -> Audio:
    time = np.arange(int(seconds * rate)) / rate
    wave = [0.5 * np.sin(2 * np.pi * frequency * (i + 1) * time) for i in range(channels)]
    return Audio(np.array(wave, np.float32), rate)


def encoded(audio: Audio, suffix: str, tmp_path, recipe=None) -> bytes:
    write(tmp_path / f"file{suffix}", audio, recipe)
    return (tmp_path / f"file{suffix}").read_bytes()


def by_ffmpeg(audio: Audio, name: str, tmp_path, *options: str) -> bytes:
    ffmpeg = ensure_ffmpeg()
    if ffmpeg is None:
        pytest.skip("there is no ffmpeg here")
    write(tmp_path / "from.wav", audio)
    command = [ffmpeg, "-v", "error", "-y", "-i", str(tmp_path / "from.wav"), *options, str(tmp_path / name)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this ffmpeg has no encoder for it")
    return (tmp_path / name).read_bytes()


def loudest_frequency(audio: Audio) -> float:
    spectrum = np.abs(np.fft.rfft(audio.mono() * np.hanning(audio.samples.shape[1])))
    return spectrum.argmax() * audio.sample_rate / audio.samples.shape[1]


# Writing and reading back


@pytest.mark.parametrize("suffix", WRITTEN)
@pytest.mark.parametrize("channels", [1, 2])
def test_round_trip(suffix, channels, tmp_path):
    audio = tone(1.3, channels=channels)
    back = read(encoded(audio, suffix, tmp_path))
    assert (back.sample_rate, back.channels) == (32_000, channels)
    assert back.seconds == pytest.approx(1.3, abs=0.05)
    tolerance = 1e-4 if suffix in (".wav", ".flac") else 0.06
    length = min(back.samples.shape[1], audio.samples.shape[1])
    np.testing.assert_allclose(back.samples[:, :length], audio.samples[:, :length], atol=tolerance)


@pytest.mark.parametrize("suffix", WRITTEN)
@pytest.mark.parametrize("length", [0, 3_001, 20_000])
def test_recipe_round_trip(suffix, length, tmp_path):
    prompt = "Süße Klänge, 日本 \"quoted\" \\ \n" + "x" * length
    recipe = {"prompt": prompt, "seed": 7, "plan": {"bpm": 93.75}, "nothing": None}
    data = encoded(tone(0.5), suffix, tmp_path, recipe)
    assert read_recipe(tmp_path / f"file{suffix}") == recipe
    assert read_recipe(data) == recipe
    assert read(data).seconds == pytest.approx(0.5, abs=0.05)


@settings(max_examples=25)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8), st.integers(1, 3))
def test_any_json_survives_in_a_wav(tmp_path_factory, value, length):
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    write(path, Audio(np.zeros((1, length), np.float32), 32_000), {"value": value})
    assert read_recipe(path) == {"value": json.loads(json.dumps(value))}
    assert soundfile.info(path).frames == length


def test_other_programs_see_the_wav_comment(tmp_path):
    encoded(tone(0.1), ".wav", tmp_path, {"seed": 1})
    with soundfile.SoundFile(tmp_path / "file.wav") as file:
        assert json.loads(file.comment) == {"seed": 1}


def test_a_file_of_nothing_but_chunks_or_tags_is_soon_done_with(tmp_path):
    write(tmp_path / "a.wav", tone(0.1), {"seed": 1})
    data = (tmp_path / "a.wav").read_bytes()

    def after(chunks: int) -> bytes:
        return data[:12] + chunks * struct.pack("<4sI", b"junk", 0) + data[12:]

    assert read_recipe(after(100)) == {"seed": 1}
    assert len(list(riff.chunks(after(100_000)))) == 10_000
    tags = 100_000 * (b"ID3\x04" + bytes(6))
    assert not _length_is_a_guess(tags + b"\xff\xfb") and _length_is_a_guess(tags[:100] + b"\xff\xfb")


@pytest.mark.parametrize("suffix", WRITTEN)
def test_never_louder_than_full_scale(suffix, tmp_path):
    loud = Audio(3.0 * tone(0.5).samples, 32_000)
    back = read(encoded(loud, suffix, tmp_path))
    stored, _ = soundfile.read(tmp_path / f"file{suffix}")
    assert 0.85 < np.abs(stored).max() <= 1.0
    # Turned down as a whole: still one sine, no clipped edges.
    spectrum = np.abs(np.fft.rfft(back.mono() * np.hanning(back.samples.shape[1])))
    harmonics = spectrum[int(1300 * back.seconds) :]
    assert harmonics.max() < 0.02 * spectrum.max()


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="not as '.xyz'"):
        write(tmp_path / "a.xyz", tone(0.1))
    with pytest.raises(ValueError):
        write(tmp_path / "a.wav", tone(0.1), {"nan": float("nan")})
    with pytest.raises(ValueError, match="too long"):
        write(tmp_path / "a.wav", tone(0.1), {"a": "x" * 1_000_001})
    with pytest.raises(ValueError, match="cannot be written"):
        write(tmp_path / "no" / "such" / "folder.wav", tone(0.1))


def test_no_recipe(tmp_path):
    for suffix in WRITTEN:
        with pytest.raises(ValueError, match="holds no recipe"):
            read_recipe(encoded(tone(0.1), suffix, tmp_path))
    with soundfile.SoundFile(tmp_path / "list.flac", "w", 32_000, 1) as file:
        file.comment = "[" * 100_000
        file.write(np.zeros(100))
    with pytest.raises(ValueError, match="holds no recipe"):
        read_recipe(tmp_path / "list.flac")
    with pytest.raises(ValueError, match="not an audio file"):
        read_recipe(b"no audio")


# Formats


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.m4a", ()), ("a.webm", ("-c:a", "libopus")), ("a.opus", ()), ("a.aac", ()), ("a.aiff", ()), ("a.mka", ())],
)
def test_formats_of_phones_and_browsers(name, options, tmp_path):
    back = read(by_ffmpeg(tone(1.0), name, tmp_path, *options))
    assert back.seconds == pytest.approx(1.0, abs=0.1)
    assert loudest_frequency(back) == pytest.approx(440, abs=3)


@pytest.mark.parametrize("options", [("-b:a", "128k"), ("-q:a", "2")], ids=["constant", "variable"])
def test_an_mp3_that_does_not_say_how_long_it_is_is_read_whole(options, tmp_path):
    quiet = Audio(np.concatenate([0.001 * tone(2.0).samples, tone(4.0).samples], axis=1), 32_000)
    data = by_ffmpeg(quiet, "a.mp3", tmp_path, "-write_xing", "0", *options)
    cover = b"ID3\x04\x00\x00" + bytes((0, 3, 0x6A, 0x60)) + bytes(3 * 2**14 + 0x6A * 2**7 + 0x60)
    for file in (data, cover + data):
        assert read(file).seconds == pytest.approx(6.0, abs=0.15)


def test_a_wav_written_into_a_pipe(tmp_path):
    data = bytearray(encoded(tone(0.5), ".wav", tmp_path))
    at = data.index(b"data")
    data[4:8] = data[at + 4 : at + 8] = b"\xff" * 4  # the length was not known when the header was written
    assert read(bytes(data)).samples.shape == (1, 16_000)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_wav_subtypes(subtype):
    file = io.BytesIO()
    audio = tone(0.2)
    soundfile.write(file, audio.samples.T, 32_000, subtype=subtype, format="WAV")
    np.testing.assert_allclose(read(file.getvalue()).samples, audio.samples, atol=0.01)


def test_six_channels_become_two_without_the_low_frequency_one():
    frames = 4_800
    samples = np.zeros((frames, 6), np.float32)
    samples[:, 0], samples[:, 1], samples[:, 2], samples[:, 3] = 0.5, -0.5, 0.25, 0.9
    file = io.BytesIO()
    soundfile.write(file, samples, 48_000, subtype="FLOAT", format="WAV")
    audio = read(file.getvalue())
    centre, total = 0.25 * np.sqrt(0.5), 1 + 2 * np.sqrt(0.5)
    assert audio.samples.shape == (2, frames)
    np.testing.assert_allclose(audio.samples[:, 0], [(0.5 + centre) / total, (-0.5 + centre) / total], rtol=1e-5)


def test_three_channels_become_their_mean(tmp_path):
    soundfile.write(tmp_path / "three.wav", np.tile(np.array([0.3, 0.6, 0.0], np.float32), (4_000, 1)), 32_000, "FLOAT")
    np.testing.assert_allclose(read(tmp_path / "three.wav").samples, np.full((1, 4_000), 0.3), rtol=1e-6)


@given(st.integers(1, 2), st.integers(1, 2))
@settings(max_examples=10)
def test_with_channels(have, want):
    audio = tone(0.05, channels=have)
    out = audio.with_channels(want)
    assert out.channels == want
    np.testing.assert_allclose(out.mono(), audio.mono(), atol=1e-7)


def test_audio_checks_itself():
    with pytest.raises(ValueError, match="float32"):
        Audio(np.zeros((1, 10)), 32_000)
    with pytest.raises(ValueError, match="float32"):
        Audio(np.zeros(10, np.float32), 32_000)
    with pytest.raises(ValueError, match="rate"):
        Audio(np.zeros((1, 10), np.float32), 0)


# Resampling


@settings(max_examples=25)
@given(st.integers(1, 5_000), st.sampled_from([8_000, 22_050, 32_000, 44_099, 44_100, 48_000, 96_000]),
       st.sampled_from([16_000, 32_000, 44_100, 48_000]))  # fmt: skip
def test_resampled_length(length, old, new):
    out = resample(np.ones((2, length), np.float32), old, new)
    assert out.shape == (2, round(length * new / old)) and out.dtype == np.float32


def test_resampling_keeps_the_sine_and_drops_what_does_not_fit():
    audio = tone(1.0, 48_000)
    middle = slice(2_000, -2_000)
    np.testing.assert_allclose(
        audio.resampled(32_000).samples[:, middle], tone(1.0, 32_000).samples[:, middle], atol=1e-3
    )
    assert np.abs(tone(1.0, 48_000, frequency=20_000).resampled(32_000).samples[:, middle]).max() < 1e-3


# Silence


def test_silence():
    assert is_silent(Audio(np.zeros((1, 0), np.float32), 32_000))
    assert is_silent(Audio(np.full((1, 10), 5e-4, np.float32), 32_000))
    assert not is_silent(tone(0.1))
    require_sound(tone(0.1))
    with pytest.raises(ValueError, match="The melody is silent; choose"):
        require_sound(Audio(np.zeros((1, 10), np.float32), 32_000), "The melody")


# Files that are refused


def refusal(data, limits=None) -> str:
    with pytest.raises(ValueError) as error:
        read(data, limits)
    message = str(error.value)
    assert message.endswith(".") and "\n" not in message
    return message


def test_empty_missing_and_folder(tmp_path):
    (tmp_path / "empty.wav").touch()
    assert refusal(tmp_path / "empty.wav").startswith("'empty.wav' is empty (0 bytes)")
    assert refusal(b"").startswith("The audio is empty")
    assert refusal(tmp_path / "none.wav") == "There is no file 'none.wav'."
    assert refusal(tmp_path).startswith("There is no file")


@pytest.mark.parametrize(
    "data",
    [b"hello, world " * 1000, np.random.default_rng(0).bytes(50_000), b"RIFF", b"RIFF\xff\xff\xff\xffWAVE",
     b"ID3" + bytes(1000), b"OggS" + bytes(100), b"\x89PNG\r\n\x1a\n" + bytes(100)],
)  # fmt: skip
def test_not_audio(data):
    assert "not audio that this program can read; use WAV" in refusal(data)


def test_playlists_are_not_followed(tmp_path):
    path = tmp_path / "secret.wav"
    write(path, tone(0.5))
    for text in (f"#EXTM3U\n#EXTINF:1,\nfile://{path}\n", f"ffconcat version 1.0\nfile '{path}'\n"):
        assert "not audio" in refusal(text.encode())


@settings(max_examples=40)
@given(st.integers(0, 199), st.binary(min_size=1, max_size=8))
def test_damaged_headers_give_audio_or_a_sentence(position, patch):
    file = io.BytesIO()
    soundfile.write(file, tone(0.1).samples.T, 32_000, format="WAV")
    data = bytearray(file.getvalue())
    data[position : position + len(patch)] = patch
    try:
        audio = read(bytes(data), Limits(max_seconds=10))
        assert np.abs(audio.samples).max() <= 1.0
    except ValueError as error:
        assert str(error).endswith(".")


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_truncated(suffix, tmp_path):
    data = encoded(tone(2.0), suffix, tmp_path)
    message = refusal(data[: len(data) // 2])
    assert "is cut off: it should last 2.0 s" in message or "was cut off" in message


def test_truncated_mp3_is_refused_or_short(tmp_path):
    """An MP3 need not say how long it is; what is there may be taken, nothing may be made up."""
    data = encoded(tone(4.0), ".mp3", tmp_path)
    try:
        assert read(data[: len(data) // 2]).seconds < 2.5
    except ValueError as error:
        assert "is cut off" in str(error)


def test_truncated_m4a(tmp_path):
    data = by_ffmpeg(tone(1.0), "a.m4a", tmp_path)
    assert "not audio" in refusal(data[: len(data) // 2])  # its index stands at the end


@pytest.mark.parametrize("suffix", WRITTEN)
def test_too_long(suffix, tmp_path):
    data = encoded(tone(2.0), suffix, tmp_path)
    assert "lasts longer than 1 s" in refusal(data, Limits(max_seconds=1))


def test_too_long_by_ffmpeg(tmp_path):
    data = by_ffmpeg(tone(3.0), "a.webm", tmp_path, "-c:a", "libopus")
    assert "lasts longer than 1 s" in refusal(data, Limits(max_seconds=1))


def test_too_large(tmp_path):
    data = encoded(tone(1.0), ".wav", tmp_path)
    assert "has 0.064 MB; at most 0.001 MB are accepted" in refusal(data, Limits(max_bytes=1000))
    assert "at most 0.001 MB" in refusal(tmp_path / "file.wav", Limits(max_bytes=1000))


def test_a_small_file_with_hours_of_silence():
    file = io.BytesIO()
    soundfile.write(file, np.zeros(20 * 60 * 32_000, np.float32), 32_000, format="FLAC")
    assert len(file.getvalue()) < 200_000
    assert "lasts longer than 600 s" in refusal(file.getvalue())


def test_ten_minutes_of_stereo_are_the_most():
    file = io.BytesIO()
    soundfile.write(file, np.zeros((600 * 60_000, 2), np.int16), 60_000, format="FLAC")
    assert "too large once decoded" in refusal(file.getvalue())


def test_too_large_once_decoded(monkeypatch, tmp_path):
    monkeypatch.setattr("musicgen.audio._MAX_VALUES", 1000)
    with pytest.raises(ValueError, match="too large once decoded"):
        read(encoded(tone(0.02, channels=2), ".wav", tmp_path))


def test_a_small_file_that_takes_more_memory_than_there_is(monkeypatch):
    file = io.BytesIO()
    soundfile.write(file, np.zeros((600 * 8_000, 2), np.int16), 8_000, format="FLAC")
    monkeypatch.setattr("musicgen.memory.free_bytes", lambda device: 50_000_000)
    assert "takes 77 MB of memory, but only 50 MB are free now" in refusal(file.getvalue())
    monkeypatch.setattr("musicgen.memory.free_bytes", lambda device: None)  # where the system does not tell
    assert read(file.getvalue()).seconds == 600


def test_decoding_takes_no_more_memory_than_was_asked_for():
    file = io.BytesIO()
    soundfile.write(file, np.full((600 * 8_000, 2), 3_000, np.int16), 8_000, format="FLAC")
    data = file.getvalue()
    tracemalloc.start()
    try:
        samples = read(data).samples
        assert tracemalloc.get_traced_memory()[1] < 2.1 * samples.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_a_number(value):
    samples = tone(0.1).samples.copy()
    samples[0, 5] = value
    file = io.BytesIO()
    soundfile.write(file, samples.T, 32_000, subtype="FLOAT", format="WAV")
    assert "values that are not numbers" in refusal(file.getvalue())


def test_no_samples():
    file = io.BytesIO()
    soundfile.write(file, np.zeros((0, 1)), 32_000, format="WAV")
    assert "holds no sound at all" in refusal(file.getvalue())


def test_strange_rate():
    file = io.BytesIO()
    soundfile.write(file, np.zeros(100), 32_000, format="WAV")
    data = bytearray(file.getvalue())
    data[24:28] = struct.pack("<I", 50)
    assert "sample rate of 50 Hz" in refusal(bytes(data))


def test_without_ffmpeg(monkeypatch, tmp_path):
    monkeypatch.setattr("musicgen.audio.ensure_ffmpeg", lambda: None)
    assert "not audio" in refusal(b"hello, world " * 1000)
    assert read(encoded(tone(0.1), ".wav", tmp_path)).seconds == pytest.approx(0.1)
