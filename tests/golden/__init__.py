"""One real stream for each payload type and version, as its own bytes; each file ends with the record it is named for.

``python -m tests.golden.write`` adds those that are missing, taken from what happens in `tests/domain`.
"""
