"""The weight matrices of a decoding step, each in the form its device reads fastest.

A step multiplies two rows by every weight of the model, so its time is that of reading the weights. Knows nothing of
the network the matrices belong to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor


class Matrix(Protocol):
    """One weight ``W [out, in]``; ``R`` rows are few."""

    def apply(self, x: Tensor) -> Tensor:
        """``x W^T``: [R, in] -> [R, out]."""
        ...

    def gelu(self, x: Tensor) -> Tensor:
        """``gelu(x W^T)``, the form with erf: [R, in] -> [R, out]."""
        ...

    def add(self, x: Tensor, to: Tensor) -> Tensor:
        """``to + x W^T``: [R, in], [R, out] -> [R, out]."""
        ...


class Plain:
    """The weight as it is, by the library's own product: the right thing on a GPU."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight.detach()
        self._transposed = self.weight.t()

    def apply(self, x: Tensor) -> Tensor:
        """``x W^T``."""
        return F.linear(x.to(self.weight.dtype), self.weight)

    def gelu(self, x: Tensor) -> Tensor:
        """``gelu(x W^T)``."""
        return F.gelu(self.apply(x))

    def add(self, x: Tensor, to: Tensor) -> Tensor:
        """``to + x W^T``."""
        if to.dtype != self.weight.dtype:
            return to + self.apply(x)
        return torch.addmm(to, x.to(self.weight.dtype), self._transposed)


class Columns(Plain):
    """The weight as it is, times the rows as columns: at two rows ``W @ x^T`` reads memory up to three times as fast
    as ``F.linear``, which copies its weight into blocks first."""

    def apply(self, x: Tensor) -> Tensor:
        """``x W^T``."""
        return (self.weight @ x.to(self.weight.dtype).contiguous().t()).t()

    def add(self, x: Tensor, to: Tensor) -> Tensor:
        """``to + x W^T``."""
        return to + self.apply(x)


class Packed:
    """The weight copied into oneDNN's own layout, once: the fastest on CPUs, in float32 and in bfloat16."""

    def __init__(self, weight: Tensor) -> None:
        self._dtype = weight.dtype
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), 2)

    def apply(self, x: Tensor) -> Tensor:
        """``x W^T``."""
        return self._product(x, "none")

    def gelu(self, x: Tensor) -> Tensor:
        """``gelu(x W^T)``."""
        return self._product(x, "gelu")

    def add(self, x: Tensor, to: Tensor) -> Tensor:
        """``to + x W^T``."""
        return to + self._product(x, "none")

    def _product(self, x: Tensor, then: str) -> Tensor:
        rows, x = len(x), x.to(self._dtype)
        if rows == 1:  # a single row would be added up in another order than it is among others
            x = x.expand(2, -1)
        return torch.ops.mkldnn._linear_pointwise(x, self._weight, None, then, [], "none")[:rows]


class Bytes:
    """A weight on the grid (``on_grid``), read as bytes: a quarter of the memory, and the fastest on CPUs by far.

    The library's product takes bfloat16: what goes in and what comes out is rounded to 8 bits, sums are not.
    """

    def __init__(self, weight: Tensor, steps: Tensor) -> None:
        self._bytes = (weight.detach() / steps[:, None]).to(torch.int8)
        self._steps = steps.to(torch.bfloat16)  # their 4 bits are exact in it

    def apply(self, x: Tensor) -> Tensor:
        """``x W^T``."""
        return torch._weight_int8pack_mm(x.to(torch.bfloat16), self._bytes, self._steps).float()

    def gelu(self, x: Tensor) -> Tensor:
        """``gelu(x W^T)``."""
        return F.gelu(self.apply(x))

    def add(self, x: Tensor, to: Tensor) -> Tensor:
        """``to + x W^T``."""
        return to + self.apply(x)


def on_grid(weight: Tensor) -> Tensor:
    """``weight`` [out, in] rounded to 255 evenly spaced values a row, symmetric about 0, all exact in float16."""
    steps = _steps(weight)[:, None]
    return (weight / steps).round() * steps


@torch.no_grad()
def round_to_grid(weights: Iterable[Tensor]) -> None:
    """Put ``weights`` on the grid, in place."""
    for weight in weights:
        weight.copy_(on_grid(weight))


def _steps(weight: Tensor) -> Tensor:
    """The distance of two values of each row, [out]: of 4 significant bits, so that its multiples have 11 at most."""
    most = weight.detach().abs().amax(1).float() / 127
    mantissa, exponent = torch.frexp(torch.where(most > 0, most, 1.0))
    steps = torch.ldexp((mantissa * 16).ceil() / 16, exponent)
    # The largest value of a row that is on the grid already may have been rounded down: then its steps are wider.
    mantissa, exponent = torch.frexp(steps)
    wider = torch.ldexp(mantissa + 1 / 16, exponent)
    return torch.where(_fits(weight, wider) & ~_fits(weight, steps), wider, steps)


def _fits(weight: Tensor, steps: Tensor) -> Tensor:
    """Which rows of ``weight`` are multiples of their step, bool [out]."""
    return ((weight / steps[:, None]).round() * steps[:, None] == weight).all(1)


def matrix(weight: Tensor) -> Matrix:
    """``weight`` in the fastest form for where it is."""
    if _may_be_bytes(weight) and bool(_fits(weight, steps := _steps(weight)).all()):
        return Bytes(weight, steps)
    return as_it_is(weight)


def size_of(weight: Tensor) -> int:
    """Bytes of the form that ``matrix`` gives it, as told by its first rows."""
    return weight.numel() * (1 if _may_be_bytes(weight) else weight.element_size())


def as_it_is(weight: Tensor) -> Matrix:
    """``weight`` in the fastest form that keeps to its own precision."""
    if weight.device.type != "cpu":
        return Plain(weight)
    if _packs(weight.dtype):
        return Packed(weight)
    return Columns(weight) if weight.dtype == torch.float32 else Plain(weight)


def rows_agree(weight: Matrix, width: int, most: int) -> bool:
    """Whether a row of ``width`` has the same product, bit for bit, among up to ``most`` rows as among fewer.

    Tried out, for the order in which a library adds up depends on the shape, not on the numbers.
    """
    x = torch.randn(most, width, generator=torch.Generator().manual_seed(0))
    for form in (weight.apply, weight.gelu):
        whole = form(x)
        for few in range(1, most):
            if not (torch.equal(form(x[:few]), whole[:few]) and torch.equal(form(x[few:]), whole[few:])):
                return False
    return True


def _may_be_bytes(weight: Tensor) -> bool:
    few = weight[:8]  # all of a large model's would take seconds to look at
    return _reads_bytes(weight) and bool(_fits(few, _steps(few)).all())


def _reads_bytes(weight: Tensor) -> bool:
    # Elsewhere the library's product of bytes is a plain loop, many times slower; and it reads 32 of them at once.
    quick = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512") and sys.platform != "win32"
    return quick and weight.device.type == "cpu" and weight.dtype == torch.float32 and weight.shape[1] % 32 == 0


def _packs(dtype: torch.dtype) -> bool:
    if not torch.backends.mkldnn.is_available():
        return False
    # Without the instructions oneDNN would convert the weight at every product.
    return dtype == torch.float32 or (dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported())
