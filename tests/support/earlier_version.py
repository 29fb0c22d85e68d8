"""What version 0.1.0 kept, written by its own code: conversations, notes, feedback, and a run."""

from core.settings import ROOT

VERSION_0_1_0 = ROOT / "tests" / "data" / "version_0_1_0"
