from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants

from safebasin.errors import InputRejectedError, ResourceError, UsageError
from safebasin.models.resolve import resolve, resolve_adapter
from safebasin.records import ModelRef


def test_an_existing_folder_is_itself(tmp_path: Path) -> None:
    assert resolve(ModelRef.parse(str(tmp_path))) == tmp_path


def test_the_organism_comes_with_the_package() -> None:
    folder = resolve(ModelRef.parse("organism:chat"))
    assert folder.name == "chat"
    assert "safebasin" in folder.parts


def test_an_unknown_organism_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"nobody.*base, chat"):
        resolve(ModelRef.parse("organism:nobody"))


@pytest.mark.parametrize(
    "text", ["./missing", "/missing", "~/missing", "a/b/c", "weights.safetensors", "a b", "../../x"]
)
def test_what_looks_like_a_path_never_goes_to_the_hub(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: pytest.fail("asked"))
    with pytest.raises(InputRejectedError, match="does not exist: check the path") as caught:
        resolve(ModelRef(text))
    assert text in str(caught.value)


@pytest.mark.parametrize("text", ["<img src=x>", "x" * 300, "a\0b", "a\x1b[31mb"])
def test_strange_names_are_refused_and_shown_escaped(text: str) -> None:
    with pytest.raises(InputRejectedError) as caught:
        resolve(ModelRef(text))
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 400


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.touch()
    with pytest.raises(InputRejectedError, match="is a file: pass the folder"):
        resolve(ModelRef(str(file)))


class TestAdapter:
    def test_base_and_adapter_are_two_folders(self, tmp_path: Path) -> None:
        ref = ModelRef("organism:chat", adapter=str(tmp_path))
        assert resolve(ref).name == "chat"
        assert resolve_adapter(ref) == tmp_path
        assert resolve_adapter(ModelRef("organism:chat")) is None

    def test_a_path_that_does_not_exist(self, tmp_path: Path) -> None:
        with pytest.raises(InputRejectedError, match=r"adapter folder .* does not exist"):
            resolve_adapter(ModelRef(str(tmp_path), adapter="./missing"))

    def test_a_file_is_not_a_folder(self, tmp_path: Path) -> None:
        file = tmp_path / "adapter_model.safetensors"
        file.touch()
        with pytest.raises(InputRejectedError, match=r"adapter .* is a file: pass the folder"):
            resolve_adapter(ModelRef(str(tmp_path), adapter=str(file)))

    def test_an_organism_is_no_adapter(self, tmp_path: Path) -> None:
        with pytest.raises(InputRejectedError, match="adapter folder 'organism:chat'"):
            resolve_adapter(ModelRef(str(tmp_path), adapter="organism:chat"))

    def test_a_folder_has_no_revision(self, tmp_path: Path) -> None:
        ref = ModelRef("organism:chat", adapter=str(tmp_path), adapter_revision="v1")
        with pytest.raises(UsageError, match="leave out '@v1'"):
            resolve_adapter(ref)

    def test_its_weights_and_its_own_tokenizer_are_fetched(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        snapshot = _cached(tmp_path, partial=False)
        asked: dict[str, Any] = {}

        def record(name: str, **named: Any) -> str:
            asked.update(named, name=name)
            return str(snapshot)

        monkeypatch.setattr(huggingface_hub, "snapshot_download", record)
        ref = ModelRef("organism:chat", adapter="me/adapter", adapter_revision="v2")
        assert resolve_adapter(ref) == snapshot
        assert (asked["name"], asked["revision"]) == ("me/adapter", "v2")
        names = ["adapter_config.json", "adapter_model.safetensors", "tokenizer.json"]
        names += [
            "tokenizer_config.json",
            "chat_template.jinja",
            "spiece.model",
            "added_tokens.json",
        ]
        count = len(names)
        names += ["adapter_model.bin", "model.safetensors", "evil.py", "trainer_state.json"]
        names += ["checkpoint-1/adapter_config.json", "checkpoint-1/tokenizer.model"]
        wanted = huggingface_hub.utils.filter_repo_objects(
            names, allow_patterns=asked["allow_patterns"], ignore_patterns=asked["ignore_patterns"]
        )
        assert list(wanted) == names[:count]

    def test_without_a_network_the_remedy_is_the_command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
        ref = ModelRef("organism:chat", adapter="me/adapter", adapter_revision="v1")
        with pytest.raises(ResourceError, match="`hf download me/adapter --revision v1`"):
            resolve_adapter(ref)


def test_a_folder_has_no_revision(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leave out '@v1'"):
        resolve(ModelRef(str(tmp_path), revision="v1"))


class _Hub(BaseHTTPRequestHandler):
    """A hub that answers every request in the same way."""

    status = 404
    code = ""

    def do_GET(self) -> None:
        self.send_response(self.status)
        if self.code:
            self.send_header("X-Error-Code", self.code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Hub]]:
    server = HTTPServer(("127.0.0.1", 0), _Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    download = huggingface_hub.snapshot_download
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        huggingface_hub,
        "snapshot_download",
        lambda *args, **named: download(*args, endpoint=address, token=False, **named),
    )
    huggingface_hub.close_session()
    yield _Hub
    huggingface_hub.close_session()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("status", "code", "kind", "remedy"),
    [
        (404, "RepoNotFound", InputRejectedError, "check the spelling"),
        (401, "", InputRejectedError, "check the spelling"),
        (403, "GatedRepo", InputRejectedError, "ask for access"),
        (403, "", InputRejectedError, "ask for access"),
        (404, "RevisionNotFound", InputRejectedError, "no revision 'v9'"),
    ],
)
def test_what_the_hub_says_becomes_one_line(
    hub: type[_Hub], status: int, code: str, kind: type[Exception], remedy: str
) -> None:
    hub.status, hub.code = status, code
    with pytest.raises(kind, match=remedy) as caught:
        resolve(ModelRef("owner/name", revision="v9"))
    assert "owner/name" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_too_many_requests_asks_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    class Response:
        status_code = 429

    class TooManyError(Exception):
        response = Response()

    def refuse(*_: object, **__: object) -> str:
        raise huggingface_hub.errors.LocalEntryNotFoundError("no") from TooManyError()

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(ResourceError, match=r"429.*wait a few minutes"):
        resolve(ModelRef("owner/name"))


def test_without_a_network_the_remedy_is_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ResourceError, match="`hf download owner/name --revision v1`") as caught:
        resolve(ModelRef("owner/name", revision="v1"))
    assert caught.value.exit_code == 5


def _cached(cache: Path, *, partial: bool) -> Path:
    repository = cache / "models--owner--name"
    snapshot = repository / "snapshots" / ("a" * 40)
    for folder in (snapshot, repository / "refs", repository / "blobs"):
        folder.mkdir(parents=True)
    (repository / "refs" / "main").write_text("a" * 40)
    (snapshot / "config.json").write_text("{}")
    if partial:
        (repository / "blobs" / "123.incomplete").touch()
    return snapshot


def test_a_partial_cache_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = _cached(tmp_path, partial=True)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(snapshot))
    with pytest.raises(
        InputRejectedError, match=r"only partly downloaded: .*hf download owner/name"
    ):
        resolve(ModelRef("owner/name"))


def test_neither_pickles_nor_code_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = _cached(tmp_path, partial=False)
    asked: dict[str, list[str]] = {}

    def record(*_: object, **named: list[str]) -> str:
        asked.update(named)
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", record)
    assert resolve(ModelRef("owner/name")) == snapshot
    names = ["pytorch_model.bin", "modeling.py", "model.pt", "model.safetensors", "config.json"]
    names += ["onnx/config.json", "consolidated.safetensors", "chat_template.jinja"]
    wanted = huggingface_hub.utils.filter_repo_objects(
        names, allow_patterns=asked["allow_patterns"], ignore_patterns=asked["ignore_patterns"]
    )
    assert list(wanted) == ["model.safetensors", "config.json", "chat_template.jinja"]
