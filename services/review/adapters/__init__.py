"""The outside stores that review uses, each behind a Protocol."""
