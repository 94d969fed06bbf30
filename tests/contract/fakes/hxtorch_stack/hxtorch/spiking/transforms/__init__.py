"""What is done with numbers on their way (hxtorch, src/pyhxtorch/hxtorch/spiking/transforms)."""
