"""申报 受理 审核 缴费: persons, employers, rules, campaigns, applications and fees.

Decides who may apply under which rules, what is missing, whether the conditions are met, and what is to be
paid. Listens to endorsements, ballots and results (review), titles (certificate) and bans (integrity); says
when an application is submitted, accepted, qualified, paid and over.
"""
