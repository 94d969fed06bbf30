"""Checks kernel texts against the vendor's own headers, where a user has clones of their repositories."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

#: as the vendor's build calls its compiler (grenade, src/grenade/vx/ppu.cpp), without what only that one knows
_FLAGS = ("-std=gnu++17", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-fsyntax-only")

#: what libnux and hate take from elsewhere: the vector types of the vendor's compiler, and one line of Boost
_STAND_INS = {
    "s2pp.h": """\
#pragma once
#include <stdint.h>
#define __vector __attribute__((vector_size(128)))
#define __C_GT 1
#define __C_LT 2
#define __C_EQ 3
template <typename Vector, typename Number>
inline Vector sal_splat(Number number)
{
    Vector made = {};
    return made + number;
}
typedef __vector uint8_t sal_u8;
typedef __vector int8_t sal_s8;
typedef __vector uint16_t sal_u16;
typedef __vector int16_t sal_s16;
inline sal_u8 vec_splat_u8(uint8_t number) { return sal_splat<sal_u8>(number); }
inline sal_s8 vec_splat_s8(int8_t number) { return sal_splat<sal_s8>(number); }
inline sal_u16 vec_splat_u16(uint16_t number) { return sal_splat<sal_u16>(number); }
inline sal_s16 vec_splat_s16(int16_t number) { return sal_splat<sal_s16>(number); }
""",
    "boost/utility/enable_if.hpp": """\
#pragma once
namespace boost {
template <typename T, typename Result = void>
struct enable_if_has_type
{
    typedef Result type;
};
} // namespace boost
""",
}

_NAME, _RENAMED = "PLASTICITY_RULE_KERNEL", "plasticity_rule_kernel_0"

#: what grenade writes after a kernel (ppu_program_generator.cpp), for two handles
_CALL = """
void plasticity_rule_0(
    std::array<grenade::vx::ppu::SynapseArrayViewHandle, 2>& synapses,
    std::array<grenade::vx::ppu::NeuronViewHandle, 0>& neurons)
{
    plasticity_rule_kernel_0(synapses, neurons);
}
"""


def find_compiler() -> str | None:
    """Return the path of a C++ compiler, None if there is none."""
    return shutil.which("g++") or shutil.which("c++")


def check_against_headers(text: str, *, libnux: Path, grenade: Path, hate: Path) -> list[str]:
    """Return what a C++ compiler says of a kernel's text together with the vendor's headers; nothing if it is sound.

    It finds names, types and conversions that those headers do not have. It cannot translate the kernel, whose vector
    instructions only the vendor's compiler knows.

    Parameters
    ----------
    libnux, grenade, hate
        Clones of the repositories of these names of the organisation electronicvisions.

    Raises
    ------
    FileNotFoundError
        If there is no C++ compiler, or a clone has no folder ``include``.
    """
    compiler = find_compiler()
    if compiler is None:
        raise FileNotFoundError("no C++ compiler: neither g++ nor c++ is on the PATH")
    folders = [clone / "include" for clone in (libnux, grenade, hate)]
    for folder in folders:
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} does not exist")
    with TemporaryDirectory() as made:
        for name, content in _STAND_INS.items():
            file = Path(made) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="ascii")
        source = Path(made) / "kernel.cpp"
        source.write_text(text.replace(_NAME, _RENAMED, 1) + _CALL, encoding="ascii")
        # the vendor's compiler says by __ppu__ that it translates for the processor
        command = [compiler, *_FLAGS, "-D__ppu__", f"-I{made}", *(f"-I{folder}" for folder in folders), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if done.returncode == 0:
        return []
    told = [line.replace(made, "") for line in done.stderr.splitlines()]
    errors = [line for line in told if "error" in line]
    return errors or told or [f"the compiler ended with {done.returncode}"]
