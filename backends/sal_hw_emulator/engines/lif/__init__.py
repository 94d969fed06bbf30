"""Leaky integrate-and-fire neurons, correlation sensors and a plasticity processor, stepped through model time."""
