"""Decoding many windows in one batch: slots side by side in tensors of fixed shape, for GPUs.

All state is on the device: tokens, positions, settings, keys and values. One step of all slots is one program
without a look back at the host, so it can be replayed as a CUDA graph; the host reads tokens once for several steps.
A window takes a free slot at any time and leaves it at any time. Slot i has rows 2i (its conditions) and 2i + 1 (what
guidance leads away from). A wider product may add up in another order: greedy tokens are those of the simple loop,
sampled ones too but for ties. Knows nothing of threads, seconds or audio.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable

import torch
from torch import Tensor

from musicgen.attention import bias_of, choose_attention
from musicgen.cuda_graph import Replay
from musicgen.decoding import Window
from musicgen.lm import LM
from musicgen.network import Network
from musicgen.sampling import draw_noise, guide, mix, sample, sample_each
from musicgen.stepper import Score, lay_out

READ_EVERY = 8  # steps between two looks at the tokens
REACH = 256  # attention spans a multiple of this many positions
SPARE = 4  # times the length that is needed is given back once nobody is there
TEXT = 32  # and a multiple of this many places of text


class Seat:
    """A window in its slot."""

    def __init__(self, batch: Batch, slot: int, window: Window, score: Score, generator: torch.Generator) -> None:
        self.slot, self.window, self.score, self.generator = slot, window, score, generator
        self.made, self.open = score.first, True
        given = score.inputs[:, 1 : score.first + 1].cpu()  # in one copy: each waits for the device
        self.fresh = [(step, given[:, step]) for step in range(score.first)]
        self.error: Exception | None = None
        self._batch = batch
        self._noise: Tensor | None = None

    @property
    def done(self) -> bool:
        """Whether every step is made."""
        return self.made == self.score.steps

    @property
    def reach(self) -> int:
        """Positions its next step attends to."""
        return self.score.prepared.prefix_length + self.made + 1

    def take(self) -> list[tuple[int, Tensor]]:
        """The steps made since the last call: (s, tokens [K])."""
        out, self.fresh = self.fresh, []
        return out

    def noise(self) -> Tensor:
        """The noise of its next steps [n, K, V], as many as are made at once; drawn when first asked for."""
        if self._noise is None:
            config = self._batch.network.config
            steps = min(self._batch.steps_at_once, self.score.steps - self.made)
            drawn = [draw_noise(self.generator, config.codebooks, config.codebook_size) for _ in range(steps)]
            self._noise = torch.stack(drawn)
        return self._noise

    def moved(self, steps: int) -> None:
        """So many steps were made: what comes after the last has noise of its own."""
        self.made, self._noise = min(self.made + steps, self.score.steps), None

    def close(self) -> None:
        """Free the slot."""
        self.open = False
        if self in self._batch.seats:
            self._batch.seats.remove(self)


class Batch:
    """Decodes up to ``slots`` windows at once; more are refused by ``open``."""

    def __init__(
        self, lm: LM, slots: int = 16, *, attention: str | None = None, graphs: bool | None = None,
        steps_at_once: int = READ_EVERY,
    ) -> None:  # fmt: skip
        self.network, self.slots, self.steps_at_once = Network(lm), slots, steps_at_once
        self.seats: list[Seat] = []
        self._device = lm.device
        self._attention = choose_attention(lm.device, attention)
        me = weakref.proxy(self)  # else each would hold the other, and a model that goes would stay on the device
        self.replay = Replay(lambda *shape: me._program(*shape), lambda: me._rehearse(), lm.device, graphs)
        self._size = (0, 0, 0)
        self._state: dict[str, Tensor] = {}
        self._counts = torch.zeros(0, dtype=torch.long)  # 0, 1, 2 ...

    def open(self, window: Window) -> Seat:
        """Read the window's prompt and give it a slot. Raises ``ValueError`` if it does not fit the model."""
        taken = {seat.slot for seat in self.seats}
        slot = next((i for i in range(self.slots) if i not in taken), None)
        if slot is None:
            raise ValueError(f"All {self.slots} slots are taken.")
        score = lay_out(self.network.lm, window)
        generator = window.generator if window.generator is not None else torch.Generator().manual_seed(0)
        seat = Seat(self, slot, window, score, generator)
        if not seat.done:
            self._fill(seat)
        self.seats.append(seat)
        return seat

    @torch.inference_mode()
    def advance(self, seats: Iterable[Seat]) -> dict[Seat, Exception]:
        """Up to ``steps_at_once`` steps of each seat that is not done; the other seats stand still meanwhile.

        A failure cannot be laid to one of them: it is every seat's, and every seat leaves.
        """
        seats = list(seats)
        moving = [seat for seat in seats if seat.open and not seat.done and seat.error is None]
        if moving:
            try:
                self._advance(moving)
            except Exception as error:
                for seat in self.seats:
                    seat.error = error
                self.seats, self._state, self._size = [], {}, (0, 0, 0)
                self.replay.forget()
        return {seat: seat.error for seat in seats if seat.error is not None}

    # -- a step -----------------------------------------------------------------------------------------------------

    def _advance(self, moving: list[Seat]) -> None:
        config, state = self.network.config, self._state
        before = {seat: seat.made for seat in moving}
        steps = min(self.steps_at_once, max(seat.score.steps - seat.made for seat in moving))
        noise = torch.ones(steps, self._size[0], config.codebooks, config.codebook_size)
        for seat in moving:
            if seat.window.params.draws:
                noise[: len(seat.noise()), seat.slot] = seat.noise()
        slots = min(self._size[0], _power_of_two(1 + max(seat.slot for seat in self.seats)))
        reach = _round_up(steps - 1 + max(seat.reach for seat in self.seats if not seat.done), REACH)
        both = any(seat.score.reading.stop == 2 for seat in self.seats)
        shape = (slots, min(reach, self._size[1]), both)
        self.replay.ready(*shape)
        active = torch.zeros(self._size[0], dtype=torch.long)
        active[[seat.slot for seat in moving]] = 1
        state["active"].copy_(active)
        state["noise"][:steps].copy_(noise)
        state["turn"].zero_()
        for _ in range(steps):
            self.replay(*shape)
        for seat in moving:
            seat.moved(steps)
            if seat.window.params.draws and not seat.done:
                seat.noise()  # the next steps', drawn while a GPU is busy with these
        for seat in moving:
            made = state["inputs"][seat.slot, :, before[seat] + 1 : seat.made + 1]
            tokens = made.to("cpu", copy=True)  # waits for the device
            seat.fresh += [(before[seat] + i, tokens[:, i]) for i in range(tokens.shape[1])]

    def _rehearse(self) -> None:
        self._state["active"].zero_()

    def _program(self, slots: int, reach: int, both: bool) -> None:
        """One step of the first ``slots`` slots, attending to ``reach`` positions; ``both`` rows of each have text."""
        state, network = self._state, self.network
        slot = self._counts[:slots]
        step = state["step"][:slots]
        x = network.embed(state["inputs"][slot, :, step])[:, None] + state["added"][slot, :, step]  # [n, 2, D]
        position = (state["prefix"][:slots] + step).clamp(max=self._size[1] - 1).repeat_interleave(2)  # [2n]
        row, place = self._counts[: 2 * slots], self._counts[:reach]
        seen = (place >= state["padding"][: 2 * slots, None]) & (place <= position[:, None])
        bias = bias_of(seen, network.dtype)

        def attend(layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            keys, values = state["keys"][layer], state["values"][layer]
            keys[row, :, position], values[row, :, position] = key, value
            return self._attention(query, keys[: 2 * slots, :, :reach], values[: 2 * slots, :, :reach], bias)

        every = slice(0, 2 * slots, 1 if both else 2)

        def attend_text(layer: int, query: Tensor) -> Tensor:
            keys, values = state["text_keys"][layer][every], state["text_values"][layer][every]
            return self._attention(query, keys, values, state["text_bias"][every])

        cross = attend_text if network.config.cross_attention else None
        logits = network.logits(x.flatten(0, 1), attend, cross, every)
        logits = logits.view(slots, 2, *logits.shape[1:])
        scale = state["guidance"][:slots]
        mixed = torch.where(scale == 1, logits[:, 0], guide(logits[:, 0], logits[:, 1], scale))
        if "bias" in state:
            mixed = mixed + state["bias"][slot, step]
        drawn = sample_each(
            mixed, state["temperature"][:slots], state["top_k"][:slots], state["top_p"][:slots],
            state["greedy"][:slots], state["noise"].index_select(0, state["turn"])[0, :slots],
        )
        known = state["known"][slot, :, step]
        state["inputs"][slot, :, step + 1] = torch.where(known, state["inputs"][slot, :, step + 1], drawn)
        # Beyond a window's end everything is known: a slot that has run out does no harm.
        state["step"][:slots] = (step + state["active"][:slots]).clamp(max=self._size[1] - 1)
        state["turn"].add_(1).clamp_(max=self.steps_at_once - 1)

    # -- joining ----------------------------------------------------------------------------------------------------

    @torch.inference_mode()
    def _fill(self, seat: Seat) -> None:
        """Read the prompt, make the first step, and put what later steps need into the slot."""
        lm, score, window = self.network.lm, seat.score, seat.window
        config, rows, prepared = self.network.config, score.prepared.rows, score.prepared
        cache = lm.new_cache(prepared, score.first + 1)
        tokens = score.inputs[None, :, : score.first + 1].expand(rows, -1, -1)
        features = None if score.aligned is None else score.aligned[:, : score.first + 1]
        logits = lm(tokens, prepared, features, cache, score.features[: score.first + 1])[:, :, -1].float()
        mixed = mix(logits, window.guidance, None if score.bias is None else score.bias[score.first])
        noise = draw_noise(seat.generator, config.codebooks, config.codebook_size) if seat.window.params.draws else None
        after = score.first + 1
        drawn = torch.where(score.known[:, score.first], score.inputs[:, after], sample(mixed, window.params, noise))
        score.inputs[:, after] = drawn
        seat.fresh.append((score.first, drawn.cpu()))
        seat.made = after

        length = prepared.prefix_length + score.steps
        text = 0 if prepared.text is None else prepared.text.shape[1]
        self._make_room(seat.slot + 1, length, text)
        state, slot, here = self._state, seat.slot, slice(2 * seat.slot, 2 * seat.slot + rows)
        # What is masked weighs nothing, but nothing times what is no number is no number either.
        for name in ("keys", "values", "text_keys", "text_values"):
            state[name][:, 2 * slot : 2 * slot + 2] = 0
        state["keys"][:, here, :, : cache.length] = cache.keys.to(self.network.dtype)
        state["values"][:, here, :, : cache.length] = cache.values.to(self.network.dtype)
        state["padding"][here] = 0 if prepared.padding is None else prepared.padding
        if cache.cross is not None:
            assert prepared.text_mask is not None
            state["text_bias"][here] = -math.inf
            state["text_bias"][here, :text] = bias_of(prepared.text_mask, self.network.dtype)
            for layer, (key, value) in enumerate(cache.cross):
                state["text_keys"][layer, here, :, :text] = key.to(self.network.dtype)
                state["text_values"][layer, here, :, :text] = value.to(self.network.dtype)
        state["inputs"][slot] = config.special
        state["inputs"][slot, :, : score.steps + 1] = score.inputs
        state["known"][slot] = True
        state["known"][slot, :, : score.steps] = score.known
        state["added"][slot, :rows, : score.steps] = self.network.added(prepared, score.aligned, score.features)
        if "bias" in state:
            state["bias"][slot] = 0
            if score.bias is not None:
                state["bias"][slot, : score.steps] = score.bias
        state["prefix"][slot], state["step"][slot] = prepared.prefix_length, after
        params = window.params
        state["guidance"][slot] = window.guidance
        state["greedy"][slot] = not seat.window.params.draws
        factors = params.codebook_temperatures or (1.0,) * config.codebooks
        warmth = params.temperature if seat.window.params.draws else 1.0
        state["temperature"][slot, :, 0] = torch.tensor(factors).to(self._device) * warmth
        state["top_k"][slot] = min(params.top_k or config.codebook_size, config.codebook_size)
        state["top_p"][slot] = params.top_p

    def bytes_needed(self, positions: int) -> int:
        """Memory one more window of so many positions takes: its prompt's keys and values, and larger tensors for all
        if those there are do not reach; the old ones are kept until the new ones are filled."""
        config, dtype = self.network.config, self.network.dtype
        prompt = 4 * config.layers * positions * config.dim * dtype.itemsize
        size = self._grown(len(self.seats) + 1, positions, TEXT if config.cross_attention else 0)
        if size == self._size:
            return prompt
        return prompt + sum(math.prod(shape) * kind.itemsize for shape, kind in self._shapes(*size).values())

    def _grown(self, slots: int, positions: int, text: int) -> tuple[int, int, int]:
        # A position more than anyone has steps: there everything is known, and whoever has run out stands there.
        asked = (min(_power_of_two(slots), self.slots), _round_up(positions + 1, REACH), _round_up(text, TEXT))
        if not self.seats and asked[1] * SPARE < self._size[1]:
            return asked  # nobody needs the length that someone asked for once
        wider, longer, wordier = (max(old, new) for old, new in zip(self._size, asked, strict=True))
        return wider, longer, wordier

    def _make_room(self, slots: int, positions: int, text: int) -> None:
        """Tensors for at least so many slots, positions and places of text; what they hold is kept."""
        size = self._grown(slots, positions, text)
        if size == self._size:
            return
        self.replay.forget()
        old = self._state if self.seats else {}
        if not old:
            self._state, self._size = {}, (0, 0, 0)  # before the new ones are made: both need not fit
        self._state = self._tensors(*size)
        for name, tensor in old.items():
            self._state[name][tuple(slice(n) for n in tensor.shape)] = tensor
        if old:  # there is no text of theirs in the new places
            rows, places = old["text_bias"].shape
            self._state["text_bias"][:rows, places:] = -math.inf
        self._size = size
        self._counts = torch.arange(max(2 * size[0], size[1]), device=self._device)

    def _shapes(self, slots: int, positions: int, text: int) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
        config, dtype = self.network.config, self.network.dtype
        rows, books, size = 2 * slots, config.codebooks, config.codebook_size
        heads, width = config.heads, self.network.head_dim
        # Only what is told each frame has a bias.
        bias = {"bias": ((slots, positions, books, size), torch.float16)} if config.aligned_dim else {}
        return bias | {
            "keys": ((config.layers, rows, heads, positions, width), dtype),
            "values": ((config.layers, rows, heads, positions, width), dtype),
            "text_keys": ((config.layers, rows, heads, text, width), dtype),
            "text_values": ((config.layers, rows, heads, text, width), dtype),
            "text_bias": ((rows, text), dtype),
            "padding": ((rows,), torch.long),
            "inputs": ((slots, books, positions + 1), torch.long),
            "known": ((slots, books, positions), torch.bool),
            "added": ((slots, 2, positions, config.dim), dtype),
            "prefix": ((slots,), torch.long),
            "step": ((slots,), torch.long),
            "active": ((slots,), torch.long),
            "turn": ((1,), torch.long),
            "noise": ((self.steps_at_once, slots, books, size), torch.float32),
            "guidance": ((slots, 1, 1), torch.float32),
            "temperature": ((slots, books, 1), torch.float32),
            "top_k": ((slots, 1, 1), torch.long),
            "top_p": ((slots, 1, 1), torch.float32),
            "greedy": ((slots, 1), torch.bool),
        }

    def _tensors(self, slots: int, positions: int, text: int) -> dict[str, Tensor]:
        made = {name: torch.zeros(shape, dtype=kind, device=self._device)
                for name, (shape, kind) in self._shapes(slots, positions, text).items()}
        # A slot nobody has taken is computed along: its settings must make sense.
        for name in ("temperature", "guidance", "top_k"):
            made[name].fill_(1)
        made["known"].fill_(True)
        return made


def _round_up(number: int, unit: int) -> int:
    return -(-number // unit) * unit


def _power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()
