"""Stand-in of the vendor's ``pynn_brainscales``; see ``dlens_vx_v3``."""
