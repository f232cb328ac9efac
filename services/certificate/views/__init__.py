"""The read models that certificate keeps for its own decisions and for verification."""
