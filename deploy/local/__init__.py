"""The local stack, from packages alone, without Docker, Java or root.

PostgreSQL, Apache Kafka, stand-ins for the outside systems and a development identity provider.
"""
