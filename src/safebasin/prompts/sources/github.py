"""One file of a public repository at a given commit, over HTTPS, with a limit on size and time."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse

from safebasin.prompts.rowsof import MAX_BYTES

RAW = "https://raw.githubusercontent.com"
TIMEOUT_S = 20.0
"""Without an answer, and between two parts of one."""

TOTAL_S = 300.0
"""For the whole file, so that a server that sends a byte now and then ends too."""

_PART = 1 << 16


class DownloadError(Exception):
    """Why a file was not had.

    Attributes:
        why: in a few words that hold nothing of the answer or of the request's headers.
        status: the server's answer, if there was one.
    """

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.status = status


def download(repository: str, revision: str, path: str) -> bytes:
    """The bytes of a file; whether they are the right ones is for the caller to check.

    Args:
        repository: owner and name.
        revision: a commit.
        path: of the file in the repository.

    Raises:
        DownloadError: it is not there, or did not arrive whole and in time.
    """
    address = f"{RAW}/{repository}/{revision}/{path}"
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:  # noqa: S310 - see RAW
            return _read(answer)
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadError(f"the server answers {error.code}", error.code) from None
    except (OSError, HTTPException, ValueError) as error:  # URLError and TimeoutError among them
        slow = isinstance(error, TimeoutError) or "timed out" in str(getattr(error, "reason", ""))
        raise DownloadError("no answer in time" if slow else "no connection") from None


def _read(answer: HTTPResponse) -> bytes:
    start, parts, size = time.monotonic(), [], 0
    while part := answer.read1(_PART):  # what has come, rather than all of it
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES:
            raise DownloadError(f"the file is larger than {MAX_BYTES >> 20} MiB")
        if time.monotonic() - start > TOTAL_S:
            raise DownloadError("the file did not arrive in time")
    if answer.length:  # of what was promised, this much is missing
        raise DownloadError("the file arrived only in part")
    return b"".join(parts)
