"""PDF written page by page to the file: a report of any length in the memory of one page."""
