"""The pure core of intake: one module or package an aggregate; no I/O, no clock, no random."""
