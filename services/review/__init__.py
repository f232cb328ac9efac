"""Review (评审, 公示): decides who may judge, draws and seats committees, holds secret ballots, publishes results.

Listens to rule sets, applications, titles, bans; says endorsements, results, confirmations.
"""
