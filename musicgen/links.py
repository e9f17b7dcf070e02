"""Settings as a link that any host can read: version, compressed JSON, checksum, in letters an address may hold.

The link holds what was asked, not what was made: every value that is not left open, the seed, the model's name; audio
never. Whoever opens it is a stranger: sizes are bounded before anything is unpacked, and only known names with checked
values come out. The checksum finds damage; it proves no author. Knows nothing of the page or of takes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from musicgen.patterns import get_pattern
from musicgen.request import GenerationRequest, check
from musicgen.theory import parse_key, parse_meter

VERSION = "1"
MAX_LINK = 16_000  # characters; servers refuse much longer addresses
MAX_SECONDS = 3600.0  # a host's own limit is lower
_MAX_JSON = 64_000  # bytes
_MAX_NAME = 200  # characters, of a model or a pattern
_DAMAGED = "This link cannot be read: it was cut off or changed on its way; ask for it again."
_UNOPENED = GenerationRequest()
_NAMES = {field.name for field in fields(GenerationRequest)} - {"melody", "continue_from"}


def describe(request: GenerationRequest, model: str) -> dict[str, Any]:
    """The values of a request that are not left open, and the model: ready for JSON, without the audio."""
    given = {name: getattr(request, name) for name in sorted(_NAMES)}
    return {"model": model} | {name: value for name, value in given.items() if value != getattr(_UNOPENED, name)}


def understand(values: Mapping[str, Any]) -> tuple[GenerationRequest, str]:
    """The checked request, and the model's name, that ``describe`` told of. Raises ``ValueError``."""
    if not isinstance(values, Mapping) or not set(values) <= _NAMES | {"model"}:
        raise ValueError("These settings were made by another version of this program.")
    model = values.get("model") or ""
    request = GenerationRequest(**{name: value for name, value in values.items() if name != "model"})
    for name, text in (("model", model), ("pattern", request.pattern), ("chords", request.chords),
                       ("instruments", request.instruments), ("sections", request.sections)):
        if text is not None and (not isinstance(text, str) or len(text) > _MAX_NAME):
            raise ValueError(f"The {name} must be a text of at most {_MAX_NAME} characters.")
    if not isinstance(request.greedy, bool):
        raise ValueError("Greedy is true or false.")
    request = check(request, MAX_SECONDS)
    if request.pattern is not None:
        _check_pattern(request.pattern)
    return replace(
        request,
        key=None if request.key is None else str(parse_key(str(request.key))),
        meter=None if request.meter is None else str(parse_meter(str(request.meter))),
        drums=None if request.drums is None else bool(request.drums),
        ending=None if request.ending is None else bool(request.ending),
    ), model


def encode(values: Mapping[str, Any]) -> str:
    """What ``describe`` told, as text for an address. Raises ``ValueError`` when there is too much of it."""
    body = json.dumps(dict(values), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    packed = base64.urlsafe_b64encode(zlib.compress(body, 9)).decode().rstrip("=")
    link = f"{VERSION}.{packed}.{_checksum(packed)}"
    if len(link) > MAX_LINK or len(body) > _MAX_JSON:
        raise ValueError("These settings are too long for a link; shorten the prompt.")
    return link


def decode(link: str) -> tuple[GenerationRequest, str]:
    """The request and the model's name a link holds. Raises ``ValueError`` with one sentence."""
    if len(link) > MAX_LINK:
        raise ValueError("This link is longer than any that this program makes; ask for it again.")
    version, _, rest = link.partition(".")
    if version != VERSION and re.fullmatch(r"[1-9][0-9]{0,2}", version):  # the first was 1: a 0 is damage
        raise ValueError("This link was made by another version of this program, which cannot be read here.")
    packed, _, checksum = rest.partition(".")
    if version != VERSION or not packed or checksum != _checksum(packed):
        raise ValueError(_DAMAGED)
    try:
        unpack = zlib.decompressobj()
        body = unpack.decompress(base64.b64decode(packed + "=" * (-len(packed) % 4), b"-_", validate=True), _MAX_JSON)
        if unpack.unconsumed_tail or not unpack.eof:
            raise ValueError
        values = json.loads(body.decode())
    except (ValueError, binascii.Error, zlib.error, RecursionError):
        raise ValueError(_DAMAGED) from None
    try:
        return understand(values)
    except (ValueError, TypeError) as error:
        raise ValueError(f"This link asks for what cannot be made: {error}") from None


def _checksum(packed: str) -> str:
    digest = hashlib.sha256(f"musicgen-studio {VERSION} {packed}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:6]).decode()


def _check_pattern(name: str) -> None:
    """Known for a model of four codebooks or of eight; which it is, the page finds out."""
    try:
        get_pattern(name, 4)
    except ValueError:
        get_pattern(name, 8)
