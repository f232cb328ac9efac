"""What a bill says: every callback of the channel is recorded, one payment counts, the rest is owed back."""

from __future__ import annotations

from libs.events.contracts.base import Instant, Payload, contract
from libs.events.contracts.intake_parts import Fen, Identity


@contract("intake", "附十")
class BillOpened(Payload):
    """A bill awaits exactly its amount, until it is due."""

    application: Identity
    applicant: Identity
    amount_fen: Fen
    due: Instant


@contract("intake", "附十")
class PaymentReported(Payload):
    """The payment channel reports money, exactly as it wrote the amount."""

    channel_id: str
    amount: str
    paid_at: Instant


@contract("intake", "附十")
class PaymentReceived(Payload):
    """The exact amount was received in time; at most once a bill."""

    application: Identity
    applicant: Identity
    amount_fen: Fen
    channel_id: str


@contract("intake", "附十 §11.17")
class RefundDue(Payload):
    """Money that does not pay the bill is owed back; `reason` is a refusal code."""

    channel_id: str
    amount: str
    reason: str


@contract("intake", "附十")
class BillLapsed(Payload):
    """The bill was not paid in time; what comes now is owed back."""

    application: Identity


@contract("intake", "附十")
class BillCancelled(Payload):
    """The application ended before the bill was paid; what comes now is owed back."""

    application: Identity
    cause: str
