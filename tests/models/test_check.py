from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from builders import (
    edit_header,
    edit_json,
    truncate,
)

from models.refusal import refused
from safebasin.models.check import check
from safebasin.models.shards import SINGLE


def test_a_sound_checkpoint_is_described(whole: Path) -> None:
    found = check(whole)
    assert found.architecture == "LlamaForCausalLM"
    assert found.model_type == "llama"
    assert found.dtypes == (("F32", found.parameters),)
    assert [(name, size) for name, _, size in found.shards] == [
        (SINGLE, (whole / SINGLE).stat().st_size)
    ]
    assert found.notes == ()


class TestDigest:
    def test_it_does_not_depend_on_the_path(self, whole: Path, folder: Path) -> None:
        assert check(folder).weights_digest == check(whole).weights_digest
        assert check(folder).settings_digest == check(whole).settings_digest

    def test_it_does_not_depend_on_the_sharding(self, whole: Path, split: Path) -> None:
        assert len(check(split).shards) > 1
        assert check(split).weights_digest == check(whole).weights_digest
        assert check(split).settings_digest == check(whole).settings_digest

    def test_one_changed_bit_changes_it(self, whole: Path, folder: Path) -> None:
        file = folder / SINGLE
        raw = bytearray(file.read_bytes())
        raw[-4] ^= 1
        file.write_bytes(raw)
        assert check(folder).weights_digest != check(whole).weights_digest

    def test_two_tensors_that_change_places_change_it(self, whole: Path, folder: Path) -> None:
        def exchange(header: dict[str, Any]) -> None:
            a = "model.layers.0.mlp.up_proj.weight"
            b = "model.layers.1.mlp.up_proj.weight"
            header[a], header[b] = header[b], header[a]

        edit_header(folder / SINGLE, exchange)
        assert check(folder).weights_digest != check(whole).weights_digest

    def test_settings_have_a_digest_of_their_own(self, whole: Path, folder: Path) -> None:
        edit_json(folder / "config.json", lambda config: config.update(rms_norm_eps=0.1))
        assert check(folder).weights_digest == check(whole).weights_digest
        assert check(folder).settings_digest != check(whole).settings_digest

    def test_shards_are_hashed_as_files(self, whole: Path) -> None:
        import hashlib

        ((_, digest, _),) = check(whole).shards
        assert digest == hashlib.sha256((whole / SINGLE).read_bytes()).hexdigest()


class TestHubCache:
    def make(self, whole: Path, cache: Path) -> Path:
        """The layout of the hub's cache: `snapshots/COMMIT` links into `blobs`."""
        repository = cache / "models--owner--name"
        snapshot = repository / "snapshots" / ("a" * 40)
        snapshot.mkdir(parents=True)
        (repository / "blobs").mkdir()
        for number, file in enumerate(sorted(whole.iterdir())):
            blob = repository / "blobs" / f"{number:040x}"
            shutil.copy(file, blob)
            (snapshot / file.name).symlink_to(Path("../../blobs") / blob.name)
        return snapshot

    def test_links_into_its_own_blobs_are_followed(self, whole: Path, tmp_path: Path) -> None:
        snapshot = self.make(whole, tmp_path)
        assert check(snapshot).weights_digest == check(whole).weights_digest

    def test_links_elsewhere_are_not(self, whole: Path, tmp_path: Path) -> None:
        snapshot = self.make(whole, tmp_path)
        (snapshot / SINGLE).unlink()
        (snapshot / SINGLE).symlink_to(whole / SINGLE)
        refused(snapshot, SINGLE, "outside the checkpoint")

    def test_a_blob_that_is_gone_is_missing(self, whole: Path, tmp_path: Path) -> None:
        snapshot = self.make(whole, tmp_path)
        (snapshot / SINGLE).resolve().unlink()
        refused(snapshot, SINGLE, "missing", "download")


def test_bad_input_is_refused_without_loading_torch(folder: Path) -> None:
    truncate(folder / SINGLE, -5)
    program = (
        "import sys; from pathlib import Path; from safebasin.models.check import check\n"
        f"try: check(Path({str(folder)!r}))\n"
        "except ValueError: print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.split() == ["False", "False"]
