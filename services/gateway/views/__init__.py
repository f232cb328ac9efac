"""The gateway's projection: how each kind of stream is folded into a resource, and the history beside it."""
