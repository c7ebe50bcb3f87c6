"""What an adapter does to each parameter of a network: its tensors held against the modules."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import nn

from safebasin.errors import InputRejectedError
from safebasin.models.adapterfile import PREFIX, Adapter, unsupported
from safebasin.models.shown import first_ten, shown
from safebasin.models.targets import Target, saved_modules, targets
from safebasin.models.vocabulary import size_of
from safebasin.models.vocabulary import tables as tables_of

_TOKENS = "token_adapter.trainable_tokens_delta"


@dataclass(frozen=True)
class Replace:
    """The parameter becomes a tensor of the adapter."""

    tensor: str


@dataclass(frozen=True)
class Shift:
    """A tensor of the adapter times `scaling` is added to the parameter."""

    tensor: str
    scaling: float


@dataclass(frozen=True)
class LowRank:
    """`scaling` · B A is added to the parameter: A of shape (r, in), B of shape (out, r).

    Attributes:
        transposed: whether the parameter is of shape (in, out).
        rounded: whether the change is rounded to the parameter's type before it is added.
    """

    a: str
    b: str
    scaling: float
    transposed: bool
    rounded: bool


@dataclass(frozen=True)
class Tokens:
    """The parameter's rows of some tokens become those of a tensor of the adapter."""

    tensor: str
    tokens: tuple[int, ...]


Change = Replace | Shift | LowRank | Tokens


@dataclass(frozen=True)
class FittedAdapter:
    """An adapter that was found to fit a network, and what it does to each parameter.

    Attributes:
        adapter: its files.
        changes: by parameter, in the order in which they are made.
        shapes: of the parameters that change.
        untied: parameters that no longer share their tensor with another one, because the adapter
            brings a whole module for one of the two.
        size: how many tokens have an embedding with the adapter.
    """

    adapter: Adapter
    changes: dict[str, tuple[Change, ...]]
    shapes: dict[str, tuple[int, ...]]
    untied: tuple[str, ...]
    size: int


def fit(adapter: Adapter, model: nn.Module, size: int | None = None) -> FittedAdapter:
    """What the adapter does to each parameter of a network; no tensor is read.

    An adapter that was trained with more or fewer tokens than its base brings embeddings and
    output head whole.

    Args:
        adapter: what is put over the network.
        model: only names, shapes and kinds of modules are used.
        size: how many tokens have an embedding without the adapter; by default as in the network.

    Raises:
        InputRejectedError: it changes modules that the network lacks or has in another shape, a
            tensor is missing or left over, or a module is of a kind that PEFT cannot merge.
    """
    return _Fit(adapter, model, size).run()


class _Fit:
    """One adapter held against one network."""

    def __init__(self, adapter: Adapter, model: nn.Module, size: int | None) -> None:
        self.adapter = adapter
        self.model: Any = model
        self.modules: dict[str, Any] = dict(model.named_modules(remove_duplicate=False))
        self.parameters = dict(model.named_parameters(remove_duplicate=False))
        self.saved = [name for name in saved_modules(adapter.lora, model) if name]
        self.targets = targets(adapter, model)
        self.entries = adapter.entries
        self.unused = set(self.entries)
        self.missing: list[str] = []
        self.misfits: list[str] = []
        tables = {id(self.parameters[name]) for name in tables_of(model)}
        self.tables = {name for name, one in self.parameters.items() if id(one) in tables}
        self.before = size or (size_of(model) if tables else 0)
        self.size = self._size()

    def run(self) -> FittedAdapter:
        self._require_known_modules()
        low_rank = [change for target in self.targets for change in self._low_rank(target)]
        replaced = list(self._replaced())
        self._require_whole_tables({name for name, _ in replaced})
        tokens = list(self._tokens())
        self._require_nothing(self.missing, "lacks tensors that its settings ask for")
        self._require_nothing(list(self.unused), "holds tensors that its settings do not explain")
        self._require_nothing(self.misfits, "has tensors of another shape than the base's")
        untied = self._untied()
        owner: dict[int, str] = {}
        for name, parameter in self.parameters.items():
            if name not in untied:
                owner.setdefault(id(parameter), name)
        changes: dict[str, list[Change]] = defaultdict(list)
        for name, change in (*replaced, *low_rank, *tokens):
            changes[name if name in untied else owner[id(self.parameters[name])]].append(change)
        return FittedAdapter(
            adapter=self.adapter,
            changes={name: tuple(made) for name, made in changes.items()},
            shapes={name: self._shape(name) for name in changes},
            untied=tuple(untied),
            size=self.size,
        )

    def _size(self) -> int:
        """How many tokens the adapter brings an embedding for; else as many as there were."""
        brought = [self.entries.get(PREFIX + self._key(name)) for name in sorted(self.tables)]
        sizes = {entry.shape[0] for entry in brought if entry is not None and entry.shape}
        return max(sizes - {self.before}, default=self.before)

    def _shape(self, name: str) -> tuple[int, ...]:
        """What a parameter must be."""
        shape = tuple(self.parameters[name].shape)
        return (self.size, *shape[1:]) if name in self.tables else shape

    def _key(self, name: str) -> str:
        """What the adapter calls a parameter that it brings whole."""
        module, _, leaf = name.rpartition(".")
        under_tokens = f"{module}.token_adapter.base_layer.{leaf}"
        if PREFIX + under_tokens in self.entries:
            return under_tokens
        targeted = any(target.module == module for target in self.targets)
        return f"{module}.base_layer.{leaf}" if targeted else name

    def _require_whole_tables(self, brought: set[str]) -> None:
        """Rows that the base lacks can come from nowhere else."""
        there = {id(self.parameters[name]) for name in brought}
        lacking = sorted(name for name in self.tables if id(self.parameters[name]) not in there)
        if self.size != self.before and lacking:
            raise InputRejectedError(
                f"adapter {shown(self.adapter.folder)} was trained with {self.size} tokens over a "
                f"base that has {self.before}, and brings no {shown(lacking[0])} for them: save it "
                "again with save_pretrained(FOLDER, save_embedding_layers=True), or merge it into "
                "the resized base with PEFT's merge_and_unload and pass that"
            )

    def _require_known_modules(self) -> None:
        adapted = [name for name in self.entries if ".lora_" in name]
        changed = {name.removeprefix(PREFIX).split(".lora_")[0] for name in adapted}
        strangers = sorted(changed - self.modules.keys())
        if strangers or not self.targets:
            named = strangers or [str(self.adapter.lora.target_modules)]
            raise InputRejectedError(
                f"adapter {shown(self.adapter.folder)} changes modules that the base does not "
                f"have ({first_ten(named)}): pass the base that it was trained on"
            )

    def _require_nothing(self, found: list[str], what: str) -> None:
        if found:
            raise InputRejectedError(
                f"adapter {shown(self.adapter.folder)} {what} ({first_ten(sorted(found))}): pass "
                "the base that it was trained on, or save the adapter again with PEFT's "
                "save_pretrained"
            )

    def _low_rank(self, target: Target) -> Iterable[tuple[str, Change]]:
        name = target.module
        kind = self._kind(name)
        transposed, embedding = kind != "linear", kind == "embedding"
        a = f"{name}.lora_embedding_A" if embedding else f"{name}.lora_A.weight"
        b = f"{name}.lora_embedding_B" if embedding else f"{name}.lora_B.weight"
        shape = self._shape(f"{name}.weight")
        inner, outer = shape if transposed else reversed(shape)
        change = LowRank(
            a=self._take(a, (target.rank, inner)),
            b=self._take(b, (outer, target.rank)),
            scaling=target.scaling,
            transposed=transposed,
            rounded=embedding,
        )
        yield f"{name}.weight", change
        if self.adapter.lora.lora_bias and not embedding:
            if f"{name}.bias" not in self.parameters:
                raise InputRejectedError(
                    f"adapter {shown(self.adapter.folder)} has a bias for {shown(name)}, which has "
                    "none in the base, so nothing can merge it: train it without lora_bias"
                )
            tensor = self._take(f"{name}.lora_B.bias", (outer,))
            yield f"{name}.bias", Shift(tensor, target.scaling)

    def _tokens(self) -> Iterable[tuple[str, Change]]:
        """Tokens whose rows were trained alone."""
        for asked, tokens in self.adapter.lora.trainable_token_indices.items():
            for module in self._with_tokens(asked):
                shape = self._shape(f"{module}.weight")
                if max(tokens, default=0) >= shape[0]:
                    raise InputRejectedError(
                        f"adapter {shown(self.adapter.folder)} was trained on token {max(tokens)}, "
                        f"and its base has {shape[0]}: merge it into the resized base with PEFT's "
                        "merge_and_unload, and pass that"
                    )
                key = f"{module}.{_TOKENS}"
                yield f"{module}.weight", Tokens(self._take(key, (len(tokens), shape[1])), tokens)
                self._pass_over_tied(module)

    def _pass_over_tied(self, module: str) -> None:
        """A module that shares the rows of tokens has a copy of them, which says nothing new."""
        shared = self.parameters[f"{module}.weight"]
        asked = self.adapter.lora.trainable_token_indices
        for name, parameter in self.parameters.items():
            other = name.removesuffix(".weight")
            if parameter is shared and other not in asked:
                self.unused.discard(f"{PREFIX}{other}.{_TOKENS}")

    def _with_tokens(self, asked: str) -> list[str]:
        """Modules of that name or ending; without a name, what reads tokens, under one name."""
        if asked:
            return [n for n in self.modules if n == asked or n.endswith(f".{asked}")]
        embeddings = self.model.get_input_embeddings()
        return [name for name, module in self.modules.items() if module is embeddings][:1]

    def _kind(self, name: str) -> str:
        from transformers.pytorch_utils import Conv1D

        module = self.modules[name]
        for kind, layer in (("linear", nn.Linear), ("conv1d", Conv1D), ("embedding", nn.Embedding)):
            if isinstance(module, layer):
                return kind
        raise unsupported(
            self.adapter.folder, f"changes {shown(name)}, a {shown(type(module).__name__)}"
        )

    def _replaced(self) -> Iterable[tuple[str, Change]]:
        """Parameters that the adapter brings whole: saved modules, trained biases, embeddings."""
        for name in self.parameters:
            key = self._key(name)
            if self._has(key) or self._is_saved(name):
                yield name, Replace(self._take(key, self._shape(name)))
        for saved in self.saved:  # what bias="all" or save_embedding_layers writes beside them,
            for copy in ("original_module", "modules_to_save"):  # and PEFT does not read
                for leaf in ("weight", "bias"):
                    self.unused.discard(f"{PREFIX}{saved}.{copy}.{leaf}")

    def _has(self, key: str) -> bool:
        return PREFIX + key in self.unused

    def _is_saved(self, name: str) -> bool:
        return any(name.startswith(f"{saved}.") for saved in self.saved)

    def _untied(self) -> list[str]:
        """Saved parameters that the base shares: PEFT gives a saved module tensors of its own."""
        count = Counter(map(id, self.parameters.values()))
        return [
            name
            for name, parameter in self.parameters.items()
            if self._is_saved(name) and count[id(parameter)] > 1
        ]

    def _take(self, key: str, shape: tuple[int, ...]) -> str:
        tensor = PREFIX + key
        if tensor not in self.unused:
            self.missing.append(tensor)
            return tensor
        self.unused.remove(tensor)
        found = self.entries[tensor].shape
        if found != tuple(shape):
            self.misfits.append(f"{tensor} is {found}, not {tuple(shape)}")
        return tensor
