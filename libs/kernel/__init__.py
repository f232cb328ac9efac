"""What every domain shares, pure: decisions, refusals, verdicts, working days, periods, money."""
