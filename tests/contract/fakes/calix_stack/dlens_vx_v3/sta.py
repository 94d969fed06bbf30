"""stadls: PlaybackProgramBuilderDumper; its content as text and bytes (calix, calix_generate_default_calibration)."""


class PlaybackProgramBuilderDumper:
    def __init__(self):
        self.written = []

    def done(self):
        return tuple(self.written)


def to_json(settings):
    return str(list(settings)).replace("'", '"')


def to_portablebinary(settings):
    return b"\0" + repr(settings).encode()
