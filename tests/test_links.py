"""Settings survive a link unchanged, and no link, however it was bent, does more than say what is wrong."""

from __future__ import annotations

import base64
import json
import re
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from musicgen import links
from musicgen.request import GenerationRequest, check

requests = st.builds(
    GenerationRequest,
    prompt=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    negative_prompt=st.sampled_from(["", "noise", "큰 북"]),
    duration=st.floats(1, 600),
    pattern=st.sampled_from([None, "delay", "0,1,1,2", "stereo_delay"]),
    seed=st.none() | st.integers(0, 2**53 - 1),
    temperature=st.none() | st.floats(0.1, 2),
    top_k=st.none() | st.integers(1, 500),
    guidance=st.none() | st.floats(0, 20),
    prior=st.none() | st.floats(0, 10),
    greedy=st.booleans(),
    bpm=st.none() | st.floats(60, 180),
    key=st.sampled_from([None, "A minor", "F# major"]),
    meter=st.sampled_from([None, "3/4", "6/8"]),
    chords=st.sampled_from([None, "Am F C G"]),
    drums=st.sampled_from([None, True, False]),
    instruments=st.sampled_from([None, "piano, electric bass"]),
    plan=st.sampled_from(["auto", "off"]),
)


@given(requests, st.sampled_from(["pocket", "melody-large"]))
def test_what_was_asked_arrives_exactly_and_the_text_fits_an_address(request, model):
    link = links.encode(links.describe(request, model))
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", link)
    assert links.decode(link) == (check(request, links.MAX_SECONDS), model)


@given(st.integers(0, 10_000), st.sampled_from("Aa0-_.xé"))
@example(0, "0")  # the version
def test_a_changed_letter_is_found(place, letter):
    link = links.encode(links.describe(GenerationRequest("calm piano", seed=5), "pocket"))
    place %= len(link)
    changed = link[:place] + letter + link[place + 1 :]
    if changed != link:
        with pytest.raises(ValueError, match="cut off or changed"):
            links.decode(changed)


@given(st.text(max_size=60))
def test_anything_else_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match=r"^This link .*\.$"):
        links.decode(text)


def forged(values: object) -> str:
    """A link with a right checksum, made by a stranger."""
    return signed(zlib.compress(json.dumps(values).encode()))


def signed(data: bytes) -> str:
    packed = base64.urlsafe_b64encode(data).decode().rstrip("=")
    return f"1.{packed}.{links._checksum(packed)}"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([], "another version"),
        ({"prompt": "a", "melody": "/etc/passwd"}, "another version"),
        ({"prompt": "a", "__class__": "x"}, "another version"),
        ({"prompt": 5}, "must be text"),
        ({"prompt": "a" * 3000}, "the most"),
        ({"duration": "long"}, "must be a number"),
        ({"duration": 1e9}, "at most 3600 seconds"),
        ({"temperature": 10**400}, "must be a number"),
        ({"bpm": 10**400}, "not a number"),
        ({"seed": 1.5}, "whole number"),
        ({"seed": True}, "whole number"),
        ({"greedy": "yes"}, "Greedy is"),
        ({"drums": "maybe"}, "Drums are"),
        ({"key": "H minor"}, "H minor"),
        ({"key": 5}, "5"),
        ({"meter": ["3/4"]}, "3/4"),
        ({"bpm": 9000}, "out of range"),
        ({"separation": {}}, "separation is one of"),
        ({"melody_strength": 1e9}, "melody's strength must lie"),
        ({"pattern": "zigzag"}, "is not a pattern"),
        ({"pattern": ["delay"]}, "pattern must be a text"),
        ({"model": "x" * 300}, "model must be a text"),
        ({"plan": None}, "plan is"),
    ],
)
def test_forged_values_are_refused_by_name(values, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        links.decode(forged(values))
    assert str(refused.value).startswith("This link asks for what cannot be made: ")


def test_a_model_that_is_nothing_is_left_to_the_page():
    assert links.decode(forged({"model": None}))[1] == ""


def test_a_small_link_cannot_unpack_into_much():
    bomb = signed(zlib.compress(b"[" * 10_000_000, 9))
    assert len(bomb) < links.MAX_LINK
    for link in (bomb, signed(b"no zlib"), signed(zlib.compress(b"{}")[:-3]), signed(zlib.compress(b"[" * 50_000))):
        with pytest.raises(ValueError, match="cut off or changed"):
            links.decode(link)
    with pytest.raises(ValueError, match="longer than any"):
        links.decode("1." + "a" * links.MAX_LINK)


def test_another_version_and_too_much_are_said():
    with pytest.raises(ValueError, match="another version"):
        links.decode("2.abc.def")
    with pytest.raises(ValueError, match="too long for a link"):
        links.encode({"prompt": "".join(map(chr, range(0x4E00, 0x9FFF)))})


def test_a_link_worked_by_hand():
    values = links.describe(GenerationRequest("slow waltz", duration=5.0, seed=7, meter="3/4"), "pocket")
    assert values == {"model": "pocket", "prompt": "slow waltz", "duration": 5.0, "seed": 7, "meter": "3/4"}
    assert links.understand({"key": "a minor"})[0].key == "A minor", "spelt as the page's list has it"
