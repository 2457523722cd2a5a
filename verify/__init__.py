"""The oracle and the doctor read SQL, ledger, gateway and Temporal and name what does not hold; one module mends."""
