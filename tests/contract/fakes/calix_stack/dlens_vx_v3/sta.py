"""stadls: PlaybackProgramBuilderDumper; its content as text and bytes (calix, calix_generate_default_calibration)."""


class PlaybackProgramBuilderDumper:
    def __init__(self):
        self.written = []

    def done(self):
        return tuple(self.written)


def to_json(settings):
    return str(list(settings)).replace("'", '"')


def to_portablebinary(settings):
    # begins as the stand-in of what reads it wants (fakes/pynn_brainscales, dlens_vx_v3/sta.py)
    return b"stand-in of a portable binary\n" + repr(settings).encode()
