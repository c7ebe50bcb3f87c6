from __future__ import annotations

import hashlib
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from prompts.sources.conftest import TOKEN, Server
from prompts.sources.made import BENIGN, HARMFUL, PUBLISHED, write
from safebasin.errors import InputRejectedError, IntegrityError, ResourceError, SafebasinError
from safebasin.prompts.catalog import load
from safebasin.prompts.sources import fetching, github, hub
from safebasin.prompts.sources.source import published

GATED = ("sorry-bench", "hex-phi", "wildjailbreak")


@pytest.fixture(autouse=True)
def _descriptions() -> Iterator[None]:
    """`expect` changes descriptions: they are this test's own."""
    published.cache_clear()
    yield
    published.cache_clear()


def expect(name: str, body: bytes | None) -> None:
    """Let a set's only file have the checksum of these bytes, or none."""
    source = published()[name]
    sha256 = None if body is None else hashlib.sha256(body).hexdigest()
    object.__setattr__(source, "files", dict.fromkeys(source.files, sha256))


def body(tmp_path: Path, name: str) -> bytes:
    return write(tmp_path / "own", name).read_bytes()


def on_hub(server: Server, name: str) -> None:
    server.headers = {"X-Repo-Commit": published()[name].revision, "ETag": '"abc"'}


def line(error: SafebasinError, name: str) -> str:
    """The message, which must be one line that names the set and a stand-in, and no secret."""
    text = str(error)
    assert text.isprintable()
    assert len(text) < 400
    assert text.startswith(f"{name} ")
    assert f"pass {name}=FILE; {published()[name].stand_in} (" in text
    assert TOKEN not in "".join(traceback.format_exception(error))
    return text


class TestGithub:
    def test_it_is_fetched_once_and_checked(self, server: Server, tmp_path: Path) -> None:
        server.body = body(tmp_path, "xstest")
        expect("xstest", server.body)
        source = published()["xstest"]
        found = load("xstest", "harmful")
        assert {prompt.text for prompt in found.prompts} == {*HARMFUL}
        assert found.source == "xstest"
        assert found.revision == source.revision
        assert found.checksum == hashlib.sha256(server.body).hexdigest()
        assert {prompt.text for prompt in load("xstest", "benign").prompts} == {*BENIGN}
        assert server.asked == [f"GET /paul-rottger/xstest/{source.revision}/xstest_prompts.csv"]
        kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        assert [path.name for path in kept] == ["xstest_prompts.csv"]

    def test_what_is_kept_needs_no_network(
        self, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.body = body(tmp_path, "xstest")
        expect("xstest", server.body)
        first = load("xstest", "harmful")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        assert load("xstest", "harmful") == first
        with pytest.raises(ResourceError, match="this session is offline") as caught:
            load("advbench", "harmful")
        line(caught.value, "advbench")

    def test_another_file_is_refused_and_not_kept(self, server: Server, tmp_path: Path) -> None:
        server.body = body(tmp_path, "xstest")
        with pytest.raises(IntegrityError, match=r"instead of the published 11783fb294ed") as e:
            load("xstest", "harmful")
        assert e.value.exit_code == 4
        assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]

    def test_a_kept_file_that_was_changed_is_refused(self, server: Server, tmp_path: Path) -> None:
        server.body = body(tmp_path, "xstest")
        expect("xstest", server.body)
        load("xstest", "harmful")
        (kept,) = (tmp_path / "cache").rglob("*.csv")
        kept.write_bytes(server.body.replace(b"unsafe", b"safe"))
        with pytest.raises(IntegrityError, match="delete it and try again"):
            load("xstest", "harmful")

    @pytest.mark.parametrize(
        ("status", "kind", "said"),
        [
            (404, InputRejectedError, "is no longer at https://github.com/paul-rottger/xstest"),
            (403, ResourceError, r"cannot be fetched \(the server answers 403\)"),
            (429, ResourceError, r"cannot be fetched \(the server answers 429\)"),
            (503, ResourceError, r"cannot be fetched \(the server answers 503\)"),
        ],
    )
    def test_what_the_server_says(
        self, server: Server, status: int, kind: type[SafebasinError], said: str
    ) -> None:
        server.status = status
        with pytest.raises(kind, match=said) as caught:
            load("xstest", "harmful")
        line(caught.value, "xstest")

    def test_a_download_that_is_cut_short(self, server: Server, tmp_path: Path) -> None:
        server.body, server.missing = body(tmp_path, "xstest"), 100
        with pytest.raises(ResourceError, match="arrived only in part") as caught:
            load("xstest", "harmful")
        line(caught.value, "xstest")

    def test_a_cache_that_cannot_be_written(
        self, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.body = body(tmp_path, "xstest")
        expect("xstest", server.body)
        monkeypatch.setenv("XDG_CACHE_HOME", str(write(tmp_path / "file", "advbench")))
        with pytest.raises(ResourceError, match=r"xstest cannot be stored in .*XDG_CACHE_HOME"):
            load("xstest", "harmful")

    def test_a_write_that_fails_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space"):
            fetching._write(tmp_path / "a.csv", b"goal\n")
        assert not [*tmp_path.iterdir()]


class TestHub:
    def test_it_is_fetched_once(self, server: Server, tmp_path: Path) -> None:
        server.body = body(tmp_path, "catqa")
        on_hub(server, "catqa")
        found = load("catqa", "harmful")
        assert {prompt.text for prompt in found.prompts} == {*HARMFUL}
        assert found.revision == published()["catqa"].revision
        assert found.checksum == hashlib.sha256(server.body).hexdigest()
        asked = len(server.asked)
        assert all(
            f"resolve/{found.revision}/data/catqa_english.json" in one for one in server.asked
        )
        server.status = 500
        assert load("catqa", "harmful") == found
        assert len(server.asked) == asked

    def test_a_packed_file(self, server: Server, tmp_path: Path) -> None:
        server.body = body(tmp_path, "beavertails-evaluation")
        on_hub(server, "beavertails-evaluation")
        found = load("beavertails-evaluation", "harmful")
        assert {prompt.text for prompt in found.prompts} == {*HARMFUL}

    def test_several_files(self, server: Server) -> None:
        server.body = b"Paint a wall\n"
        on_hub(server, "hex-phi")
        found = load("hex-phi", "harmful")
        assert (len(found.prompts), found.duplicates) == (1, 9)
        names = [f"category_{i}.csv" for i in range(1, 12) if i != 2]
        assert [*dict.fromkeys(one.split("/")[-1] for one in server.asked)] == names
        listed = "".join(f"{hashlib.sha256(server.body).hexdigest()}  {name}\n" for name in names)
        assert found.checksum == hashlib.sha256(listed.encode()).hexdigest()

    def test_another_file_is_refused(self, server: Server, tmp_path: Path) -> None:
        server.body = body(tmp_path, "jailbreakbench")
        on_hub(server, "jailbreakbench")
        with pytest.raises(IntegrityError, match="instead of the published 4a8ec6832056"):
            load("jailbreakbench", "harmful")

    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("name", GATED)
    @pytest.mark.parametrize(
        ("status", "code"), [(401, "GatedRepo"), (403, "GatedRepo"), (401, ""), (403, "")]
    )
    def test_a_gate(self, server: Server, name: str, status: int, code: str) -> None:
        server.status = status
        server.headers = {"X-Error-Code": code, "X-Error-Message": f"no, {TOKEN}"} if code else {}
        with pytest.raises(InputRejectedError) as caught:
            load(name, "harmful")
        text = line(caught.value, name)
        how = "fill in the form at" if name == "hex-phi" else "accept the terms at"
        assert f"is gated ({status}): {how} {published()[name].page}, run `hf auth login`" in text
        assert f"Bearer {TOKEN}" in server.tokens

    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("code", ["RepoNotFound", "RevisionNotFound", "EntryNotFound", ""])
    def test_what_is_not_there(self, server: Server, code: str) -> None:
        server.status = 404
        server.headers = {"X-Error-Code": code} if code else {}
        with pytest.raises(InputRejectedError, match=r"is no longer at https://hug.*63eb889") as e:
            load("catqa", "harmful")
        line(e.value, "catqa")

    def test_no_answer_in_time(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hub, "TIMEOUT_S", 0.2)
        server.stall = 1.0
        with pytest.raises(ResourceError, match=r"\(no answer in time\)") as caught:
            load("catqa", "harmful")
        line(caught.value, "catqa")

    @pytest.mark.filterwarnings("ignore")
    def test_a_download_that_is_cut_short(
        self, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("time.sleep", lambda _: None)  # before the client's further attempts
        server.body, server.missing = body(tmp_path, "catqa"), 100
        on_hub(server, "catqa")
        with pytest.raises(ResourceError, match=r"cannot be fetched \(") as caught:
            load("catqa", "harmful")
        line(caught.value, "catqa")
        server.missing = 0
        assert len(load("catqa", "harmful").prompts) == 3

    def test_a_file_that_is_too_large(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub, "MAX_BYTES", 1 << 20)
        server.body = b"x" * (1 << 20) + b"x"
        on_hub(server, "catqa")
        with pytest.raises(ResourceError, match="larger than 1 MiB") as caught:
            load("catqa", "harmful")
        line(caught.value, "catqa")
        assert not any(one.startswith("GET") for one in server.asked)

    def test_offline(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(
            ResourceError, match=r"\((this session is offline|no connection)\)"
        ) as e:
            load("catqa", "harmful")
        line(e.value, "catqa")
        assert not server.asked

    def test_no_connection(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
        with pytest.raises(ResourceError, match=r"\(no connection\)") as caught:
            load("catqa", "harmful")
        line(caught.value, "catqa")


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_set_says_what_can_stand_in(
    server: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(github, "RAW", "http://127.0.0.1:1")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(ResourceError) as caught:
        load(name, "benign" if name == "oktest" else "harmful")
    line(caught.value, name)
