"""The machine's side: run files, kernels as C++, calibrations, and the vendor's software in processes of its own."""
