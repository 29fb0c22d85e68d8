"""Checked drafts become an answer; where there are none, a refusal; what can be asked next."""
