"""A session that was opened, as its people meet it over HTTP, and the votes that they cast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2

from libs.ballot import Choice, receipt, seal, sealed_to_text

if TYPE_CHECKING:
    from tests.services.bureau import Someone
    from tests.services.review.world import Council


def codes(answer: httpx2.Response) -> list[str]:
    """Give the codes of a refusal."""
    return sorted(error["code"] for error in answer.json()["errors"])


@dataclass
class Vote:
    """A vote as its voter has it."""

    voter: str
    choice: Choice
    sealed: bytes

    @property
    def receipt(self) -> str:
        return receipt(self.sealed)


@dataclass
class Hall:
    """A session that was opened, with its people."""

    council: Council
    session: str
    applications: list[str]
    seated: dict[str, Someone]
    chair: Someone
    supervisor: Someone
    ballots: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def path(self) -> str:
        return f"/v1/sessions/{self.session}"

    async def judged(self, application: str) -> None:
        """Three opinions."""
        for expert in list(self.seated.values())[1:4]:
            body = {"application": application, "opinion": "业绩突出"}
            await good(expert.post("review", f"{self.path}/opinions", body))

    async def called(self, application: str) -> str:
        """Call the vote and wait for the ballot; give it."""
        answer = await good(self.chair.post("review", f"{self.path}/calls", {"application": application}))
        ballot = answer.json()["ballot"]
        opened = (await self.council.until("review", f"ballot-{ballot}", "BallotOpened"))[0]
        self.ballots[ballot] = opened.data["public_key"]
        return ballot

    def vote(self, ballot: str, voter: str, choice: Choice) -> Vote:
        """Seal a choice, as the voter's own program does."""
        return Vote(voter, choice, seal(choice, ballot, self.ballots[ballot]))

    async def cast(self, ballot: str, vote: Vote, **headers: str) -> httpx2.Response:
        body = {"sealed": sealed_to_text(vote.sealed)}
        return await self.seated[vote.voter].post("review", f"/v1/ballots/{ballot}/votes", body, **headers)

    async def voted(self, ballot: str, choices: Sequence[Choice]) -> list[Vote]:
        """Let the seated experts vote, one after another, one for each choice."""
        votes = [self.vote(ballot, voter, choice) for voter, choice in zip(self.seated, choices, strict=False)]
        for vote in votes:
            answer = await good(self.cast(ballot, vote))
            assert answer.json()["receipt"] == vote.receipt
        return votes

    async def close(self, ballot: str) -> httpx2.Response:
        return await self.chair.post("review", f"/v1/ballots/{ballot}/closings")

    async def announced(self, application: str) -> None:
        await good(self.chair.post("review", f"{self.path}/results", {"application": application}))


async def good(answer: Any) -> httpx2.Response:
    """Expect success."""
    found: httpx2.Response = await answer
    assert found.status_code < 300, found.text
    return found
