"""What a checkpoint file is, by its first bytes and its table of contents, never by its name.

Owns recognition and the answer for each kind that is not read. Nothing is unpickled here; it runs in the worker.
"""

from __future__ import annotations

import re
import zipfile
from enum import StrEnum
from pathlib import Path

from core.errors import CheckpointError
from core.models import artefacts
from core.settings import settings


class Container(StrEnum):
    """The kinds that are read."""

    TORCH_ZIP = "PyTorch zip file"
    TORCH_LEGACY = "PyTorch file of before version 1.6"
    SAFETENSORS = "safetensors file"
    TORCHSCRIPT = "TorchScript archive"
    ONNX = "ONNX model"
    BUNDLE = "MONAI bundle"


PICKLED = (Container.TORCH_ZIP, Container.TORCH_LEGACY, Container.TORCHSCRIPT)
"""Those with a pickle inside."""


TORCH_LEGACY_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The magic number 0x1950a86a20f9469cfc6c, pickled."""

_OLD_PICKLE = re.compile(rb"\(?(c[\w.]+\n[\w.]+\n|[dl]p\d|i[\w.]+\n)|[\]}](q.|\.)")
"""Protocols 0 and 1 have no number in front: an import, or an empty collection that is put aside."""

_HEAD_BYTES = 4096

_CODE = "It holds code or objects, and opening those would run them."
_STATE_DICT = "Save the weights alone with torch.save(model.state_dict(), …) and import that file."

_TF = (
    "Where it was made, `python -m tf2onnx.convert` turns it into ONNX; that loads here where its layers have the "
    "names and shapes of a network of our table, else train one with `python -m core train`."
)
_SKLEARN = (
    "A scikit-learn model, scaler or encoder has no place here: skl2onnx and skops make safe files of it for other "
    "programs; preprocessing is stated in the configuration's input."
)

REFUSED: dict[str, tuple[str, str]] = {
    "an exported PyTorch program": ("It holds a program beside its weights.", _STATE_DICT),
    "an HDF5 file, as Keras writes (.h5)": (
        "Its layers are those of another framework.",
        _TF,
    ),
    "a Keras archive (.keras)": (
        "Its layers are those of another framework.",
        _TF,
    ),
    "a TensorFlow graph (.pb)": (
        "Its graph is of another framework.",
        _TF,
    ),
    artefacts.KIND: (artefacts.WHY, artefacts.DO),
    "a joblib file": (_CODE, _SKLEARN),
    "a compressed file, perhaps of joblib": (_CODE, "Unpack it and bring the checkpoint itself."),
    "a plain Python pickle": (
        _CODE,
        f"Of a network, save the weights alone with torch.save(model.state_dict(), …). {_SKLEARN}",
    ),
    "a PyTorch file of before version 0.2": ("Its form is too old to be read safely.", _STATE_DICT),
    "a zip archive without PyTorch weights": ("There are no weights where PyTorch writes them.", _STATE_DICT),
    "a text file": ("Weights are needed.", "Give the checkpoint; a configuration goes with --config FILE."),
    "an empty file": ("There is nothing in it.", "Copy or download the checkpoint again."),
    "of a kind that is not known": (
        "Weights are read from PyTorch, TorchScript, ONNX and safetensors.",
        _STATE_DICT,
    ),
}
"""What it is -> (why not, what to do)."""


def recognise(path: Path) -> Container:
    """Which of the readable kinds a file is.

    Raises
    ------
    CheckpointError : it is none of them (the message says what it is), is missing or over a limit.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise CheckpointError(
            found="There is no readable file at that place.",
            why="A checkpoint is one file.",
            do="Check the path; for a folder, name the file in it.",
        ) from error
    limit = settings().checkpoint_mib
    if size > limit * 2**20:
        raise CheckpointError(
            found=f"The checkpoint has {size / 2**20:,.0f} MiB.",
            why=f"At most {limit} MiB are read.",
            do="Save the weights without the optimiser, or raise READROOM_CHECKPOINT_MIB.",
        )
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(path)
    if head.startswith(TORCH_LEGACY_START):
        return Container.TORCH_LEGACY
    if len(head) > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8:
        return Container.SAFETENSORS
    what = _foreign_kind(head)
    if what == Container.ONNX:
        return Container.ONNX
    raise refusal(what)


def what_is(path: Path) -> tuple[str, Container | None]:
    """What a file is in words, and the kind that is read; None for one that is not, or cannot be told."""
    try:
        container = recognise(path)
    except CheckpointError as error:
        what = error.found.removeprefix("The file is ").removesuffix(".")
        return (what if what in REFUSED else "damaged, or over a limit"), None
    return f"a {container}" if container is not Container.ONNX else f"an {container}", container


def refusal(what: str) -> CheckpointError:
    """The answer to a file of a kind that is not read."""
    why, do = REFUSED[what]
    return CheckpointError(found=f"The file is {what}.", why=why, do=do)


def _zip_kind(path: Path) -> Container:
    limits = settings()
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise CheckpointError(
            found="The file begins like a zip archive and its table of contents cannot be read.",
            why="It is cut short or damaged.",
            do="Copy or download the checkpoint again.",
        ) from error
    names = [entry.filename for entry in entries]
    inner = [name.partition("/")[2] for name in names]
    if "archive_format" in inner or "models/model.json" in inner:
        raise refusal("an exported PyTorch program")
    if "model.weights.h5" in names:
        raise refusal("a Keras archive (.keras)")
    if inner.count("data.pkl") != 1:
        raise refusal("a zip archive without PyTorch weights")
    program = any(name.startswith("code/") for name in inner) or "constants.pkl" in inner
    # Of a TorchScript archive only the table and the numbers are read; the program beside them is packed.
    read = [
        e for e in entries if not program or e.filename.partition("/")[2].startswith(("data", "extra/", "byteorder"))
    ]
    stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in read)
    unpacked = sum(entry.file_size for entry in entries)
    if not stored or len(set(names)) != len(names) or unpacked > limits.checkpoint_mib * 2**20:
        raise CheckpointError(
            found="The checkpoint's archive is packed, or holds one name twice, or more than its size allows.",
            why="PyTorch never writes such an archive; unpacking it could fill the memory.",
            do="Save the checkpoint again with torch.save.",
        )
    if len(entries) > limits.checkpoint_tensors + 64:
        raise CheckpointError(
            found=f"The checkpoint's archive holds {len(entries):,} parts.",
            why=f"At most {limits.checkpoint_tensors:,} tensors are read.",
            do="Save the weights of the network alone.",
        )
    return Container.TORCHSCRIPT if program else Container.TORCH_ZIP


def _foreign_kind(head: bytes) -> str:
    if not head:
        return "an empty file"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "an HDF5 file, as Keras writes (.h5)"
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")):
        return "a compressed file, perhaps of joblib"
    if head[257:262] == b"ustar":
        return "a PyTorch file of before version 0.2"
    if _begins_a_pickle(head):
        if artefacts.is_preprocessing(head):
            return artefacts.KIND
        return "a joblib file" if b"joblib" in head else "a plain Python pickle"
    if head[:1] == b"\x08" and len(head) > 2:
        # Protocol buffers: ONNX begins with ir_version (3 and up), a saved TensorFlow model with its version 1.
        return "a TensorFlow graph (.pb)" if head[1] == 1 else Container.ONNX
    if head[:1] == b"\n" and re.search(rb"Placeholder|Const|NoOp|MatMul|Conv2D", head):
        return "a TensorFlow graph (.pb)"
    if not re.search(rb"[^\t\r\n\x20-\x7e]", head):
        return "a text file"
    return "of a kind that is not known"


def _begins_a_pickle(head: bytes) -> bool:
    """Protocols 2 to 5 begin with their number."""
    if head[:1] == b"\x80" and len(head) > 1 and head[1] in (2, 3, 4, 5):
        return True
    return _OLD_PICKLE.match(head) is not None
