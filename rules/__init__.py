"""The procedure as pure decisions: (case, what happened, when) -> case. No Temporal, no database, no clock."""
