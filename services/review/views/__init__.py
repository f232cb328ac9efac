"""The read models that review keeps for its own decisions."""
