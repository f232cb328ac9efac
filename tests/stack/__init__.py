"""What the local stack promises to those who start it."""
