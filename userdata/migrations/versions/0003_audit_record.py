"""The audit record."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "audit_chain",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("cut_number", sa.Integer, nullable=False),
        sa.Column("cut_hash", sa.String(length=64), nullable=False),
    )
    op.create_table(
        "audit_records",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(length=27), nullable=False, index=True),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("asker", sa.Text, index=True),
        sa.Column("salt", sa.String(length=64)),
    )
