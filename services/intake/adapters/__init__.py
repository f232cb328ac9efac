"""The outside systems and stores that intake uses, each behind a small class."""
