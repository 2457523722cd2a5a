"""What touches the world: SQL, mail, payment gateway, warehouse, carrier. Ports with adapters; no decisions."""
