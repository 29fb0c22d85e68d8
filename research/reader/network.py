"""The reader as it is trained: the embedder's lower layers over a question and a unit, and a score.

    question, heading, unit -> rows of tokens -> layers -> means of question and unit -> score

What was tried is in docs/decisions/0017-a-reader.md.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from vectorstore.encoder_files import Weights
from vectorstore.reader import Sequenced

_NEVER = -1e4  # a token that is none is attended to by none


class Layer(nn.Module):
    """One layer of the encoder, with the embedder's weights."""

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        width, inner, self._heads = weights.width, weights.inner, weights.heads
        self.joined = nn.Linear(width, 3 * width)
        parts = [f"{name}.{part}" for part in "qkv"]
        matrices = [weights.matrix(f"{part}.w", width, width) for part in parts]
        vectors = [weights.vector(f"{part}.b", width) for part in parts]
        _fill(self.joined, np.concatenate(matrices), np.concatenate(vectors))
        self.attended = _linear(weights, f"{name}.ao", width, width)
        self.after_attention = _norm(weights, f"{name}.aln")
        self.inner = _linear(weights, f"{name}.fi", inner, width)
        self.outer = _linear(weights, f"{name}.fo", width, inner)
        self.last = _norm(weights, f"{name}.oln")

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        texts, tokens, width = states.shape
        parts = self.joined(states).view(texts, tokens, 3, self._heads, width // self._heads)
        query, key, value = (part.contiguous() for part in parts.permute(2, 0, 3, 1, 4))
        # Four times as fast as PyTorch's own attention, for short texts on a processor in bfloat16.
        fits = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
        shares = fits.masked_fill(~mask, _NEVER).softmax(-1, dtype=fits.dtype)
        seen = (shares @ value).transpose(1, 2).reshape(texts, tokens, width)
        states = self.after_attention(states + self.attended(seen))
        return self.last(states + self.outer(functional.gelu(self.inner(states))))


class Network(nn.Module):
    """Scores units for questions by so many of the embedder's lower layers; 0 is the score of "none
    answers"."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        weights = Weights()
        width = weights.width
        around = weights.vector("emb.pos", weights.longest * width).reshape(-1, width)
        self.around = nn.Parameter(torch.from_numpy(around + weights.vector("emb.type", width)))
        self.first = _norm(weights, "emb.ln")
        self.layers = nn.ModuleList(Layer(weights, f"l{number}") for number in range(layers))
        self.head = nn.Sequential(nn.Linear(3 * width, width), nn.GELU(), nn.Linear(width, 1))
        nn.init.zeros_(self.head[2].weight)
        nn.init.zeros_(self.head[2].bias)
        self._words = weights

    def rows(self, sequences: Sequence[Sequenced]) -> NDArray[np.float32]:
        """The embeddings of tokens, padded to the longest: (sequences, tokens, width)."""
        longest = max(len(sequence.tokens) for sequence in sequences)
        ids = np.zeros((len(sequences), longest), np.int64)
        for place, sequence in enumerate(sequences):
            ids[place, : len(sequence.tokens)] = sequence.tokens
        known, places = np.unique(ids, return_inverse=True)
        rows = self._words.rows("emb.word", known.tolist(), self._words.width)
        return rows[places.reshape(-1)].reshape(*ids.shape, -1)

    def forward(self, rows: Tensor, lengths: Tensor, spans: Tensor) -> Tensor:
        """The score of each sequence, from its embeddings (sequences, tokens, width), its number of
        tokens, and where question and unit begin and end (sequences, 4)."""
        tokens = rows.shape[1]
        mask = torch.arange(tokens, device=rows.device)[None] < lengths[:, None]
        states = self.first(rows + self.around[:tokens])
        for layer in self.layers:
            states = layer(states, mask[:, None, None, :])
        sums = functional.pad(states.float().cumsum(1), (0, 0, 1, 0))
        every = torch.arange(len(rows), device=rows.device)

        def mean(begin: int, end: int) -> Tensor:
            size = (spans[:, end] - spans[:, begin]).clamp(min=1)
            return (sums[every, spans[:, end]] - sums[every, spans[:, begin]]) / size[:, None]

        found = torch.cat([states[:, 0].float(), mean(0, 1), mean(2, 3)], dim=1)
        scores: Tensor = self.head(found).squeeze(1)
        return scores

    def scores(self, sequences: Sequence[Sequenced], at_once: int = 6000) -> Tensor:
        """The score of each sequence, computed in batches of like length with `at_once` tokens,
        padding included."""
        device = self.around.device
        order = sorted(range(len(sequences)), key=lambda place: len(sequences[place].tokens))
        places, parts = list(order), []
        while order:
            size = 1
            while size < len(order) and len(sequences[order[size]].tokens) * (size + 1) <= at_once:
                size += 1
            batch, order = [sequences[place] for place in order[:size]], order[size:]
            with torch.autocast(device.type, dtype=torch.bfloat16):
                scores = self(
                    torch.from_numpy(self.rows(batch)).to(device),
                    torch.tensor([len(sequence.tokens) for sequence in batch], device=device),
                    torch.tensor(
                        [(*sequence.question, *sequence.unit) for sequence in batch], device=device
                    ),
                )
            parts.append(scores.float())
        found: Tensor = torch.cat(parts)[np.argsort(places)]
        return found


def _fill(module: Any, matrix: NDArray[np.float32], vector: NDArray[np.float32]) -> None:
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(np.array(matrix)))
        module.bias.copy_(torch.from_numpy(np.array(vector)))


def _linear(weights: Weights, name: str, rows: int, columns: int) -> nn.Linear:
    made = nn.Linear(columns, rows)
    _fill(made, weights.matrix(f"{name}.w", rows, columns), weights.vector(f"{name}.b", rows))
    return made


def _norm(weights: Weights, name: str) -> nn.LayerNorm:
    made = nn.LayerNorm(weights.width, weights.epsilon)
    _fill(
        made, weights.vector(f"{name}.w", weights.width), weights.vector(f"{name}.b", weights.width)
    )
    return made
