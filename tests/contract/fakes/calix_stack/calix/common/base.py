"""calix, src/py/calix/common/base.py: StatefulConnection(connection)."""


class StatefulConnection:
    def __init__(self, connection):
        self.connection = connection
