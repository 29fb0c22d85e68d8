"""Shared conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "shares",
        sa.Column("id", sa.String(length=64), primary_key=True),
        sa.Column("user", sa.Text, nullable=False, index=True),
        sa.Column("conversation", sa.Text, nullable=False),
        sa.Column("shared", sa.Double, nullable=False),
        sa.Column("expires", sa.Double, nullable=False, index=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["user", "conversation"], ["conversations.user", "conversations.id"], ondelete="CASCADE"
        ),
    )
