"""The local stack, from packages alone: PostgreSQL, Apache Kafka, stand-ins for the outside systems, a development IdP."""
