"""The provider's errors (RFC 6749, section 5.2)."""


class OAuthError(Exception):
    """An answer other than a token.

    Parameters
    ----------
    error
        The code, such as `invalid_grant`.
    description
        One sentence for the developer.
    status
        The HTTP status.
    """

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
