"""The certificate as a document: PDF/A-2a and PDF/UA-1, Chinese, A4 landscape, always the same bytes."""
