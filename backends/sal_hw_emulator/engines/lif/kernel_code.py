"""Kernels as machine code: one loop over the synapses of a row, whose steps stay in the processor's registers.

The code of a kernel is generated from its operations, see ``kernel_fusion``, and is made once per process; that takes
some milliseconds, so nothing is kept on disk. Results are those of the reference, ``sal_hw.kernel.evaluate``, exactly:
numbers are whole and kept in single precision, which is exact up to 2^24 and lets the compiler work on many columns at
once; only products of 16-bit numbers need whole-number arithmetic. Saturation is an upper and a lower bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic

from sal_hw.kernel.ir import Kernel
from sal_hw_emulator.engines.lif.kernel_fusion import Step, fuse

_SINGLE, _WHOLE, _LONG = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_ROW = _SINGLE.as_pointer()
#: columns, strides of constants and of random numbers, then rows of single precision
_ARGUMENTS = ("columns", "constant_stride", "random_stride")
_ROWS = ("causal", "anticausal", "stored", "strength", "weight", "constants", "random")
_SIGNATURE = ir.FunctionType(ir.VoidType(), [_LONG] * len(_ARGUMENTS) + [_ROW] * len(_ROWS))
_NAME = "update"

_HIGHEST_8, _PER_128, _HIGHEST_16, _FRACTION_16 = 127.0, 1.0 / 128.0, 32767, 15
#: bounds of the stored weight, and of what a change of it is
_MAX_WEIGHT, _BITS_8, _BITS_16 = 63.0, 7, 15


@dataclass(frozen=True, eq=False, slots=True)
class MachineCode:
    """A kernel's code; it lasts as long as its engine.

    Attributes
    ----------
    address
        Of a function for :data:`call_kernel`.
    """

    address: int
    engine: Any


def steps_of(kernel: Kernel) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Return a kernel's operations, and the order in which its code expects its constants.

    Raises
    ------
    ValueError
        If an instruction refers to one that is not before it, or the kernel does not end with a weight.
    """
    if not kernel.instructions or kernel.instructions[-1].operation not in {"clip_weight", "weight"}:
        raise ValueError("a kernel ends with a weight")
    return tuple(fuse(kernel)), tuple(kernel.constants)


@lru_cache(maxsize=256)
def machine_code(steps: tuple[Step, ...]) -> MachineCode:
    """Return the code of a kernel from :func:`steps_of`."""
    for initialize in (binding.initialize_native_target, binding.initialize_native_asmprinter):
        initialize()
    module = binding.parse_assembly(str(_module(steps)))
    module.verify()
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=3
    )
    tuning = binding.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = True
    passes = binding.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(module, passes)
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return MachineCode(engine.get_function_address(_NAME), engine)


def _module(steps: tuple[Step, ...]) -> ir.Module:
    """Return the loop over columns, in which each operation is done once."""
    module = ir.Module(name="kernel")
    function = ir.Function(module, _SIGNATURE, name=_NAME)
    arguments = dict(zip((*_ARGUMENTS, *_ROWS), function.args, strict=True))
    for name in _ROWS:
        # rows are places of their own: without this, nothing is done on many columns at once
        arguments[name].add_attribute("noalias")
    entry, body, end = (function.append_basic_block(name) for name in ("entry", "body", "end"))
    builder = ir.IRBuilder(entry)
    builder.cbranch(builder.icmp_signed(">", arguments["columns"], _LONG(0)), body, end)
    builder.position_at_end(body)
    column = builder.phi(_LONG, name="column")
    column.add_incoming(_LONG(0), entry)
    _Columns(builder, arguments, column).run(steps)
    following = builder.add(column, _LONG(1))
    column.add_incoming(following, body)
    builder.cbranch(builder.icmp_signed("<", following, arguments["columns"]), body, end)
    builder.position_at_end(end)
    builder.ret_void()
    return module


class _Columns:
    """The values of one column while its code is written."""

    def __init__(self, builder: ir.IRBuilder, arguments: dict[str, Any], column: Any) -> None:
        self._builder, self._arguments, self._column = builder, arguments, column
        self._floor = builder.module.declare_intrinsic("llvm.floor", [_SINGLE])

    def run(self, steps: tuple[Step, ...]) -> None:
        """Do all operations, and store what the last one makes."""
        values: dict[int, Any] = {}
        for step in steps:
            values[step.result] = self._value(step, [values[operand] for operand in step.operands])
        changed = values[steps[-1].result]
        strength = self._load("strength")
        self._builder.store(changed, self._place("stored"))
        self._builder.store(self._builder.fmul(changed, strength), self._place("weight"))

    def _place(self, row: str, offset: Any = None) -> Any:
        index = self._column if offset is None else self._builder.add(offset, self._column)
        return self._builder.gep(self._arguments[row], [index])

    def _load(self, row: str, offset: Any = None) -> Any:
        return self._builder.load(self._place(row, offset))

    def _load_of(self, rows: str, stride: str, number: int) -> Any:
        return self._load(rows, self._builder.mul(self._arguments[stride], _LONG(number)))

    def _constant(self, number: int) -> Any:
        return self._load_of("constants", "constant_stride", number)

    def _random(self, draw: int) -> Any:
        return self._load_of("random", "random_stride", draw)

    def _least(self, value: Any, bound: float) -> Any:
        """Return the value, or the bound where it is larger."""
        return self._builder.select(self._builder.fcmp_ordered("<", value, _SINGLE(bound)), value, _SINGLE(bound))

    def _most(self, value: Any, bound: float) -> Any:
        return self._builder.select(self._builder.fcmp_ordered(">", value, _SINGLE(bound)), value, _SINGLE(bound))

    def _bounded(self, value: Any, bits: int) -> Any:
        """Saturate a sum at the bounds of its type."""
        high = float((1 << bits) - 1)
        return self._least(self._most(value, -high - 1.0), high)

    def _floored(self, value: Any) -> Any:
        return self._builder.call(self._floor, [value])

    def _product_16(self, one: Any, other: Any) -> Any:
        """Multiply numbers of 16 bits, whose product is not exact in single precision."""
        product = self._builder.ashr(self._builder.mul(self._whole(one), other), _WHOLE(_FRACTION_16))
        bound = self._builder.icmp_signed("<", product, _WHOLE(_HIGHEST_16))
        return self._builder.sitofp(self._builder.select(bound, product, _WHOLE(_HIGHEST_16)), _SINGLE)

    def _whole(self, value: Any) -> Any:
        return self._builder.fptosi(value, _WHOLE)

    def _by_sign(self, condition: Any, negative: Any, otherwise: Any) -> Any:
        return self._builder.select(self._builder.fcmp_ordered("<", condition, _SINGLE(0.0)), negative, otherwise)

    def _value(self, step: Step, operands: list[Any]) -> Any:
        number = step.number
        match step.operation:
            case "causal" | "anticausal":
                value = self._load(step.operation)
            case "weight":
                value = self._load("stored")
            case "constant":
                value = self._constant(number)
            case "random":
                value = self._random(number)
            case "literal":
                value = _SINGLE(float(number))
            case "collect_causal" | "collect_anticausal":
                reading = self._load(step.operation.removeprefix("collect_"))
                value = self._builder.fsub(self._constant(number), reading)
            case operation:
                value = self._changed(operation, number, operands)
        return value

    def _changed(self, operation: str, number: int, operands: list[Any]) -> Any:
        """Return what an operation makes of earlier values."""
        do = self._builder
        makers: dict[str, Callable[..., Any]] = {
            "convert_contiguous": lambda a: do.fadd(a, _SINGLE(float(number))),
            "widen_high": lambda a: do.fmul(a, _SINGLE(float(1 << number))),
            "shift_left": lambda a: do.fmul(a, _SINGLE(float(1 << number))),
            "narrow": lambda a: self._floored(do.fmul(a, _SINGLE(1.0 / (1 << number)))),
            "shift_right": lambda a: self._floored(do.fmul(a, _SINGLE(1.0 / (1 << number)))),
            "clip_weight": lambda a: self._least(self._most(a, 0.0), _MAX_WEIGHT),
            # the product of two numbers of 8 bits is exact in single precision
            "multiply_8_by": lambda a: self._least(self._floored(do.fmul(a, _SINGLE(number * _PER_128))), _HIGHEST_8),
            "multiply_16_by": lambda a: self._product_16(a, _WHOLE(number)),
            "add": lambda a, b: self._bounded(do.fadd(a, b), number),
            "subtract": lambda a, b: self._bounded(do.fsub(a, b), number),
            "multiply_8": lambda a, b: self._least(
                self._floored(do.fmul(do.fmul(a, b), _SINGLE(_PER_128))), _HIGHEST_8
            ),
            "multiply_16": lambda a, b: self._product_16(a, self._whole(b)),
            # the lowest number's negation saturates
            "with_sign": lambda a, b: self._by_sign(a, self._least(do.fneg(b), float((1 << number) - 1)), b),
            "if_negative": self._by_sign,
            "add_random": lambda a: self._bounded(do.fadd(a, self._random(number)), _BITS_16),
            "weight_plus": lambda a: self._bounded(do.fadd(self._load("stored"), a), _BITS_8),
            # kernels of inhibitory synapses, which store magnitudes, take the change away
            "weight_minus": lambda a: self._bounded(do.fsub(self._load("stored"), a), _BITS_8),
        }
        return makers[operation](*operands)


def _call_kernel(
    _typing_context: Any,
    address: Any,
    columns: Any,
    constant_stride: Any,
    random_stride: Any,
    causal: Any,
    anticausal: Any,
    stored: Any,
    strength: Any,
    weight: Any,
    constants: Any,
    random: Any,
) -> Any:
    """Call a kernel's code: its address, numbers, and the addresses of its rows."""
    given = (address, columns, constant_stride, random_stride)
    rows = (causal, anticausal, stored, strength, weight, constants, random)

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        place, *numbers = arguments[: len(given)]
        function = builder.inttoptr(place, _SIGNATURE.as_pointer())
        builder.call(function, [*numbers, *(builder.inttoptr(row, _ROW) for row in arguments[len(given) :])])
        return context.get_dummy_value()

    return types.void(*given, *rows), generate


call_kernel: Any = intrinsic(_call_kernel)
