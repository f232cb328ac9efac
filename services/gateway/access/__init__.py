"""Who may read what: the policy table of the query layer. The database's row-level security guards it again."""
