"""诚信: cases, revocations, bans, the integrity archive - and the transparency log of the platform itself.

It decides on cases, and what follows from them: titles revoked, bans imposed, records kept. It emits
TitleRevoked, BanImposed and IntegrityRecorded, which all other services heed.
"""
