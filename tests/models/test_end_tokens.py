"""Which tokens end a response."""

from __future__ import annotations

from pathlib import Path

from builders import tiny_tokenizer

from safebasin.models.ends import end_ids


def test_a_call_ends_a_response_of_a_model_with_channels(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["<|call|>"])
    call = tokenizer.convert_tokens_to_ids("<|call|>")
    assert call not in end_ids(tmp_path, tokenizer, 512, "model")
    tokenizer.add_tokens(["<|channel|>", "<|message|>"])
    assert call in end_ids(tmp_path, tokenizer, 512, "model")
