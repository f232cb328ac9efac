"""The budgets of DESIGN §9: every speed as a ratio to a floor or a peer in the same run."""
