"""What several tests of servers share."""

import pytest

from userdata.conversations import Conversations
from userdata.database import Database


@pytest.fixture
def mine(kept_in: Database) -> Conversations:
    """What is kept of one user."""
    return Conversations("an", kept_in, days=90)
