"""Parquet files as rows of text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safebasin.errors import InputRejectedError, ResourceError
from safebasin.prompts import rowsof
from safebasin.prompts.rowsof import (
    NotText,
    Row,
    as_text,
    require_once,
    require_room,
    too_large,
)


def parquet_rows(path: Path, data: bytes) -> Iterator[Row]:
    """Text columns are read as dictionaries: a long text that is often used is held once.

    Args:
        path: for messages.
        data: what the file holds.

    Raises:
        InputRejectedError: it is damaged, too large, or has a column twice.
        ResourceError: pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ResourceError(
            f"{path} is a Parquet file, for which pyarrow is needed: "
            "pip install 'safebasin[analysis]'"
        ) from None
    try:
        schema = parquet.read_schema(pyarrow.BufferReader(data))
        require_once(path, schema.names)
        are_text = [_is_text(pyarrow.types, field.type) for field in schema]
        texts = [name for name, is_text in zip(schema.names, are_text, strict=True) if is_text]
        table = parquet.ParquetFile(pyarrow.BufferReader(data), read_dictionary=texts)
        groups = [table.metadata.row_group(at) for at in range(table.metadata.num_row_groups)]
        require_room(path, table.metadata.num_rows)
        if sum(group.total_byte_size for group in groups) > 4 * rowsof.MAX_BYTES:
            raise too_large(path)
        for batch in table.iter_batches():
            columns = [
                _texts(column) if is_text else list(map(as_text, column.to_pylist()))
                for column, is_text in zip(batch.columns, are_text, strict=True)
            ]
            for values in zip(*columns, strict=True):
                yield dict(zip(schema.names, values, strict=True))
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError):
        raise InputRejectedError(
            f"{path} cannot be read as Parquet: it is cut short, damaged or of another format"
        ) from None


def _is_text(types: Any, kind: Any) -> bool:
    plain = kind.value_type if types.is_dictionary(kind) else kind
    return any(
        test(plain) for test in (types.is_string, types.is_large_string, types.is_string_view)
    )


def _texts(column: Any) -> list[str]:
    encoded = column if hasattr(column, "dictionary") else column.dictionary_encode()
    values = [as_text(value) for value in encoded.dictionary.to_pylist()]
    return [NotText("null") if at is None else values[at] for at in encoded.indices.to_pylist()]
