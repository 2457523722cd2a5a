"""Where a setting is named: the file in the working directory, and what its variables begin with. Imports nothing."""

FILE = "redress.toml"
PREFIX = "REDRESS_"
