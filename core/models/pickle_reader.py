"""A pickle read as data: what its instructions would make, without importing, calling or making any of it.

Owns the machine. It knows the opcodes and nothing else: a global is a name, a call is a record of the name and its
arguments, unless the caller gives a function of our own that stands for that name. So a hostile pickle is a table
like any other. Which names are harmless is told in `pickle_scan`, what tensors look like in `pickled_tensors`.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

StandIn = Callable[..., Any]
"""What is put in the place of a call: our own function of its arguments."""

MAX_STEPS = 20_000_000
"""Instructions of one pickle: a table of 20,000 tensors takes about a million."""

_PUSHED = frozenset({
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES",
    "BINBYTES8", "BYTEARRAY8",
})  # fmt: skip
"""Instructions that carry their value with them."""

_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_IGNORED = frozenset({"PROTO", "FRAME", "READONLY_BUFFER"})
_PUT = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_GET = frozenset({"GET", "BINGET", "LONG_BINGET"})
_EXTENSIONS = frozenset({"EXT1", "EXT2", "EXT4"})
_SHORT_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


@dataclass(eq=False, slots=True)
class Name:
    """A global that the pickle names: `module.name`."""

    name: str


@dataclass(eq=False, slots=True)
class Made:
    """What a call or a new object would be. state : what it is filled with. called : by a call, not by `new`."""

    name: str
    arguments: tuple[Any, ...]
    called: bool
    state: Any = None
    held: list[Any] = field(default_factory=list)

    def build(self, state: Any) -> None:  # anything a pickle holds
        """Take the state that the pickle gives the object."""
        self.state = state


@dataclass(eq=False, slots=True)
class Kept:
    """A value outside the pickle, by what the pickle says of it: in PyTorch's files the storage of a tensor."""

    said: Any


def read_pickle(
    stream: IO[bytes], stand_ins: Mapping[str, StandIn], names: set[str] | None = None
) -> Any:  # any value, `Name`, `Made` and `Kept`
    """The value of one pickle; the stream stands behind it afterwards.

    stand_ins : for a name that is called or made anew, our own function of its arguments. A value of it that has a
    method `build` is given the object's state. names : every global that the pickle names is put into it, as it is
    come across: it stays there where the instructions break off.

    Raises
    ------
    ValueError : the instructions are damaged, or more than any table of weights needs.
    """
    machine = _Machine(stand_ins, set() if names is None else names)
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if opcode.name == "STOP":
                return machine.pop()
            if count > MAX_STEPS:
                raise ValueError("more instructions than any table of weights needs")
            machine.step(opcode.name, argument)
    except (IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("the instructions do not fit together") from error
    raise ValueError("the pickle ends early")


def walk(value: Any) -> Iterator[Any]:  # any value that `read_pickle` gives
    """Every value inside a value, itself first, each object once: a table that holds itself ends, too."""
    waiting, seen = [value], set()
    while waiting:
        held = waiting.pop()
        if isinstance(held, dict | list | tuple | Made | Kept):
            if id(held) in seen:
                continue
            seen.add(id(held))
        yield held
        if isinstance(held, dict):
            waiting.extend((*held.keys(), *held.values()))
        elif isinstance(held, list | tuple):
            waiting.extend(held)
        elif isinstance(held, Made):
            waiting.extend((held.arguments, held.state, held.held))
        elif isinstance(held, Kept):
            waiting.append(held.said)


class _Machine:
    def __init__(self, stand_ins: Mapping[str, StandIn], names: set[str]) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._stand_ins, self._names = stand_ins, names

    def pop(self) -> Any:  # any value
        """The value on top; IndexError where there is none."""
        value = self._stack.pop()
        if value is _MARK:
            raise IndexError
        return value

    def step(self, name: str, argument: Any) -> None:  # whatever pickletools decoded
        """Carry out one instruction."""
        if name in _PUSHED:
            self._stack.append(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _PUT:
            self._memo[int(argument)] = self._stack[-1]
        elif name in _GET:
            self._stack.append(self._memo[int(argument)])
        elif name in _SHORT_TUPLES:
            count = _SHORT_TUPLES[name]
            self._stack.append(tuple(self.pop() for _ in range(count))[::-1])
        elif name == "GLOBAL":
            self._stack.append(self._named(str(argument).replace(" ", ".", 1)))
        elif name in _EXTENSIONS:
            self._stack.append(self._named(f"extension {argument}"))
        elif name == "PERSID":
            self._stack.append(Kept(argument))
        elif name not in _IGNORED:
            _STEPS[name](self, argument)

    def _named(self, name: str) -> Name:
        self._names.add(name)
        return Name(name)

    def _since_mark(self) -> list[Any]:
        items = []
        while (item := self._stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def _mark(self, _: Any) -> None:
        self._stack.append(_MARK)

    def _pop(self, _: Any) -> None:
        self._stack.pop()

    def _pop_mark(self, _: Any) -> None:
        self._since_mark()

    def _dup(self, _: Any) -> None:
        self._stack.append(self._stack[-1])

    def _memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _empty_list(self, _: Any) -> None:
        self._stack.append([])

    def _empty_tuple(self, _: Any) -> None:
        self._stack.append(())

    def _empty_dict(self, _: Any) -> None:
        self._stack.append({})

    def _list(self, _: Any) -> None:
        self._stack.append(self._since_mark())

    def _tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._since_mark()))

    def _dict(self, _: Any) -> None:
        self._stack.append(_pairs(self._since_mark()))

    def _append(self, _: Any) -> None:
        item = self.pop()
        _extend(self._stack[-1], [item])

    def _appends(self, _: Any) -> None:
        items = self._since_mark()
        _extend(self._stack[-1], items)

    def _setitem(self, _: Any) -> None:
        value, key = self.pop(), self.pop()
        _update(self._stack[-1], {_key(key): value})

    def _setitems(self, _: Any) -> None:
        pairs = _pairs(self._since_mark())
        _update(self._stack[-1], pairs)

    def _persistent(self, _: Any) -> None:
        self._stack.append(Kept(self.pop()))

    def _stack_global(self, _: Any) -> None:
        name, module = self.pop(), self.pop()
        readable = isinstance(name, str) and isinstance(module, str)
        self._stack.append(self._named(f"{module}.{name}" if readable else "an unreadable name"))

    def _reduce(self, _: Any) -> None:
        arguments, what = self.pop(), self.pop()
        self._make(what, arguments, called=True)

    def _newobj(self, _: Any) -> None:
        arguments, what = self.pop(), self.pop()
        self._make(what, arguments, called=False)

    def _newobj_ex(self, _: Any) -> None:
        words, arguments, what = self.pop(), self.pop(), self.pop()
        self._make(what, (*arguments, words), called=False)

    def _inst(self, argument: Any) -> None:
        self._make(self._named(str(argument).replace(" ", ".", 1)), self._since_mark(), called=True)

    def _obj(self, _: Any) -> None:
        what, *arguments = self._since_mark()
        self._make(what, arguments, called=True)

    def _build(self, _: Any) -> None:
        state = self.pop()
        target = self._stack[-1]
        if hasattr(target, "build"):
            target.build(state)

    def _make(self, what: Any, arguments: Any, *, called: bool) -> None:
        name = what.name if isinstance(what, Name) else "an unreadable name"
        stand_in = self._stand_ins.get(name)
        self._stack.append(stand_in(*arguments) if stand_in else Made(name, tuple(arguments), called))


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return {_key(key): value for key, value in zip(items[::2], items[1::2], strict=True)}


def _key(key: Any) -> Any:  # the key itself
    """Hashing a tuple that is nested deeply enough ends the process, so only flat ones are keys."""
    if isinstance(key, tuple) and any(isinstance(part, tuple) for part in key):
        raise TypeError("nested tuples as a key")
    return key


def _extend(target: Any, items: list[Any]) -> None:
    """Lists, and objects that are filled like lists; sets stay lists."""
    (target.held if isinstance(target, Made) else target).extend(items)


def _update(target: Any, pairs: dict[Any, Any]) -> None:
    if isinstance(target, Made):
        target.held.append(pairs)
    else:
        target.update(pairs)


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine._mark, "POP": _Machine._pop, "POP_MARK": _Machine._pop_mark, "DUP": _Machine._dup,
    "MEMOIZE": _Machine._memoize, "EMPTY_LIST": _Machine._empty_list, "EMPTY_TUPLE": _Machine._empty_tuple,
    "EMPTY_DICT": _Machine._empty_dict, "EMPTY_SET": _Machine._empty_list, "LIST": _Machine._list,
    "FROZENSET": _Machine._list, "TUPLE": _Machine._tuple, "DICT": _Machine._dict, "APPEND": _Machine._append,
    "APPENDS": _Machine._appends, "ADDITEMS": _Machine._appends, "SETITEM": _Machine._setitem,
    "SETITEMS": _Machine._setitems, "BINPERSID": _Machine._persistent, "STACK_GLOBAL": _Machine._stack_global,
    "REDUCE": _Machine._reduce, "NEWOBJ": _Machine._newobj, "NEWOBJ_EX": _Machine._newobj_ex,
    "INST": _Machine._inst, "OBJ": _Machine._obj, "BUILD": _Machine._build,
}  # fmt: skip
