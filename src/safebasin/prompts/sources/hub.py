"""One file of a data set on the Hugging Face hub at a given commit. No script is ever fetched."""

from __future__ import annotations

import os
from pathlib import Path

from safebasin.prompts.rowsof import MAX_BYTES
from safebasin.prompts.sources.github import TIMEOUT_S, DownloadError


def download(repository: str, revision: str, path: str) -> Path:
    """A file in the hub's cache on this machine; it is fetched first if it is not there yet.

    Args:
        repository: owner and name of the data set.
        revision: a commit.
        path: of the file in the data set.

    Raises:
        DownloadError: it is not there, may not be read, or did not arrive whole and in time.
    """
    import huggingface_hub

    cached = huggingface_hub.try_to_load_from_cache(
        repository, path, repo_type="dataset", revision=revision
    )
    if isinstance(cached, str):
        return Path(cached)
    endpoint = os.environ.get("HF_ENDPOINT") or None
    try:
        address = huggingface_hub.hf_hub_url(
            repository, path, repo_type="dataset", revision=revision, endpoint=endpoint
        )
        found = huggingface_hub.get_hf_file_metadata(address, timeout=TIMEOUT_S, endpoint=endpoint)
        if (found.size or 0) > MAX_BYTES:
            raise DownloadError(f"the file is larger than {MAX_BYTES >> 20} MiB")
        return Path(
            huggingface_hub.hf_hub_download(
                repository,
                path,
                repo_type="dataset",
                revision=revision,
                endpoint=endpoint,
                etag_timeout=TIMEOUT_S,
            )
        )
    except DownloadError:
        raise
    except Exception as error:
        raise _explained(error) from None


def _explained(error: Exception) -> DownloadError:
    """What the client raised, in words of our own: its text may quote the request's headers.

    It wraps what the server said in its own "not in the cache" error, hence the cause.
    """
    causes = (error, error.__cause__, error.__context__)
    responses = (getattr(cause, "response", None) for cause in causes)
    response = next((found for found in responses if found is not None), None)
    status = getattr(response, "status_code", None)
    if isinstance(status, int) and status >= 400:
        return DownloadError(f"the server answers {status}", status)
    if any("OfflineMode" in type(cause).__name__ for cause in causes):
        return DownloadError("this session is offline")
    if any("Timeout" in type(cause).__name__ for cause in causes):
        return DownloadError("no answer in time")
    if "onsistency check" in str(error) or "IncompleteSnapshot" in type(error).__name__:
        return DownloadError("the file arrived only in part")
    if type(error) in (OSError, PermissionError):
        return DownloadError("it cannot be stored: free space, or set HF_HOME to another folder")
    return DownloadError("no connection")
