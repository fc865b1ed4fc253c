"""The learning itself: seeded steps down a cosine, and a running average of the weights that is kept.

Owns steps, schedule, average and when to stop. Data come from `bank`, losses from `losses`, what a stopped run
needs to go on is put away by `resuming`, figures come from `evaluate`. The network after the last step is the
result, no epoch is picked by looking; only a recipe with `patience` keeps its best look at the inner fold.
Nothing waits for the device within an epoch: losses are summed there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from core.errors import Cancelled, ConfigError
from core.training.dataset import Cases, Fold, inner_fold
from core.training.learned import Epoch, Trained, library_versions
from core.training.learner import Learner, rate_at
from core.training.recipe import TrainConfig
from core.training.resuming import State, read_state, write_state

Progress = Callable[[float, str], None]

INNER_LOOKS = 10
"""How often a run with an inner fold reports on it."""

KEEP_S = 300.0
"""A run that is watched by nobody loses at most these seconds to a power cut."""


@dataclass(frozen=True, slots=True)
class Session:
    """How a run is watched, stopped and gone on with.

    stop : asked after each step; a run that is stopped writes `keep` and raises Cancelled. keep : where the
    state of an unfinished run is put, every few minutes too. start : the state to go on from. splits : the
    facts of what is taught; a state of other data is refused.
    """

    progress: Progress | None = None
    stop: Callable[[], bool] = lambda: False
    keep: Path | None = None
    start: Path | None = None
    splits: tuple[tuple[str, str], ...] = ()


def train_network(
    cases: Cases, config: TrainConfig, session: Session | None = None, *, fold: Fold | None = None
) -> Trained:
    """A network of the recipe, taught these cases from random weights; the same seed gives the same draws.

    Parameters
    ----------
    cases : prepared training cases. fold : set aside in the place of the recipe's own inner fold.

    Raises
    ------
    Cancelled : the session says so; its state is in `keep`.
    ConfigError : the session's state is of another recipe, fold or data.
    """
    run = _Run(cases, config, session or Session(), fold)
    while not run.finished:
        run.epoch()
    return run.trained()


class _Run:
    """A run from its first step, or from a state, to its last."""

    def __init__(self, cases: Cases, config: TrainConfig, session: Session, fold: Fold | None) -> None:
        self.config, self.session = config, session
        torch.manual_seed(config.learning.seed)
        apart = (
            inner_fold(cases.patients, config.learning.hold_out, config.learning.seed)
            if fold is None
            else fold.holds(cases.patients)
        )
        if apart.all():
            raise ConfigError(
                found="Every training patient is in the fold that is set aside.",
                why="There is nothing left to learn from.",
                do="Use smaller folds, or more patients.",
            )
        self.learner = Learner(cases, config, apart)
        self.about = {
            "recipe": config.learning_sha256,
            "fold": "" if fold is None else f"{fold.number}/{fold.of}",
            "splits": "; ".join(f"{name}: {facts}" for name, facts in session.splits),
        }
        self.generator = torch.Generator().manual_seed(config.learning.seed)
        self.batch = min(config.learning.batch, len(self.learner.taught))
        # What is left over comes in another epoch's order.
        self.steps_per_epoch = max(1, len(self.learner.taught) // self.batch)
        self.state = State()
        self.history: list[Epoch] = []
        self.seconds_before, self.cpu_before = 0.0, 0.0
        self.started, self.cpu_started = time.perf_counter(), time.process_time()
        self.kept_at = self.started
        if session.start is not None:
            self._go_on(session.start)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or patience ran out."""
        return len(self.history) >= self.config.learning.epochs or self.state.out_of_patience(self.config)

    def epoch(self) -> None:
        """The rest of the current pass over the taught items, and a look at the inner fold when it is due."""
        state, number = self.state, len(self.history) + 1
        if state.order is None:
            state.order = torch.randperm(len(self.learner.taught), generator=self.generator)
            state.position, state.total = 0, torch.zeros((), device=self.learner.device)
        began, steps = time.perf_counter(), self.steps_per_epoch * self.config.learning.epochs
        order = self.learner.taught[state.order.numpy()]
        rate = self.config.learning.rate
        for at in range(state.position, self.steps_per_epoch):
            rate = self.config.learning.rate * rate_at(state.step, steps)
            state.total += self.learner.learn(order[at * self.batch : (at + 1) * self.batch], rate, self.generator)
            state.position, state.step = at + 1, state.step + 1
            self._tell(state.step / steps, number, began)
            if state.position < self.steps_per_epoch:
                self._stop_or_keep()
        self.history.append(self._look(number, float(state.total) / self.steps_per_epoch, rate))
        state.order = None
        if self.session.progress is not None:
            inner = f", inner fold {self.history[-1].inner:.4f}" if self.history[-1].inner is not None else ""
            self.session.progress(state.step / steps, f"Epoch {number}: mean loss {self.history[-1].loss:.4f}{inner}")
        if not self.finished:
            self._stop_or_keep()

    def trained(self) -> Trained:
        """The averaged network, or the best one of a recipe with patience, with how it came about."""
        network = self.learner.averaged(self.state.best_weights)
        return Trained(
            network=network,
            history=tuple(self.history),
            cases=len(self.learner.taught),
            steps=self.state.step,
            seconds=self._seconds(),
            cpu_seconds=self._cpu_seconds(),
            device=_device_name(self.learner.device),
            threads=torch.get_num_threads(),
            versions=library_versions(),
            inner=self.state.best if self.state.best is not None else self._last_inner(),
        )

    def _last_inner(self) -> float | None:
        return next((epoch.inner for epoch in reversed(self.history) if epoch.inner is not None), None)

    def _look(self, number: int, loss: float, rate: float) -> Epoch:
        epochs = self.config.learning.epochs
        due = number % max(1, epochs // INNER_LOOKS) == 0 or number == epochs
        inner = self.learner.inner_figure() if due else None
        if inner is not None and self.config.learning.patience is not None:
            self.state.note(inner, self.learner)
        return Epoch(number, loss, rate, inner, self._seconds())

    def _tell(self, share: float, number: int, began: float) -> None:
        if self.session.progress is not None:
            speed = self.state.position * self.batch / max(1e-9, time.perf_counter() - began)
            said = f"Epoch {number} of {self.config.learning.epochs}, {speed:.0f} cases a second"
            self.session.progress(share, said)

    def _seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self.started

    def _cpu_seconds(self) -> float:
        return self.cpu_before + time.process_time() - self.cpu_started

    def _stop_or_keep(self) -> None:
        stop, keep = self.session.stop(), self.session.keep
        if keep is not None and (stop or time.perf_counter() - self.kept_at > KEEP_S):
            times = (self._seconds(), self._cpu_seconds())
            write_state(keep, self.state, self.learner, self.generator, tuple(self.history), times, self.about)
            self.kept_at = time.perf_counter()
        if stop:
            raise Cancelled

    def _go_on(self, path: Path) -> None:
        self.state, self.history, times = read_state(path, self.learner, self.generator, self.about)
        self.seconds_before, self.cpu_before = times


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
