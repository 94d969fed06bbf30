"""The compiler's passes, one lowering per file."""
