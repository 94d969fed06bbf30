"""SpiNNaker: what the machine offers, and how programs are made for it."""
