"""The `zhicheng` command."""
