"""Forms, summaries and figures over the cases in SQL: read-only, streamed, one writer for each format."""
