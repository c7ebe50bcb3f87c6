"""How the checkpoints of a map talk, where they do not talk as its first model does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

from safebasin.engines.talk import Lent, Talk, Talks, own
from safebasin.errors import InputRejectedError
from safebasin.models.chat import ChatTemplate, Conversation
from safebasin.models.ends import end_ids
from safebasin.models.generation import generation, settings_in
from safebasin.models.shown import shown
from safebasin.models.template_file import own as template_of
from safebasin.models.template_file import reads
from safebasin.models.thinking import thinking
from safebasin.models.tokenizer_folder import own_files, talk_files, tokenizer_for
from safebasin.models.vocabulary import size_of
from safebasin.points import Displacement
from safebasin.studies.checkpoints import Checkpoint, short_names
from safebasin.studies.subject import Subject


def talks(subject: Subject, checkpoints: Sequence[Checkpoint]) -> tuple[Talks, tuple[str, ...]]:
    """How each checkpoint talks that talks otherwise than the first model, and what it is.

    Args:
        subject: the first model and what it is asked.
        checkpoints: the others.

    Raises:
        InputRejectedError: the tokenizer or settings of one cannot be used.
    """
    found: dict[Displacement, Talk] = {}
    notes: list[str] = []
    first = own(subject.loaded)
    for each, name in zip(checkpoints, short_names([c.name for c in checkpoints]), strict=True):
        files = talk_files(each.checked)
        same = each.size == first.size and files == talk_files(subject.loaded.checked)
        if each.way in found or same:
            continue
        if subject.measures and first.size is not None and each.size < first.size:
            raise InputRejectedError(
                f"{name} has {each.size:,} tokens and {shown(subject.loaded.ref)} {first.size:,}: "
                "texts in the tokens of the latter cannot be measured there, so leave --perplexity "
                "and --task out"
            )
        talk, remarks = _talk(subject, each, name)
        notes += remarks
        if talk != first or _vocabulary(talk) != _vocabulary(first):
            found[each.way] = talk
            notes += _differences(subject, first, talk, name)
    return found, tuple(notes)


def digests(found: Talks, size: int) -> dict[str, str]:
    """What a request keeps of them: answers at a checkpoint depend on how it talks.

    Args:
        found: how each talks.
        size: how many tokens the first model has.
    """
    return {
        way.key: hashlib.sha256(
            json.dumps(
                [
                    sorted(talk.ends),
                    talk.generation.followed,
                    [talk.thinking.pairs, talk.thinking.hidden, talk.thinking.opened],
                    {id_: list(ids) for id_, ids in talk.prompts.items()},
                    _vocabulary(talk),
                    *([] if talk.size in (None, size) else [talk.size]),
                ],
                sort_keys=True,
            ).encode()
        ).hexdigest()[:16]
        for way, talk in found.items()
    }


def _talk(subject: Subject, each: Checkpoint, name: str) -> tuple[Talk, list[str]]:
    loaded, settings = subject.loaded, subject.settings
    folder, rows = each.checked.folder, each.size
    has_own = bool(own_files(each.checked.tokenizer_folder))
    tokenizer = tokenizer_for(each.checked) if has_own else loaded.tokenizer
    ends = end_ids(folder, tokenizer, rows, name)
    asked, remarks = generation(settings_in(folder), ends, name, rows)
    chat, notes = loaded.chat, [f"{name}: {remark}" for remark in remarks]
    if has_own and settings.chat_template is None and tokenizer.chat_template:
        source = template_of(tokenizer, name)
        arguments = {k: value for k, value in settings.arguments.items() if reads(source, k)}
        notes += [
            f"the chat template of {name} has no {shown(key)}: --template-arg {shown(key)} means "
            f"nothing at {name}"
            for key in settings.arguments
            if not reads(source, key)
        ]
        chat = ChatTemplate(tokenizer, model=name, vocabulary=rows, arguments=arguments)
    try:
        prompts = _otherwise(subject, chat)
    except InputRejectedError as error:
        chat, prompts = loaded.chat, {}
        notes.append(f"{name} is asked in the template of {shown(loaded.ref)}: {error}")
    own_thinking = thinking(tokenizer, chat.text, chat.probe, settings.thoughts)
    lent = (Lent(each.way, 1.0),) if rows > size_of(loaded.model) else ()
    return Talk(ends, asked, own_thinking, tokenizer, prompts, rows, lent), notes


def _otherwise(subject: Subject, chat: ChatTemplate) -> dict[str, tuple[int, ...]]:
    """The prompts that a template writes otherwise than that of the first model."""
    asked = [Conversation(subject.system, prompt.text) for prompt in subject.prompts.values()]
    written = zip(subject.prompts, chat.encode(asked), strict=True)
    return {
        id_: one.token_ids
        for id_, one in written
        if one.token_ids != subject.rendered[id_].token_ids
    }


def _differences(subject: Subject, first: Talk, talk: Talk, name: str) -> Iterator[str]:
    begin = shown(subject.loaded.ref)
    if talk.prompts:
        yield (
            f"the chat template of {name} differs: at {name} itself its own is used, elsewhere "
            f"that of {begin}"
        )
    if talk.ends != first.ends:
        tokens = [_spelt(end, first, talk) for end in sorted(talk.ends ^ first.ends)]
        yield (
            f"{name} and {begin} end their answers with different tokens "
            f"({', '.join(map(shown, tokens))}): each has its own where it stands itself, and "
            "between them any of these ends an answer"
        )
    if others := _vocabulary(talk).keys() ^ _vocabulary(first).keys():
        yield (
            f"{name} and {begin} have different tokens ({len(others)}, as {shown(min(others))}): "
            "each reads its own where it stands itself"
        )
    if talk.generation.followed != first.generation.followed:
        yield (
            f"generation_config.json of {name} asks for something else: at {name} itself its own "
            f"is followed, elsewhere that of {begin}"
        )


def _spelt(token: int, first: Talk, talk: Talk) -> str:
    """A token as the first model spells it, or else as the checkpoint does."""
    for tokenizer in (first.tokenizer, talk.tokenizer):
        if spelt := tokenizer.convert_ids_to_tokens(token):
            return str(spelt)
    return str(token)


def _vocabulary(talk: Talk) -> dict[str, int]:
    found: dict[str, int] = talk.tokenizer.get_vocab()
    return found
