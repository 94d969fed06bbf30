"""Experiments (hxtorch, .../spiking: experiment.py, execution_instance.py, backend/module_manager.py)."""

from __future__ import annotations

from typing import Any

from dlens_vx_v3 import hal, lola, sta
from dlens_vx_v3.halco import HemisphereOnDLS
from fake_chip import fault
from pygrenade_vx.common import ExecutionInstanceID
from pygrenade_vx.network import NetworkBuilder
from pygrenade_vx.network.routing import PortfolioRouter

from hxtorch.spiking.modules import LIF, HXModule, HXModuleWrapper, InputNeuron, Projection


class ExecutionInstance:
    """Settings of a chip."""

    def __init__(self) -> None:
        self.ID, self.chip, self.calib_path = ExecutionInstanceID(0), None, None
        self.injection_pre_static_config: Any = None
        self.write_ppu_symbols: dict[str, Any] = {}
        self.read_ppu_symbols: set[str] = set()
        self._rules: list[Any] = []

    def load_calib(self, calib_path: Any) -> lola.Chip:
        """Return the chip of a file."""
        self.calib_path, self.chip = calib_path, sta.read_chip(calib_path)
        return self.chip

    def plasticity_rules(self) -> list[Any]:
        """Return the rules."""
        return self._rules

    def check(self) -> None:
        """Refuse what grenade would refuse."""
        if self.chip is None:
            raise RuntimeError("no calibration")
        if not isinstance(self.injection_pre_static_config, sta.PlaybackProgramBuilder):
            raise TypeError("copy_back(): incompatible function arguments")
        kernels = "".join(rule.kernel for rule in self._rules)
        for name, content in self.write_ppu_symbols.items():
            if f" {name}" not in kernels:
                raise RuntimeError(f"Provided symbol name {name} not in the program.")
            if isinstance(content, dict):
                blocks = [content[half] for half in (HemisphereOnDLS.top, HemisphereOnDLS.bottom)]
                if not all(isinstance(block, hal.PPUMemoryBlock) for block in blocks):
                    raise TypeError("blocks of words are needed")
            elif not isinstance(content, lola.ExternalPPUDRAMMemoryBlock):
                raise TypeError("an external block is needed")


class Experiment:
    """A network and its run."""

    def __init__(self, mock: bool = False, dt: float = 1e-6, hw_routing_func: Any = None) -> None:
        if mock:
            raise ValueError("not on the chip")
        self.dt, self.hw_routing_func = dt, hw_routing_func or PortfolioRouter()
        self._instance = ExecutionInstance()
        self.ppu_symbols_read: Any = {}
        self.grenade_network_graph: Any = None
        self.nodes: dict[HXModule, tuple[tuple[Any, ...], Any]] = {}
        self.wrappers: list[HXModuleWrapper] = []

    @property
    def default_execution_instance(self) -> ExecutionInstance:
        """Return the one that modules belong to which name none."""
        return self._instance

    def connect(self, module: HXModule, input_handles: tuple[Any, ...], output_handle: Any) -> None:
        """Connect a module; a handle that has two readers before its writer loses one (module_manager.py, add_node)."""
        written = {id(target) for _, target in self.nodes.values()}
        read = {id(source) for sources, _ in self.nodes.values() for source in sources}
        if any(id(source) in read and id(source) not in written for source in input_handles):
            raise RuntimeError("this handle would lose a reader")
        self.nodes[module] = (input_handles, output_handle)

    def connect_wrapper(self, wrapper: HXModuleWrapper) -> None:
        """Register a wrapper, after its modules."""
        if not set(wrapper.modules.values()) <= set(self.nodes):
            raise KeyError("modules that are not connected")
        self.wrappers.append(wrapper)

    def network(self) -> tuple[Any, list[Any]]:
        """Build the network and take the inputs (methods _generate_network_graphs and _generate_inputs)."""
        builder = NetworkBuilder()
        populations = [module for module in self.nodes if isinstance(module, (LIF, InputNeuron))]
        for module in populations:
            module.add_to_network_graph(builder)
        self._add_projections(builder)
        rules = self.default_execution_instance.plasticity_rules()
        if rules and any(module.cadc for module in populations if isinstance(module, LIF)):
            raise ValueError("CADC recoding & plasticity rule cannot both be active!")
        parts = self.hw_routing_func(builder.parts)
        if fault("dense"):
            raise RuntimeError("Only dense connectivity is supported by plasticity rules.")
        spikes: list[Any] = []
        for module in populations:
            if not self.nodes[module][0]:
                raise IndexError("pop from empty list")
            module.add_to_input_generator(self.nodes[module][0], spikes)
        loop = {module for wrapper in self.wrappers for module in wrapper.modules.values()}
        if loop != set(self.nodes):
            raise ValueError("Encountered cyclic dependencies in the network.")
        return parts, spikes

    def _add_projections(self, builder: Any) -> None:
        writers = {id(target): module for module, (_, target) in self.nodes.items()}
        for module, (sources, target) in self.nodes.items():
            if isinstance(module, Projection):
                posts = [each for each, (read, _) in self.nodes.items() if any(one is target for one in read)]
                (source,), (post,) = sources, posts
                module.add_to_network_graph(writers[id(source)].descriptor, post.descriptor, builder)
