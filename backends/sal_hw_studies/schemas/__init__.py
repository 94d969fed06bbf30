"""Protocols of studies: experiments without a network, which have an engine of their own."""
