"""One command for everything: `strategiewijzer ask | ingest | fetch | eval | serve | doctor`."""
