"""Contracts: what a case, a command, a procedure and a directory are. No Temporal, no I/O (tables.py excepted)."""
