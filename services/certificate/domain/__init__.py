"""What certificate decides, pure: titles, certificates, and the answer to a verification."""
