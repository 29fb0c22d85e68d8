"""Conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("plain_name", sa.Text(), nullable=False),
        sa.Column("changed", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("user", "id", name=op.f("conversations_key")),
    )
    op.create_index("conversations_by_changed", "conversations", ["changed"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("feedback_key")),
    )
    op.create_table(
        "notes",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("changed", sa.Double(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user", "id", name=op.f("notes_key")),
    )
    op.create_index("notes_by_changed", "notes", ["changed"])
    op.create_table(
        "exchanges",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("asked", sa.Double(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user", "conversation"],
            ["conversations.user", "conversations.id"],
            name=op.f("exchanges_of_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user", "conversation", "id", name=op.f("exchanges_key")),
    )
