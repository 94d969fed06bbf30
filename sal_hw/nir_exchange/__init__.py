"""Exchange of networks through NIR, the Neural Intermediate Representation (package ``nir`` 1.0, files in HDF5)."""
