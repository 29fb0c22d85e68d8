"""From passages to a generation in use: plan, build, check, publish, compare, move."""
