"""The read models that intake keeps for its own decisions."""
