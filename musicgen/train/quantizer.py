"""Training of the residual quantiser: k-means start, moving averages, restart of dead entries.

Knows nothing of spectra or audio. After van den Oord et al. 2017 and Zeghidour et al. 2021.
"""

from __future__ import annotations

import torch
from torch import Tensor

from musicgen.pocket_codec import ResidualQuantizer


def kmeans(x: Tensor, size: int, iterations: int, generator: torch.Generator) -> Tensor:
    """Centres [size, D] of the points [M, D]; empty clusters move to random points."""
    centres = x[torch.randperm(len(x), generator=generator)[:size]].clone()
    for _ in range(iterations):
        index = (centres.square().sum(-1) - 2 * x @ centres.T).argmin(-1)
        count = torch.bincount(index, minlength=size).to(x.dtype)
        total = torch.zeros_like(centres).index_add_(0, index, x)
        spare = x[torch.randint(len(x), (size,), generator=generator)]
        centres = torch.where(count[:, None] > 0, total / count.clamp_min(1)[:, None], spare)
    return centres


class QuantizerTrainer:
    """Keeps the averages beside a `ResidualQuantizer`, which itself holds only what decoding needs."""

    def __init__(self, quantizer: ResidualQuantizer, decay: float = 0.99, seed: int = 0) -> None:
        self.quantizer, self.decay = quantizer, decay
        self.generator = torch.Generator().manual_seed(seed)
        books, size, dim = quantizer.codebooks.shape
        self.count = torch.ones(books, size)
        self.total = torch.zeros(books, size, dim)
        self.started = False

    def start(self, x: Tensor) -> None:
        """K-means of each book on what the books before it leave of the points [M, D]."""
        for k in range(len(self.count)):
            centres = kmeans(x, self.count.shape[1], 12, self.generator)
            self.quantizer.codebooks[k] = centres
            x = x - centres[self.quantizer.nearest(x, k)]
        self.total = self.quantizer.codebooks.clone()
        self.count.fill_(1.0)
        self.started = True

    def resume(self, x: Tensor, seen: int) -> None:
        """Go on with the books that are there, used as by the points [M, D], ``seen`` of them a step."""
        for k, book in enumerate(self.quantizer.codebooks):
            index = self.quantizer.nearest(x, k)
            count = torch.bincount(index, minlength=len(book)).to(x.dtype) + 0.5
            self.count[k] = count * (seen / count.sum())
            self.total[k] = book * self.count[k][:, None]
            x = x - book[index]
        self.started = True

    def forward(self, z: Tensor, dropout: float) -> tuple[Tensor, Tensor]:
        """Latents [B, T, D] -> (quantised with straight-through gradient, commitment loss).

        A share ``dropout`` of the items is quantised with fewer books, so that the first ones carry most.
        """
        batch, _, dim = z.shape
        books = len(self.count)
        keep = torch.full((batch,), books)
        few = torch.rand(batch, generator=self.generator) < dropout
        keep[few] = torch.randint(1, books, (int(few.sum()),), generator=self.generator)
        residual = z.detach()
        quantised = torch.zeros_like(residual)
        with torch.no_grad():
            for k in range(books):
                flat = residual.reshape(-1, dim)
                index = self.quantizer.nearest(flat, k)
                self._update(k, flat, index)
                step = self.quantizer.codebooks[k][index].view_as(residual)
                quantised += step * (keep > k).view(-1, 1, 1)
                residual = residual - step  # of all of them: a book learns from what those before it leave
        commitment = (z - quantised).square().mean()
        return z + (quantised - z).detach(), commitment

    def _update(self, k: int, x: Tensor, index: Tensor) -> None:
        count = torch.bincount(index, minlength=self.count.shape[1]).to(x.dtype)
        self.count[k].mul_(self.decay).add_(count, alpha=1 - self.decay)
        summed = torch.zeros_like(self.total[k]).index_add_(0, index, x)
        self.total[k].mul_(self.decay).add_(summed, alpha=1 - self.decay)
        self.quantizer.codebooks[k] = self.total[k] / self.count[k].clamp_min(1e-3)[:, None]

    def restart_dead(self, z: Tensor, below: float) -> int:
        """Move entries used less than ``below`` times a step onto random residuals of z [M, D]; how many."""
        moved = 0
        for k in range(len(self.count)):
            dead = (self.count[k] < below).nonzero()[:, 0]
            if len(dead):
                picks = z[torch.randint(len(z), (len(dead),), generator=self.generator)]
                self.quantizer.codebooks[k, dead] = picks
                self.total[k, dead], self.count[k, dead] = picks, 1.0
                moved += len(dead)
            z = z - self.quantizer.codebooks[k][self.quantizer.nearest(z, k)]
        return moved

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint must keep."""
        return {"count": self.count, "total": self.total}

    def load(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state`."""
        self.count, self.total, self.started = state["count"], state["total"], True
