"""What certificate reaches outside its decisions: counters, the printer, the public's table."""
