"""Conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("user", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("plain_name", sa.Text, nullable=False),
        sa.Column("changed", sa.Double, nullable=False, index=True),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("feedback", sa.Text, nullable=False),
    )
    op.create_table(
        "notes",
        sa.Column("user", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("changed", sa.Double, nullable=False, index=True),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "exchanges",
        sa.Column("user", sa.Text, primary_key=True),
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("asked", sa.Double, nullable=False),
        sa.Column("answered", sa.Boolean, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("exchange", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["user", "conversation"], ["conversations.user", "conversations.id"], ondelete="CASCADE"
        ),
    )
