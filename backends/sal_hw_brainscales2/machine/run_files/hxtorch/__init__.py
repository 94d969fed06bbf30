"""The run file for hxtorch."""
