"""Regressions of many things that lean on groups, and these on what holds for everything."""

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]

SHARED = 0.3  # times as strongly that groups lean on what holds for everything
OVERLAP = 0.5  # of the groups' doubt that is not in the things' already
ROOT = 0.05  # times as strongly that what holds for everything leans on nothing
EXACT, STEPS = 1e-6, 100  # share of the distance to the solution that is left; at most so many


class Known(msgspec.Struct, frozen=True):
    """Of each item A (items, d, d) and b (items, d); how much each group says of it (items,
    1 + groups), what holds for everybody first; the noise of a reward; how strongly the level of
    all leans on nothing."""

    a: Floats
    b: Floats
    member: Floats
    noise: float
    level: float


class Solution(msgspec.Struct, frozen=True):
    evidence: float
    items: Floats  # (items, d): all that is known of each
    covariances: Floats  # (items, d, d)
    groups: Floats  # (1 + groups, d): what holds for everybody, and groups beyond that
    unsure: Floats  # (1 + groups, d, d)
    new_item: Floats  # (d, d)


def solve(known: Known, prior: Floats) -> Solution:
    """Ridge regression of root + groups + item, jointly.

    Where an item's own part is integrated out, what is left to root and groups u is the system
    (M^T H M + K) u = M^T h with H = A - A (A + K)^-1 A, h = b - A (A + K)^-1 b, which conjugate
    gradients solve. The evidence log p(rewards | K) is, but for what K does not change,
    (b w / noise - sum log det(A + K) / det K) / 2: the sum of the logarithms of what each reward's
    odds were one step ahead, in whatever order they came.

    References: Golub, Van Loan (2013), Matrix Computations, algorithm 11.5.1;
    MacKay (1992), Bayesian interpolation.
    """
    a, b, member = known.a, known.b, known.member
    inverse: Floats = np.asarray(np.linalg.inv(a + np.diag(prior)), dtype=np.float64)
    covered = a @ inverse
    lean = np.tile(SHARED * prior, (member.shape[1], 1))
    lean[0] = ROOT * prior
    lean[0, 0] = known.level
    system = _System(a - covered @ a, member, lean)
    groups = system.solve(member.T @ (b - _times(covered, b)))
    above = member @ groups
    items = above + _times(inverse, b - _times(a, above))
    unsure = OVERLAP * np.einsum(
        "rg,gij->rij", member[:, 1:] ** 2, system.blocks[1:], optimize=True
    )
    volumes = _log_volume(inverse, prior) + system.log_volume()
    return Solution(
        0.5 * (float((b * items).sum()) / known.noise - volumes),
        items, inverse + unsure, groups, system.blocks, np.diag(1.0 / prior),
    )  # fmt: skip


class _System:
    """The equations of root and groups, by conjugate gradients with their blocks beforehand."""

    __slots__ = ("_h", "_lean", "_member", "_members", "_of", "blocks")

    def __init__(self, h: Floats, member: Floats, lean: Floats) -> None:
        self._h, self._member, self._lean = h, member, lean
        self._of = csr_array(member)  # a thing is in few groups: nothing but those is multiplied
        self._members = csr_array(member.T)
        blocks = np.einsum("rg,rij->gij", member**2, h, optimize=True)
        at = np.arange(lean.shape[1])
        blocks[:, at, at] += lean
        self.blocks: Floats = np.asarray(np.linalg.inv(blocks), dtype=np.float64)

    def log_volume(self) -> float:
        """log det(M^T H M + K) / det K: of each column exactly, for groups that say the same share
        what they cost; of how columns go together as if each group stood alone."""
        h = np.sqrt(np.einsum("rii->ir", self._h))
        w = h[:, :, None] * self._member / np.sqrt(self._lean.T)[:, None, :]
        alone = float(np.log1p((w * w).sum(axis=1)).sum())
        turned = np.swapaxes(w, 1, 2)
        columns = w @ turned if w.shape[1] < w.shape[2] else turned @ w
        columns += np.eye(columns.shape[1])
        roots = np.diagonal(np.linalg.cholesky(columns), axis1=1, axis2=2)
        exactly = 2.0 * float(np.log(roots).sum())
        return exactly - alone + _log_volume(self.blocks, self._lean)

    def solve(self, right: Floats) -> Floats:
        """u (1 + groups, d) with (M^T H M + K) u = right."""
        u, left = np.zeros_like(right), right.copy()
        nearer = _times(self.blocks, left)
        way, size = nearer, float((left * nearer).sum())
        enough = EXACT**2 * size
        for _ in range(STEPS):
            if size <= enough:
                break
            turned = self._members @ _times(self._h, self._of @ way) + self._lean * way
            step = size / float((way * turned).sum())
            u += step * way
            left -= step * turned
            nearer = _times(self.blocks, left)
            before, size = size, float((left * nearer).sum())
            way = nearer + (size / before) * way
        return u


def _log_volume(inverses: Floats, prior: Floats) -> float:
    """Sum of log det(A + K) / det K: what the evidence pays for weights that can be anything."""
    leans = np.broadcast_to(prior, inverses.shape[:2])
    return -float(np.linalg.slogdet(inverses)[1].sum()) - float(np.log(leans).sum())


def _times(matrices: Floats, vectors: Floats) -> Floats:
    found: Floats = (matrices @ vectors[:, :, None])[:, :, 0]
    return found
