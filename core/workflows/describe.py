"""A case in words: its kind, what was read, what was checked, and its ingest report.

Owns the wording alone; every fact comes from the report that the reader wrote.
"""

from __future__ import annotations

import json

from core.studies.study import Kind
from core.workspace import Case

XRAY_MODALITIES = ("CR", "DX", "RG", "RF", "XA", "MG", "IO", "PX")
"""Modality codes of X-ray projections (PS3.3 C.7.3.1.1.1)."""


def kind_word(case: Case) -> str:
    """'X-ray', 'MRI', 'CT', 'Film' or 'Volume', as far as the header says it."""
    modality = case.report.modality
    if case.kind is Kind.FILM:
        return "X-ray" if modality in XRAY_MODALITIES else "Film" if modality in (None, "OT") else f"Film ({modality})"
    return {"MR": "MRI", "CT": "CT"}.get(modality or "", "Volume" if modality is None else f"Volume ({modality})")


def what_was_read(case: Case) -> str:
    """Format, size, spacing and orientation in one line."""
    report = case.report
    size = " × ".join(str(n) for n in _screen_order(case, report.shape))
    parts = [report.recognised, f"{size} {'pixels' if case.kind is Kind.FILM else 'voxels'}"]
    if report.spacing_mm:
        parts.append(" × ".join(f"{s:.3g}" for s in _screen_order(case, report.spacing_mm)) + " mm")
    if report.orientation:
        parts.append(report.orientation)
    if case.made_of:
        parts.append(f"channels {', '.join(case.channels)} from {', '.join(case.made_of)}")
    return " · ".join(parts)


def checks(case: Case) -> tuple[str, ...]:
    """What was found and done at the door; 'usable' first, since an unusable file is no case."""
    report = case.report
    removed = len(report.identifiers_removed)
    told = (f"{removed} identifying tag{'' if removed == 1 else 's'} removed",) if removed else ()
    return ("usable", *told, *report.changed, *report.warnings)


def report_rows(case: Case) -> list[tuple[str, str]]:
    """The ingest report as (fact, value)."""
    report = case.report
    facts = {
        "Recognised as": report.recognised,
        "Files": str(report.files),
        "Size": " × ".join(str(n) for n in report.shape),
        "Spacing": " × ".join(f"{s:g}" for s in report.spacing_mm or ()) + " mm" if report.spacing_mm else "unknown",
        "Orientation": report.orientation or ("—" if case.kind is Kind.FILM else "unknown"),
        "Modality": report.modality or "not stated",
        "Body part": report.body_part,
        "View": report.view,
        "Bits stored": None if report.bits_stored is None else str(report.bits_stored),
        "Photometric": report.photometric,
        "Transfer syntax": report.transfer_syntax,
        "Channels": ", ".join(case.channels) if len(case.channels) > 1 else None,
        "Changed": " ".join(report.changed) or "nothing",
        "Warnings": " ".join(report.warnings) or "none",
        "Identifiers removed": ", ".join(report.identifiers_removed) or "none found",
        "SHA-256": report.sha256,
        "SHA-256 of pixels": report.pixel_sha256,
    }
    return [(name, value) for name, value in facts.items() if value is not None]


def report_json(case: Case) -> bytes:
    """The ingest report as a file, with the case id and without any file name."""
    plain = {"case": case.id, "kind": case.kind.value, "channels": list(case.channels), **case.report.to_dict()}
    return json.dumps(plain, indent=2, ensure_ascii=False).encode()


def _screen_order(case: Case, numbers: tuple[float, ...]) -> tuple[float, ...]:
    """Columns first, as people say the size of a picture; a film's arrays have rows first."""
    return numbers[::-1] if case.kind is Kind.FILM else numbers
