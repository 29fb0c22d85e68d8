"""What readers found in answers, beside what is counted of the same answers."""
