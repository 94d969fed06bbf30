"""What stands for the compiled modules of the BrainScaleS-2 software, so that the vendors' own Python layers run.

Every name of such a module exists if the vendors' headers declare it, and raises AttributeError otherwise. Where the
vendors' Python needs real answers, there are small classes of our own in the modules beside this one.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types

#: names that were looked up and that no header declares
MISSING = set()
#: calls of what the vendors' Python handed over: name, arguments, named arguments
LOG = []
#: what gives a module its real answers, by the module's name
SETUP = {}


class Auto:
    """Any object: any attribute, any call, and a plausible number."""

    def __init__(self, name="auto", *a, **k):
        self.__dict__["_n"] = name

    def __getattr__(self, n):
        if n.startswith("__") and n.endswith("__"):
            raise AttributeError(n)
        v = Auto(f"{self._n}.{n}")
        self.__dict__[n] = v
        return v

    def __setattr__(self, n, v):
        self.__dict__[n] = v

    def __call__(self, *a, **k):
        LOG.append((self._n, a, k))
        return Auto(self._n + "()")

    def __getitem__(self, k):
        key = ("item", repr(k))
        if key not in self.__dict__:
            self.__dict__[key] = Auto(f"{self._n}[]")
        return self.__dict__[key]

    def __setitem__(self, k, v):
        self.__dict__[("item", repr(k))] = v

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __bool__(self):
        return True

    def __int__(self):
        return 0

    def __float__(self):
        return 0.0

    def __index__(self):
        return 0

    def __hash__(self):
        return hash(self._n)

    def __eq__(self, o):
        return isinstance(o, Auto) and o._n == self._n

    def __lt__(self, o):
        return False

    def __gt__(self, o):
        return False

    def __contains__(self, o):
        return False

    def __add__(self, o=None):
        return 0

    __floordiv__ = __rfloordiv__ = __rtruediv__ = __mod__ = __pow__ = __neg__ = __radd__ = __sub__ = __rsub__ = __add__
    __mul__ = __rmul__ = __truediv__ = __or__ = __and__ = __add__

    def __mro_entries__(self, bases):
        return (type(self._n.rpartition(".")[2], (Base,), {}),)

    def __repr__(self):
        return f"<{self._n}>"

    def __enter__(self):
        return self

    def __exit__(self, *a):
        return False


class Base:
    def __init__(self, *a, **k):
        LOG.append((type(self).__name__, a, k))


STRICT = {}  # module root -> names that its headers declare; other names are missing


class Mod(types.ModuleType):
    def __getattr__(self, n):
        if n.startswith("__"):
            raise AttributeError(n)
        if f"{self.__name__}.{n}" in SETUP:
            return importlib.import_module(f"{self.__name__}.{n}")
        strict = STRICT.get(self.__name__) or STRICT.get(self.__name__.split(".")[0])
        if strict is not None and n not in strict and not self.__dict__.get(n):
            MISSING.add(f"{self.__name__}.{n}")
            raise AttributeError(f"module '{self.__name__}' has no attribute '{n}' (not in its headers)")
        v = Auto(f"{self.__name__}.{n}")
        setattr(self, n, v)
        return v


ROOTS = {
    "pylogging",
    "dlens_vx_v3",
    "pygrenade_common",
    "_pygrenade_vx",
    "_pygrenade_vx_network",
    "_pygrenade_vx_network_routing",
    "_pygrenade_vx_network_abstract",
    "_pygrenade_vx_common",
    "_pygrenade_vx_execution",
    "_pygrenade_vx_signal_flow",
    "_pygrenade_vx_network_abstract_multicompartment",
    "_hxtorch_core",
    "_hxtorch_spiking",
    "_hxtorch_perceptron",
    "pyccalix",
}


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        known = name.split(".")[0] in ROOTS
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if known else None

    def create_module(self, spec):
        m = Mod(spec.name)
        m.__path__ = []
        return m

    def exec_module(self, m):
        if m.__name__ in STRICT:
            m.__all__ = sorted(STRICT[m.__name__])  # the vendors' Python imports all names of some
        setup = SETUP.get(m.__name__)
        if setup:
            setup(m)


sys.meta_path.insert(0, Finder())


def be_strict(declared):
    """Let modules have the names only that headers declare, by the name of the repository."""
    for root in ROOTS:
        if root.startswith(("_pygrenade", "pygrenade")):
            # hxcomm's handle is put together at run time
            STRICT[root] = declared["grenade"] | {"ManagedJITGraphExecutor", "JITGraphExecutorHandle"}
    for part in ("hal", "lola", "sta"):
        STRICT[f"dlens_vx_v3.{part}"] = declared["haldls"]
    STRICT["dlens_vx_v3.halco"] = declared["halco"] | {"common"}
    STRICT["pyccalix"] = declared["calix"]
