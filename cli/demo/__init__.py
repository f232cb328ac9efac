"""The demonstration: two people's cases from application to certificate, and one revocation, for real."""
