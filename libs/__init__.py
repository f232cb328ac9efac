"""What every service shares: the spine (`events`), the pure kernel (`kernel`), the HTTP side (`web`)."""
