"""From a conversation to token ids: the model's own chat template, and exactly one BOS."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from tokenizers import Tokenizer

from safebasin.errors import InputRejectedError
from safebasin.models.confined import confined
from safebasin.models.plain_text import markers, without_markers
from safebasin.models.rendering import Messages, TemplateRefusedError, render
from safebasin.models.shown import shown
from safebasin.models.template_file import meant, own, read

_USER_PROBE, _SYSTEM_PROBE = "qzuserprobeqz", "qzsystemprobeqz"
#: Wrapped around special tokens inside a prompt while the template runs; private-use characters.
_OPEN, _CLOSE = "\U0010fff0", "\U0010fff1"
#: A role's name where it is markup: alone on its line, or before a colon or bracket.
_ROLE_WORDS = re.compile(
    r"\b(user|assistant|system|human|model|bot|ai|instruction|input|response|question|answer|inst|sys)"
    r"\b(?=[ \t]*(?:[:\]|>]|$))",
    re.IGNORECASE | re.MULTILINE,
)
_SECONDS, _SECONDS_EACH, _MEMORY = 10.0, 0.02, 1 << 30
_WORDS = re.compile(r"[^\W\d_]+")
_LOST = "the tokenizer does not give back all words of this prompt"

#: Fewer letters than this around a prompt are taken for markup.
_LETTERS_OF_A_SENTENCE = 12


class Conversation(NamedTuple):
    """What is said to a model: one request, after a system prompt if there is one.

    `system` None passes no system message, so that whatever the template does by default applies.
    """

    system: str | None
    user: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as the model reads it.

    Attributes:
        text: the template's output.
        token_ids: what the model is given, with exactly one BOS where the model has one.
        notes: what is unusual about this prompt, in sentences; mostly empty.
    """

    text: str
    token_ids: tuple[int, ...]
    notes: tuple[str, ...] = ()


class ChatTemplate:
    """A tokenizer's chat template, or a user's own, tried once before it is used.

    Added tokens that a prompt contains (as a jailbreak that writes `<|im_end|>` to open a turn of
    its own, or `<think>`) are read as plain text, whether or not the tokenizer calls them special,
    so a prompt cannot leave its place; each such prompt has a note. Only those that are mere words
    stay what they are. This differs from transformers' default, under which all are control tokens.

    Attributes:
        text: the Jinja source.
        digest: SHA-256 of the source.
        supports_system: whether a system message reaches the model.
        added_text: words that the template puts around a request although no system prompt was
            given, or None: a default system prompt, wanted or hidden.
        notes: what a person should know, in sentences.
    """

    def __init__(
        self,
        tokenizer: Any,
        *,
        model: str,
        file: Path | None = None,
        vocabulary: int | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        """Read and try the template.

        Args:
            tokenizer: a transformers tokenizer.
            model: names the model in messages.
            file: a Jinja file to use instead of the tokenizer's own template.
            vocabulary: number of embedding rows; a prompt with a higher token id is refused.
            arguments: what else the template is given, as `enable_thinking`.

        Raises:
            UsageError: the template has no such argument.
            InputRejectedError: there is no template, or it fails, never ends, writes too much, or
                leaves out the request.
        """
        self.text = own(tokenizer, model) if file is None else read(file)
        self.digest = hashlib.sha256(self.text.encode(errors="surrogatepass")).hexdigest()
        self._name = f"the chat template of {shown(model) if file is None else shown(file)}"
        self._arguments = meant(arguments or {}, self.text, self._name)
        self._tokenizer, self._model = tokenizer, model
        self._vocabulary = vocabulary
        self._special = markers(tokenizer)
        self._bos = tokenizer.bos_token_id
        self._adds_bos = self._bos is not None and tokenizer("a")["input_ids"][:1] == [self._bos]
        self._plain_probe, self._system_probe, self._system_problem = self._try()
        self.supports_system = self._system_problem is None
        self.added_text = self._find_added_text()
        self.notes = self._find_notes()

    @property
    def probe(self) -> str:
        """What the template makes of a made-up request, up to where the answer begins."""
        return self._plain_probe

    def encode(self, conversations: Sequence[Conversation]) -> list[Rendered]:
        """Render and tokenise, in order.

        Raises:
            InputRejectedError: the template refuses a system message or a conversation, a limit was
                reached, or a token has no embedding.
        """
        if self._system_problem and any(system is not None for system, _ in conversations):
            raise InputRejectedError(self._system_problem)
        marked = [
            Conversation(None if system is None else self._mark(system), self._mark(user))
            for system, user in conversations
        ]
        texts = self._render(marked)
        read = self._read(texts)
        return [self._checked(*each) for each in zip(texts, marked, read, strict=True)]

    def _read(self, marked: Sequence[str]) -> list[tuple[list[int], bool]]:
        """The tokens of each text, and whether all its words are in them.

        A tokenizer can be slow on some texts only, so this is done in a confined child.
        """
        if any(_OPEN in text for text in marked):
            self._without_added  # noqa: B018 - made here, to be there at the next call too
        output = confined(
            lambda: json.dumps([self._tokens(text) for text in marked]).encode(),
            seconds=_SECONDS + _SECONDS_EACH * len(marked),
            max_bytes=(1 << 20) + 12 * sum(len(text.encode(errors="replace")) for text in marked),
            what=f"reading prompts with the tokenizer of {shown(self._model)}",
            memory=_MEMORY,
        )
        found: list[tuple[list[int], bool]] = json.loads(output)
        return found

    def _render(self, conversations: Sequence[Conversation]) -> list[str]:
        return [self._rendered(answer) for answer in self._attempt(conversations)]

    def _rendered(self, answer: str | TemplateRefusedError) -> str:
        if isinstance(answer, str):
            return answer
        raise InputRejectedError(
            f"{self._name} fails ({answer}): pass one that works with --chat-template FILE"
        )

    def _attempt(self, conversations: Sequence[Conversation]) -> list[str | TemplateRefusedError]:
        chats = [_messages(conversation) for conversation in conversations]
        return render(
            self.text,
            chats,
            self._tokenizer.special_tokens_map,
            name=self._name,
            arguments=self._arguments,
        )

    def _try(self) -> tuple[str, str, str | None]:
        """The probes as rendered without and with a system message, and why the latter fails."""
        alone, both = Conversation(None, _USER_PROBE), Conversation(_SYSTEM_PROBE, _USER_PROBE)
        first, answer = self._attempt([alone, both])
        plain = self._rendered(first)
        if _USER_PROBE not in plain:
            raise InputRejectedError(
                f"{self._name} leaves out the user's message: pass one that works with "
                "--chat-template FILE"
            )
        if isinstance(answer, str) and _SYSTEM_PROBE in answer and _USER_PROBE in answer:
            return plain, answer, None
        why = (
            f"refuses a system role ({answer})"
            if not isinstance(answer, str)
            else "drops the system prompt"
        )
        return plain, "", f"{self._name} {why}: use --system none"

    def _find_added_text(self) -> str | None:
        around = self._plain_probe.replace(_USER_PROBE, "\n")
        for token in self._special:
            around = around.replace(token, "\n")
        around = re.sub(r"<[^<>\s]{1,40}>", "\n", around)
        letters = sum(map(str.isalpha, _ROLE_WORDS.sub("", around)))
        return " ".join(around.split()) if letters >= _LETTERS_OF_A_SENTENCE else None

    def _find_notes(self) -> tuple[str, ...]:
        notes = []
        if self.added_text:
            notes.append(
                "the chat template adds text of its own to every prompt: "
                f"{shown(self.added_text, 200)}"
            )
        if "strftime_now" in self.text:
            notes.append(
                "the chat template asks for today's date and is given 26 July 2024, always"
            )
        return tuple(notes)

    def _mark(self, text: str) -> str:
        """Wrap each special token, so that it can be told from those that the template writes."""
        text = text.replace(_OPEN, "").replace(_CLOSE, "")
        if not any(token in text for token in self._special):
            return text
        longest_first = sorted(self._special, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, longest_first)), rf"{_OPEN}\g<0>{_CLOSE}", text)

    def _tokens(self, marked: str) -> tuple[list[int], bool]:
        token_ids: list[int] = []
        for at, piece in enumerate(re.split(f"{_OPEN}(.*?){_CLOSE}", marked, flags=re.DOTALL)):
            plain = piece.replace(_OPEN, "").replace(_CLOSE, "")
            if at % 2:
                token_ids += self._without_added.encode(plain, add_special_tokens=False).ids
            else:
                token_ids += self._tokenizer(plain, add_special_tokens=False)["input_ids"]
        said = self._tokenizer.decode(token_ids, skip_special_tokens=False)
        words = _WORDS.findall(marked.replace(_OPEN, "").replace(_CLOSE, "").casefold())
        return self._with_one_bos(token_ids), {*words} <= {*_WORDS.findall(said.casefold())}

    def _checked(
        self, marked: str, conversation: Conversation, read: tuple[list[int], bool]
    ) -> Rendered:
        token_ids, whole = read
        if self._vocabulary is not None and max(token_ids, default=0) >= self._vocabulary:
            raise InputRejectedError(
                f"{self._name} uses token {max(token_ids)}, but the model has {self._vocabulary} "
                "embeddings: pass a template for this model with --chat-template FILE"
            )
        text = marked.replace(_OPEN, "").replace(_CLOSE, "")
        remarks = self._remarks(marked, conversation)
        return Rendered(text, tuple(token_ids), remarks if whole else (*remarks, _LOST))

    @cached_property
    def _without_added(self) -> Tokenizer:
        """The tokenizer as it would read a marker that it does not know."""
        return without_markers(self._tokenizer)

    def _with_one_bos(self, token_ids: list[int]) -> list[int]:
        if self._bos is None:
            return token_ids
        written = 0
        while written < len(token_ids) and token_ids[written] == self._bos:
            written += 1
        return [self._bos] * (written > 0 or self._adds_bos) + token_ids[written:]

    def _remarks(self, marked: str, conversation: Conversation) -> tuple[str, ...]:
        remarks = []
        special = re.findall(
            f"{_OPEN}(.*?){_CLOSE}", "".join(filter(None, conversation)), re.DOTALL
        )
        if special:
            names = ", ".join(map(shown, dict.fromkeys(special)))
            remarks.append(
                f"the prompt contains {names}, read as plain text and not as a control token"
            )
        if marked not in self._expected(conversation):
            remarks.append("the chat template treats this prompt differently from others")
        return tuple(remarks)

    def _expected(self, conversation: Conversation) -> set[str]:
        """What a template that only inserts (and perhaps trims) would have written."""
        system, user = conversation
        probe = self._plain_probe if system is None else self._system_probe
        return {
            probe.replace(_USER_PROBE, one_user).replace(_SYSTEM_PROBE, one_system)
            for one_user in (user, user.strip())
            for one_system in (system or "", (system or "").strip())
        }


def _messages(conversation: Conversation) -> Messages:
    system, user = conversation
    opening = [] if system is None else [{"role": "system", "content": system}]
    return [*opening, {"role": "user", "content": user}]
