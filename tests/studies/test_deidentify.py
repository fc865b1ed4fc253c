"""Identifiers at the door."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from core.studies import read_study
from core.studies.deidentify import body_part_of, burned_in_warnings, identifiers_in, known_code
from core.studies.parts import study_to_parts
from tests.studies.builders import SECONDARY_CAPTURE, dicom, film_pixels

PLANTED = {
    "PatientName": "PLANTED^Name",
    "PatientID": "PLANTED-ID",
    "PatientBirthDate": "19500101",
    "PatientSex": "F",
    "OtherPatientIDs": "PLANTED-OTHER",
    "PatientComments": "PLANTED comment",
    "ReferringPhysicianName": "PLANTED^Doctor",
    "OperatorsName": "PLANTED^Operator",
    "InstitutionName": "PLANTED Hospital",
    "InstitutionAddress": "PLANTED Street",
    "StationName": "PLANTEDSTATION",
    "AccessionNumber": "PLANTED-ACC",
    "StudyID": "PLANTED-STUDY",
    "StudyDescription": "PLANTED study",
    "SeriesDescription": "PLANTED series",
    "ProtocolName": "PLANTED protocol",
    "ImageComments": "PLANTED image",
    "DeviceSerialNumber": "PLANTED-SERIAL",
    "StudyDate": "20200102",
    "AcquisitionDateTime": "20200102030405",
    "StudyTime": "030405",
    "BodyPartExamined": "PLANTEDPART",
    "ViewPosition": "PLANTEDVIEW",
    "SoftwareVersions": "PLANTED software",
}


def test_planted_identifiers_are_listed_by_keyword_and_found_nowhere(tmp_path: Path) -> None:
    """The promise of SAFETY 4, looked for in everything that leaves the reader."""
    study = read_study([dicom(tmp_path / "PLANTED.dcm", film_pixels(), **PLANTED)])

    facts, _ = study_to_parts(study)
    expected = set(PLANTED) - {"BodyPartExamined", "ViewPosition", "SoftwareVersions"}
    assert expected <= set(study.report.identifiers_removed)
    assert "PLANTED" not in json.dumps(facts)
    assert "1950" not in json.dumps(facts)


def test_uids_and_nested_attributes_count(tmp_path: Path) -> None:
    """UIDs link to the hospital's archive, and sequences repeat the patient."""
    item = Dataset()
    item.PatientName = "PLANTED^Nested"
    header = Dataset()
    header.StudyInstanceUID = generate_uid()
    header.SOPClassUID = SECONDARY_CAPTURE
    header.ReferencedPatientSequence = [item]

    assert identifiers_in([header]) == ("PatientName", "StudyInstanceUID")


def test_private_attributes_are_counted_not_named() -> None:
    """A private tag's meaning is unknown, so all are left behind; how many is told."""
    header = Dataset()
    block = header.private_block(0x0029, "PLANTED MAKER", create=True)
    block.add_new(0x01, "LO", "PLANTED")

    assert identifiers_in([header, header]) == ("private (2)",)


def test_empty_attributes_are_not_listed() -> None:
    """'Removed' must be true: there was nothing."""
    header = Dataset()
    header.PatientName = ""
    header.StudyDate = None

    assert identifiers_in([header]) == ()


def test_codes_outside_the_closed_sets_are_dropped() -> None:
    """A code string of sixteen letters can hold a name."""
    header = Dataset()
    header.BodyPartExamined = "DOE JOHN"
    assert body_part_of(header) is None
    header.BodyPartExamined = "CHEST"
    assert body_part_of(header) == "CHEST"
    assert known_code(header, "Modality", {"CR"}) is None


@pytest.mark.parametrize(
    ("tags", "warned"),
    [
        ({"BurnedInAnnotation": "YES", "Modality": "CR"}, True),
        ({"BurnedInAnnotation": "NO", "Modality": "US"}, False),
        ({"Modality": "US"}, True),
        ({"Modality": "OT"}, True),
        ({"Modality": "CR", "SOPClassUID": SECONDARY_CAPTURE, "ConversionType": "WSD"}, True),
        ({"Modality": "DX", "SOPClassUID": SECONDARY_CAPTURE}, False),
        ({"Modality": "CR"}, False),
    ],
)
def test_burned_in_text_is_warned_about_where_it_is_likely(tags: dict[str, str], warned: bool) -> None:
    """Text in pixels is not removed, so the user must look; a warning on every film would be read on none."""
    header = Dataset()
    for keyword, value in tags.items():
        setattr(header, keyword, value)

    assert bool(burned_in_warnings(header)) is warned


@pytest.mark.parametrize(
    ("tags", "warned"),
    [
        ({}, False),
        ({"PatientSpeciesDescription": "Homo sapiens"}, False),
        ({"PatientSpeciesDescription": "Canis lupus"}, True),
        ({"PatientBreedDescription": "Beagle"}, True),
        ({"PatientSexNeutered": "ALTERED"}, True),
    ],
)
def test_animal_is_told_by_the_attributes_for_it(tmp_path: Path, tags: dict[str, str], warned: bool) -> None:
    """A dog's chest is a chest to every other attribute."""
    warnings = read_study([dicom(tmp_path / "x", film_pixels(), **tags)]).report.warnings

    assert ("The header says that the patient is an animal." in warnings) == warned
    assert "Beagle" not in str(warnings)
