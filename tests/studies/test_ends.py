"""What can be the end of a path: adapters, twins, and nothing that is no version of the model."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import edit_tensor, rename_tensor, tiny_adapter, tiny_checkpoint
from safetensors.torch import load_file, save_file
from scans import moved

from safebasin.errors import InputRejectedError, IntegrityError, ResourceError, UsageError
from safebasin.studies.grid import Grid
from safebasin.studies.path import plan
from safebasin.studies.plan import Plan
from safebasin.studies.run import run
from studies.conftest import path_settings
from studies.live import alone, assert_same, assert_says, placed, weights


class TestAdapters:
    @pytest.mark.parametrize("named", ["folder", "pair"])
    def test_the_end_is_the_merged_model(self, tiny, adapter, named: str, tmp_path) -> None:
        both = f"{tiny}+{adapter}"
        asked = adapter if named == "folder" else both
        made = plan(path_settings(tiny, asked, tmp_path / "run", x="0,1"))
        assert_same(placed(made, 0.0), weights(str(tiny)))
        assert_same(placed(made, 1.0), weights(both))
        found = run(made)
        point = Grid.from_json(made.request["grid"]).point(1.0)
        assert_says(found.folder, point, alone(both, tmp_path / "alone"))
        assert found.summary.places[0].name == str(asked)

    def test_both_names_mean_the_same_place(self, tiny: Path, adapter: Path) -> None:
        made = [plan(path_settings(tiny, name, x="0,1")) for name in (adapter, f"{tiny}+{adapter}")]
        one, other = (each.work.points for each in made)
        assert one == other

    def test_from_one_adapter_to_another(self, tiny, adapter, tmp_path) -> None:
        other = tiny_adapter(tmp_path / "other", tiny, seed=1)
        made = plan(path_settings(f"{tiny}+{adapter}", other, x="0,1"))
        assert_same(placed(made, 0.0), weights(f"{tiny}+{adapter}"))
        assert_same(placed(made, 1.0), weights(f"{tiny}+{other}"))

    def test_an_adapter_of_another_base_is_refused(self, tiny, second, tmp_path) -> None:
        foreign = tiny_adapter(tmp_path / "foreign", second)
        with pytest.raises(InputRejectedError, match=r"was trained on .* whose weights are not"):
            plan(path_settings(tiny, foreign))

    def test_an_adapter_over_an_adapter_is_refused(self, tiny, adapter) -> None:
        with pytest.raises(UsageError, match="an adapter over an adapter: merge the first"):
            plan(path_settings(tiny, f"{adapter}+{adapter}"))

    def test_what_the_gate_remarks_of_it_is_told(self, tiny, adapter, tmp_path) -> None:
        other = shutil.copytree(adapter, tmp_path / "other")
        (other / "chat_template.jinja").write_text("{{ messages }}")
        notes = plan(path_settings(tiny, other)).notes
        assert any("tokenizer" in note and note.startswith("other: ") for note in notes)


class TestSame:
    @pytest.fixture
    def flat(self, tiny: Path, tmp_path: Path) -> Plan:
        twin = Path(shutil.copytree(tiny, tmp_path / "twin"))
        return plan(path_settings(tiny, twin, tmp_path / "run"))

    def test_identical_ends_warn_and_give_a_flat_line(self, flat: Plan) -> None:
        assert any("have the same weights" in note for note in flat.notes)
        summary = run(flat).summary
        assert summary.axis.step == 0
        for side, curves in summary.curves.items():
            for label in ("refused", "complied", "incoherent", "other"):
                assert len(set(getattr(curves, label).mean_P)) == 1, (side, label)
            assert summary.difference[side].only_first == summary.difference[side].only_second == 0
            assert summary.difference[side].p_value == 1
        assert any("Both ends have the same weights" in text for text in summary.sentences.caveats)
        assert summary.places[0].distance == 0

    def test_a_model_and_itself(self, tiny: Path) -> None:
        assert any("have the same weights" in n for n in plan(path_settings(tiny, tiny)).notes)


def damaged(how: str, tiny: Path, folder: Path) -> Path:
    if how == "name":
        path = moved(folder, tiny)
        rename_tensor(path / "model.safetensors", "model.norm.weight", "model.mean.weight")
    elif how == "shape":
        path = moved(folder, tiny)
        tensors = load_file(path / "model.safetensors")
        tensors["model.norm.weight"] = tensors["model.norm.weight"][:-1]
        save_file(tensors, path / "model.safetensors", metadata={"format": "pt"})
    else:
        path = tiny_checkpoint(folder, "qwen2")
    return path


class TestRefused:
    @pytest.mark.parametrize(
        ("how", "said"),
        [
            ("name", "only the first has 'model.norm.weight'"),
            ("shape", r"'model.norm.weight' is F32 \[32\] and F32 \[31\]"),
            ("architecture", "architecture LlamaForCausalLM and 'Qwen2ForCausalLM'"),
        ],
    )
    def test_what_is_no_version_of_one_model(self, tiny, tmp_path, how: str, said: str) -> None:
        other = damaged(how, tiny, tmp_path / "other")
        with pytest.raises(InputRejectedError, match=said) as caught:
            plan(path_settings(tiny, other))
        assert caught.value.exit_code == 3
        assert str(other) in str(caught.value)
        assert "trained from the same base" in str(caught.value)

    def test_weights_that_are_no_numbers(self, tiny, tmp_path) -> None:
        other = moved(tmp_path / "other", tiny)
        edit_tensor(other / "model.safetensors", "lm_head.weight", lambda t: t[0].fill_(np.nan))
        with pytest.raises(IntegrityError, match=r"lm_head\.weight") as caught:
            plan(path_settings(tiny, other))
        assert caught.value.exit_code == 4

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("./missing", InputRejectedError),
            ("organism:nobody", UsageError),
            ("nobody/nothing", ResourceError),
            ("", UsageError),
            ("n" * 300, InputRejectedError),
            ("/" + "n" * 300, InputRejectedError),
            ("a\0b", InputRejectedError),
        ],
    )
    def test_an_unknown_name(self, tiny: Path, name: str, kind: type[Exception]) -> None:
        with pytest.raises(kind):
            plan(path_settings(tiny, name))

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"x": "0,0.5"}, "--x does not contain 1"),
            ({"x": "0.5,1"}, "--x does not contain 0"),
            ({"y": "1,2"}, "--y does not contain 0"),
            ({"y": "0,2", "third": "x"}, "--y does not contain 1"),
            ({"edge": Path("run")}, "pass --checkpoints FOLDER"),
        ],
    )
    def test_axes_without_the_ends(self, wrong: dict[str, Any], said: str) -> None:
        with pytest.raises(UsageError, match=said):
            path_settings(Path("missing"), Path("missing"), **wrong)
