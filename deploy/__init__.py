"""How the house is put up: `local` here; other ways have issues of their own."""
