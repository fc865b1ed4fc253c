"""The refusals of the whole house: three short sentences, one class for each reason.

Every class here can be shown to a user as it is. What is not one of these is a fault of ours.
"""

from __future__ import annotations

from dataclasses import dataclass


class ReadroomError(Exception):
    """Base of every refusal: what was found, why that stops us, what to do.

    Parameters
    ----------
    found, why, do : one sentence each, with the value and the legal range in it, and neutral
        names only (never a name from inside a folder, an archive or a header).
    """

    def __init__(self, *, found: str, why: str, do: str) -> None:
        self.found, self.why, self.do = found, why, do
        super().__init__(f"{found} {why} {do}")


class StudyError(ReadroomError):
    """Raised when what was brought cannot be read as a study."""


class UnsupportedFile(StudyError):
    """Raised when a file is of a kind that we recognise, or do not, and cannot show."""


class DamagedFile(StudyError):
    """Raised when a file of a known kind ends early or contradicts itself."""


class GeometryError(StudyError):
    """Raised when positions, spacing or axes do not make a box."""


class TooLarge(StudyError):
    """Raised when a file or what it would unpack to is over a limit."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the studies that lie in one upload. `id` answers `--series`, or `--volume` when it is a number."""

    id: str
    what: str


class ChoiceNeeded(StudyError):
    """Raised when one upload holds several series or volumes; `choices` lists them."""

    def __init__(self, *, found: str, why: str, do: str, choices: tuple[Choice, ...]) -> None:
        super().__init__(found=found, why=why, do=do)
        self.choices = choices


@dataclass(frozen=True, slots=True)
class TableFault:
    """One thing to mend in a table. row : as a spreadsheet counts, the header being 1. text : a whole sentence."""

    row: int | None
    column: str | None
    text: str


class TableError(ReadroomError):
    """Raised when a table of cases cannot be answered as it is; `faults` lists what to mend, in reading order."""

    def __init__(self, faults: tuple[TableFault, ...]) -> None:
        self.faults = faults
        super().__init__(
            found=" ".join(fault.text for fault in faults),
            why="Figures from such a table could be wrong.",
            do="Mend it and ask again.",
        )


class AdmissionError(ReadroomError):
    """Raised when a model's input specification does not admit a study."""


class ConfigError(ReadroomError):
    """Raised when a model configuration is incomplete, unknown or out of range."""


class CheckpointError(ReadroomError):
    """Raised when a checkpoint file cannot be trusted, read or filled into a network."""


class SignatureError(ReadroomError):
    """Raised when a key, a signature or a manifest cannot be made, read or believed."""


class BackupError(ReadroomError):
    """Raised when a backup cannot be written, or not be restored as it is."""


class ModelNotFound(ReadroomError):
    """Raised when no model of that name is on the shelf."""


class RegistryError(ReadroomError):
    """Raised when the registry cannot be read or written, or a rule of the shelf forbids a change."""


class WorkerBreach(ReadroomError):
    """Raised when the isolated worker ran past a limit or died; it has been replaced."""


class InferenceError(ReadroomError):
    """Raised when a network cannot answer: memory, or a wrong self-test."""


class Cancelled(ReadroomError):
    """Raised inside a job after its user has cancelled it."""

    def __init__(self) -> None:
        super().__init__(found="The run was cancelled.", why="You asked for it.", do="Start it again when you like.")


class NotAllowed(ReadroomError):
    """Raised when somebody who may read asks for a change."""


class NotFound(ReadroomError):
    """Raised when a case, job or picture is not there, or belongs to someone else: the two look alike."""


class NotInstalled(ReadroomError):
    """Raised when the light installation is asked for what torch does: training, foreign checkpoints, some models."""

    @classmethod
    def told_by(cls, fault: BaseException) -> NotInstalled | None:
        """The refusal for an import that failed because one of torch's libraries is left out; None for others."""
        name = fault.name if isinstance(fault, ImportError) else None
        root = (name or "").partition(".")[0]
        if root not in TORCHS_LIBRARIES:
            return None
        return cls(
            found=f"This needs {root}, which is not installed.",
            why="This is the light installation: it runs converted models on the CPU and nothing else.",
            do="Install the whole of it: make run, or pip install -r requirements.txt.",
        )


TORCHS_LIBRARIES = frozenset({"torch", "torchvision", "monai", "einops", "onnxscript"})
"""What `make run-light` leaves out."""
