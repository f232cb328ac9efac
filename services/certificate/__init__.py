"""发证 and 验证: grants titles, issues their certificates, and answers who asks whether one is valid.

It decides on titles (granted here or imported with their provenance) and on certificates. It listens to
ResultConfirmed (review) and TitleRevoked (integrity), and emits TitleGranted, TitleImported, TitleVoided,
CertificateIssued and CertificateRevoked.
"""
