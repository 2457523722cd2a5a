"""Forms, summaries and figures over the cases in SQL: read-only, streamed, in five formats."""
