"""One prediction in a process of its own: `python -m benchmarks.fresh usual|ours film|volume FOLDER`.

Prints its answer and its peak memory as one JSON object. The parent takes the time until it has ended.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import peak_mib


@dataclass(frozen=True)
class Job:
    """What the parent wrote down, so that neither path searches for anything."""

    model_id: str
    roots: list[Path]
    checkpoint: Path
    image: Path

    @classmethod
    def read(cls, path: Path) -> Job:
        """The job that `write` wrote."""
        plain = json.loads(path.read_text())
        roots = [Path(root) for root in plain["roots"]]
        return cls(plain["model_id"], roots, Path(plain["checkpoint"]), Path(plain["image"]))

    def write(self, path: Path) -> None:
        """Keep the job as JSON."""
        plain = {
            "model_id": self.model_id,
            "roots": [str(root) for root in self.roots],
            "checkpoint": str(self.checkpoint),
            "image": str(self.image),
        }
        path.write_text(json.dumps(plain))


def _usual(kind: str, job: Job, folder: Path) -> object:
    # A demo builds from the configuration beside its weights.
    from benchmarks.usual import UsualFilm, UsualVolume
    from core.models import ModelConfig
    from core.models.input_spec import InputSpec

    plain = json.loads((folder / f"{kind}-config.json").read_text())
    config, spec = ModelConfig.model_validate(plain["config"]), InputSpec.model_validate(plain["input"])
    if kind == "film":
        return UsualFilm(config, spec, job.checkpoint, plain["temperature"])(job.image)[0]
    labels, _ = UsualVolume(config, spec, job.checkpoint)(job.image, folder / "usual-mask.nii.gz")
    return int((labels > 0).sum())


def _ours(job: Job) -> tuple[object, float]:
    # In the order in which `python -m core predict` goes about it.
    from core.workflows.open_study import reading_workers

    reading_workers().start()
    from benchmarks.ours import Ours
    from core.models import get_model
    from core.workflows.warm_up import load_meanwhile

    model = get_model(job.model_id, roots=job.roots)
    load_meanwhile(model)
    made = Ours(model)(job.image)
    workers = reading_workers().pids
    answer: object = list(made.scores.values()) if made.label_map is None else int((made.label_map > 0).sum())
    return answer, sum(peak_mib(pid) for pid in workers)


def main() -> None:
    """Run the named path once and print what came of it."""
    way, kind, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    job = Job.read(folder / f"{kind}-job.json")
    answer, worker_mib = _ours(job) if way == "ours" else (_usual(kind, job, folder), 0.0)
    print(json.dumps({"answer": answer, "peak_mib": peak_mib(), "worker_mib": worker_mib}))


if __name__ == "__main__":
    main()
