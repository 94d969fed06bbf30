"""The embedded emulator: runs compiled programs in software."""
