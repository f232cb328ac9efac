"""What integrity decides, pure: cases with their revocations, bans, integrity records."""
