"""S4's metadata: strict where it is used, patient with what stands beside it, and never a way out of the folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import CheckpointError, ConfigError
from core.models.hashing import file_sha256
from core.models.model_info import find_info, read_info, require_described, verify_info


def _write(folder: Path, **fields: Any) -> Path:
    path = folder / "model_info.json"
    path.write_text(json.dumps({"name": "spots", "version": "1.0.0", "file_path": "spots.pth"} | fields))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "spots.pth").write_bytes(b"w" * 1500)
    return tmp_path / "spots.pth"


@pytest.mark.seeds(35)
@pytest.mark.parametrize("size", [1500, "1500", "1500 B", "1.5KB", "2 kB", "1.5 KiB", "1.50 KB"])
def test_a_size_that_fits_is_checked(file: Path, size: int | str) -> None:
    """By half a unit of its last digit; KB may mean KiB."""
    assert verify_info(_write(file.parent, file_size=size)).checked == ("size",)


@pytest.mark.parametrize("size", [1499, "1.6KB", "1MB", "much", -1])
def test_a_size_that_does_not_fit_is_told(file: Path, size: int | str) -> None:
    """Half a copy has the wrong size before it has the wrong checksum."""
    with pytest.raises(CheckpointError, match=r"the file has 1,500 bytes"):
        verify_info(_write(file.parent, file_size=size))


@pytest.mark.parametrize("checksum", ["sha256:abc123...", "md5:" + "0" * 32, "0" * 64])
def test_a_checksum_that_cannot_be_verified_is_no_checksum(file: Path, checksum: str) -> None:
    """The document's own example is abbreviated: passing it would be a check that checks nothing."""
    with pytest.raises(ConfigError, match="no whole SHA-256"):
        verify_info(_write(file.parent, checksum=checksum))


@pytest.mark.parametrize(
    "path", ["/etc/hostname", "../spots.pth", "a/../../spots.pth", "", "nowhere.pth", "a\\spots.pth"]
)
def test_a_path_outside_or_nowhere_is_refused(file: Path, path: str) -> None:
    """Metadata from elsewhere must not make us hash any file of the disk."""
    with pytest.raises(ConfigError, match="which is not there"):
        verify_info(_write(file.parent, file_path=path))


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"version": 1}, {"metrics": {"auc": "high"}}, {"features": "age"}, {"metrics": [1]}]
)
def test_a_field_of_the_wrong_kind_is_named(file: Path, fields: dict[str, Any]) -> None:
    """With the known fields, so that it can be corrected."""
    with pytest.raises(ConfigError, match=f"does not fit: {next(iter(fields))}.*The known ones are: name"):
        read_info(_write(file.parent, **fields))


def test_what_stands_beside_is_found_only_where_it_is_about_this_file(file: Path) -> None:
    """Another model's metadata, and any other JSON of that name, are not held against it."""
    assert require_described(file) is None
    file.with_suffix(".json").write_text('{"epochs": 3}')
    assert find_info(file) is None
    _write(file.parent, file_path="trained/other.pth", checksum="sha256:" + "0" * 64)
    assert find_info(file) is None

    _write(file.parent, file_path="trained/spots.pth", checksum=f"sha256:{file_sha256(file)}", team="x")

    described = require_described(file)
    assert described is not None
    assert described.checked == ("checksum",)
