"""A development OpenID Connect provider: PKCE for people, private_key_jwt for systems, ES256 access tokens (RFC 9068).

It stands in for the city's own provider on a developer's machine and in tests, and refuses to start anywhere else.
Its keys, secrets and passwords are made at the first start and kept in its state folder; the repository has none.
"""
