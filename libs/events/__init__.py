"""The spine: one event is one byte string, from append to auditor."""
