"""The command line, one module per kind of request; each is imported only when its command runs."""
