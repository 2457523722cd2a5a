"""The oracle: reads SQL, ledger, gateway and Temporal, and names every breach of what must hold. It changes nothing."""
