"""Other ways to infer forward weights: regression discontinuity design and spike-timing-dependent weight inference."""

from sal_hw_studies.engines.weight_transport.rdd import RddConstants, RddTransport
from sal_hw_studies.engines.weight_transport.stdwi import StdwiConstants, StdwiTransport

__all__ = ["RddConstants", "RddTransport", "StdwiConstants", "StdwiTransport"]
