"""What runs beside requests: delivery of events, and what comes round by the clock."""
