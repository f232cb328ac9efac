"""What integrity reaches outside its decisions: the store of evidence."""
