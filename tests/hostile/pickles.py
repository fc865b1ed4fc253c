"""Checkpoints that were made to hurt: pickles of every known hostile shape, configurations that reach out, bad weights.

Owns one function for each trap: (random, token) to bytes. A trap that went off leaves a file named `token` in the
folder that READROOM_HOSTILE_MARK names; nothing here is ever unpickled by a test.
"""

from __future__ import annotations

import io
import json
import pickle
import random
import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import torch
from safetensors.torch import save as save_safetensors

from tests.hostile.sound import EPOCH, zipped
from tests.hostile.weights import checkpoints, torch_bytes
from tests.models.conftest import tiny_config, tiny_network

Trap = Callable[[random.Random, str], bytes]

MARK = "READROOM_HOSTILE_MARK"

BUNDLE = "bundle that reaches out"
"""The kind whose bytes are the inference.json of a bundle with sound weights."""

_CALLS: Final = (
    ("os", "system", "touch ${mark}/{token}"),
    ("posix", "system", "touch ${mark}/{token}"),
    ("subprocess", "check_output", "touch"),
    ("builtins", "exec", "import os; open(os.environ['{mark}'] + '/{token}', 'w')"),
    ("builtins", "eval", "open(__import__('os').environ['{mark}'] + '/{token}', 'w')"),
    ("__builtin__", "apply", "x"),
    ("runpy", "run_path", "{token}"),
    ("importlib", "import_module", "{token}"),
    ("webbrowser", "open", "http://{token}"),
    ("socket", "create_connection", "{token}"),
    ("torch.hub", "load", "{token}"),
    ("torch.jit", "load", "{token}"),
    ("torch.serialization", "load", "{token}"),
    ("numpy.testing._private.utils", "runstring", "{token}"),
    ("numpy", "load", "{token}"),
    ("pip", "main", "{token}"),
    ("operator", "attrgetter", "system"),
    ("functools", "partial", "{token}"),
    ("types", "FunctionType", "{token}"),
    ("code", "InteractiveInterpreter", "{token}"),
    ("timeit", "timeit", "{token}"),
    ("pickle", "loads", "{token}"),
    ("ctypes", "CDLL", "{token}"),
    ("shutil", "rmtree", "{token}"),
    ("bdb", "Bdb", "{token}"),
    ("core.models._foreign", "load_plain", "{token}"),
    ("collections", "OrderedDict.__init__", "{token}"),
    ("torch._utils", "_rebuild_tensor_v2.__globals__", "{token}"),
)
"""What published attacks on model files import."""


def pickle_that_calls(rng: random.Random, token: str) -> bytes:
    """One of the known calls in one of the known spellings, in each container that holds a pickle."""
    module, name, argument = rng.choice(_CALLS)
    text = argument.replace("{token}", token).replace("{mark}", MARK)
    text = text.replace("${mark}", f"${MARK}").replace(f"$${MARK}", f"${MARK}")
    spell = rng.choice((_by_global, _by_stack, _by_memo, _by_inst, _by_build, _by_obj))
    return _contained(rng, spell(module, name, text))


def pickle_bomb(rng: random.Random, token: str) -> bytes:
    """A few instructions that make a table of a billion entries, a deep nest, or a huge number."""
    how = rng.randrange(4)
    if how == 0:  # each list holds the one before ten times
        code = b"\x80\x02]q\x00"
        for step in range(9):
            code += b"]" + b"q" + bytes([step + 1]) + b"(" + (b"h" + bytes([step])) * 10 + b"e"
        return _contained(rng, code + b".")
    if how == 1:
        depth = rng.choice((500, 5000, 100_000))
        return _contained(rng, b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b".")
    if how == 2:  # a number of a million digits
        return _contained(rng, b"\x80\x02\x8b" + struct.pack("<i", 1 << 20) + b"\x7f" * (1 << 20) + b".")
    claimed = b"\x80\x04" + rng.choice((b"\x8d", b"\x8e", b"\x96")) + struct.pack("<Q", 2**62)  # a length that lies
    return _contained(rng, claimed + b"x.")


def pickle_cut_or_odd(rng: random.Random, token: str) -> bytes:
    """Instructions that end early, underflow the stack, or never stop."""
    odd = (
        b"",
        b".",
        b"\x80\x02",
        b"\x80\xff.",
        b"0" * 50,
        b"(" * 5000,
        b"\x80\x02h\xff.",
        b"\x80\x02N}N.",
        b"\x95" + b"\xff" * 8,
    )
    return _contained(rng, rng.choice(odd))


def tensor_that_claims(rng: random.Random, token: str) -> bytes:
    """Tensors of more numbers than are stored, sparse, quantised, complex, or without memory."""
    made: tuple[Any, ...] = (
        torch.zeros(1).expand(2**38),
        torch.zeros(1).expand(2**20, 2**20),
        torch.zeros(4, dtype=torch.complex64),
        torch.eye(3).to_sparse(),
        torch.zeros(2, device="meta"),
        torch.zeros(0),
        torch.zeros(3, dtype=torch.int64),
        torch.zeros(4)[::2],
    )
    return torch_bytes({token: rng.choice(made), "w": torch.zeros(2)}, zipped=rng.random() < 0.5)


def weights_that_are_no_numbers(rng: random.Random, token: str) -> bytes:
    """NaN or infinity in one weight of a sound network."""
    state = _state()
    name = rng.choice([name for name, tensor in state.items() if tensor.is_floating_point()])
    state[name] = state[name].clone()
    state[name].view(-1)[0] = rng.choice((float("nan"), float("inf"), float("-inf")))
    return _saved(rng, state, tiny_config("multitask", base_filters=2, depth=1).model_dump(mode="json"))


def shapes_that_are_swapped(rng: random.Random, token: str) -> bytes:
    """Tensors turned, exchanged, dropped, added or renamed."""
    state = _state()
    names = [name for name, tensor in state.items() if tensor.dim() > 1]
    one, two = rng.sample(names, 2)
    how = rng.randrange(5)
    if how == 0:
        state[one] = state[one].transpose(0, 1).contiguous()
    elif how == 1:
        state[one], state[two] = state[two], state[one]
    elif how == 2:
        del state[one]
    elif how == 3:
        state[f"{token}.weight"] = torch.zeros(3, 3)
    else:
        state = {f"<b>{token}</b>.{name}": tensor for name, tensor in state.items()}
    return _saved(rng, state, tiny_config("multitask", base_filters=2, depth=1).model_dump(mode="json"))


def config_that_reaches_out(rng: random.Random, token: str) -> bytes:
    """Values that name something to import, a file, a formula, markup; sizes of 10^9; a table without end."""
    plain: dict[str, Any] = tiny_config("multitask", base_filters=2, depth=1).model_dump(mode="json")
    deep: Any = token
    for _ in range(rng.choice((20, 200))):
        deep = {"x": deep}
    lies: tuple[tuple[str, Any], ...] = (
        ("model_type", "os.system"), ("model_type", f"{token}:build"), ("model_type", "../../multitask"),
        ("model_type", "__import__('os')"), ("base_filters", 10**9), ("in_channels", 10**9), ("depth", 10**9),
        ("depth", -1), ("base_filters", 0), ("base_filters", 1e308), ("base_filters", "64"), ("num_classes", 10**9),
        ("classes", ["=cmd|'/c calc'!A0", "<script>alert(1)</script>"]), ("classes", ["x"] * 100_000),
        ("classes", [token * 1000] * 2),
        ("description", f"![]({token}) <img src=x onerror=alert(1)>"),
        ("trained_on", f"[{token}](javascript:alert(1))"), ("_target_", f"{token}.System"), ("__class__", "os.system"),
        ("py/object", "os.system"), ("input", deep), ("extra", deep),
        ("input", {"kind": "film", "size": [10**9, 10**9]}),
        ("input", {"$ref": f"file:///{token}"}), ("activation", "torch.hub.load"), ("schema_version", 10**9),
    )  # fmt: skip
    for name, value in rng.sample(lies, rng.randint(1, 2)):
        plain[name] = value
    return _saved(rng, _state(), plain)


def safetensors_that_lies(rng: random.Random, token: str) -> bytes:
    """A header of another length, offsets that overlap or lead out, sizes that overflow, names twice, deep JSON."""
    content = checkpoints()["foreign.safetensors"]
    (length,) = struct.unpack_from("<Q", content)
    table: dict[str, Any] = json.loads(content[8 : 8 + length])
    how = rng.randrange(6)
    if how == 0:
        return struct.pack("<Q", rng.choice((0, 1, length - 1, length + 1, 2**40, 2**63, 2**64 - 1))) + content[8:]
    name = rng.choice([name for name in table if name != "__metadata__"])
    if how == 1:
        table[name]["data_offsets"] = rng.choice(([0, 2**62], [-1, 4], [8, 4], [0, 0], [0, 4], ["a", "b"]))
    elif how == 2:
        table[name]["shape"] = rng.choice(([2**32, 2**32], [-1], [10**9], [], [0], ["x"]))
    elif how == 3:
        table[name]["dtype"] = rng.choice(("F32", "F8_E4M3", "C64", "X", token, 7))
    elif how == 4:
        table["__metadata__"] = rng.choice(
            ({"config": "{" * 5000}, {"config": token}, {"readroom": "{}"}, {"a": 1}, [token])
        )
    else:
        table |= {
            f"{token}{number}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for number in range(20_100)
        }
    header = json.dumps(table).encode()
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


def torch_zip_that_lies(rng: random.Random, token: str) -> bytes:
    """PyTorch's own archive with a packed table, a name twice, names that climb, or a program beside the weights."""
    return _lying_zip(rng.randrange(5), rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


@cache
def _lying_zip(how: int, method: int) -> bytes:
    with zipfile.ZipFile(io.BytesIO(checkpoints()["zip.pth"])) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    root = members[0][0].partition("/")[0]
    extra = {
        0: [(f"{root}/code/__torch__.py", b"import os")],
        1: [(f"{root}/data.pkl", pickle.dumps({}))],
        2: [("../../escaped-from-a-checkpoint", b"x")],
        3: [(f"{root}/data/{number}", b"") for number in range(len(members), 21_000)],
        4: [(f"{root}/constants.pkl", b"(t.")],
    }[how]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there twice
        return zipped(*members, *extra, method=method)


def onnx_that_lies(rng: random.Random, token: str) -> bytes:
    """Weights in another file, of more numbers than there are, of text; a name that climbs; metadata without end."""
    import onnx

    model = onnx.load_model_from_string(checkpoints()["onnx"])
    tensor = rng.choice(model.graph.initializer)
    how = rng.randrange(6)
    if how == 0:
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for place in (rng.choice(("../../etc/passwd", "/etc/passwd", f"../{token}", "/dev/zero")), "0"):
            tensor.external_data.add(key="location" if place != "0" else "offset", value=place)
    elif how == 1:
        tensor.ClearField("dims")
        tensor.dims.extend(rng.choice(([2**62], [2**40, 2**40], [-1], [0], [1] * 3000)))
    elif how == 2:
        tensor.data_type = rng.choice((0, 8, 14, 16, 17, 23, 99))
    elif how == 3:
        tensor.name = rng.choice((f"../../{token}", f"<b>{token}</b>", "\x1b[2J", "x" * 100_000, ""))
    elif how == 4:
        model.metadata_props.add(
            key=rng.choice(("config", "readroom", "classes")), value=rng.choice(("{" * 5000, token))
        )
    else:
        model.metadata_props.add(key="config", value="x" * (16 << 20))
    content: bytes = model.SerializeToString()
    return content


def bundle_that_reaches_out(rng: random.Random, token: str) -> bytes:
    """A MONAI bundle's inference.json that names something to import, to evaluate, to fetch; deep, endless, twice."""
    code = f"$open(__import__('os').environ['{MARK}'] + '/{token}', 'w')"
    depth, deep = rng.choice((20, 3000)), "DEEP"
    values: tuple[Any, ...] = (
        code, {"_target_": "os.system", "command": f"touch ${MARK}/{token}"}, {"_target_": code}, f"%{token}.json",
        "@network_def", {"_target_": "UNet", "channels": deep}, {"_target_": "UNet", "norm": code, "strides": code},
        {"_target_": "monai.networks.nets.UNet", "spatial_dims": 10**9, "strides": [2] * 10_000}, deep, None, 10**400,
        {"_target_": "SwinUNETR", "img_size": code, "feature_size": 10**9}, {"_requires_": code, "_target_": "UNet"},
    )  # fmt: skip
    plans = {name: rng.choice(values) for name in ("network_def", "preprocessing", "inferer", "imports", "device")}
    return json.dumps(plans).replace(json.dumps(deep), "[" * depth + "]" * depth).encode()


TRAPS: dict[str, Trap] = {
    "pickle that calls": pickle_that_calls,
    "pickle bomb": pickle_bomb,
    "pickle cut or odd": pickle_cut_or_odd,
    "tensor that claims": tensor_that_claims,
    "weights NaN or infinite": weights_that_are_no_numbers,
    "shapes swapped": shapes_that_are_swapped,
    "config that reaches out": config_that_reaches_out,
    "safetensors that lies": safetensors_that_lies,
    "PyTorch zip that lies": torch_zip_that_lies,
    "ONNX that lies": onnx_that_lies,
    BUNDLE: bundle_that_reaches_out,
}


def _state() -> dict[str, torch.Tensor]:
    return dict(tiny_network(tiny_config("multitask", base_filters=2, depth=1)).state_dict())


def _saved(rng: random.Random, state: Mapping[str, torch.Tensor], config: dict[str, Any]) -> bytes:
    if rng.random() < 0.4:
        plain = {name: tensor.contiguous() for name, tensor in state.items()}
        return save_safetensors(plain, {"config": json.dumps(config)})
    return torch_bytes({"model_state_dict": dict(state), "config": config}, zipped=rng.random() < 0.7)


def _contained(rng: random.Random, code: bytes) -> bytes:
    """The instructions as a whole file, the table of a PyTorch or TorchScript archive, part four of a legacy file."""
    how = rng.randrange(4)
    if how == 0:
        return code
    if how in (1, 2):
        members = [("archive/data.pkl", code), ("archive/version", b"3\n"), ("archive/byteorder", b"little")]
        if how == 2:  # a TorchScript archive, with a program that nobody must run
            members += [("archive/constants.pkl", code), ("archive/code/__torch__.py", b"import os")]
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as bundle:
            for name, content in members:
                bundle.writestr(zipfile.ZipInfo(name, EPOCH), content)
        return out.getvalue()
    head = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
    return head + code + pickle.dumps([], 2)


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def _by_global(module: str, name: str, argument: str) -> bytes:
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + _text(argument) + b"\x85R."


def _by_stack(module: str, name: str, argument: str) -> bytes:
    return b"\x80\x04" + _text(module) + _text(name) + b"\x93" + _text(argument) + b"\x85R."


def _by_memo(module: str, name: str, argument: str) -> bytes:
    return b"\x80\x04" + _text(name) + b"\x94" + _text(module) + b"\x94h\x01h\x00\x93" + _text(argument) + b"\x85R."


def _by_inst(module: str, name: str, argument: str) -> bytes:
    return b"(" + _text(argument) + b"i" + f"{module}\n{name}\n".encode() + b"."


def _by_obj(module: str, name: str, argument: str) -> bytes:
    return b"\x80\x02(c" + f"{module}\n{name}\n".encode() + _text(argument) + b"o."


def _by_build(module: str, name: str, argument: str) -> bytes:
    """An ordered table whose state is set to what the call returns."""
    call = b"c" + f"{module}\n{name}\n".encode() + _text(argument) + b"\x85R"
    return b"\x80\x02ccollections\nOrderedDict\n)R" + call + b"b."
