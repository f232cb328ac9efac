"""What every service's HTTP side shares: who calls, what is asked, problems, idempotency, health, telemetry."""
