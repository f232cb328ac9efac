"""The gateway's own resources: clients, queries, the feed, and the pages that show what the API is."""
