"""The loop of a diagonal GRU in one kernel of a GPU.

A unit reads itself alone, so a lane of the kernel can carry its state through
all steps in a register: one launch, and no waiting for other lanes. Triton
comes with torch where torch has CUDA.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from rnncore.newton import Diagonal

LANES = 64  # of a program


@triton.jit
def step_lanes(a_x, w_h, b_h, first, y, T: tl.constexpr, H, size: tl.constexpr):
    """A program for LANES units of one sequence; a_x is (T, B, 3 H)."""
    b, B = tl.program_id(0), tl.num_programs(0)
    unit = tl.program_id(1) * size + tl.arange(0, size)
    here = unit < H
    w_r = tl.load(w_h + unit, here)
    w_z = tl.load(w_h + H + unit, here)
    w_n = tl.load(w_h + 2 * H + unit, here)
    b_r = tl.load(b_h + unit, here)
    b_z = tl.load(b_h + H + unit, here)
    b_n = tl.load(b_h + 2 * H + unit, here)
    h = tl.load(first + b * H + unit, here)
    for t in range(T):
        at = a_x + (t * B + b) * 3 * H + unit
        r = tl.sigmoid(tl.load(at, here) + w_r * h + b_r)
        z = tl.sigmoid(tl.load(at + H, here) + w_z * h + b_z)
        n = tl.load(at + 2 * H, here) + r * (w_n * h + b_n)
        n = 2 * tl.sigmoid(2 * n) - 1  # tanh
        h = n + z * (h - n)
        tl.store(y + (t * B + b) * H + unit, h, here)


def run_in_one_kernel(weights: Diagonal, x: Tensor, state: tuple) -> Tensor:
    """The states of a diagonal GRU; gates in the order r, z, n.

    Shapes: x (T, B, D); state ((B, H),) -> y (T, B, H)
    """
    T, B, H = len(x), x.shape[1], state[0].shape[1]
    a_x = x @ weights.W_x.T + weights.b_x
    y = torch.empty(T, B, H, device=x.device)
    grid = B, triton.cdiv(H, LANES)
    step_lanes[grid](a_x, weights.w_h, weights.b_h, *state, y, T, H, LANES)
    return y
