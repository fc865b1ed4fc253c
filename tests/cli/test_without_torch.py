"""The command line where torch, torchvision and MONAI cannot be imported: it predicts all the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.samples import SAMPLES, write_sample

REPOSITORY = Path(__file__).resolve().parents[2]
FILM, VOLUME = "chest_pneumonia_mobilenet_v3_large_v1.0.0", "hippocampus_unet3d_v1.0.0"

WITHOUT = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchvision", "monai"):
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Refuse())
sys.argv = ["core", *sys.argv[1:]]
from core.cli.app import main
main()
"""


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *words], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("model", "group"), [(FILM, "film"), (VOLUME, "hippocampus")])
def test_a_converted_model_predicts_and_explains_without_torch(model: str, group: str, tmp_path: Path) -> None:
    """The light installation has none of the three, and a page's first answer must not wait for them."""
    sample = next(sample for sample in SAMPLES if sample.name.startswith(group))
    path = write_sample(sample, tmp_path)[0]
    words = ["--explain"] if model == FILM else []

    done = _run("predict", "--model", model, str(path), "--out", str(tmp_path / "out"), "--json", *words)

    assert done.returncode == 0, done.stderr
    said = json.loads(next((tmp_path / "out").glob("*_result.json")).read_text())
    assert said["device"] == "cpu, OpenVINO"
    assert "torch" not in said["versions"]
    assert (tmp_path / "out" / "case-01_overlay.png").is_file()


def test_training_says_what_to_install(tmp_path: Path) -> None:
    """The light installation is a choice that can be undone, and no fault."""
    recipe = REPOSITORY / "core/training/tiny/tiny_chest.json"

    done = _run("train", "--config", str(recipe), "--data", str(tmp_path), "--out", str(tmp_path / "x.safetensors"))

    assert done.returncode == 1
    assert "needs torch, which is not installed" in done.stdout + done.stderr
    assert "make run" in done.stdout + done.stderr


def test_a_model_that_needs_torch_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback: the light installation is a choice that can be undone."""
    monkeypatch.setenv("READROOM_ENGINE", "torch")
    path = write_sample(next(s for s in SAMPLES if s.name.startswith("hippocampus")), tmp_path)[0]

    done = _run("predict", "--model", VOLUME, str(path), "--out", str(tmp_path / "out"))

    assert done.returncode == 1
    assert "needs torch, which is not installed" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
