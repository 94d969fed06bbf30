"""SpiNNaker 1 through sPyNNaker."""
