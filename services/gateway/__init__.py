"""The one REST API: forwards commands, answers queries from its own projection, shows what the API is.

It decides on one thing only, which systems may integrate (clients). It listens to every service and keeps one
row a stream and one row an event; who sees which of them is in `access/` and, a second time, in the database's
row-level security.
"""
