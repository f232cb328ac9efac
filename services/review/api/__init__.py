"""One module a resource; thin: parse, call, render."""
