"""What is read of files of every format is as recorded, or a version says that it is not.

Where a test says that a file is read differently, it says what to do: documents that are in use are
read anew only when a version is raised.
"""

import pytest

from ingest.reading.formats import FORMATS, READERS
from tests.support.readings import RAISE, files, reading, recorded


@pytest.mark.parametrize("name", files())
def test_a_file_is_read_as_recorded(name: str) -> None:
    assert reading(files()[name]) == recorded().get(name), f"{name} is not as recorded. {RAISE}"


def test_every_format_is_recorded_and_nothing_that_is_gone() -> None:
    assert recorded().keys() == files().keys(), RAISE
    assert {FORMATS[path.suffix] for path in files().values()} == set(READERS)
