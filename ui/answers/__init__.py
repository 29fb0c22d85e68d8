"""An answer on the page, with everything needed to check it."""
