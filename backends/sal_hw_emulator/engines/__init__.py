"""The engines that the emulator runs programs on."""
