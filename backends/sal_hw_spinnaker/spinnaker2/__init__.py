"""SpiNNaker2 through py-spinnaker2."""
