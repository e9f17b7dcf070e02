"""The weight matrices of a decoding step, each in the form its device reads fastest.

A step multiplies two rows by every weight of the model, so its time is that of reading the weights. Knows nothing of
the network the matrices belong to.
"""

from __future__ import annotations

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


def matrix(weight: Tensor) -> Matrix:
    """``weight`` in the fastest form for where it is."""
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


def _packs(dtype: torch.dtype) -> bool:
    if not torch.backends.mkldnn.is_available():
        return False
    # Without the instructions oneDNN would convert the weight at every product.
    return dtype == torch.float32 or (dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported())
