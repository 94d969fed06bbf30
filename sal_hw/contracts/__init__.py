"""What the core asks of backends, machines, chips on the bench and what calibrates them."""
