"""Which files of version 0.1.0 were taken over."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "taken_over",
        sa.Column("hash", sa.String(length=64), primary_key=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("unreadable", sa.Integer, nullable=False),
    )
