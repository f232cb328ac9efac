"""Five services, cut the same way; none imports another."""
