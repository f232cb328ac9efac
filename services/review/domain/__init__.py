"""The decisions of review, pure: who may review, who endorses, how a session draws, votes and announces."""
