"""The part of dlens_vx_v3 (haldls, halco, hxcomm) that calibrate_sal.py uses."""
