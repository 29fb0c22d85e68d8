"""Conversations are no longer shared by a link."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.drop_table("shares", if_exists=True)  # which 0001 made once
